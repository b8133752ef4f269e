"""Any folder of pictures."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.base import Data
from ganzoo.data.decoded import decoded
from ganzoo.data.files import PictureFiles, attempt, find_pictures, report_broken
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
        cache_mb: pictures are decoded once, into a file of the cache folder that is mapped into
            memory, if all of them, resized, need no more. 0 is for no file.
        in_memory_mb: without such a file they are decoded into memory at every start, if they need
            no more than this; else they are streamed.
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
        cache_mb: int = 8192,
        in_memory_mb: int = 1024,
        num_workers: int = 2,
    ) -> None:
        super().__init__(batch_size, val_size, image_size, split_seed, order_seed)
        self.root, self.features = root, features
        self.cache_mb, self.in_memory_mb = cache_mb, in_memory_mb
        self.num_workers = num_workers

    def load(self) -> Source:
        folder = Path(self.root).expanduser().resolve()
        names = find_names(folder)
        labels, class_names = self._labels(names)
        files = PictureFiles(folder, names)
        size = self.image_size or first_side(files)
        if source := decoded(files, labels, class_names, size, self.cache_mb):
            return source
        every = range(len(names))
        if len(names) * 3 * size**2 <= self.in_memory_mb * 2**20:
            pictures = Pictures(files, labels, size)
            seen = attempt(lambda row: pictures[row][0], every)
            report_broken(files, list(seen), len(names))
            return InMemory(torch.stack(list(seen.values())), labels[list(seen)], class_names)
        rows = list(attempt(files.side, every))
        report_broken(files, rows, len(names))
        kept = PictureFiles(folder, [names[row] for row in rows])
        return Streamed(kept, labels[rows], class_names, size, self.num_workers)

    def _labels(self, names: list[str]) -> tuple[Tensor, list[str]]:
        if self.features is not None:
            return read_features(Path(self.features), len(names)), []
        return folder_labels(names)


def first_side(files: PictureFiles) -> int:
    """Shorter side of the first picture that can be read; 1 if there is none."""
    sides = (attempt(files.side, [row]) for row in range(len(files.names)))
    return next((side for found in sides for side in found.values()), 1)


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
