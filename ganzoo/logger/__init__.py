"""What the trackers of Lightning, chosen in ``conf/logger``, cannot do by themselves."""

from ganzoo.logger.continuation import go_on
from ganzoo.logger.picture import show, show_figures

__all__ = ["go_on", "show", "show_figures"]
