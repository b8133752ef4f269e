"""A process of its own for each job of a sweep."""

import multiprocessing
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import nan
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from ganzoo.error import Interrupted, RunFailed, UserError
from ganzoo.runs import RunFolder
from ganzoo.settings.check import check_config
from ganzoo.settings.compose import build_part
from ganzoo.training.sweep import RESUME, error_sentence


def starts_processes(cfg: DictConfig) -> bool:
    """Whether Lightning would itself start the further processes of a run."""
    check_config(cfg)
    trainer = build_part(cfg.trainer, logger=False)
    environment = getattr(trainer.strategy, "cluster_environment", None)
    outside = environment is not None and environment.creates_processes_externally
    return trainer.num_devices > 1 and not outside


def run_in_new_process(cfg: DictConfig) -> float:
    """Train in processes of their own, as if the run had been typed alone; return its best score.

    Lightning starts a process by the command of the present one, which here is the whole sweep.

    Raises:
        Ended: If the run failed.
        Interrupted: If it was told to stop.
    """
    hydra, run = HydraConfig.get(), RunFolder(cfg.run_dir)
    own = [each.path for each in hydra.runtime.config_sources if each.provider == "command-line"]
    command = [
        *(sys.executable, sys.argv[0], *(word for word in sys.argv[1:2] if word == "train")),
        *(*hydra.overrides.task, f"hydra.run.dir='{run.path.absolute()}'"),
        *(f"--config-dir={path}" for path in own),
    ]
    process = subprocess.Popen(command)
    before = signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
    interrupt = signal.signal(signal.SIGINT, lambda *_: None)  # a terminal has told the run too
    code = process.wait()
    signal.signal(signal.SIGTERM, before)
    signal.signal(signal.SIGINT, interrupt)
    if code == 75:
        raise Interrupted(f"the sweep stopped with it: type {RESUME}=… to go on")
    if code:
        reason = run.failure.read().get("reason")
        raise RunFailed(
            reason or f"the run's processes ended with code {code}: see what they said."
        )
    best = run.measured().get("best")
    return nan if best is None else float(best)


def shares_its_process() -> bool:
    """Whether this job of Hydra's runs where the next ones will: submitit gives each its own."""
    hydra = HydraConfig.get()
    in_sweep = hydra.mode == RunMode.MULTIRUN and "submitit" not in hydra.launcher._target_
    return in_sweep and sys.platform == "linux"  # elsewhere torch does not survive a fork


def run_forked(work: Callable[[DictConfig], float], cfg: DictConfig) -> float:
    """Do the work in a process of its own, so that its death, by a full memory say, is its own.

    Raises:
        Ended: If the process was killed.
        ValueError: With the sentence of whatever else the work raised.
        Interrupted: If the work was.
    """
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=send_result, args=(sender, work, cfg))
    process.start()
    sender.close()
    with forward_signals(process) as handed:
        process.join()
    try:
        outcome = receiver.recv()
    except EOFError:
        if handed:
            raise Interrupted(f"stopped: type {RESUME}=… to go on") from None
        raise RunFailed(
            f"its process was ended by {exit_reason(process.exitcode)}, which the system also does "
            f"where memory runs out: {RESUME}=… goes on from its last checkpoint."
        ) from None
    if isinstance(outcome, Exception):
        raise outcome
    return float(outcome)


FORK = multiprocessing.get_context("fork" if sys.platform == "linux" else None)


def send_result(sender: Connection, work: Callable[[DictConfig], float], cfg: DictConfig) -> None:
    """In the job's process: send what came out, a number or an exception of one sentence."""
    os.setpgrp()  # Ctrl-C reaches the sweep alone, which hands it on once
    Thread(target=stop_with_parent, daemon=True).start()
    try:
        sender.send(work(cfg))
    except (UserError, Interrupted) as error:
        sender.send(error)
    except KeyboardInterrupt:  # before the training began, which would have left a checkpoint
        return
    except Exception as error:
        if cfg.debug:
            traceback.print_exc()
        sender.send(ValueError(error_sentence(error)))


def stop_with_parent() -> None:
    """Stop with a checkpoint when the sweep's process is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def forward_signals(process: Any) -> Iterator[list[int]]:
    """Let SIGTERM and SIGINT reach the job, which then stops with a checkpoint; yields them."""
    handed: list[int] = []

    def hand_on(number: int, frame: Any) -> None:
        handed.append(number)
        os.kill(process.pid, number)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield handed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_reason(code: int | None) -> str:
    return signal.Signals(-code).name if code and code < 0 else f"exit code {code}"
