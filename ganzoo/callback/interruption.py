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
USER_SIGNALS = ("SIGUSR1", "SIGUSR2")  # of SLURM users and of submitit; Windows has none
REQUEUE = tuple(getattr(signal, name) for name in USER_SIGNALS if hasattr(signal, name))


class Interruption(Callback):
    """Stops a run after its current step on a signal, with a checkpoint to continue from.

    SIGTERM and SIGINT stop the run; a second one has its usual effect. SIGUSR1 and SIGUSR2, which
    announce the end of a SLURM job's time or its pre-emption, also requeue the job.

    Args:
        folder: The run's folder.

    Raises:
        Interrupted: After a signal, once the checkpoint is written.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.run = RunFolder(folder)
        self.signalled = self.requeued = self.stopping = False
        self.handlers: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if threading.current_thread() is threading.main_thread():  # others get no signals
            self.handlers = {
                each: signal.signal(each, self.record_signal) for each in (*STOP, *REQUEUE)
            }

    def record_signal(self, number: int, frame: FrameType | None) -> None:
        self.signalled = True
        if number in REQUEUE:
            self.requeued = True
        else:
            signal.signal(number, signal.SIG_DFL)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        # All processes stop after the same step, or the others would wait for this one forever.
        self.stopping = trainer.strategy.reduce_boolean_decision(self.signalled, all=False)
        if self.stopping:
            trainer.save_checkpoint(self.run.last)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        # Not earlier, because what a step has logged reaches the loggers after all of its hooks.
        if self.stopping:
            for logger in trainer.loggers:
                logger.save()
            done = f"stopped after generator step {trainer.global_step}"
            if trainer.strategy.reduce_boolean_decision(self.requeued, all=False):
                self.requeue(trainer.is_global_zero, done)
            raise Interrupted(f"{done}: type resume={self.run}")

    def requeue(self, first: bool, done: str) -> None:
        """Requeue the SLURM job, through submitit if it has started the job."""
        submitit = self.handlers.get(signal.SIGUSR2)
        if callable(submitit):
            submitit(signal.SIGUSR2, None)
        elif first and (job := job_id()):
            print(f"{done}, and job {job} is requeued", file=sys.stderr, flush=True)
            subprocess.run(["scontrol", "requeue", job], check=True)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.restore_handlers()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        self.restore_handlers()

    def restore_handlers(self) -> None:
        """Restore the signal handlers of before training."""
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        self.handlers = {}


def job_id() -> str | None:
    """ID of the current SLURM job, with its task if it is an array; None outside SLURM."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{part}_ID") for part in ("JOB", "TASK"))
    return f"{array}_{task}" if array else os.environ.get("SLURM_JOB_ID")
