from math import log, pi

import torch
from torch import Tensor

from ganzoo.draws import Draws
from ganzoo.latent.base import Latent


def log_normal(value: Tensor, mean: Tensor | float = 0.0) -> Tensor:
    """Log density of a unit-variance Gaussian, summed over the width: (N, K) -> (N,)."""
    return -0.5 * ((value - mean).square() + log(2 * pi)).sum(1)


class Gaussian(Latent):
    """Standard normal in every coordinate, guessed as a Gaussian of unit variance."""

    def __init__(self, dim: int = 100) -> None:
        self.dim = dim

    def draw(self, rows: int, draws: Draws) -> Tensor:
        return draws.normal(rows, self.dim)

    def log_prior(self, value: Tensor) -> Tensor:
        return log_normal(value)

    def log_posterior(self, guess: Tensor, value: Tensor) -> Tensor:
        return log_normal(value, guess)

    def sweep(self, steps: int) -> Tensor:
        return torch.linspace(-2, 2, steps)[:, None].expand(steps, self.dim)
