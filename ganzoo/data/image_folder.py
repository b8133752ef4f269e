"""Any folder of pictures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor

from ganzoo.data.picture_data import PictureData
from ganzoo.data.picture_files import (
    SUFFIXES,
    PictureFiles,
    find_pictures,
    listed,
    map_readable,
    readable_classes,
    report_broken,
)
from ganzoo.data.source import InMemory, Source
from ganzoo.data.stream import PictureDataset, Streamed
from ganzoo.error import UserError, refuse_if


@dataclass(kw_only=True, eq=False)
class ImageFolder(PictureData):
    """Any folder of pictures; the native size is the shorter side of the first picture.

    Folders directly below root are the classes, unless a picture lies beside them. Pictures that
    cannot be read are skipped with a warning, hidden files and folders without one.

    Args:
        features: A .npy file with one float vector per picture file, in the sorted order of their
            names relative to root; they replace the labels (the other modality of a CGAN).
        in_memory_mb: Without a file in the cache, pictures are decoded into memory at every start
            if they need no more than this; else they are streamed.
        background: The colour that shows through transparent pixels, by name or as ``#rrggbb``.
    """

    batch_size: int = 64
    val_size: int = 1000
    features: str | None = None
    in_memory_mb: int = 1024
    background: str = "white"

    def load(self) -> Source:
        folder = Path(self.root).expanduser().resolve()
        names = find_names(folder)
        labels, class_names = self._labels(names)
        files = PictureFiles(folder, names, self.background)
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
            kept = readable_classes(labels, class_names, list(pixels))
            return InMemory(torch.stack(list(pixels.values())), *kept)
        rows = list(map_readable(files.side, range(n)))
        report_broken(files, rows, n)
        readable = PictureFiles(files.folder, [files.names[row] for row in rows], self.background)
        kept = readable_classes(labels, class_names, rows)
        return Streamed(readable, *kept, size, self.num_workers)

    def _labels(self, names: list[str]) -> tuple[Tensor, list[str]]:
        if self.features is not None:
            return read_features(Path(self.features), len(names)), []
        return folder_labels(names)


def first_side(files: PictureFiles) -> int:
    """Shorter side of the first picture that can be read; 1 if there is none."""
    sides = (map_readable(files.side, [row]) for row in range(len(files.names)))
    return next((side for readable in sides for side in readable.values()), 1)


OTHER_DATA = "type data.root=… for a folder of pictures, or data=mnist5k to train without files"


def find_names(folder: Path, remedy: str = OTHER_DATA) -> list[str]:
    """Names of the picture files of a folder, relative to it.

    Args:
        folder: Where to look.
        remedy: What to do if there are none, in words.

    Raises:
        UserError: If there are none.
    """
    names = find_pictures(folder)
    if not names:
        problem = "holds no pictures" if folder.is_dir() else "is no folder"
        raise UserError(
            f"Pictures ({', '.join(SUFFIXES)}) were expected, but {folder} {problem}: {remedy}."
        )
    return names


def folder_labels(names: list[str]) -> tuple[Tensor, list[str]]:
    """Labels (N,) and class names from the first folder of each name, if all have one."""
    folders = [name.partition("/")[0] for name in names if "/" in name]
    if len(folders) < len(names):
        tell_strays(names, folders)
        return torch.zeros(len(names), dtype=torch.int64), []
    classes = {folder: label for label, folder in enumerate(sorted(set(folders)))}
    return torch.tensor([classes[folder] for folder in folders]), list(classes)


def tell_strays(names: list[str], folders: list[str]) -> None:
    """Say which pictures keep the folders beside them from being classes, if they do."""
    strays = [name for name in names if "/" not in name] if folders else []
    if strays:
        rank_zero_warn(
            f"There are no classes, because {len(strays)} pictures lie beside the folders "
            f"({listed(strays)}): move them into a "
            "folder of their class, or elsewhere."
        )


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
    bad = (~features.isfinite()).any(1).nonzero().flatten().tolist()
    refuse_if(
        bad,
        f"{len(bad)} vectors in {path} hold values that are not finite (row {bad[:1]}): mend them, "
        "or type data.features=… for another file.",
    )
    return features
