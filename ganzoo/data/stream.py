"""Data sets too large for memory: pictures are read while training."""

import hashlib
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import torch
from PIL import Image
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ganzoo.data.pixels import fit_square, to_bytes, to_unit
from ganzoo.data.source import Batch, Source, short_hash
from ganzoo.error import RunFailed, UserError, WorkerDied, refuse_if
from ganzoo.processes import ignore_signals, known_signals

MAX_BROKEN = 20  # pictures in a row, of a disk that is gone


class Reader(Protocol):
    """Where the pictures of a data set lie, and how to decode them.

    Attributes:
        folder: Holds all files.
        place: Identifies the files' location, whatever their content.
        prepared: What becomes of a file's pixels.
    """

    folder: Path
    place: str
    prepared: str

    def read(self, row: int) -> Image.Image:
        """Decode the picture of a row, as RGB."""

    def paths(self, rows: Iterable[int]) -> list[Path]:
        """List the files that hold these rows."""


class PictureDataset(Dataset[tuple[Tensor, Tensor]]):
    """Reads one picture as (3, size, size) uint8, with its label."""

    def __init__(self, reader: Reader, labels: Tensor, size: int) -> None:
        self.reader, self.labels, self.size = reader, labels, size
        self.shape = (3, size, size)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        return to_bytes(fit_square(self.reader.read(row), self.size)), self.labels[row]


class UnbrokenDataset(PictureDataset):
    """Shows the next picture that can be read in place of one that breaks while training."""

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        with suppress(UserError):
            return super().__getitem__(row)
        rank_zero_warn(
            f"The picture {self.reader.paths([row])[0]} cannot be decoded, and the next one is "
            "shown in its place: replace it before the next run."
        )
        for other in range(row + 1, row + MAX_BROKEN):
            with suppress(UserError):
                return super().__getitem__(other % len(self))
        return super().__getitem__(row)


class Streamed(Source):
    """Pictures that a torch DataLoader reads ahead.

    Args:
        reader: Finds and decodes pictures.
        labels: See ``Source``.
        class_names: See ``Source``.
        size: Side of the square that pictures are cropped and resized to.
        num_workers: Processes that read.

    Raises:
        UserError: If ``num_workers`` is not a count.
        RunFailed: While reading, if many pictures in a row cannot be decoded.
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
        refuse_if(
            not isinstance(num_workers, int) or num_workers < 0,
            "data.num_workers is the number of processes that read pictures, 0 or more, got "
            f"{num_workers}: type data.num_workers=2.",
        )
        self.pictures, self.num_workers = UnbrokenDataset(reader, labels, size), num_workers
        self.shape = self.pictures.shape

    def batches(self, rows: Iterable[Tensor]) -> Iterator[Batch]:
        loader: DataLoader[tuple[Tensor, Tensor]] = DataLoader(
            self.pictures,
            batch_sampler=(batch.tolist() for batch in rows),
            num_workers=self.num_workers,
            pin_memory=torch.cuda.is_available(),
            # Its own generator, or the loader would draw from the global one.
            generator=torch.Generator(),
            worker_init_fn=ignore_signals,
        )
        try:
            for pixels, labels in undisturbed(loader):
                yield to_unit(pixels), labels
        except WorkerDied:
            raise
        except UserError as error:  # to which a worker's traceback is added
            sentence = str(error).strip().splitlines()[-1]
            raise RunFailed(sentence.removeprefix("ganzoo.error.UserError: ")) from error

    def content(self) -> dict[str, str]:
        """Names and sizes of all files, and the pixels of 100 pictures: all would take hours."""
        names, sizes, _ = zip(*file_stamps(self.pictures.reader, range(len(self))), strict=True)
        some = range(0, len(self), -(-len(self) // 100))
        return {
            "names": short_hash([repr(names).encode()]),
            "sizes": short_hash([repr(sizes).encode()]),
            "some pixels": short_hash(self.pictures[row][0].numpy().tobytes() for row in some),
        }

    def fingerprint(self, rows: Tensor) -> str:
        reader = self.pictures.reader
        digest = hashlib.sha256(
            repr((type(reader).__qualname__, reader.prepared, self.shape)).encode()
        )
        digest.update(rows.numpy().tobytes())
        digest.update(repr(file_stamps(reader, rows.tolist())).encode())
        return digest.hexdigest()


def undisturbed(loader: Iterable[Batch]) -> Iterator[Batch]:
    """What a loader reads; a dead worker is met when its batch is due and not within a step.

    Raises:
        WorkerDied: If a process that reads has died.
    """
    handlers = {each: signal.getsignal(each) for each in known_signals("SIGCHLD")}
    batches = iter(loader)
    if threading.current_thread() is threading.main_thread():
        for number, handler in handlers.items():  # torch's raises wherever the program is
            signal.signal(number, handler)
    try:
        yield from batches
    except (RuntimeError, ConnectionError, FileNotFoundError, EOFError) as error:
        # The others come of a batch that was sent and not fetched by the time.
        if isinstance(error, RuntimeError) and "DataLoader worker (pid" not in str(error):
            raise
        raise WorkerDied(
            "a process that reads pictures died, which the system ends where memory runs out: "
            "lower data.num_workers or data.batch_size, and continue with resume=…"
        ) from error


def file_stamps(reader: Reader, rows: Iterable[int]) -> list[tuple[str, int, int]]:
    """Name, size and modification time of the files of these rows; zeros for a missing file."""
    return [file_stamp(path, reader.folder) for path in reader.paths(rows)]


def file_stamp(path: Path, folder: Path) -> tuple[str, int, int]:
    name = path.relative_to(folder).as_posix()
    try:
        stat = path.stat()
    except OSError:  # a broken link counts as a broken picture
        return name, 0, 0
    return name, stat.st_size, stat.st_mtime_ns
