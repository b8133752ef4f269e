from abc import ABC, abstractmethod

from torch import Tensor

from ganzoo.draws import Draws
from ganzoo.latent import Latent


class Condition(ABC):
    """What the generator is told besides noise: a vector of width ``dim``, maybe zero.

    Attributes:
        dim: Width of the vector.
        known_of_real: Whether real images have it too, so that a discriminator can be told it.
    """

    dim: int
    known_of_real: bool

    @abstractmethod
    def draw(self, labels: Tensor, draws: Draws) -> Tensor:
        """One condition per label of the data: (N,) or (N, K) -> (N, dim)."""

    @abstractmethod
    def labels(self, rows: int) -> Tensor:
        """Labels to sample by when the caller has none, every class in turn.

        Raises:
            UserError: If they can come only from data.
        """

    @abstractmethod
    def log_prior(self, condition: Tensor) -> Tensor:
        """Log p of each independent factor: (N, dim) -> (N, factors), in nats."""

    @abstractmethod
    def log_posterior(self, guess: Tensor, condition: Tensor) -> Tensor:
        """Log q(condition | guess) of each factor: 2 x (N, dim) -> (N, factors), in nats."""

    @abstractmethod
    def decode(self, guess: Tensor) -> Tensor:
        """The expected condition under a head's guess: (N, dim) -> (N, dim)."""

    @abstractmethod
    def showcase(self, rows: int, columns: int, draws: Draws) -> Tensor:
        """The conditions of a grid worth looking at: (rows * columns, dim), row by row."""


class OneFactor(Condition):
    """A condition that is a single factor and comes with every real image.

    Attributes:
        factor: How the factor is distributed, and how a head's guess of it is read.
    """

    known_of_real = True
    factor: Latent

    def log_prior(self, condition: Tensor) -> Tensor:
        return self.factor.log_prior(condition)[:, None]

    def log_posterior(self, guess: Tensor, condition: Tensor) -> Tensor:
        return self.factor.log_posterior(guess, condition)[:, None]

    def decode(self, guess: Tensor) -> Tensor:
        return self.factor.decode(guess)
