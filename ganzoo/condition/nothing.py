import torch
from torch import Tensor

from ganzoo.condition.base import Condition
from ganzoo.draws import Draws


class Nothing(Condition):
    """The unconditional GAN: a vector of width zero."""

    dim = 0
    known_of_real = True
    factors = ()

    def draw(self, labels: Tensor, draws: Draws) -> Tensor:
        return labels.new_zeros(len(labels), 0, dtype=torch.float32)

    def labels(self, rows: int, first: int = 0) -> Tensor:
        return torch.zeros(rows, dtype=torch.long)

    def log_prior(self, condition: Tensor) -> Tensor:
        return condition

    def log_posterior(self, guess: Tensor, condition: Tensor) -> Tensor:
        return condition

    def decode(self, guess: Tensor) -> Tensor:
        return guess

    def showcase(self, rows: int, columns: int, draws: Draws) -> Tensor:
        return torch.zeros(rows * columns, 0)
