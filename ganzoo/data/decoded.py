"""Pictures decoded once, and kept on disk for later epochs and later runs."""

import json
import mmap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import torch
from pytorch_lightning.utilities import rank_zero_warn
from rich.console import Console
from rich.progress import track
from torch import Tensor

from ganzoo.data.files import attempt, report_broken
from ganzoo.data.source import InMemory
from ganzoo.data.stream import Pictures, Reader, stamps
from ganzoo.files import PART, default_cache_dir, replacing

BLOCK = 1000  # pictures that are decoded before they are written
PREPARED = "centre square, bilinear with antialias, RGB, 1"  # change it with how pixels are made
LENGTH, SEAL = 8, sha256().digest_size  # bytes


class Decoded(NamedTuple):
    """The pictures that could be decoded.

    Attributes:
        pixels: (K, 3, size, size) uint8.
        rows: Of the data set, in ascending order, K of them.
    """

    pixels: Tensor
    rows: list[int]


class DecodedFile:
    """The file of one data set: its pixels, a note of what they are of, and a seal over both.

    It is mapped, so that of a data set larger than memory only what is being shown is in memory,
    and all processes share it. Its name stands for where the pictures are: when they change, their
    file is replaced.

    Args:
        folder: Where such files lie.
        pictures: The data set.
    """

    def __init__(self, folder: Path, pictures: Pictures) -> None:
        self.pictures = pictures
        reader, self.n, self.shape = pictures.reader, len(pictures), pictures.shape
        place = (type(reader).__qualname__, reader.place, self.shape)
        key = (PREPARED, self.n, self.shape, stamps(reader, range(self.n)))
        self.key = sha256(repr(key).encode()).hexdigest()
        self.path = folder / f"pictures-{sha256(repr(place).encode()).hexdigest()[:32]}.bytes"

    def read(self) -> Decoded | None:
        """Map the file; None unless it is the one that was written for these very pictures."""
        try:
            with self.path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # not there, or empty
            return None
        if sha256(memoryview(mapped)[:-SEAL]).digest() != mapped[-SEAL:]:
            return None
        end = len(mapped) - SEAL - LENGTH
        start = end - int.from_bytes(mapped[end : end + LENGTH], "big")
        note = json.loads(mapped[start:end])
        if note["key"] != self.key:
            return None
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*not writable")  # and nobody writes
            pixels = torch.frombuffer(mapped, dtype=torch.uint8, count=start)
        broken = set(note["broken"])
        rows = [row for row in range(self.n) if row not in broken]
        return Decoded(pixels.view(-1, *self.shape), rows)

    def write(self) -> None:
        """Decode everything into the file.

        Raises:
            OSError: it cannot be written.
            UserError: no picture can be decoded.
        """
        with replacing(self.path) as temporary, temporary.open("wb") as file:
            seal = sha256()
            for content in self._contents():
                seal.update(content)
                file.write(content)
            file.write(seal.digest())

    def _contents(self) -> Iterator[bytes]:
        broken: list[int] = []
        parts = [range(self.n)[start : start + BLOCK] for start in range(0, self.n, BLOCK)]
        console = Console(stderr=True)
        quiet = not console.is_terminal
        for part in track(parts, "decoding pictures once", console=console, disable=quiet):
            seen = attempt(lambda row: self.pictures[row][0], part)
            broken += [row for row in part if row not in seen]
            yield from (pixels.numpy().tobytes() for pixels in seen.values())
        if len(broken) == self.n:
            report_broken(self.pictures.reader, [], self.n)
        note = json.dumps({"key": self.key, "broken": broken}).encode()
        yield note + len(note).to_bytes(LENGTH, "big")

    def clear(self) -> None:
        """Remove what processes that were killed have left; only where no other writes."""
        for each in self.path.parent.glob(f".{self.path.name}.*{PART}"):
            each.unlink(missing_ok=True)


def decoded(
    reader: Reader, labels: Tensor, class_names: Sequence[str], size: int, cache_mb: int
) -> InMemory | None:
    """The data set from its file in the cache, which is written first if need be.

    Args:
        reader: finds and decodes pictures.
        labels: see `Source`.
        class_names: see `Source`.
        size: side of the square that pictures are cropped and resized to.
        cache_mb: the most that a file may hold.

    Returns:
        None if it would hold more, or cannot be written.

    Raises:
        UserError: no picture can be decoded.
    """
    if len(labels) * 3 * size**2 > cache_mb * 2**20:
        return None
    file = DecodedFile(default_cache_dir(), Pictures(reader, labels, size))
    found = file.read()
    try:
        if found is None:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            with alone(file.path.with_suffix(".lock")):
                found = file.read()  # another process may have written it meanwhile
                if found is None:
                    file.clear()
                    file.write()
                    found = file.read()
    except OSError as problem:
        rank_zero_warn(
            f"Decoded pictures cannot be kept in {file.path.parent} ({problem.strerror}), so every "
            "run decodes them; set GANZOO_CACHE to a folder that can be written."
        )
    if found is None:
        return None
    report_broken(reader, found.rows, len(labels))
    return InMemory(found.pixels, labels[found.rows], class_names)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let one process in at a time; one that is killed lets the next one in."""
    with path.open("wb") as file:
        flock(file, LOCK_EX)
        yield
