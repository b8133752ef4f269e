"""The order in which training samples are shown: a pure function of (seed, position)."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor


class Order:
    """Endless stream of shuffled epochs, joined without dropping samples.

    It has no state: any part of the stream can be computed at any time, so a resumed run sees what
    the uninterrupted run would have seen.

    Args:
        rows: Rows of the training split, (N,) int64.
        seed: Decides the order.
    """

    def __init__(self, rows: Tensor, seed: int) -> None:
        self.rows, self.seed = rows, seed
        # A step reads the epoch it is in, and at its end the next one.
        self._epoch = lru_cache(maxsize=2)(self._shuffle)

    def step(
        self, step: int, batch_size: int, micro_batches: int = 1, rank: int = 0, world: int = 1
    ) -> Tensor:
        """Rows that one process sees in one generator step.

        The step's part of the stream is cut into micro-batches of ``world * batch_size``, and each
        of them contiguously by rank: two processes with B/2 see the data of one with B.

        Returns:
            Rows, (micro_batches * batch_size,) int64, micro-batch by micro-batch.
        """
        size = micro_batches * world * batch_size
        part = self.slice(step * size, (step + 1) * size)
        return part.view(micro_batches, world, batch_size)[:, rank].reshape(-1)

    def slice(self, start: int, stop: int) -> Tensor:
        """Rows at positions start, …, stop - 1 of the stream."""
        n = len(self.rows)
        first = start // n
        epochs = [self._epoch(epoch) for epoch in range(first, -(-stop // n))]
        return self.rows[torch.cat(epochs)[start - first * n : stop - first * n]]

    def _shuffle(self, epoch: int) -> Tensor:
        return torch.from_numpy(
            np.random.default_rng((self.seed, epoch)).permutation(len(self.rows))
        )
