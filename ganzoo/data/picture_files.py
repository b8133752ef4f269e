"""Pictures that are files of a folder."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageOps
from pytorch_lightning.utilities import rank_zero_warn
from torchvision.datasets.folder import IMG_EXTENSIONS

from ganzoo.data.stream import Reader
from ganzoo.error import UserError, refuse_if
from ganzoo.picture import DECODING_ERRORS

Result = TypeVar("Result")


class PictureFiles:
    """One picture file per row.

    Args:
        folder: Holds the files, at any depth.
        names: Their names, relative to the folder.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.folder, self.names = folder, list(names)
        self.place = str(folder.resolve())

    def read(self, row: int) -> Image.Image:
        """Decode the picture of a row, as RGB and upright.

        Raises:
            UserError: If the file cannot be decoded.
        """
        path = self.folder / self.names[row]
        try:
            with Image.open(path) as picture:
                return ImageOps.exif_transpose(picture).convert("RGB")
        except DECODING_ERRORS as problem:
            raise UserError(
                f"The picture {path.resolve()} cannot be decoded ({problem}): delete or repair "
                "it, or type data.root=… for another folder."
            ) from problem

    def side(self, row: int) -> int:
        """Shorter side of the picture, read from the head of its file.

        Raises:
            UserError: If the file is no picture.
        """
        path = self.folder / self.names[row]
        try:
            with Image.open(path) as picture:
                return min(picture.size)
        except DECODING_ERRORS as problem:
            raise UserError(f"The file {path.resolve()} is no picture.") from problem

    def paths(self, rows: Iterable[int]) -> list[Path]:
        """List the files of these rows."""
        return [self.folder / self.names[row] for row in rows]


def find_pictures(folder: Path) -> list[str]:
    """Names of all picture files below a folder, relative to it and sorted."""
    below = (
        Path(top, name) for top, _, names in os.walk(folder, followlinks=True) for name in names
    )
    pictures = (path for path in below if path.suffix.lower() in IMG_EXTENSIONS)
    return sorted(path.relative_to(folder).as_posix() for path in pictures)


def map_readable(function: Callable[[int], Result], rows: Iterable[int]) -> dict[int, Result]:
    """Apply a function to the picture of every row, in threads, and leave out unreadable ones.

    Args:
        function: Reads the picture of a row; a ``UserError`` marks it as unreadable.
        rows: Rows of the data set.

    Returns:
        The results by row, in the order of the rows.
    """

    def read(row: int) -> tuple[int, Result] | None:
        try:
            return row, function(row)
        except UserError:
            return None

    with ThreadPoolExecutor() as pool:
        return dict(result for result in pool.map(read, rows) if result is not None)


def report_broken(reader: Reader, rows: Sequence[int], n: int) -> None:
    """Name the rows of n that could not be read in one warning.

    Args:
        reader: Where the pictures lie.
        rows: Rows that could be read.
        n: Number of rows.

    Raises:
        UserError: If none could be read.
    """
    broken = sorted(set(range(n)).difference(rows))
    names = [path.relative_to(reader.folder).as_posix() for path in reader.paths(broken[:3])]
    some = f"{', '.join(names)}{', …' if len(broken) > 3 else ''}"
    refuse_if(
        not rows,
        f"None of the {n} pictures in {reader.folder} can be decoded ({some}): type "
        "data.root=… for another folder.",
    )
    if broken:
        rank_zero_warn(
            f"Skipped {len(broken)} pictures in {reader.folder} that are broken: {some}."
        )
