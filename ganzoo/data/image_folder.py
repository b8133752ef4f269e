"""Any folder of pictures."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor

from ganzoo.data.base import Data
from ganzoo.data.files import PictureFiles, attempt, find_pictures
from ganzoo.data.source import InMemory, Source
from ganzoo.data.stream import Pictures, Streamed
from ganzoo.error import UserError


class ImageFolder(Data):
    """Pictures of any size, cropped to the centre square and resized, in colour.

    Folders directly below root are the classes, unless a picture lies beside them. Pictures that
    cannot be read are skipped with a warning.

    Args:
        root: the folder.
        features: a .npy file with one float vector per picture file, in the sorted order of their
            names relative to root; they replace the labels (the other modality of a CGAN).
        batch_size: pictures per micro-batch and process.
        val_size: pictures held out of training.
        image_size: side in pixels; None takes the shorter side of the first picture.
        split_seed: settles which pictures are held out.
        order_seed: settles the order of training pictures.
        in_memory_mb: pictures are kept in memory if all of them, resized, need no more; else they
            are streamed. 0 always streams.
        num_workers: processes that read streamed pictures.
    """

    def __init__(
        self,
        root: str = "data",
        *,
        features: str | None = None,
        batch_size: int = 64,
        val_size: int = 1000,
        image_size: int | None = 64,
        split_seed: int = 0,
        order_seed: int = 0,
        in_memory_mb: int = 1024,
        num_workers: int = 2,
    ) -> None:
        super().__init__(batch_size, val_size, image_size, split_seed, order_seed)
        self.root, self.features = root, features
        self.in_memory_mb, self.num_workers = in_memory_mb, num_workers

    def load(self) -> Source:
        folder = Path(self.root).expanduser().resolve()
        names = find_names(folder)
        labels, class_names = self._labels(names)
        files = PictureFiles(folder, names)
        sides = attempt(files.side, range(len(names)))
        size = self.image_size or next(iter(sides.values()), 1)
        if len(sides) * 3 * size**2 <= self.in_memory_mb * 2**20:
            pictures = Pictures(files, labels, size)
            seen = attempt(lambda row: pictures[row][0], sides)
            rows = report_broken(files, seen)
            return InMemory(torch.stack(list(seen.values())), labels[rows], class_names)
        rows = report_broken(files, sides)
        kept = PictureFiles(folder, [names[row] for row in rows])
        return Streamed(kept, labels[rows], class_names, size, self.num_workers)

    def _labels(self, names: list[str]) -> tuple[Tensor, list[str]]:
        if self.features is not None:
            return read_features(Path(self.features), len(names)), []
        return folder_labels(names)


def find_names(folder: Path) -> list[str]:
    """Picture files of a folder.

    Raises:
        UserError: there are none.
    """
    names = find_pictures(folder)
    if not names:
        what = "holds no pictures" if folder.is_dir() else "is no folder"
        raise UserError(
            f"Pictures such as .jpg or .png were expected, but {folder} {what}: type data.root=… "
            "for a folder of pictures, or data=mnist5k to train without files."
        )
    return names


def folder_labels(names: list[str]) -> tuple[Tensor, list[str]]:
    """Labels (N,) and class names from the first folder of each name, if all have one."""
    folders = [name.partition("/")[0] for name in names if "/" in name]
    if len(folders) < len(names):
        return torch.zeros(len(names), dtype=torch.int64), []
    classes = {folder: label for label, folder in enumerate(sorted(set(folders)))}
    return torch.tensor([classes[folder] for folder in folders]), list(classes)


def read_features(path: Path, n: int) -> Tensor:
    """Feature vectors, (n, K) float32.

    Raises:
        UserError: no such file, or its array has another shape.
    """
    path = path.expanduser().resolve()
    try:
        features = torch.from_numpy(np.load(path)).float()
    except (OSError, ValueError, TypeError) as problem:
        raise UserError(
            f"A .npy file of floats was expected, but {path} cannot be read ({problem}): type "
            "data.features=… for another file."
        ) from problem
    if features.ndim != 2 or len(features) != n:
        raise UserError(
            f"One feature vector for each of the {n} pictures was expected, but {path} holds an "
            f"array of shape {tuple(features.shape)}: type data.features=… for another file."
        )
    return features


def report_broken(files: PictureFiles, seen: Mapping[int, object]) -> list[int]:
    """Rows that could be read; the others are named in one warning.

    Raises:
        UserError: none could be read.
    """
    broken = [name for row, name in enumerate(files.names) if row not in seen]
    some = f"{', '.join(broken[:3])}{', …' if len(broken) > 3 else ''}"
    if not seen:
        raise UserError(
            f"None of the {len(broken)} pictures in {files.folder} can be decoded ({some}): type "
            "data.root=… for another folder."
        )
    if broken:
        rank_zero_warn(f"Skipped {len(broken)} pictures in {files.folder} that are broken: {some}.")
    return list(seen)
