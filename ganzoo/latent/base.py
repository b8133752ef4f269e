from abc import ABC, abstractmethod

from torch import Tensor

from ganzoo.draws import Draws


class Latent(ABC):
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

    @abstractmethod
    def sweep(self, steps: int) -> Tensor:
        """Values worth looking at, in order: (steps, dim)."""
