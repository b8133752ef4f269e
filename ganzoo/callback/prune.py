from os import PathLike
from statistics import median

from pytorch_lightning import Callback, LightningModule, Trainer
from rich.console import Console

from ganzoo.callback.stage import validates_training
from ganzoo.runs import Run, RunFolder, read_run


class MedianPruner(Callback):
    """Stops a run of a sweep whose best score so far is worse than the median of the other runs.

    The median stopping rule of Golovin et al. 2017, section 3.2,
    https://research.google/pubs/google-vizier-a-service-for-black-box-optimization/. It reads the
    files of the sweep's runs with the same data and score, and compares best scores up to the
    number of real images that this run has seen. All runs need ``logger=[csv,…]``. The run is
    marked in ``metrics.json`` as pruned, and reports do not rank it.

    Args:
        folder: The run's folder.
        patience: Runs that must have seen as many images before one is stopped.
        warmup: Real images before which no run is stopped.
    """

    def __init__(self, folder: str | PathLike[str], patience: int = 4, warmup: int = 0) -> None:
        self.run, self.patience, self.warmup = RunFolder(folder), patience, warmup
        self.reason: str | None = None

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero and validates_training(trainer):
            for logger in trainer.loggers:  # the runs are compared by what is on disk
                logger.save()
            self.reason = self.reason_to_stop()
        stopped = self.reason is not None
        if trainer.strategy.reduce_boolean_decision(stopped, all=False):
            trainer.should_stop = True

    def reason_to_stop(self) -> str | None:
        """Why the run is to be stopped, in a sentence; None if it may continue."""
        own = read_run(self.run)
        if not self.run.in_sweep() or not own.curve or own.curve[-1][1] < self.warmup:
            return None
        images, best = own.curve[-1][1], min(score for *_, score in own.curve)
        others = [
            reached
            for run in map(read_run, self.run.siblings())
            if run.kind[:3] == own.kind[:3]
            if (reached := best_until(run, images)) is not None
        ]
        if len(others) < self.patience or best <= median(others):
            return None
        return (
            f"stopped early after {images:.0f} images: its best {own.monitor} of {best:.4g} is "
            f"worse than {median(others):.4g}, the median of {len(others)} runs beside it"
        )

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if self.reason and trainer.is_global_zero and self.run.metrics.exists():
            self.run.metrics.update({"pruned": self.reason})
            Console(stderr=True).print(self.reason, highlight=False, soft_wrap=True)


def best_until(run: Run, images: float) -> float | None:
    """The best score of a run up to a number of real images; None if it has seen fewer."""
    curve = run.curve
    if not curve or curve[-1][1] < images:
        return None
    return min((score for _, seen, score in curve if seen <= images), default=None)
