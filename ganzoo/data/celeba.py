"""CelebA."""

from dataclasses import dataclass
from pathlib import Path

from torchvision import datasets

from ganzoo.data.picture_data import PictureData
from ganzoo.data.picture_files import PictureFiles
from ganzoo.data.source import Source
from ganzoo.data.torchvision_data import TorchvisionData, read_torchvision


@dataclass(kw_only=True, eq=False)
class CelebA(PictureData, TorchvisionData):
    """162,770 aligned faces with 40 attributes, which are feature vectors of zeros and ones.

    Liu et al. 2015, https://arxiv.org/abs/1411.7766. The official training split. The native size
    is 178, the width of the pictures.
    """

    def load(self) -> Source:
        kind = datasets.CelebA
        texts = [name for _, _, name in kind.file_list if name.endswith(".txt")]
        files = [f"{kind.base_folder}/{name}" for name in ("img_align_celeba", *texts)]
        data = read_torchvision(
            lambda: kind(self.root, download=self.download), self.root, files, self.download
        )
        folder = Path(self.root, kind.base_folder, "img_align_celeba")
        pictures = PictureFiles(folder, data.filename)
        return self.read_pictures(pictures, data.attr.float(), [], self.image_size or 178)
