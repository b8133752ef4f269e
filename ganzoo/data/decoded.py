"""Pictures decoded once, and kept on disk for later epochs and later runs."""

import json
import mmap
import warnings
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import torch
from filelock import FileLock
from rich.console import Console
from rich.progress import track
from torch import Tensor

from ganzoo.data.picture_files import map_readable, report_broken
from ganzoo.data.stream import PictureDataset, file_stamps
from ganzoo.files import PART, replacing

PICTURES_PER_WRITE = 1000
PREPARED = "centre square, bilinear with antialias, 2"  # change it with how pixels are made
LENGTH, CHECKSUM = 8, sha256().digest_size  # bytes


class Decoded(NamedTuple):
    """The pictures that could be decoded.

    Attributes:
        pixels: (K, 3, size, size) uint8.
        rows: Their rows in the data set, ascending, K of them.
    """

    pixels: Tensor
    rows: list[int]


class DecodedFile:
    """The decoded pixels of one data set: pixels, a description of their source, a checksum.

    The file is memory-mapped: only the pictures that are read occupy memory, and all processes
    share it. Its name depends on where the pictures lie and not on their content, so a data set
    that changed overwrites its old file.

    Args:
        folder: Where such files lie.
        pictures: The data set.
    """

    def __init__(self, folder: Path, pictures: PictureDataset) -> None:
        self.pictures = pictures
        reader, self.n, self.shape = pictures.reader, len(pictures), pictures.shape
        place = (type(reader).__qualname__, reader.place, self.shape)
        prepared = (PREPARED, reader.prepared)
        key = (prepared, self.n, self.shape, file_stamps(reader, range(self.n)))
        self.key = sha256(repr(key).encode()).hexdigest()
        self.path = folder / f"pictures-{sha256(repr(place).encode()).hexdigest()[:32]}.bytes"

    def read(self) -> Decoded | None:
        """Map the file; None if there is none, it is damaged, or the pictures have changed."""
        mapped = self._map()
        if mapped is None or not is_intact(mapped):
            return None
        end = len(mapped) - CHECKSUM - LENGTH
        start = end - int.from_bytes(mapped[end : end + LENGTH], "big")
        description = json.loads(mapped[start:end])
        if description["key"] != self.key:
            return None
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*not writable")  # nothing writes to it
            pixels = torch.frombuffer(mapped, dtype=torch.uint8, count=start)
        rows = sorted(set(range(self.n)).difference(description["broken"]))
        return Decoded(pixels.view(-1, *self.shape), rows)

    def write(self) -> Decoded | None:
        """Decode all pictures into the file, unless another process has just done so.

        Raises:
            OSError: If it cannot be written.
            UserError: If no picture can be decoded.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_suffix(".lock")):
            return self.read() or self._write()

    def _write(self) -> Decoded | None:
        for partial in self.path.parent.glob(f".{self.path.name}.*{PART}"):  # of killed processes
            partial.unlink(missing_ok=True)
        with replacing(self.path) as temporary, temporary.open("wb") as file:
            checksum = sha256()
            for content in self._contents():
                checksum.update(content)
                file.write(content)
            file.write(checksum.digest())
        return self.read()

    def _contents(self) -> Iterator[bytes]:
        broken: list[int] = []
        parts = [
            range(self.n)[start : start + PICTURES_PER_WRITE]
            for start in range(0, self.n, PICTURES_PER_WRITE)
        ]
        console = Console(stderr=True)
        quiet = not console.is_terminal
        for part in track(parts, "decoding pictures once", console=console, disable=quiet):
            pixels = map_readable(lambda row: self.pictures[row][0], part)
            broken += [row for row in part if row not in pixels]
            yield from (each.numpy().tobytes() for each in pixels.values())
        if len(broken) == self.n:
            report_broken(self.pictures.reader, [], self.n)
        description = json.dumps({"key": self.key, "broken": broken}).encode()
        yield description + len(description).to_bytes(LENGTH, "big")

    def _map(self) -> mmap.mmap | None:
        try:
            with self.path.open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # there is no file, or it is empty
            return None


def is_intact(mapped: mmap.mmap) -> bool:
    """Whether a file ends in the checksum of all that comes before it."""
    return sha256(memoryview(mapped)[:-CHECKSUM]).digest() == mapped[-CHECKSUM:]
