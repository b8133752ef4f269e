from math import log

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.draws import Draws
from ganzoo.error import refuse_if
from ganzoo.latent.base import Latent


class Categorical(Latent):
    """One of ``dim`` equally likely categories as a one-hot vector, guessed by logits."""

    def __init__(self, dim: int = 10) -> None:
        self.dim = dim

    def draw(self, rows: int, draws: Draws) -> Tensor:
        return F.one_hot(draws.integers(rows, self.dim), self.dim).float()

    def log_prior(self, value: Tensor) -> Tensor:
        return value.new_full((len(value),), -log(self.dim))

    def log_posterior(self, guess: Tensor, value: Tensor) -> Tensor:
        return (guess.log_softmax(1) * value).sum(1)

    def decode(self, guess: Tensor) -> Tensor:
        return guess.softmax(1)

    def at(self, value: float) -> Tensor:
        refuse_if(
            value not in range(self.dim),
            f"there is no category {value}: type one of 0 to {self.dim - 1}.",
        )
        return F.one_hot(torch.tensor(int(value)), self.dim).float()

    def sweep(self, steps: int) -> Tensor:
        return F.one_hot(torch.arange(steps) % self.dim, self.dim).float()
