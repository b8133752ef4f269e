from math import inf
from os import PathLike
from time import perf_counter
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from ganzoo.callback.stage import validates_training
from ganzoo.runs import RunFolder


class RunMetrics(Callback):
    """Measures speed and the best score, and writes them to ``metrics.json`` at the end.

    Args:
        folder: The run's folder.
        monitor: Name of the score, such as ``val/fid``, for which lower is better; None for none.
    """

    def __init__(self, folder: str | PathLike[str], monitor: str | None) -> None:
        self.run = RunFolder(folder)
        self.monitor = monitor
        self.best, self.best_step = inf, 0
        self.scores: dict[str, float] = {}  # of the last validation
        self.seconds, self.images, self.since = 0.0, 0, 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.since = perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        now = perf_counter()
        self.seconds += now - self.since
        self.since = now
        self.images += len(batch[0]) * trainer.world_size
        if trainer.global_step == trainer.max_steps:
            # Lightning validates before it stops early, and not at the end of the budget.
            trainer.should_stop = True

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.since = perf_counter()
        if not validates_training(trainer):
            return
        logged = trainer.callback_metrics.items()
        self.scores = {name: float(value) for name, value in logged if name.startswith("val/")}
        score = self.scores.get(self.monitor or "", inf)
        if score < self.best:
            self.best, self.best_step = score, trainer.global_step

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero:
            summary = {
                **self.scores,
                "monitor": self.monitor,
                "best": self.best if self.best < inf else None,
                "best_step": self.best_step,
                "steps": trainer.global_step,
                "images": self.images,
                "train_seconds": round(self.seconds, 2),
                "images_per_second": round(self.images / max(self.seconds, 1e-9), 2),
            }
            self.run.metrics.write(summary)

    def state_dict(self) -> dict[str, Any]:
        kept = ("best", "best_step", "seconds", "images", "scores")
        return {name: getattr(self, name) for name in kept}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update(state_dict)
