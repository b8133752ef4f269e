"""The samples of a data set before the split, addressed by row."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo.data.pixels import to_unit
from ganzoo.error import refuse_if
from ganzoo.shape import Shape

Batch = tuple[Tensor, Tensor]  # images float32 in [-1, 1], labels (see Source.labels)


class Source(ABC):
    """N samples, their labels, and a way to read batches of them.

    Attributes:
        shape: Of one sample, (C, H, W), or (D,) for points.
        labels: int64 (N,), zeros where there are no classes; or float32 (N, K) feature vectors.
        class_names: One per class; empty without classes.
    """

    shape: Shape

    def __init__(self, labels: Tensor, class_names: Sequence[str]) -> None:
        self.labels, self.class_names = labels, list(class_names)

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def batches(self, rows: Iterable[Tensor]) -> Iterator[Batch]:
        """One batch for each tensor of rows, in order; ``rows`` may be endless."""

    def read(self, rows: Tensor) -> Batch:
        """Read all of these samples at once."""
        images, labels = zip(*self.batches(torch.split(rows, 1000)), strict=True)
        return torch.cat(images), torch.cat(labels)

    @abstractmethod
    def fingerprint(self, rows: Tensor) -> str:
        """SHA-256 that changes when these samples or their preparation change."""

    @cached_property
    def identity(self) -> dict[str, int | str]:
        """What tells these samples from others, wherever they lie: each aspect and its value."""
        labels = self.labels.numpy().tobytes() + repr(self.class_names).encode()
        return {"number": len(self), "labels": short_hash([labels]), **self.content()}

    @abstractmethod
    def content(self) -> dict[str, str]:
        """The same of the images alone."""


def check_samples(
    values: Tensor, labels: Tensor, class_names: Sequence[str], stored: torch.dtype
) -> None:
    """Refuse samples that would be taken for others, and labels that name no class.

    Raises:
        UserError: With what was expected.
    """
    refuse_if(
        values.dtype != stored or values.ndim not in (2, 4),
        f"load() returns {stored} of shape (N, C, H, W), or points (N, D), got {values.dtype} of "
        f"shape {tuple(values.shape)}: scale floats to 0 ... 255 and convert them by .byte().",
    )
    refuse_if(
        values.ndim == 4 and values.shape[1] > 4 >= values.shape[3],
        f"load() returns images (N, C, H, W), got {tuple(values.shape)}, whose channels come last: "
        "add .permute(0, 3, 1, 2).",
    )
    classes = labels.ndim == 1
    refuse_if(
        classes and labels.dtype != torch.int64,
        f"labels of classes are int64, got {labels.dtype}: add .long() to them.",
    )
    low, high = (int(bound) for bound in labels.aminmax()) if classes and len(labels) else (0, 0)
    refuse_if(
        class_names and not (classes and 0 <= low <= high < len(class_names)),
        f"labels are (N,) numbers of the {len(class_names)} classes, 0 to {len(class_names) - 1}, "
        f"got {tuple(labels.shape)} from {low} to {high}: number the classes from 0.",
    )


class InMemory(Source):
    """Images stored as bytes (N, C, H, W), scaled to [-1, 1] batch by batch.

    Raises:
        UserError: If these are other values, or labels that are no classes.
    """

    stored: ClassVar[torch.dtype] = torch.uint8

    def __init__(self, values: Tensor, labels: Tensor, class_names: Sequence[str]) -> None:
        super().__init__(labels, class_names)
        check_samples(values, labels, class_names, self.stored)
        self.values = values
        self.shape = tuple(values.shape[1:])

    def take(self, rows: Tensor) -> Tensor:
        """Read samples as they are stored: (N, …) -> (rows, …)."""
        return self.values.index_select(0, rows)

    def scale(self, values: Tensor) -> Tensor:
        """Convert stored samples to what the networks see, float32 in [-1, 1]."""
        return to_unit(values)

    def batches(self, rows: Iterable[Tensor]) -> Iterator[Batch]:
        return ((self.scale(self.take(r)), self.labels.index_select(0, r)) for r in rows)

    def fingerprint(self, rows: Tensor) -> str:
        values = self.take(rows)
        return hashlib.sha256(repr(values.shape).encode() + values.numpy().tobytes()).hexdigest()

    def stored_bytes(self, rows: Tensor) -> bytes:
        return self.take(rows).numpy().tobytes()

    def content(self) -> dict[str, str]:
        parts = torch.split(torch.arange(len(self)), 1000)
        return {"pixels": short_hash(map(self.stored_bytes, parts))}


class InMemoryPoints(InMemory):
    """Points stored as float32 (N, D), already about [-1, 1]."""

    stored = torch.float32

    def scale(self, values: Tensor) -> Tensor:
        return values


def short_hash(parts: Iterable[bytes]) -> str:
    """32 digits that other bytes do not have."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:32]
