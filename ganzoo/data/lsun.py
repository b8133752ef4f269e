"""LSUN scenes."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import torch
from PIL import Image
from torchvision import datasets

from ganzoo.data.base import Data
from ganzoo.data.decoded import decoded
from ganzoo.data.source import Source
from ganzoo.data.stream import Streamed
from ganzoo.data.torchvision_data import read_torchvision

FETCH = "fill it by https://github.com/fyu/lsun and `pip install lmdb`"


class LSUN(Data):
    """Scenes with a shorter side of 256 pixels, in millions; a category is a class.

    Yu et al. 2015, https://arxiv.org/abs/1506.03365.

    Args:
        root: folder that holds the databases, such as `bedroom_train_lmdb`.
        categories: such as bedroom_train.
        batch_size: pictures per micro-batch and process.
        val_size: pictures held out of training.
        image_size: side in pixels to resize to; None keeps 256.
        split_seed: settles which pictures are held out.
        order_seed: settles the order of training pictures.
        cache_mb: pictures are decoded once, into a file of the cache folder that is mapped into
            memory, if all of them, resized, need no more; else they are streamed. 0 is for no file.
        num_workers: processes that read streamed pictures.
    """

    def __init__(
        self,
        root: str = "data",
        *,
        categories: Sequence[str] = ("bedroom_train",),
        batch_size: int = 128,
        val_size: int = 10_000,
        image_size: int | None = 64,
        split_seed: int = 0,
        order_seed: int = 0,
        cache_mb: int = 8192,
        num_workers: int = 2,
    ) -> None:
        super().__init__(batch_size, val_size, image_size, split_seed, order_seed)
        self.root, self.categories = root, list(categories)
        self.cache_mb, self.num_workers = cache_mb, num_workers

    def load(self) -> Source:
        names = [f"{category}_lmdb" for category in self.categories]
        data = read_torchvision(
            lambda: datasets.LSUN(self.root, self.categories), self.root, names, False, FETCH
        )
        sizes = torch.tensor([stop - start for start, stop in pairwise([0, *data.indices])])
        labels = torch.arange(len(sizes)).repeat_interleave(sizes)
        scenes = Scenes(Path(self.root), names, data)
        size = self.image_size or 256
        kept = decoded(scenes, labels, self.categories, size, self.cache_mb)
        return kept or Streamed(scenes, labels, self.categories, size, self.num_workers)


class Scenes:
    """Pictures of torchvision's LSUN by row."""

    def __init__(self, folder: Path, names: Sequence[str], data: datasets.LSUN) -> None:
        self.folder, self.names, self.data = folder, names, data
        self.place = str([str(path.resolve()) for path in self.paths([])])

    def read(self, row: int) -> Image.Image:
        """Decode the picture of a row."""
        picture: Image.Image = self.data[row][0]
        return picture.convert("RGB")

    def paths(self, rows: Iterable[int]) -> list[Path]:
        """List the databases, which hold all rows."""
        return [self.folder / name / "data.mdb" for name in self.names]
