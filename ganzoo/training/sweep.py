"""A sweep survives the failures of its jobs, and can be continued after it was stopped itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from filelock import BaseFileLock
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from ganzoo.error import UserError, exit_with_error, refuse_if
from ganzoo.runs import sweep_record
from ganzoo.runs.run import DATA_PATHS
from ganzoo.settings.quoting import hydra_value, shell_word
from ganzoo.settings.words import check_words
from ganzoo.training.claim import hold

RESUME = "sweep.resume"
CHANGEABLE = ("resume", "debug", "trust", *DATA_PATHS)  # when a sweep continues


class Running(NamedTuple):
    """The sweep that runs: its folder, and what keeps others out of it."""

    folder: Path
    lock: BaseFileLock


RUNNING: ContextVar[Running | None] = ContextVar("the sweep that runs", default=None)


class SweepRecorder(Callback):
    """Records the command of a sweep in its folder, and lets ``reported_sweep`` know the folder.

    The folder of another sweep, or of one that runs now, ends the program with a sentence.
    """

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        arguments = [*config.hydra.overrides.hydra, *config.hydra.overrides.task]
        try:
            begin_sweep(Path(config.hydra.sweep.dir), arguments)
        except UserError as error:  # Hydra turns exceptions of callbacks into warnings
            exit_with_error(str(error))


def begin_sweep(folder: Path, arguments: Sequence[str]) -> None:
    """Claim a sweep's folder until the sweep ends, and record its command there.

    Raises:
        UserError: If another sweep was begun there, or is running there.
    """
    record = sweep_record(folder)
    command = [text for text in arguments if option_name(text) != "hydra.sweep.dir"]
    begun = record.read().get("command", [])
    resuming = "resume=auto" in command
    refuse_if(
        record.exists() and not (resuming and results_of(begun) == results_of(command)),
        f"{folder} belongs to a sweep already: type {shell_word(RESUME, folder)} to continue it, "
        "or hydra.sweep.dir=… for another folder.",
    )
    folder.mkdir(parents=True, exist_ok=True)
    busy = f"another process runs the sweep in {folder}: wait for its end, or stop it."
    lock = hold(record.path.with_suffix(".lock"), busy)
    RUNNING.set(Running(folder, lock))
    if not record.exists():
        record.write({"command": command})


def results_of(command: Sequence[str]) -> set[str]:
    """The words of a command that decide what a sweep's results are."""
    return {
        text
        for text in command
        if not text.startswith("hydra") and option_name(text) not in CHANGEABLE
    }


@contextmanager
def reported_sweep() -> Iterator[None]:
    """Write the report of the sweep that runs within, if there is one; Hydra has no such hook."""
    token = RUNNING.set(None)
    try:
        yield
    finally:
        running = RUNNING.get()
        RUNNING.reset(token)
        if running:
            report_sweep(running)


def report_sweep(sweep: Running) -> None:
    """Write the report of a sweep of which some run has begun, and let others into its folder."""
    sweep.lock.release()
    if any(sweep.folder.glob("*/**/*.json")):
        from ganzoo.report.page import write_report  # noqa: PLC0415

        print(f"wrote {write_report([sweep.folder], sweep.folder)}")


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
    return ["-m", *kept, *others, f"hydra.sweep.dir={hydra_value(str(folder))}", "resume=auto"]


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
