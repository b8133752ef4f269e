from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganzoo.draws import Draws
from ganzoo.error import UserError, refuse_if
from ganzoo.latent import Latent
from ganzoo.settings.recorded import Recorded

Labels = int | Tensor | np.ndarray | Sequence[Any]  # how many images, or the label of each


class Condition(Recorded, ABC):
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

    def asked(self, labels: Labels) -> int | Tensor:
        """What a caller asks for: how many images, or the labels that each is to have.

        Args:
            labels: A count, or a tensor, an array or a list.

        Raises:
            UserError: If there is no such label, or it is neither.
        """
        if isinstance(labels, Integral) and not isinstance(labels, bool):
            refuse_if(int(labels) < 1, f"at least 1 image is drawn, got {labels}: type 64.")
            return int(labels)
        try:
            given = torch.as_tensor(labels)
        except (TypeError, ValueError, RuntimeError) as error:
            raise UserError(
                f"images are asked for by a count or a label for each, got {labels!r:.60}: type 64,"
                " or a list of labels."
            ) from error
        refuse_if(
            given.ndim == 0 or not len(given),
            f"a label for each image is wanted, got {labels!r:.60}: pass a list of them, or 64.",
        )
        return self.checked(given)

    def checked(self, labels: Tensor) -> Tensor:
        """Labels that this condition can be drawn by; here none, which zeros stand for.

        Raises:
            UserError: If there are others.
        """
        refuse_if(
            labels.ndim != 1 or labels.any(),
            "this model is told nothing of its images: ask for a number of them, such as 64.",
        )
        return labels

    def some(self, asked: int | Tensor, first: int, rows: int) -> Tensor:
        """The labels of images in their order, the last one again where there are no more.

        Args:
            asked: What ``asked`` returned.
            first: The number of the first of them.
            rows: How many.
        """
        if isinstance(asked, int):
            return self.labels(rows, first)
        return asked[torch.arange(first, first + rows).clamp(max=len(asked) - 1)]

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
