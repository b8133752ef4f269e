from collections.abc import Sequence

import torch
from torch import Tensor

from ganzoo.condition.base import Condition
from ganzoo.draws import Draws
from ganzoo.error import refuse_if
from ganzoo.latent import Categorical, Gaussian, Latent, Uniform


class LatentCode(Condition):
    """A random code whose factors should come to mean something (InfoGAN, section 4).

    Chen et al. 2016, https://arxiv.org/abs/1606.03657

    Args:
        categorical: Number of categories of each categorical factor.
        uniform: How many factors are uniform in [-1, 1).
        gaussian: How many factors are standard normal.

    Raises:
        UserError: If the code has no factor, or a categorical one fewer than two categories.
    """

    known_of_real = False

    def __init__(
        self, categorical: Sequence[int] = (10,), uniform: int = 2, gaussian: int = 0
    ) -> None:
        refuse_if(
            min(categorical, default=2) < 2 or min(uniform, gaussian) < 0,
            "condition=latent_code needs at least two categories per categorical factor and "
            f"no negative counts, got categorical={list(categorical)}, uniform={uniform}, "
            f"gaussian={gaussian}: try condition.categorical=[10] condition.uniform=2.",
        )
        self.factors: list[Latent] = [
            *[Categorical(categories) for categories in categorical],
            *[Uniform(1) for _ in range(uniform)],
            *[Gaussian(1) for _ in range(gaussian)],
        ]
        refuse_if(
            not self.factors,
            "condition=latent_code has no factor: set condition.categorical, "
            "condition.uniform or condition.gaussian, or choose condition=nothing.",
        )
        self.widths = [factor.dim for factor in self.factors]
        self.dim = sum(self.widths)

    def draw(self, labels: Tensor, draws: Draws) -> Tensor:
        return torch.cat([factor.draw(len(labels), draws) for factor in self.factors], dim=1)

    def labels(self, rows: int, first: int = 0) -> Tensor:
        return torch.zeros(rows, dtype=torch.long)

    def log_prior(self, condition: Tensor) -> Tensor:
        values = torch.split(condition, self.widths, dim=1)
        terms = [
            factor.log_prior(value) for factor, value in zip(self.factors, values, strict=True)
        ]
        return torch.stack(terms, dim=1)

    def log_posterior(self, guess: Tensor, condition: Tensor) -> Tensor:
        guesses, values = (torch.split(both, self.widths, dim=1) for both in (guess, condition))
        parts = zip(self.factors, guesses, values, strict=True)
        terms = [factor.log_posterior(guessed, value) for factor, guessed, value in parts]
        return torch.stack(terms, dim=1)

    def decode(self, guess: Tensor) -> Tensor:
        parts = zip(self.factors, torch.split(guess, self.widths, dim=1), strict=True)
        return torch.cat([factor.decode(part) for factor, part in parts], dim=1)

    def showcase(self, rows: int, columns: int, draws: Draws) -> Tensor:
        grid = [self._one_varied(row % len(self.factors), columns, draws) for row in range(rows)]
        return torch.cat(grid)

    def _one_varied(self, which: int, columns: int, draws: Draws) -> Tensor:
        rest = [factor.draw(1, draws).cpu().expand(columns, -1) for factor in self.factors]
        rest[which] = self.factors[which].sweep(columns)
        return torch.cat(rest, dim=1)
