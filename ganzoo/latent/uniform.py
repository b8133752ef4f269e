from math import log

import torch
from torch import Tensor

from ganzoo.draws import Draws
from ganzoo.latent.base import Latent
from ganzoo.latent.gaussian import log_normal


class Uniform(Latent):
    """Uniform in [-1, 1) in every coordinate, guessed as a Gaussian of unit variance.

    The variance is fixed as in the InfoGAN authors' code for MNIST.
    """

    def __init__(self, dim: int = 100) -> None:
        self.dim = dim

    def draw(self, rows: int, draws: Draws) -> Tensor:
        return draws.uniform(rows, self.dim, low=-1.0, high=1.0)

    def log_prior(self, value: Tensor) -> Tensor:
        return value.new_full((len(value),), -self.dim * log(2))

    def log_posterior(self, guess: Tensor, value: Tensor) -> Tensor:
        return log_normal(value, guess)

    def sweep(self, steps: int) -> Tensor:
        return torch.linspace(-1, 1, steps)[:, None].expand(steps, self.dim)
