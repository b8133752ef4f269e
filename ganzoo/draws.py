"""Random numbers as a function of where they are needed, not of what was drawn before."""

from enum import IntEnum

import numpy as np
import torch
from torch import Tensor


def mix(*key: int) -> int:
    """A seed that depends on every part of the key, such as (seed, stream, step)."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1))


def seed_layers(*key: int, device: torch.device) -> None:
    """Seed the global generators, which dropout and the like read."""
    torch.default_generator.manual_seed(mix(*key))
    if device.type == "cuda":
        torch.cuda.manual_seed(mix(*key))


class Stream(IntEnum):
    """Uses of randomness that must not share their numbers."""

    WEIGHTS = 0
    LAYERS = 1
    TRAINING = 2
    VALIDATION = 3
    SAMPLES = 4


class Draws:
    """The random numbers of one step, the same set however many processes share the step.

    Every process draws the rows of all of them and keeps its own, so two processes with half the
    batch see together what one process sees alone, and none repeats another's noise.

    Args:
        key: What the numbers depend on, such as (seed, stream, step).
        rank: Which share of the rows to keep.
        world: How many processes share them.
        device: Where the numbers are needed.
    """

    def __init__(
        self, *key: int, rank: int = 0, world: int = 1, device: torch.device | str = "cpu"
    ) -> None:
        self.rank, self.world = rank, world
        self.generator = torch.Generator(device).manual_seed(mix(*key))

    def normal(self, rows: int, *shape: int) -> Tensor:
        """Standard normal, (rows, *shape)."""
        return self._keep(self._everyones(rows, shape).normal_(generator=self.generator))

    def uniform(self, rows: int, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Uniform in [low, high), (rows, *shape)."""
        numbers = self._everyones(rows, shape).uniform_(low, high, generator=self.generator)
        return self._keep(numbers)

    def integers(self, rows: int, below: int) -> Tensor:
        """Uniform among 0 … below - 1, (rows,), int64."""
        numbers = torch.empty(
            rows * self.world, dtype=torch.long, device=self.generator.device
        ).random_(below, generator=self.generator)
        return self._keep(numbers)

    def _everyones(self, rows: int, shape: tuple[int, ...]) -> Tensor:
        return torch.empty(rows * self.world, *shape, device=self.generator.device)

    def _keep(self, numbers: Tensor) -> Tensor:
        return numbers.chunk(self.world)[self.rank] if len(numbers) else numbers
