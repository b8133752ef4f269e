"""Torchvision's data sets: read them, or say in one sentence what is missing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from ganzoo.data.base import Data
from ganzoo.error import UserError

T = TypeVar("T")
FETCH = "data.download=true to fetch them"


class Downloaded(Data):
    """A torchvision data set that fits into memory.

    Args:
        root: folder that holds (or receives) torchvision's files.
        download: fetch missing files.
        batch_size: pictures per micro-batch and process.
        val_size: pictures held out of training.
        image_size: side in pixels to resize to; None keeps the native size.
        split_seed: settles which pictures are held out.
        order_seed: settles the order of training pictures.
    """

    def __init__(
        self,
        root: str = "data",
        *,
        download: bool = False,
        batch_size: int = 128,
        val_size: int = 5000,
        image_size: int | None = None,
        split_seed: int = 0,
        order_seed: int = 0,
    ) -> None:
        super().__init__(batch_size, val_size, image_size, split_seed, order_seed)
        self.root, self.download = root, download


def read_torchvision(
    make: Callable[[], T], root: str, files: Sequence[str], download: bool, fetch: str = FETCH
) -> T:
    """Open a torchvision data set.

    Args:
        make: opens it, and downloads it first if that was asked for.
        root: folder given as data.root.
        files: what torchvision needs, relative to root.
        download: missing files are no reason to stop.
        fetch: how to get the files, for the error.

    Raises:
        UserError: files are missing, or are there and cannot be read.
    """
    where = Path(root).expanduser().resolve()
    missing = [name for name in files if not (where / name).exists()]
    if missing and not download:
        raise UserError(
            f"{', '.join(missing)} not found in {where}: type data.root=… for another folder, "
            f"{fetch}, or data=mnist5k to train without files."
        )
    try:
        return make()
    except (RuntimeError, OSError, ValueError, EOFError, ImportError, AssertionError) as problem:
        raise UserError(
            f"The data in {where} cannot be {'fetched' if missing else 'read'} "
            f"({' '.join(str(problem).split())}): put intact files there, type data.root=… for "
            "another folder, or data=mnist5k to train without files."
        ) from problem
