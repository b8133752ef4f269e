"""LSUN scenes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from PIL import Image
from torchvision import datasets

from ganzoo.data.picture_data import PictureData
from ganzoo.data.source import Source
from ganzoo.data.torchvision_data import read_torchvision

HOW_TO_FILL = "fill it by https://github.com/fyu/lsun and `pip install lmdb`"


@dataclass(kw_only=True, eq=False)
class LSUN(PictureData):
    """Scenes with a shorter side of 256 pixels, in millions; a category is a class.

    Yu et al. 2015, https://arxiv.org/abs/1506.03365. The native size is 256.

    Args:
        categories: Databases in the root, without ``_lmdb``.
    """

    categories: Sequence[str] = ("bedroom_train",)

    def load(self) -> Source:
        categories = list(self.categories)
        names = [f"{category}_lmdb" for category in categories]
        data = read_torchvision(
            lambda: datasets.LSUN(self.root, categories), self.root, names, False, HOW_TO_FILL
        )
        sizes = torch.tensor([stop - start for start, stop in pairwise([0, *data.indices])])
        labels = torch.arange(len(sizes)).repeat_interleave(sizes)
        scenes = Scenes(Path(self.root), names, data)
        return self.read_pictures(scenes, labels, categories, self.image_size or 256)


class Scenes:
    """Pictures of torchvision's LSUN by row."""

    def __init__(self, folder: Path, names: Sequence[str], data: datasets.LSUN) -> None:
        self.folder, self.names, self.data = folder, names, data
        self.place = str([str(path.resolve()) for path in self.paths([])])
        self.prepared = "RGB"

    def read(self, row: int) -> Image.Image:
        """Decode the picture of a row."""
        picture: Image.Image = self.data[row][0]
        return picture.convert("RGB")

    def paths(self, rows: Iterable[int]) -> list[Path]:
        """List the databases, which hold all rows."""
        return [self.folder / name / "data.mdb" for name in self.names]
