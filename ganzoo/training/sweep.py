"""A sweep outlives its jobs' failures and its own end, and can go on later."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ganzoo.error import UserError
from ganzoo.runs import RunFolder, sweep_record
from ganzoo.runs.run import DATA_PATHS
from ganzoo.settings.words import check_words

RESUME = "sweep.resume"
FREE = ("resume", "debug", "trust", *DATA_PATHS)  # what a sweep that goes on may change


class Sweep(Callback):
    """Keeps the words of a sweep, and where it is: Hydra calls no callback when one has failed."""

    folder: ClassVar[Path | None] = None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        Sweep.folder = Path(config.hydra.sweep.dir)
        words = [*config.hydra.overrides.hydra, *config.hydra.overrides.task]
        record = sweep_record(Sweep.folder)
        if not record.exists():
            kept = [word for word in words if option_name(word) != "hydra.sweep.dir"]
            record.write({"command": kept})


def expand_sweep_resume(words: Sequence[str]) -> list[str]:
    """The words of a command; ``sweep.resume=DIR`` becomes the sweep that was begun in the folder.

    What has finished there with the same settings is not run again, what was killed goes on from
    its checkpoint, and what is missing or failed begins anew. Beside it may stand what changes no
    result: words of Hydra such as ``hydra/launcher=joblib``, and where the data lies.

    Raises:
        UserError: If no sweep was begun there, or other words would change it.
    """
    named = [word for word in words if option_name(word) == RESUME]
    if not named:
        return list(words)
    folder = Path(named[-1].partition("=")[2])
    record = sweep_record(folder)
    command = record.read().get("command")
    if not command:
        raise UserError(
            f"{folder} holds no {record.path.name}, so no sweep was begun there: give the folder "
            f"of one, such as {RESUME}=runs/sweep/…, or a run's by resume=…"
        )
    beside = [word for word in words if word not in named]
    check_words(command, record.path, trusted_modules(beside), typed=beside)
    changing = [
        word
        for word in beside
        if not (word.startswith("hydra") or word in command or option_name(word) in FREE)
    ]
    if changing:
        raise UserError(
            f"{changing[0]} would change the sweep in {folder}: leave it out, or begin a sweep of "
            f"its own, without {RESUME}=…"
        )
    replaced = {option_name(word) for word in beside}
    kept = [word for word in command if option_name(word) not in {*replaced, "resume", "trust"}]
    quoted = str(folder).replace("\\", "\\\\").replace("'", "\\'")
    return ["-m", *kept, *beside, f"hydra.sweep.dir='{quoted}'", "resume=auto"]


def trusted_modules(words: Sequence[str]) -> list[str]:
    """The modules that a command names by ``trust=mine`` or ``trust=[mine,other]``."""
    values = [word.partition("=")[2] for word in words if option_name(word) == "trust"]
    return [name for value in values for name in value.strip("[]").split(",")]


def option_name(word: str) -> str:
    return word.lstrip("+~").partition("=")[0]


def write_failure(run: RunFolder, origin: dict[str, Any], error: BaseException) -> None:
    """Write into a run's folder why it failed, in one sentence."""
    run.failure.write({**origin, "reason": error_sentence(error)})


def error_sentence(error: BaseException) -> str:
    """An error in one sentence."""
    spoken = " ".join(str(error).split()) or "no reason given"
    return (spoken if isinstance(error, ValueError) else f"{type(error).__name__}: {spoken}")[:1000]
