import os
import signal
import subprocess
import sys
import threading
from os import PathLike
from types import FrameType
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from ganzoo.error import Interrupted
from ganzoo.runs import RunFolder

STOP = (signal.SIGTERM, signal.SIGINT)
REQUEUE = (signal.SIGUSR1, signal.SIGUSR2)  # what SLURM users choose, and what submitit does


class Interruption(Callback):
    """Ends a run that is told to stop after its present step, with a checkpoint to go on from.

    SIGTERM and SIGINT stop it; a second one acts as if there were no ganzoo. SIGUSR1 and SIGUSR2,
    which announce the end of a SLURM job's time or its pre-emption, also have the job requeued.

    Args:
        folder: The run's folder.

    Raises:
        Interrupted: When a signal has come, once the checkpoint is written.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.run = RunFolder(folder)
        self.told = self.requeued = self.stopping = False
        self.handlers: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python has no signals
            self.handlers = {each: signal.signal(each, self.note) for each in (*STOP, *REQUEUE)}

    def note(self, number: int, frame: FrameType | None) -> None:
        self.told = True
        if number in REQUEUE:
            self.requeued = True
        else:
            signal.signal(number, signal.SIG_DFL)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        # All processes stop after the same step, or the others would wait for this one for ever.
        self.stopping = trainer.strategy.reduce_boolean_decision(self.told, all=False)
        if self.stopping:
            trainer.save_checkpoint(self.run.last)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        # Not before: what a step has logged reaches the loggers after all of its hooks.
        if self.stopping:
            for logger in trainer.loggers:
                logger.save()
            done = f"stopped after generator step {trainer.global_step}"
            if trainer.strategy.reduce_boolean_decision(self.requeued, all=False):
                self.requeue(trainer.is_global_zero, done)
            raise Interrupted(f"{done}: type resume={self.run}")

    def requeue(self, first: bool, done: str) -> None:
        """Have SLURM start the job again, through submitit where that has started it."""
        theirs = self.handlers.get(signal.SIGUSR2)
        if callable(theirs):
            theirs(signal.SIGUSR2, None)
        elif first and (job := job_id()):
            print(f"{done}, and job {job} is requeued", file=sys.stderr, flush=True)
            subprocess.run(["scontrol", "requeue", job], check=True)

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


def job_id() -> str | None:
    """What SLURM calls the present job, as part of an array if it is; None elsewhere."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{part}_ID") for part in ("JOB", "TASK"))
    return f"{array}_{task}" if array else os.environ.get("SLURM_JOB_ID")
