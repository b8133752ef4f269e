"""Any folder of pictures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.picture_data import PictureData
from ganzoo.data.picture_files import PictureFiles, find_pictures, map_readable, report_broken
from ganzoo.data.source import InMemory, Source
from ganzoo.data.stream import PictureDataset, Streamed
from ganzoo.error import UserError, refuse_if


@dataclass(kw_only=True, eq=False)
class ImageFolder(PictureData):
    """Any folder of pictures; the native size is the shorter side of the first picture.

    Folders directly below root are the classes, unless a picture lies beside them. Pictures that
    cannot be read are skipped with a warning.

    Args:
        features: A .npy file with one float vector per picture file, in the sorted order of their
            names relative to root; they replace the labels (the other modality of a CGAN).
        in_memory_mb: Without a file in the cache, pictures are decoded into memory at every start
            if they need no more than this; else they are streamed.
    """

    batch_size: int = 64
    val_size: int = 1000
    features: str | None = None
    in_memory_mb: int = 1024

    def load(self) -> Source:
        folder = Path(self.root).expanduser().resolve()
        names = find_names(folder)
        labels, class_names = self._labels(names)
        files = PictureFiles(folder, names)
        size = self.image_size or first_side(files)
        return self.read_decoded(files, labels, class_names, size) or self._read_undecoded(
            files, labels, class_names, size
        )

    def _read_undecoded(
        self, files: PictureFiles, labels: Tensor, class_names: list[str], size: int
    ) -> Source:
        n = len(labels)
        if n * 3 * size**2 <= self.in_memory_mb * 2**20:
            pictures = PictureDataset(files, labels, size)
            pixels = map_readable(lambda row: pictures[row][0], range(n))
            report_broken(files, list(pixels), n)
            return InMemory(torch.stack(list(pixels.values())), labels[list(pixels)], class_names)
        rows = list(map_readable(files.side, range(n)))
        report_broken(files, rows, n)
        readable = PictureFiles(files.folder, [files.names[row] for row in rows])
        return Streamed(readable, labels[rows], class_names, size, self.num_workers)

    def _labels(self, names: list[str]) -> tuple[Tensor, list[str]]:
        if self.features is not None:
            return read_features(Path(self.features), len(names)), []
        return folder_labels(names)


def first_side(files: PictureFiles) -> int:
    """Shorter side of the first picture that can be read; 1 if there is none."""
    sides = (map_readable(files.side, [row]) for row in range(len(files.names)))
    return next((side for readable in sides for side in readable.values()), 1)


def find_names(folder: Path) -> list[str]:
    """Names of the picture files of a folder, relative to it.

    Raises:
        UserError: If there are none.
    """
    names = find_pictures(folder)
    if not names:
        problem = "holds no pictures" if folder.is_dir() else "is no folder"
        raise UserError(
            f"Pictures such as .jpg or .png were expected, but {folder} {problem}: type "
            "data.root=… for a folder of pictures, or data=mnist5k to train without files."
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
        UserError: If there is no such file, or its array has another shape.
    """
    path = path.expanduser().resolve()
    try:
        features = torch.from_numpy(np.load(path)).float()
    except (OSError, ValueError, TypeError) as problem:
        raise UserError(
            f"A .npy file of floats was expected, but {path} cannot be read ({problem}): type "
            "data.features=… for another file."
        ) from problem
    refuse_if(
        features.ndim != 2 or len(features) != n,
        f"One feature vector for each of the {n} pictures was expected, but {path} holds an "
        f"array of shape {tuple(features.shape)}: type data.features=… for another file.",
    )
    return features
