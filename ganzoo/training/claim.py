"""A folder belongs to one run or one sweep, and one process at a time writes into it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from itertools import chain, count, takewhile
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from ganzoo.error import RunFailed, UserError, refuse_if
from ganzoo.runs import RunFolder
from ganzoo.settings.quoting import hydra_value, shell_word

# What was there before the command, as far as is known: nothing in the process of a launcher.
EXISTED: ContextVar[frozenset[Path]] = ContextVar("folders that existed", default=frozenset())


class FolderChooser(Callback):
    """Gives a run or a sweep whose folder was not typed one of its own.

    The default name holds a second, and two commands may begin in the same one.
    """

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        choose_folder(config, "run")

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        choose_folder(config, "sweep")


def choose_folder(config: DictConfig, kind: str) -> None:
    """Let a configuration of Hydra's name a folder that nobody else uses, and make it.

    Args:
        config: Where ``hydra.run.dir`` or ``hydra.sweep.dir`` is read and written.
        kind: ``run`` or ``sweep``.
    """
    HydraConfig.instance().set_config(config)  # which the name refers to
    folder = Path(config.hydra[kind].dir).absolute()
    typed = OmegaConf.select(config, "run_dir", throw_on_resolution_failure=False) or folder
    places = (folder, Path(str(typed)).absolute())
    paths = [path for place in places for path in (place, *place.parents)]
    EXISTED.set(frozenset(path for path in paths if path.exists()))
    overrides = config.hydra.overrides.hydra
    if any(text.startswith(f"hydra.{kind}.dir=") for text in overrides) or not is_first_process():
        return
    with (
        suppress(OSError),
        read_write(config.hydra),
        open_dict(config.hydra),
    ):  # Hydra meets the same error
        chosen = str(unused_folder(folder))
        config.hydra[kind].dir = chosen
        # The jobs of a sweep are composed from these words.
        config.hydra.overrides.hydra = [*overrides, f"hydra.{kind}.dir={hydra_value(chosen)}"]


def unused_folder(folder: Path) -> Path:
    """Make a folder, by a name with a number where the name is taken."""
    names = (folder.with_name(f"{folder.name}_{number}") for number in count(2))
    for path in chain([folder], names):
        with suppress(FileExistsError):
            path.mkdir(parents=True)
            return path
    raise AssertionError


def remove_empty_folders(folder: Path) -> None:
    """Remove a folder and those above it, if they are empty and were made for this command."""
    existed = EXISTED.get() or {folder.absolute().parent}
    made = (folder.absolute(), *folder.absolute().parents)
    with suppress(OSError):
        for path in takewhile(lambda path: path not in existed, made):
            path.rmdir()


def is_first_process() -> bool:
    """Whether this process is the one of its run that writes, known before there is a trainer."""
    from pytorch_lightning.utilities import rank_zero_only  # noqa: PLC0415 - it imports torch

    node = os.environ.get("NODE_RANK", "0")
    return int(rank_zero_only.rank) == 0 and node in ("0", "")  # type: ignore[attr-defined]


@contextmanager
def claimed(run: RunFolder) -> Iterator[None]:
    """Be the only process that writes into a run's folder; the system ends the claim of a dead one.

    Raises:
        UserError: If another process is training there.
    """
    if not is_first_process():
        yield
        return
    run.path.mkdir(parents=True, exist_ok=True)
    fresh, refused = not run.lock.exists(), False
    lock = hold(run.lock, f"another process is training in {run}: wait for its end, or stop it.")
    try:
        yield
    except UserError as error:
        refused = not isinstance(error, RunFailed)
        raise
    finally:
        if fresh and (refused or not run.used()):  # no run has begun
            run.lock.unlink(missing_ok=True)
        lock.release()


def hold(path: Path, otherwise: str) -> Any:
    """Lock a file until the lock is released, or this process ends.

    Raises:
        UserError: With the other sentence, if another process holds it.
    """
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UserError(otherwise) from error
    return lock


def is_claimed(run: RunFolder) -> bool:
    """Whether another run's process is training in a run's folder now."""
    with suppress(Timeout):
        if is_first_process() and run.lock.exists():
            FileLock(run.lock, timeout=0).acquire().lock.release()
        return False
    return True


def check_unused(run: RunFolder) -> None:
    """Refuse the folder of another run for a run that begins.

    Raises:
        UserError: If there is anything in it that a run would write.
    """
    names = ", ".join(path.name for path in run.used() if is_first_process())
    refuse_if(
        names,
        f"{run} belongs to a run already (it holds {names}): type {shell_word('resume', run)} to "
        "continue that run, or hydra.run.dir=… for another folder.",
    )
