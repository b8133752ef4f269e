"""Numbers that move during training."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from math import cos, pi
from typing import Any

from torch import nn

from ganzoo.error import refuse_if


class Schedule(nn.Module):
    """A number that moves with the real images that the discriminator has been shown.

    It may stand wherever a part takes a ``Number``, and the part reads it with ``float(number)``.
    The game moves the schedules of all its parts before each step, and logs each as a curve
    ``schedule/…``. A warm-up is a schedule whose first value is 0; a constant is a plain number.

    Args:
        first: The value until ``start``.
        last: The value from ``start + images`` on.
        images: Real images over which the number moves.
        start: Real images shown before it starts to move.

    Raises:
        UserError: If the number would move over less than one image.
    """

    def __init__(self, first: float, last: float, images: float, start: float = 0.0) -> None:
        super().__init__()
        refuse_if(
            images < 1 or start < 0,
            "a schedule moves over at least 1 real image, from image 0 or later, got "
            f"images={images} and start={start}: type images=1e6 and start=0.",
        )
        self.first, self.last, self.images, self.start = first, last, images, start
        self.move(0)

    @abstractmethod
    def progress(self, share: float) -> float:
        """How much of the way is covered after a share of the images: [0, 1] -> [0, 1]."""

    def move(self, images_shown: float) -> None:
        """Take the value for this many real images shown."""
        share = min(max(images_shown - self.start, 0.0) / self.images, 1.0)
        self.value = self.first + self.progress(share) * (self.last - self.first)

    def __float__(self) -> float:
        return self.value


class LinearSchedule(Schedule):
    """Moves along a straight line."""

    def progress(self, share: float) -> float:
        return share


class CosineSchedule(Schedule):
    """Moves along half a cosine wave: slowly at both ends."""

    def progress(self, share: float) -> float:
        return (1 - cos(pi * share)) / 2


Number = float | Schedule


def extremes(number: Number) -> tuple[float, float]:
    """The smallest and the largest value that a number takes."""
    ends = (number.first, number.last) if isinstance(number, Schedule) else (number, number)
    return min(ends), max(ends)


def current(value: Any) -> Any:
    """A value with the current numbers in place of the schedules in it."""
    if isinstance(value, list | tuple):
        return tuple(current(item) for item in value)
    return float(value) if isinstance(value, Schedule) else value


def named_schedules(part: Any, name: str = "") -> Iterator[tuple[str, Schedule]]:
    """The schedules in a part, by the names that a configuration has for them."""
    if isinstance(part, Schedule):
        yield name, part
    for key, value in children(part):
        yield from named_schedules(value, f"{name}.{key}".lstrip("."))


def children(part: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(part, nn.Module):
        return part.named_children()
    if isinstance(part, partial):
        return part.keywords.items()
    if isinstance(part, Mapping):
        return part.items()
    return enumerate(part) if isinstance(part, list | tuple) else ()
