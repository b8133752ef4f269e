"""What the trackers of Lightning, chosen in ``conf/logger``, cannot do by themselves."""

from ganzoo.logger.continuation import go_on, leave, name_of
from ganzoo.logger.csv import CSVLogger
from ganzoo.logger.picture import show, show_figures

__all__ = ["CSVLogger", "go_on", "leave", "name_of", "show", "show_figures"]
