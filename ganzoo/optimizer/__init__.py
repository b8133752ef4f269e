"""How the players step."""

from ganzoo.optimizer.builders import adam, rmsprop, sgd
from ganzoo.optimizer.momentum import MomentumSchedule
from ganzoo.optimizer.optimizers import Optimizers
from ganzoo.optimizer.unrolled import unrolled

__all__ = ["MomentumSchedule", "Optimizers", "adam", "rmsprop", "sgd", "unrolled"]
