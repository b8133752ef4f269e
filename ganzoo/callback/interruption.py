import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from time import monotonic
from types import FrameType
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from ganzoo.error import Interrupted, WorkerDied
from ganzoo.processes import REQUEUE, STOP
from ganzoo.runs import RunFolder
from ganzoo.settings.quoting import shell_word

AGAIN = 2.0  # seconds; what comes sooner is the same signal, to the process and to its group


class Interruption(Callback):
    """Stops a run after its current step on a signal, with a checkpoint to continue from.

    SIGTERM, SIGINT, SIGHUP and SIGQUIT stop the run; another one later has its usual effect.
    SIGUSR1 and SIGUSR2, which announce the end of a SLURM job's time or its pre-emption, also
    requeue the job. What the program was started to ignore, as by ``nohup``, it ignores. A run
    whose readers of pictures have died leaves a checkpoint too.

    Args:
        folder: The run's folder.

    Raises:
        Interrupted: After a signal, once the checkpoint is written.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.run = RunFolder(folder)
        self.signalled = self.requeued = self.stopping = self.trained = False
        self.since = 0.0
        self.handlers: dict[int, Any] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.handle_signals()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.handle_signals()  # again, after Lightning has

    def handle_signals(self) -> None:
        """Record signals from here on."""
        if threading.current_thread() is not threading.main_thread():  # others get no signals
            return
        for each in (*STOP, *REQUEUE):
            if (before := signal.getsignal(each)) != signal.SIG_IGN:
                self.handlers.setdefault(each, before)
                signal.signal(each, self.record_signal)

    def record_signal(self, number: int, frame: FrameType | None) -> None:
        now = monotonic()
        if self.signalled and number in STOP and now - self.since > AGAIN:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.since = self.since or now
        self.signalled = True
        self.requeued |= number in REQUEUE

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
            raise Interrupted(f"{done}: type {shell_word('resume', self.run)}")

    def requeue(self, first: bool, done: str) -> None:
        """Requeue the SLURM job, through submitit if it has started the job."""
        submitit = self.handlers.get(signal.SIGUSR2)
        if callable(submitit):
            submitit(signal.SIGUSR2, None)
        elif first and (job := job_id()):
            print(f"{done}, and SLURM is asked to requeue job {job}", file=sys.stderr, flush=True)
            try:
                command = ["scontrol", "requeue", job]
                subprocess.run(command, check=True, capture_output=True, text=True)
            except (OSError, subprocess.CalledProcessError) as problem:
                reason = " ".join(str(getattr(problem, "stderr", "") or problem).split())
                raise Interrupted(
                    f"{done}, and scontrol did not requeue job {job} ({reason}): submit it again "
                    f"with {shell_word('resume', self.run)}"
                ) from problem

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        # A killed run continues from any checkpoint, so what was logged until here must be on disk.
        for logger in trainer.loggers:
            logger.save()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # The last validation is over, and no step will follow.
        self.trained = trainer.strategy.reduce_boolean_decision(self.signalled, all=False)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.restore_handlers()
        if self.trained:
            again = shell_word("resume", self.run)
            raise Interrupted(f"stopped after the last step: type {again} to measure it")

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        alone = trainer.training and trainer.world_size == 1
        if isinstance(exception, WorkerDied) and alone:  # between two steps
            trainer.save_checkpoint(self.run.last)
        self.restore_handlers()

    def restore_handlers(self) -> None:
        """Restore the signal handlers of before training."""
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        self.handlers = {}


@contextmanager
def restored_handlers() -> Iterator[None]:
    """Restore all handlers in the end: those that Lightning restores would keep a dead game."""
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in (*STOP, *REQUEUE) if main}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def job_id() -> str | None:
    """ID of the current SLURM job, with its task if it is an array; None outside SLURM."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{part}_ID") for part in ("JOB", "TASK"))
    return f"{array}_{task}" if array else os.environ.get("SLURM_JOB_ID")
