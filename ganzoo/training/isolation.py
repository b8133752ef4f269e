"""Another process for each job of a sweep, so that the sweep survives the job's death."""

import multiprocessing
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from threading import Thread
from types import FrameType
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from ganzoo.error import EXIT_INTERRUPTED, Interrupted, RunFailed, UserError
from ganzoo.runs import RunFolder
from ganzoo.training.sweep import RESUME, error_sentence

FORK = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
Handler = Callable[[int, FrameType | None], object]


def run_in_new_process(cfg: DictConfig) -> float:
    """Train in new processes, as if the run had been typed by itself; return its best score.

    Lightning starts processes by the command of the present one, which here is the whole sweep.

    Raises:
        RunFailed: If the run failed.
        Interrupted: If the run was stopped by a signal.
    """
    run = RunFolder(cfg.run_dir)
    process = subprocess.Popen(single_run_command(run))
    handlers = {
        signal.SIGTERM: lambda number, frame: process.send_signal(number),
        signal.SIGINT: lambda number, frame: None,  # a terminal sends it to the run too
    }
    with signal_handlers(handlers):
        code = process.wait()
    if code == EXIT_INTERRUPTED:
        raise Interrupted(f"the sweep stopped with it: type {RESUME}=… to continue")
    if code:
        reason = run.failure.read().get("reason")
        raise RunFailed(reason or f"the run's processes ended with code {code}: see their output.")
    return run.best_score()


def single_run_command(run: RunFolder) -> list[str]:
    """The command of the present job of a sweep, for a run by itself."""
    hydra = HydraConfig.get()
    subcommand = [argument for argument in sys.argv[1:2] if argument == "train"]
    sources = hydra.runtime.config_sources
    return [
        *(sys.executable, sys.argv[0], *subcommand, *hydra.overrides.task),
        f"hydra.run.dir='{run.path.absolute()}'",
        *(f"--config-dir={source.path}" for source in sources if source.provider == "command-line"),
    ]


@contextmanager
def signal_handlers(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    """Handle signals in this way, and later in the way before."""
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def shares_its_process() -> bool:
    """Whether the next jobs of the sweep run in this process; submitit starts one for each."""
    hydra = HydraConfig.get()
    in_sweep = hydra.mode == RunMode.MULTIRUN and "submitit" not in hydra.launcher._target_
    return in_sweep and sys.platform == "linux"  # elsewhere torch does not survive a fork


def run_forked(work: Callable[[DictConfig], float], cfg: DictConfig) -> float:
    """Do the work in a fork, so that the sweep survives its death, for example by a full memory.

    Raises:
        RunFailed: If the process was killed.
        ValueError: With the sentence of whatever else the work raised.
        Interrupted: If the work was stopped by a signal.
    """
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=send_result, args=(sender, work, cfg))
    process.start()
    sender.close()
    with forwarded_signals(process) as forwarded:
        process.join()
    try:
        outcome = receiver.recv()
    except EOFError:
        if forwarded:
            raise Interrupted(f"stopped: type {RESUME}=… to continue") from None
        raise RunFailed(
            f"its process was ended by {exit_reason(process.exitcode)}, which the system also does "
            f"where memory runs out: {RESUME}=… continues from its last checkpoint."
        ) from None
    if isinstance(outcome, Exception):
        raise outcome
    return float(outcome)


def send_result(sender: Connection, work: Callable[[DictConfig], float], cfg: DictConfig) -> None:
    """In the job's process: send the result, a number or an exception of one sentence."""
    os.setpgrp()  # Ctrl-C reaches only the sweep, which forwards it once
    Thread(target=stop_with_parent, daemon=True).start()
    try:
        sender.send(work(cfg))
    except (UserError, Interrupted) as error:
        sender.send(error)
    except KeyboardInterrupt:  # before training began, which would have left a checkpoint
        return
    except Exception as error:
        if cfg.debug is True:
            traceback.print_exc()
        sender.send(ValueError(error_sentence(error)))


def stop_with_parent() -> None:
    """Stop with a checkpoint when the process of the sweep has died."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def forwarded_signals(process: Any) -> Iterator[list[int]]:
    """Let SIGTERM and SIGINT reach the job, which then stops with a checkpoint; yields them."""
    forwarded: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:
        forwarded.append(number)
        os.kill(process.pid, number)

    with signal_handlers({signal.SIGTERM: forward, signal.SIGINT: forward}):
        yield forwarded


def exit_reason(code: int | None) -> str:
    return signal.Signals(-code).name if code and code < 0 else f"exit code {code}"
