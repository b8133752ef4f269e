"""Torchvision's data sets: read them, or say in one sentence what is missing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ganzoo.data.base import FileData
from ganzoo.error import UserError, refuse_if

TorchvisionSet = TypeVar("TorchvisionSet")
FETCH = "data.download=true to fetch them"


@dataclass(kw_only=True, eq=False)
class TorchvisionData(FileData):
    """A data set of torchvision.

    Args:
        root: Folder that holds (or receives) torchvision's files; may be given by position.
        download: Whether to fetch missing files.
    """

    download: bool = False


def read_torchvision(
    make: Callable[[], TorchvisionSet],
    root: str,
    files: Sequence[str],
    download: bool,
    fetch: str = FETCH,
) -> TorchvisionSet:
    """Open a torchvision data set.

    Args:
        make: Opens it, after a download if ``download`` is set.
        root: Folder given as data.root.
        files: What torchvision needs, relative to root.
        download: Whether missing files may be fetched.
        fetch: How to get the files, for the error.

    Raises:
        UserError: If files are missing, or exist and cannot be read.
    """
    where = Path(root).expanduser().resolve()
    missing = [name for name in files if not (where / name).exists()]
    refuse_if(
        missing and not download,
        f"{', '.join(missing)} not found in {where}: type data.root=… for another folder, "
        f"{fetch}, or data=mnist5k to train without files.",
    )
    try:
        return make()
    except (RuntimeError, OSError, ValueError, EOFError, ImportError, AssertionError) as problem:
        raise UserError(
            f"The data in {where} cannot be {'fetched' if missing else 'read'} "
            f"({' '.join(str(problem).split())}): put intact files there, type data.root=… for "
            "another folder, or data=mnist5k to train without files."
        ) from problem
