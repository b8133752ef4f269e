"""Callbacks that watch a game: scores, sample grids, checkpoints, progress, diagnosis."""

from ganzoo.callback.batch_statistics import BatchStatistics, StandingStatistics
from ganzoo.callback.checkpoint import (
    AtomicCheckpointIO,
    BestCheckpoint,
    LastCheckpoint,
    PeriodicCheckpoint,
)
from ganzoo.callback.density_curve import DensityCurve
from ganzoo.callback.doctor import Doctor
from ganzoo.callback.interruption import Interruption
from ganzoo.callback.nonfinite_guard import NonFiniteGuard
from ganzoo.callback.progress import Progress
from ganzoo.callback.prune import MedianPruner
from ganzoo.callback.run_metrics import RunMetrics
from ganzoo.callback.sample_grid import SampleGrid
from ganzoo.callback.scores import Scores

__all__ = [
    "AtomicCheckpointIO",
    "BatchStatistics",
    "BestCheckpoint",
    "DensityCurve",
    "Doctor",
    "Interruption",
    "LastCheckpoint",
    "MedianPruner",
    "NonFiniteGuard",
    "PeriodicCheckpoint",
    "Progress",
    "RunMetrics",
    "SampleGrid",
    "Scores",
    "StandingStatistics",
]
