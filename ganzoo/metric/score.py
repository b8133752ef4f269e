"""What every score of generated samples offers."""

from abc import ABC, abstractmethod

from torch import Tensor

from ganzoo.metric.extractor import Extractor


class Score(ABC):
    """Compares generated with real samples by their features.

    Scores whose extractors are equal share features that were computed once, so a score
    never sees a sample. Lower or higher is better as its paper has it.
    """

    def __init__(self, extractor: Extractor) -> None:
        self.extractor = extractor

    @abstractmethod
    def update(self, features: Tensor, real: bool) -> None:
        """Take in the features (B, d) of one batch of this process."""

    @abstractmethod
    def compute(self) -> float:
        """Return the score over all processes; NaN if a generated sample was not finite.

        Raises:
            UserError: if there were too few samples.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget all samples."""
