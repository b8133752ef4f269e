"""How the players step."""

from ganzoo.optimizer.alternating import Alternating
from ganzoo.optimizer.average import moving_average
from ganzoo.optimizer.builders import adam, falling, rmsprop, sgd
from ganzoo.optimizer.momentum import MomentumSchedule
from ganzoo.optimizer.optimizers import Optimizers
from ganzoo.optimizer.unrolled import unrolled

__all__ = [
    "Alternating",
    "MomentumSchedule",
    "Optimizers",
    "adam",
    "falling",
    "moving_average",
    "rmsprop",
    "sgd",
    "unrolled",
]
