"""Every run below some folders."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ganzoo.error import UserError, refuse_if
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.run import Run, read_run


def find_runs(folders: Iterable[Path]) -> list[Run]:
    """Read every run in or below the folders, each once.

    Raises:
        UserError: If one of them is no folder, or there is no run at all.
    """
    folders = list(folders)
    paths = dict.fromkeys(path for folder in folders for path in sorted(run_paths(folder)))
    if not paths:
        raise UserError(
            f"there is no run in {', '.join(map(str, folders))}: give the folder of a sweep, such "
            "as runs/sweep/…, or of runs."
        )
    return [read_run(path) for path in paths]


def run_paths(folder: Path) -> Iterator[Path]:
    """The folders, in or below this one, of runs that have begun, failed ones included."""
    refuse_if(not folder.is_dir(), f"{folder} is no folder: give the folder of a sweep or of runs.")
    for name in (RunFolder(folder).config.path.name, RunFolder(folder).failure.path.name):
        for path in folder.rglob(name):
            run = RunFolder(path.parent.resolve())
            if run.failure.exists() or run.is_run():
                yield run.path
