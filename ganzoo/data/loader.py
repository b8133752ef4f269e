"""What Lightning iterates: an endless training stream and one pass over the validation split."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from math import ceil
from operator import index
from typing import Any

from torch import Tensor

from ganzoo.data.source import Batch, Source


class TrainLoader:
    """Endless: one item per generator step. Each ``iter`` continues where training stands.

    Args:
        source: The data set.
        rows: Rows of generator step number i.
        length: Generator steps of an epoch, for a trainer that counts epochs; None for one that
            counts generator steps, to which the loader has no ``len``.
        trained: Steps that the trainer has finished; without it, the items handed out count.
            Lightning fetches one item ahead and workers several, so only the trainer knows.
    """

    whole_steps = True  # an item is a generator step, and not one batch of several

    def __init__(
        self,
        source: Source,
        rows: Callable[[int], Tensor],
        length: int | None = None,
        trained: Callable[[], int] | None = None,
    ) -> None:
        self.source, self.rows, self.length = source, rows, length
        self._handed_out = 0
        self._trained = trained or (lambda: self._handed_out)
        self._start, self._trained_at_start = 0, self._trained()

    def __iter__(self) -> Iterator[Batch]:
        self.load_state_dict(self.state_dict())
        for batch in self.source.batches(map(self.rows, count(self._start))):
            self._handed_out += 1
            yield batch

    def __len__(self) -> int:
        return index(self.length)  # type: ignore[arg-type] # TypeError says that there is none

    def state_dict(self) -> dict[str, int]:
        """Position in the stream, in generator steps."""
        return {"step": self._start + self._trained() - self._trained_at_start}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Start the next ``iter`` at this position."""
        self._start, self._trained_at_start = state["step"], self._trained()


def epoch_length(trainer: Any, n: int, batch: int) -> int | None:
    """Generator steps of an epoch of n samples, so many at a time; None if none are counted."""
    counted = trainer is not None and (trainer.max_epochs not in (None, -1))
    overfits = trainer is not None and trainer.overfit_batches > 0
    return ceil(n / batch) if counted or overfits else None


class ValidationLoader:
    """The same batches in the same order at every pass."""

    def __init__(self, source: Source, rows: Sequence[Tensor]) -> None:
        self.source, self.rows = source, rows

    def __iter__(self) -> Iterator[Batch]:
        return self.source.batches(self.rows)

    def __len__(self) -> int:
        return len(self.rows)
