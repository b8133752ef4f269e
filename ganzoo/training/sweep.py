"""A sweep survives the failures of its jobs, and can be continued after it was stopped itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ganzoo.error import UserError
from ganzoo.runs import sweep_record
from ganzoo.runs.run import DATA_PATHS
from ganzoo.settings.words import check_words

RESUME = "sweep.resume"
CHANGEABLE = ("resume", "debug", "trust", *DATA_PATHS)  # when a sweep continues
FOLDER: ContextVar[Path | None] = ContextVar("folder of the sweep that runs", default=None)


class SweepRecorder(Callback):
    """Records the command of a sweep in its folder, and lets ``reported_sweep`` know the folder."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        folder = Path(config.hydra.sweep.dir)
        FOLDER.set(folder)
        arguments = [*config.hydra.overrides.hydra, *config.hydra.overrides.task]
        record = sweep_record(folder)
        if not record.exists():
            command = [text for text in arguments if option_name(text) != "hydra.sweep.dir"]
            record.write({"command": command})


@contextmanager
def reported_sweep() -> Iterator[None]:
    """Write the report of the sweep that runs within, if there is one; Hydra has no such hook."""
    token = FOLDER.set(None)
    try:
        yield
    finally:
        folder = FOLDER.get()
        FOLDER.reset(token)
        if folder and any(folder.glob("*/**/*.json")):  # some run has begun
            from ganzoo.report.page import write_report  # noqa: PLC0415

            print(f"wrote {write_report([folder], folder)}")


def expand_sweep_resume(arguments: Sequence[str]) -> list[str]:
    """Replace ``sweep.resume=DIR`` by the command of the sweep that was begun in the folder.

    What has finished there with the same settings is not run again, what was killed continues from
    its checkpoint, and what is missing or failed begins anew. Only options that change no result
    are allowed beside it: those of Hydra such as ``hydra/launcher=joblib``, and the data's path.

    Raises:
        UserError: If no sweep was begun there, or another option would change it.
    """
    named = [argument for argument in arguments if option_name(argument) == RESUME]
    if not named:
        return list(arguments)
    folder = Path(named[-1].partition("=")[2])
    command = read_sweep_command(folder)
    others = [argument for argument in arguments if argument not in named]
    check_words(command, sweep_record(folder).path, trusted_modules(others), typed=others)
    check_changes_nothing(others, command, folder)
    replaced = {"resume", "trust", *map(option_name, others)}
    kept = [argument for argument in command if option_name(argument) not in replaced]
    quoted = str(folder).replace("\\", "\\\\").replace("'", "\\'")
    return ["-m", *kept, *others, f"hydra.sweep.dir='{quoted}'", "resume=auto"]


def read_sweep_command(folder: Path) -> list[str]:
    record = sweep_record(folder)
    command: list[str] | None = record.read().get("command")
    if not command:
        raise UserError(
            f"{folder} holds no {record.path.name}, so no sweep was begun there: give the folder "
            f"of one, such as {RESUME}=runs/sweep/…, or a run's by resume=…"
        )
    return command


def check_changes_nothing(arguments: Sequence[str], command: Sequence[str], folder: Path) -> None:
    """Refuse options beside the command of a sweep that would change its results."""
    changing = [
        argument
        for argument in arguments
        if not (argument.startswith("hydra") or argument in command)
        and option_name(argument) not in CHANGEABLE
    ]
    if changing:
        raise UserError(
            f"{changing[0]} would change the sweep in {folder}: leave it out, or begin another "
            f"sweep, without {RESUME}=…"
        )


def trusted_modules(arguments: Sequence[str]) -> list[str]:
    """The modules that a command names by ``trust=mine`` or ``trust=[mine,other]``."""
    values = [text.partition("=")[2] for text in arguments if option_name(text) == "trust"]
    return [name for value in values for name in value.strip("[]").split(",")]


def option_name(argument: str) -> str:
    return argument.lstrip("+~").partition("=")[0]


def error_sentence(error: BaseException) -> str:
    """An error in one sentence."""
    message = " ".join(str(error).split()) or "no reason given"
    named = message if isinstance(error, ValueError) else f"{type(error).__name__}: {message}"
    return named[:1000]
