"""What watches a game: scores, pictures, checkpoints, progress."""

from ganzoo.callback.checkpoint import Best, Every, Last, WholeCheckpoints
from ganzoo.callback.density_curve import DensityCurve
from ganzoo.callback.doctor import Doctor
from ganzoo.callback.finite import Finite
from ganzoo.callback.instance_noise import InstanceNoise
from ganzoo.callback.interruption import Interruption
from ganzoo.callback.progress import Progress
from ganzoo.callback.prune import Prune
from ganzoo.callback.sample_grid import SampleGrid
from ganzoo.callback.scores import Scores
from ganzoo.callback.statistics import BatchStatistics, StandingStatistics
from ganzoo.callback.summary import Summary

__all__ = [
    "BatchStatistics",
    "Best",
    "DensityCurve",
    "Doctor",
    "Every",
    "Finite",
    "InstanceNoise",
    "Interruption",
    "Last",
    "Progress",
    "Prune",
    "SampleGrid",
    "Scores",
    "StandingStatistics",
    "Summary",
    "WholeCheckpoints",
]
