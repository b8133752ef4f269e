"""What the trackers of Lightning, chosen in ``conf/logger``, cannot do by themselves."""

from ganzoo.logger.continuation import go_on
from ganzoo.logger.login import log_in
from ganzoo.logger.picture import show

__all__ = ["go_on", "log_in", "show"]
