from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from ganzoo.callback.stage import validates_training
from ganzoo.game import Game


class Progress(Callback):
    """Shows a live line with the generator steps, the losses and the latest scores.

    Without a terminal it prints a line after every validation instead.
    """

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("steps {task.description}"))
        self.bar = Bar(
            *(*columns, TimeElapsedColumn(), TimeRemainingColumn()),
            console=self.console,
            refresh_per_second=2,
            disable=not self.console.is_terminal,
        )

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        total = trainer.max_steps if trainer.max_steps > 0 else None
        self.task = self.bar.add_task("", total=total, completed=trainer.global_step)
        if trainer.is_global_zero:
            self.bar.start()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.bar.update(self.task, completed=trainer.global_step)
        if getattr(pl_module, "logs_now", False):
            self.bar.update(self.task, description=describe(trainer, pl_module))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.bar.disable and trainer.is_global_zero and validates_training(trainer):
            line = f"step {trainer.global_step}/{trainer.max_steps} {describe(trainer, pl_module)}"
            self.console.print(line, highlight=False, soft_wrap=True)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.bar.stop()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        self.bar.stop()


def describe(trainer: Trainer, game: LightningModule) -> str:
    """The summed loss of each player and the scores, in one line."""
    curves = game.curves if isinstance(game, Game) else {}
    losses = {
        player: sum(
            float(value)
            for name, value in curves.items()
            if name.startswith(player) and "output" not in name
        )
        for player in ("discriminator", "generator")
    }
    scores = {
        name.removeprefix("val/"): float(value)
        for name, value in trainer.callback_metrics.items()
        if name.startswith("val/") and not name.endswith("_n")
    }
    return "  ".join(f"{name} {value:.3g}" for name, value in (losses | scores).items())
