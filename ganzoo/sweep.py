"""A sweep outlives its jobs' failures and its own end, and can go on later."""

import multiprocessing
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import nan
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from ganzoo.config import check, make
from ganzoo.error import Ended, Interrupted, UserError
from ganzoo.files import write_json
from ganzoo.runs import PLACES, loaded

RESUME = "sweep.resume"
FREE = ("resume", "debug", *PLACES)  # what a sweep that goes on may change


class Sweep(Callback):
    """Keeps the words of a sweep, and where it is: Hydra calls no callback when one has failed."""

    folder: ClassVar[Path | None] = None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        Sweep.folder = Path(config.hydra.sweep.dir)
        words = [*config.hydra.overrides.hydra, *config.hydra.overrides.task]
        if not (Sweep.folder / "sweep.json").exists():
            kept = [word for word in words if key_of(word) != "hydra.sweep.dir"]
            write_json(Sweep.folder / "sweep.json", {"command": kept})


def spelt_out(words: Sequence[str]) -> list[str]:
    """The words of a command; ``sweep.resume=DIR`` becomes the sweep that was begun in the folder.

    What has finished there with the same settings is not run again, what was killed goes on from
    its checkpoint, and what is missing or failed begins anew. Beside it may stand what changes no
    result: words of Hydra such as ``hydra/launcher=joblib``, and where the data lies.

    Raises:
        UserError: If no sweep was begun there, or other words would change it.
    """
    named = [word for word in words if key_of(word) == RESUME]
    if not named:
        return list(words)
    folder = Path(named[-1].partition("=")[2])
    command = loaded(folder / "sweep.json").get("command")
    if command is None:
        raise UserError(
            f"{folder} holds no sweep.json, so no sweep was begun there: give the folder of one, "
            f"such as {RESUME}=runs/sweep/…, or a run's by resume=…"
        )
    beside = [word for word in words if word not in named]
    options = [word for word in beside if not word.startswith(("-", "hydra"))]
    changing = [word for word in options if key_of(word) not in FREE]
    if changing:
        raise UserError(
            f"{changing[0]} would change the sweep in {folder}: leave it out, or begin a sweep of "
            f"its own, without {RESUME}=…"
        )
    replaced = {key_of(word) for word in beside}
    kept = [word for word in command if key_of(word) not in {*replaced, "resume"}]
    quoted = str(folder).replace("\\", "\\\\").replace("'", "\\'")
    return ["-m", *kept, *beside, f"hydra.sweep.dir='{quoted}'", "resume=auto"]


def key_of(word: str) -> str:
    return word.lstrip("+~").partition("=")[0]


def note_failure(folder: Path, origin: dict[str, Any], error: BaseException) -> None:
    """Write into ``failure.json`` of a run why it failed, in one sentence."""
    write_json(folder / "failure.json", {**origin, "reason": sentence(error)})


def sentence(error: BaseException) -> str:
    """An error in one sentence."""
    spoken = " ".join(str(error).split()) or "no reason given"
    return (spoken if isinstance(error, ValueError) else f"{type(error).__name__}: {spoken}")[:1000]


# A process for each job


def starts_processes(cfg: DictConfig) -> bool:
    """Whether Lightning would itself start the further processes of a run."""
    check(cfg)
    trainer = make(cfg.trainer, logger=False)
    environment = getattr(trainer.strategy, "cluster_environment", None)
    outside = environment is not None and environment.creates_processes_externally
    return trainer.num_devices > 1 and not outside


def apart(cfg: DictConfig) -> float:
    """Train in processes of their own, as if the run had been typed alone; return its best score.

    Lightning starts a process by the command of the present one, which here is the whole sweep.

    Raises:
        Ended: If the run failed.
        Interrupted: If it was told to stop.
    """
    hydra, folder = HydraConfig.get(), Path(cfg.run_dir).absolute()
    own = [each.path for each in hydra.runtime.config_sources if each.provider == "command-line"]
    command = [
        *(sys.executable, sys.argv[0], *(word for word in sys.argv[1:2] if word == "train")),
        *(*hydra.overrides.task, f"hydra.run.dir='{folder}'"),
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
        reason = loaded(folder / "failure.json").get("reason")
        raise Ended(reason or f"the run's processes ended with code {code}: see what they said.")
    best = loaded(folder / "metrics.json").get("best")
    return nan if best is None else float(best)


def shares_its_process() -> bool:
    """Whether this job of Hydra's runs where the next ones will: submitit gives each its own."""
    hydra = HydraConfig.get()
    in_sweep = hydra.mode == RunMode.MULTIRUN and "submitit" not in hydra.launcher._target_
    return in_sweep and sys.platform == "linux"  # elsewhere torch does not survive a fork


def isolated(work: Callable[[DictConfig], float], cfg: DictConfig) -> float:
    """Do the work in a process of its own, so that its death, by a full memory say, is its own.

    Raises:
        Ended: If the process was killed.
        ValueError: With the sentence of whatever else the work raised.
        Interrupted: If the work was.
    """
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=deliver, args=(sender, work, cfg))
    process.start()
    sender.close()
    with handing_on(process) as handed:
        process.join()
    try:
        outcome = receiver.recv()
    except EOFError:
        if handed:
            raise Interrupted(f"stopped: type {RESUME}=… to go on") from None
        raise Ended(
            f"its process was ended by {cause(process.exitcode)}, which the system also does where "
            f"memory runs out: {RESUME}=… goes on from its last checkpoint."
        ) from None
    if isinstance(outcome, Exception):
        raise outcome
    return float(outcome)


FORK = multiprocessing.get_context("fork" if sys.platform == "linux" else None)


def deliver(sender: Connection, work: Callable[[DictConfig], float], cfg: DictConfig) -> None:
    """In the job's process: send what came out, a number or an exception of one sentence."""
    os.setpgrp()  # Ctrl-C reaches the sweep alone, which hands it on once
    Thread(target=follow, daemon=True).start()
    try:
        sender.send(work(cfg))
    except (UserError, Interrupted) as error:
        sender.send(error)
    except KeyboardInterrupt:  # before the training began, which would have left a checkpoint
        return
    except Exception as error:
        if cfg.debug:
            traceback.print_exc()
        sender.send(ValueError(sentence(error)))


def follow() -> None:
    """Stop with a checkpoint when the sweep's process is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def handing_on(process: Any) -> Iterator[list[int]]:
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


def cause(code: int | None) -> str:
    return signal.Signals(-code).name if code and code < 0 else f"exit code {code}"
