"""Street View House Numbers."""

import torch
from torchvision import datasets

from ganzoo.data.mnist5k import DIGITS
from ganzoo.data.picture import fit_squares
from ganzoo.data.source import InMemory, Source
from ganzoo.data.torchvision_data import Downloaded, read_torchvision


class SVHN(Downloaded):
    """73,257 training digits from house fronts, 32x32 in colour.

    Netzer et al. 2011, http://ufldl.stanford.edu/housenumbers. The test set is read by probes
    alone. Arguments: see `Downloaded`.
    """

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
