from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ganzoo.draws import Draws
from ganzoo.error import UserError
from ganzoo.latent import Latent


class Condition(ABC):
    """What the generator is told besides noise: a vector of width ``dim``, maybe zero.

    Attributes:
        dim: Width of the vector.
        known_of_real: Whether real images have it too, so that a discriminator can be told it.
        factors: Its independent parts, side by side.
    """

    dim: int
    factors: Sequence[Latent]
    known_of_real: bool

    @abstractmethod
    def draw(self, labels: Tensor, draws: Draws) -> Tensor:
        """One condition per label of the data: (N,) or (N, K) -> (N, dim)."""

    @abstractmethod
    def labels(self, rows: int, first: int = 0) -> Tensor:
        """Labels to sample by when the caller has none, every class in turn.

        Args:
            rows: How many.
            first: How many came before.

        Raises:
            UserError: If they can come only from data.
        """

    def fix(self, condition: Tensor, fixed: Mapping[int, float]) -> Tensor:
        """Conditions with some factors set to a value each: (N, dim) -> (N, dim).

        Args:
            condition: Where the other factors come from.
            fixed: Values by the factor's number.

        Raises:
            UserError: If there is no such factor, or it cannot have the value.
        """
        if not fixed:
            return condition
        parts = list(torch.split(condition, [factor.dim for factor in self.factors], dim=1))
        for which, value in fixed.items():
            if not 0 <= which < len(parts):
                known = f"0 to {len(parts) - 1}" if parts else "none"
                raise UserError(f"this model has no factor {which} to set, it has {known}.")
            parts[which] = self.factors[which].at(value).to(condition).expand_as(parts[which])
        return torch.cat(parts, dim=1)

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

    Args:
        factor: How the factor is distributed, and how a head's guess of it is read.
    """

    known_of_real = True

    def __init__(self, factor: Latent) -> None:
        self.factor, self.factors, self.dim = factor, [factor], factor.dim

    def log_prior(self, condition: Tensor) -> Tensor:
        return self.factor.log_prior(condition)[:, None]

    def log_posterior(self, guess: Tensor, condition: Tensor) -> Tensor:
        return self.factor.log_posterior(guess, condition)[:, None]

    def decode(self, guess: Tensor) -> Tensor:
        return self.factor.decode(guess)
