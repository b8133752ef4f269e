"""Street View House Numbers."""

from dataclasses import dataclass

import torch
from torchvision import datasets

from ganzoo.data.mnist5k import DIGITS
from ganzoo.data.pixels import fit_squares
from ganzoo.data.source import InMemory, Source
from ganzoo.data.torchvision_data import TorchvisionData, read_torchvision


@dataclass(kw_only=True, eq=False)
class SVHN(TorchvisionData):
    """73,257 training digits from house fronts, 32x32 in colour.

    Netzer et al. 2011, http://ufldl.stanford.edu/housenumbers. Only probes read the test set.
    """

    val_size: int = 5000

    def load(self) -> Source:
        return self._read("train")

    def load_test(self) -> Source:
        return self._read("test")

    def _read(self, split: str) -> Source:
        kind = datasets.SVHN
        files = [kind.split_list[split][1]]
        data = read_torchvision(
            lambda: kind(self.root, split, download=self.download), self.root, files, self.download
        )
        pixels = torch.from_numpy(data.data).contiguous()
        labels = torch.from_numpy(data.labels)
        return InMemory(fit_squares(pixels, self.image_size), labels, DIGITS)
