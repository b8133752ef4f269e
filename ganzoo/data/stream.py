"""Data sets too large for memory: pictures are read while training."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ganzoo.data.picture import fit_square, to_bytes, to_unit
from ganzoo.data.source import Batch, Source
from ganzoo.error import UserError


class Reader(Protocol):
    """Where pictures lie: `folder` and what of it holds which rows.

    Attributes:
        place: Stands for where all of them lie, however they change there.
    """

    folder: Path
    place: str

    def read(self, row: int) -> Image.Image:
        """Decode the picture of a row, as RGB."""

    def paths(self, rows: Iterable[int]) -> list[Path]:
        """List the files that hold these rows."""


class Pictures(Dataset[tuple[Tensor, Tensor]]):
    """Reads one picture as (3, size, size) uint8, with its label."""

    def __init__(self, reader: Reader, labels: Tensor, size: int) -> None:
        self.reader, self.labels, self.size = reader, labels, size
        self.shape = (3, size, size)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        return to_bytes(fit_square(self.reader.read(row), self.size)), self.labels[row]


class Streamed(Source):
    """Pictures that a torch DataLoader reads ahead.

    Args:
        reader: finds and decodes pictures.
        labels: see `Source`.
        class_names: see `Source`.
        size: side of the square that pictures are cropped and resized to.
        num_workers: processes that read.

    Raises:
        UserError: if they are not a count.
    """

    def __init__(
        self,
        reader: Reader,
        labels: Tensor,
        class_names: Sequence[str],
        size: int,
        num_workers: int,
    ) -> None:
        super().__init__(labels, class_names)
        if not isinstance(num_workers, int) or num_workers < 0:
            raise UserError(
                "data.num_workers counts processes that read pictures, from 0 up, got "
                f"{num_workers}: type data.num_workers=2."
            )
        self.pictures, self.num_workers = Pictures(reader, labels, size), num_workers
        self.shape = self.pictures.shape

    def batches(self, rows: Iterable[Tensor]) -> Iterator[Batch]:
        loader: DataLoader[tuple[Tensor, Tensor]] = DataLoader(
            self.pictures,
            batch_sampler=(batch.tolist() for batch in rows),
            num_workers=self.num_workers,
            pin_memory=torch.cuda.is_available(),
            # Its own generator, or else the loader would draw from the one that makes latents.
            generator=torch.Generator(),
        )
        return ((to_unit(pixels), labels) for pixels, labels in loader)

    def fingerprint(self, rows: Tensor) -> str:
        reader = self.pictures.reader
        digest = hashlib.sha256(repr((type(reader).__qualname__, self.shape)).encode())
        digest.update(rows.numpy().tobytes())
        digest.update(repr(stamps(reader, rows.tolist())).encode())
        return digest.hexdigest()


def stamps(reader: Reader, rows: Iterable[int]) -> list[tuple[str, int, int]]:
    """Name, size and time of the last change of what holds these rows; zeros if it is not there."""
    return [stamp(path, reader.folder) for path in reader.paths(rows)]


def stamp(path: Path, folder: Path) -> tuple[str, int, int]:
    name = path.relative_to(folder).as_posix()
    try:
        stat = path.stat()
    except OSError:  # a link to nowhere is a broken picture like others
        return name, 0, 0
    return name, stat.st_size, stat.st_mtime_ns
