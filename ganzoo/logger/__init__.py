"""What the trackers of Lightning, chosen in ``conf/logger``, cannot do by themselves."""

from ganzoo.logger.continuation import close_logger, continue_logger, run_id
from ganzoo.logger.csv import CSVLogger
from ganzoo.logger.picture import show, show_figures

__all__ = ["CSVLogger", "close_logger", "continue_logger", "run_id", "show", "show_figures"]
