"""CelebA."""

from pathlib import Path

from torchvision import datasets

from ganzoo.data.base import Data
from ganzoo.data.decoded import decoded
from ganzoo.data.files import PictureFiles
from ganzoo.data.source import Source
from ganzoo.data.stream import Streamed
from ganzoo.data.torchvision_data import read_torchvision


class CelebA(Data):
    """162,770 aligned faces with 40 attributes, which are feature vectors of zeros and ones.

    Liu et al. 2015, https://arxiv.org/abs/1411.7766. The official training split.

    Args:
        root: folder that holds (or receives) `celeba`.
        download: fetch missing files.
        batch_size: pictures per micro-batch and process.
        val_size: pictures held out of training.
        image_size: side in pixels to resize to; None keeps 178, the width of the pictures.
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
        download: bool = False,
        batch_size: int = 128,
        val_size: int = 10_000,
        image_size: int | None = 64,
        split_seed: int = 0,
        order_seed: int = 0,
        cache_mb: int = 8192,
        num_workers: int = 2,
    ) -> None:
        super().__init__(batch_size, val_size, image_size, split_seed, order_seed)
        self.root, self.download = root, download
        self.cache_mb, self.num_workers = cache_mb, num_workers

    def load(self) -> Source:
        kind = datasets.CelebA
        texts = [name for _, _, name in kind.file_list if name.endswith(".txt")]
        files = [f"{kind.base_folder}/{name}" for name in ("img_align_celeba", *texts)]
        data = read_torchvision(
            lambda: kind(self.root, download=self.download), self.root, files, self.download
        )
        folder = Path(self.root, kind.base_folder, "img_align_celeba")
        pictures, attributes = PictureFiles(folder, data.filename), data.attr.float()
        size = self.image_size or 178
        kept = decoded(pictures, attributes, [], size, self.cache_mb)
        return kept or Streamed(pictures, attributes, [], size, self.num_workers)
