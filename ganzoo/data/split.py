"""Which rows of a data set are held out of training."""

import numpy as np
import torch
from torch import Tensor


def random_split(n: int, val_size: int, seed: int) -> tuple[Tensor, Tensor]:
    """Hold out ``val_size`` of n rows at random: rows to train and to validate on, ascending."""
    shuffled = torch.from_numpy(np.random.default_rng(seed).permutation(n))
    return shuffled[val_size:].sort().values, shuffled[:val_size].sort().values


def random_subset(rows: Tensor, size: int | None, seed: int) -> Tensor:
    """At most so many of the rows, at random, ascending; None keeps all."""
    if size is None:
        return rows
    shuffled = torch.from_numpy(np.random.default_rng(seed).permutation(len(rows)))
    return rows[shuffled[:size].sort().values]


def last_split(n: int, val_size: int) -> tuple[Tensor, Tensor]:
    """Hold out the last ``val_size`` of n rows."""
    return torch.arange(n - val_size), torch.arange(n - val_size, n)
