"""What the trackers of Lightning, chosen in ``conf/logger``, cannot do by themselves."""

from ganzoo.logger.continuation import close_logger, continue_logger, run_id
from ganzoo.logger.csv import CSVLogger
from ganzoo.logger.images import log_figures, log_image

__all__ = ["CSVLogger", "close_logger", "continue_logger", "log_figures", "log_image", "run_id"]
