"""Batches of a plain loader, gathered until they make a generator step."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

RealBatch = tuple[Tensor, Tensor]


class Gathered:
    """Makes a generator step of several batches, each of which the discriminator sees alone.

    Of ganzoo's own loaders an item is a whole step; of any other it is one batch, as of
    ``torch.utils.data.DataLoader``.
    """

    def __init__(self) -> None:
        self.waiting: list[RealBatch] = []

    def whole_steps(self, batch: RealBatch, loader: Any, wanted: int) -> Iterator[RealBatch]:
        """The generator step that a batch completes, if it does.

        Args:
            batch: Images and labels.
            loader: Where they come from.
            wanted: Batches of a generator step.
        """
        self.waiting.append(batch)
        if len(self.waiting) >= wanted or getattr(loader, "whole_steps", False):
            images, labels = map(in_one, zip(*self.waiting, strict=True))
            self.waiting = []
            yield images, labels


def in_one(parts: Sequence[Tensor]) -> Tensor:
    """One tensor; a single part is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(tuple(parts))
