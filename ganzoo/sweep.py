"""What a sweep does besides its runs, and leaves behind also when some of them fail."""

import signal
import subprocess
import sys
from math import nan
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ganzoo.config import check, make
from ganzoo.error import Ended, Interrupted
from ganzoo.files import write_json
from ganzoo.runs import loaded


class Sweep(Callback):
    """Remembers where a sweep is: Hydra does not call a callback at the end of one that failed."""

    folder: ClassVar[Path | None] = None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        Sweep.folder = Path(config.hydra.sweep.dir)


def note_failure(folder: Path, origin: dict[str, Any], error: BaseException) -> None:
    """Write into ``failure.json`` of a run why it failed, in one sentence."""
    spoken = " ".join(str(error).split()) or "no reason given"
    reason = spoken if isinstance(error, ValueError) else f"{type(error).__name__}: {spoken}"
    content = {**origin, "reason": reason[:1000]}
    write_json(folder / "failure.json", content)


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
        raise Interrupted("the sweep stopped with it: go on with resume=auto and its sweep.dir")
    if code:
        reason = loaded(folder / "failure.json").get("reason")
        raise Ended(reason or f"the run's processes ended with code {code}: see what they said.")
    best = loaded(folder / "metrics.json").get("best")
    return nan if best is None else float(best)
