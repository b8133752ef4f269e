"""Pictures that are files of a folder."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from mimetypes import guess_type
from pathlib import Path
from typing import TypeVar

import torch
from PIL import Image, ImageColor
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor
from torchvision.datasets.folder import IMG_EXTENSIONS

from ganzoo.data.pixels import is_transparent, to_rgb
from ganzoo.data.stream import Reader
from ganzoo.error import UserError, refuse_if
from ganzoo.picture import DECODING_ERRORS

Result = TypeVar("Result")
SUFFIXES = (*IMG_EXTENSIONS, ".gif", ".avif", ".jfif", ".jpe")  # of which PIL opens all


class PictureFiles:
    """One picture file per row.

    Args:
        folder: Holds the files, at any depth.
        names: Their names, relative to the folder.
        background: The colour that transparent pixels show.

    Raises:
        UserError: If there is no such colour.
    """

    def __init__(self, folder: Path, names: Sequence[str], background: str = "white") -> None:
        self.folder, self.names, self.background = folder, list(names), background
        self.place, self.prepared = str(folder.resolve()), f"RGB on {background}"
        try:
            ImageColor.getrgb(background)
        except (ValueError, AttributeError, TypeError) as problem:
            raise UserError(
                f"data.background is the name of a colour or #rrggbb, got {background}: type "
                "data.background=white."
            ) from problem

    def read(self, row: int) -> Image.Image:
        """Decode the picture of a row, as RGB and upright.

        Raises:
            UserError: If the file cannot be decoded.
        """
        path = self.folder / self.names[row]
        try:
            with Image.open(path) as picture:
                self._tell_transparent(picture)
                return to_rgb(picture, self.background)
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

    def _tell_transparent(self, picture: Image.Image) -> None:
        if is_transparent(picture):
            rank_zero_warn(  # which Python shows once
                f"Some pictures in {self.folder} are transparent, and {self.background} shows "
                "through them: type data.background=… for another colour."
            )

    def paths(self, rows: Iterable[int]) -> list[Path]:
        """List the files of these rows."""
        return [self.folder / self.names[row] for row in rows]


def find_pictures(folder: Path) -> list[str]:
    """Names of all picture files below a folder, relative to it and sorted.

    Hidden files and folders are passed by, and the hidden half of a zip file from a Mac.

    Raises:
        UserError: If a folder cannot be read.
    """
    try:
        paths = list(files_below(folder))
    except OSError as problem:
        raise UserError(
            f"{problem.filename} cannot be read ({problem.strerror}): allow it, or type "
            "data.root=… for another folder."
        ) from problem
    pictures = [path for path in paths if path.suffix.lower() in SUFFIXES]
    others = [path for path in set(paths).difference(pictures) if may_be_picture(path)]
    if others:
        rank_zero_warn(
            f"{len(others)} files in {folder} are left out "
            f"({listed(sorted({path.suffix or path.name for path in others}))}): pictures end in "
            f"{', '.join(SUFFIXES)}."
        )
    return sorted(path.relative_to(folder).as_posix() for path in pictures)


def files_below(folder: Path, above: Sequence[str] = ()) -> Iterator[Path]:
    """Files at any depth of a folder, links followed, except into a folder that holds them."""
    real = os.path.realpath(folder)
    names = [] if real in above or not folder.is_dir() else os.listdir(folder)
    for path in (folder / name for name in names if is_visible(name)):
        if path.is_dir():
            yield from files_below(path, [*above, real])
        elif path.is_file() or not path.exists():  # a broken link is a broken picture
            yield path


def may_be_picture(path: Path) -> bool:
    """Whether a file without a known suffix could be a picture all the same."""
    kind, _ = guess_type(path.name)
    return not path.suffix or str(kind).startswith("image/")


def listed(names: Sequence[str], n: int | None = None) -> str:
    """The first three of some names, and whether there are more of the n."""
    return ", ".join([*names[:3], "…"][: min(len(names) if n is None else n, 4)])


def is_visible(name: str) -> bool:
    """Whether a file or a folder is a user's, and not another program's."""
    return not name.startswith(".") and name != "__MACOSX"


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


def readable_classes(
    labels: Tensor, class_names: Sequence[str], rows: Sequence[int]
) -> tuple[Tensor, list[str]]:
    """Labels of the rows that could be read, and the names of the classes that they are of."""
    kept = labels[list(rows)]
    if not class_names:
        return kept, []
    used, numbered = torch.unique(kept, return_inverse=True)
    return numbered, [class_names[number] for number in used.tolist()]


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
    some = listed(names, len(broken))
    refuse_if(
        not rows,
        f"None of the {n} pictures in {reader.folder} can be decoded ({some}): type "
        "data.root=… for another folder.",
    )
    if broken:
        rank_zero_warn(
            f"Skipped {len(broken)} pictures in {reader.folder} that are broken: {some}."
        )
