"""Mixtures of Gaussians on the line or in the plane, whose density is known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import pi
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.base import Data
from ganzoo.data.source import InMemoryPoints, Source
from ganzoo.data.split import last_split


@dataclass(kw_only=True, eq=False)
class Mixture(Data):
    """Equally likely round Gaussians; the label of a point is the index of its Gaussian.

    Args:
        n_samples: Points drawn, including those held out.

    Attributes:
        layout: K centres in the paper's units.
        spread: Standard deviation of each Gaussian in the paper's units.
        scale: Factor from the paper's units into [-1, 1].
        centres: The scaled centres, (K, D) float32.
        std: The scaled standard deviation.
    """

    n_samples: int = 60_000
    train_size: int | None = field(default=None, init=False)  # n_samples says how many
    image_size: int | None = field(default=None, init=False)  # points have no size

    layout: ClassVar[Sequence[tuple[float, ...]]]
    spread: ClassVar[float]
    scale: ClassVar[float]
    counts: ClassVar[tuple[str, ...]] = (*Data.counts, "n_samples")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.centres, self.std = torch.tensor(self.layout) * self.scale, self.spread * self.scale

    def load(self) -> Source:
        draw = np.random.default_rng(self.split_seed)
        modes = torch.from_numpy(draw.integers(len(self.centres), size=self.n_samples))
        size = (self.n_samples, self.centres.shape[1])
        noise = torch.from_numpy(draw.standard_normal(size)).float()
        names = [f"({', '.join(f'{x:.2f}' for x in centre)})" for centre in self.centres.tolist()]
        return InMemoryPoints(self.centres[modes] + self.std * noise, modes, names)

    def hold_out(self, n: int) -> tuple[Tensor, Tensor]:
        """Hold out the last points: they are independent draws."""
        return last_split(n, self.val_size)

    def density(self, points: Tensor) -> Tensor:
        """Probability density at points (N, D) -> (N,)."""
        dim = self.centres.shape[1]
        squares = (points[:, None] - self.centres).square().sum(2) / self.std**2
        norm = len(self.centres) * (2 * pi * self.std**2) ** (dim / 2)
        density: Tensor = (-squares / 2).exp().sum(1) / norm
        return density
