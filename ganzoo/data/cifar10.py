"""CIFAR-10."""

from dataclasses import dataclass

import torch
from torchvision import datasets

from ganzoo.data.pixels import fit_squares
from ganzoo.data.source import InMemory, Source
from ganzoo.data.torchvision_data import TorchvisionData, read_torchvision


@dataclass(kw_only=True, eq=False)
class CIFAR10(TorchvisionData):
    """50,000 training pictures of ten kinds of things, 32x32 in colour.

    Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html. Only probes read the test set.
    """

    val_size: int = 5000

    def load(self) -> Source:
        return self._read(train=True)

    def load_test(self) -> Source:
        return self._read(train=False)

    def _read(self, train: bool) -> Source:
        kind = datasets.CIFAR10
        names = [name for name, _ in (*kind.train_list, *kind.test_list)]
        files = [f"{kind.base_folder}/{name}" for name in (*names, kind.meta["filename"])]
        data = read_torchvision(
            lambda: kind(self.root, train=train, download=self.download),
            self.root,
            files,
            self.download,
        )
        pixels = torch.from_numpy(data.data).permute(0, 3, 1, 2).contiguous()
        labels = torch.tensor(data.targets)
        return InMemory(fit_squares(pixels, self.image_size), labels, data.classes)
