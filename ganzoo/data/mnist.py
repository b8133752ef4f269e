"""MNIST and the sets made in its likeness."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor
from torchvision import datasets

from ganzoo.data.pixels import fit_squares
from ganzoo.data.source import InMemory, Source
from ganzoo.data.split import last_split
from ganzoo.data.torchvision_data import TorchvisionData, read_torchvision


@dataclass(kw_only=True, eq=False)
class MNIST(TorchvisionData):
    """60,000 training digits, 28x28 grey; the last 10,000 are held out as in the GAN paper.

    LeCun et al. 1998; the split of Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661.
    Only probes read the test set.
    """

    split_seed: int = field(default=0, init=False)  # the split is the paper's

    torchvision: ClassVar[type[datasets.MNIST]] = datasets.MNIST

    def load(self) -> Source:
        return self._read(train=True)

    def load_test(self) -> Source:
        return self._read(train=False)

    def hold_out(self, n: int) -> tuple[Tensor, Tensor]:
        """Training pictures 50,000 to 59,999 are the paper's validation split."""
        return last_split(n, self.val_size)

    def _read(self, train: bool) -> Source:
        data = read_mnist(self.torchvision, self.root, self.download, train)
        pixels = fit_squares(data.data[:, None], self.image_size)
        return InMemory(pixels, data.targets.long(), data.classes)


class FashionMNIST(MNIST):
    """60,000 pictures of ten kinds of clothes, 28x28 grey; the last 10,000 are held out.

    Xiao et al. 2017, https://arxiv.org/abs/1708.07747.
    """

    torchvision = datasets.FashionMNIST


class KMNIST(MNIST):
    """60,000 pictures of ten cursive Japanese letters, 28x28 grey; the last 10,000 are held out.

    Clanuwat et al. 2018, https://arxiv.org/abs/1812.01718.
    """

    torchvision = datasets.KMNIST


def read_mnist(kind: type[datasets.MNIST], root: str, download: bool, train: bool = True) -> Any:
    """Torchvision's training or test set of this kind, read into memory."""
    raw = Path(kind.__name__, "raw")
    files = [str(raw / Path(archive).stem) for archive, _ in kind.resources]
    return read_torchvision(
        lambda: kind(root, train=train, download=download), root, files, download
    )
