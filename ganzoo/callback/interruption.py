import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from ganzoo.error import Interrupted

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interruption(Callback):
    """Ends a run that is told to stop after its present step, with a checkpoint to go on from.

    A second signal acts as if there were no ganzoo.

    Args:
        folder: The run's folder.

    Raises:
        Interrupted: When SIGTERM or SIGINT has come, once the checkpoint is written.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.told = self.stopping = False
        self.handlers: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python has no signals
            self.handlers = {each: signal.signal(each, self.note) for each in SIGNALS}

    def note(self, number: int, frame: FrameType | None) -> None:
        self.told = True
        signal.signal(number, signal.SIG_DFL)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        # All processes stop after the same step, or the others would wait for this one for ever.
        self.stopping = trainer.strategy.reduce_boolean_decision(self.told, all=False)
        if self.stopping:
            trainer.save_checkpoint(self.folder / "checkpoints" / "last.ckpt")

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        # Not before: what a step has logged reaches the loggers after all of its hooks.
        if self.stopping:
            for logger in trainer.loggers:
                logger.save()
            step = trainer.global_step
            raise Interrupted(f"stopped after generator step {step}: type resume={self.folder}")

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.give_back()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        self.give_back()

    def give_back(self) -> None:
        """Let the signals do what they did before."""
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        self.handlers = {}
