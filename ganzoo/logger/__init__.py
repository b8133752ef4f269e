"""Where the curves and pictures of a run go besides its folder."""

from ganzoo.logger.picture import show

__all__ = ["show"]
