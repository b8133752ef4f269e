"""Scores of generated samples."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import nan
from typing import ClassVar

from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities.data import dim_zero_cat

from ganzoo.error import refuse_if
from ganzoo.metric.extractor import Extractor
from ganzoo.shape import Shape


class Score(ABC):
    """Compares generated with real samples by their features.

    A score reads features and never samples, because scores with equal extractors share the
    features.

    Attributes:
        lower_is_better: Whether it is one number for which lower is better; the best checkpoint can
            follow only such a score.
        name: What it was chosen by, as in ``metric=[kid_digits]``.
        remedy: What gives it more samples, in words.
    """

    lower_is_better: ClassVar[bool] = True
    name: str = "…"
    remedy: str = "raise data.val_size"

    def __init__(self, extractor: Extractor) -> None:
        self.extractor = extractor

    def check(self, shape: Shape, n: int, classes: Mapping[str, int]) -> None:
        """Check before training that it can score these samples.

        Args:
            shape: Shape of a sample.
            n: Number of real samples, and of generated ones.
            classes: How many of them are of each class that the generator is conditioned on, by
                its name; empty without.

        Raises:
            UserError: If it cannot.
        """
        self.extractor.check(shape)

    @abstractmethod
    def update(self, features: Tensor, real: bool, condition: Tensor | None = None) -> None:
        """Add one batch of this process.

        Args:
            features: (B, d).
            real: Whether they are of real samples.
            condition: The condition of these samples, (B, K).
        """

    @abstractmethod
    def compute(self) -> float | Mapping[str, float]:
        """Return the score over all processes, or several by name; NaN if a sample was not finite.

        Raises:
            UserError: If there were too few samples.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget all samples."""


class PooledScore(Score):
    """A score that needs the features of all samples at once.

    Attributes:
        min_samples: Real samples, and generated samples, that it needs.
    """

    min_samples: ClassVar[int] = 2

    def __init__(self, extractor: Extractor) -> None:
        super().__init__(extractor)
        self.pool = _Pool()

    @abstractmethod
    def compare(self, real: Tensor, fake: Tensor) -> float | Mapping[str, float]:
        """Score (N, d) real and (M, d) generated features, in double precision."""

    def check(self, shape: Shape, n: int, classes: Mapping[str, int]) -> None:
        super().check(shape, n, classes)
        self._refuse_few(n, n)

    def update(self, features: Tensor, real: bool, condition: Tensor | None = None) -> None:
        self.pool.to(features.device).update(features, real)

    def compute(self) -> float | Mapping[str, float]:
        real, fake = self.pool.compute()
        self._refuse_few(len(real), len(fake))
        return self.compare(real.double(), fake.double()) if fake.isfinite().all() else nan

    def reset(self) -> None:
        self.pool.reset()

    def _refuse_few(self, real: int, fake: int) -> None:
        refuse_if(
            min(real, fake) < self.min_samples,
            f"{type(self).__name__} needs at least {self.min_samples} real and generated "
            f"samples, but there are {real} and {fake}: {self.remedy}.",
        )


def named_scores(scores: Mapping[str, Score]) -> dict[str, Score]:
    """Tell every score its name, for what it says to users."""
    for name, score in scores.items():
        score.name = name
    return dict(scores)


class _Pool(Metric):
    """Features of all processes."""

    real: list[Tensor]
    fake: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        for name in ("real", "fake"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, features: Tensor, real: bool) -> None:
        (self.real if real else self.fake).append(features)

    def compute(self) -> tuple[Tensor, Tensor]:
        return joined(self.real), joined(self.fake)


def joined(parts: list[Tensor] | Tensor) -> Tensor:
    """One tensor (N, d) of the features of this process, a list, or of all, a tensor."""
    return dim_zero_cat(parts) if len(parts) else Tensor(0, 1)
