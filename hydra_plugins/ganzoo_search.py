from ganzoo.training import search


class Search(search.Search):
    """Hydra looks for sweepers only in this package, and by the module that defines the class."""
