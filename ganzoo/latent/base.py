from abc import ABC, abstractmethod
from math import isfinite

import torch
from torch import Tensor

from ganzoo.draws import Draws
from ganzoo.error import refuse_if
from ganzoo.settings.recorded import Recorded


class Latent(Recorded, ABC):
    """A random vector that the generator reads: its noise, or a factor of InfoGAN's code.

    Attributes:
        dim: Width of the vector.
    """

    dim: int

    @abstractmethod
    def draw(self, rows: int, draws: Draws) -> Tensor:
        """Draw (rows, dim) float32."""

    @abstractmethod
    def log_prior(self, value: Tensor) -> Tensor:
        """Log p(value): (N, dim) -> (N,), in nats."""

    @abstractmethod
    def log_posterior(self, guess: Tensor, value: Tensor) -> Tensor:
        """Log q(value | guess), where the guess is a network's output: 2 x (N, dim) -> (N,)."""

    def decode(self, guess: Tensor) -> Tensor:
        """The expected value under the guess: (N, dim) -> (N, dim)."""
        return guess

    def at(self, value: float) -> Tensor:
        """The vector that a number stands for, (dim,).

        Raises:
            UserError: If it stands for none.
        """
        refuse_if(
            self.dim != 1,
            f"a vector of width {self.dim} cannot be set to the number {value}: pass the "
            "vectors to sample() in Python.",
        )
        refuse_if(not isfinite(value), f"a factor is set to a finite number, got {value}: try 0.")
        return torch.tensor([float(value)])

    @abstractmethod
    def sweep(self, steps: int) -> Tensor:
        """Values worth looking at, in order: (steps, dim)."""
