from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from ganzoo.error import UserError, refuse_if
from ganzoo.schedule import Number, extremes
from ganzoo.settings.recorded import Recorded
from ganzoo.shape import Shape


class Augmentation(Recorded, nn.Module, ABC):
    """A differentiable change of every image, real or fake, that D judges in training.

    It stands inside the discriminator, before packing: losses see the images as they were, and
    gradients flow through it. In evaluation mode it changes nothing. Random numbers are those of
    torch's global generators, as of dropout; a forward pass moves no buffer.

    Attributes:
        reads_points: It can change points in the plane too.
        needs_calibrated_scores: It needs D's scores to be above 0 where D calls an image real.
    """

    reads_points: ClassVar[bool] = False
    needs_calibrated_scores = False

    def forward(self, images: Tensor) -> Tensor:
        """Change images in [-1, 1]: (N, C, H, W) -> (N, C, H, W)."""
        if not self.training:
            return images
        with torch.autocast(images.device.type, enabled=False):
            wide = images.to(torch.promote_types(images.dtype, torch.float32))
            return self.transform(wide).to(images.dtype)

    @abstractmethod
    def transform(self, images: Tensor) -> Tensor:
        """The change itself, in at least float32: (N, C, H, W) -> (N, C, H, W)."""

    def observe(self, real_scores: Tensor) -> None:
        """Read D's scores on this process's real images, above 0 where D calls an image real."""

    def curves(self) -> dict[str, Tensor]:
        """The strength under its name if it adjusts it by itself, for the logs."""
        return {}

    def check_support(self, image_shape: Shape) -> None:
        """Refuse data that it cannot change.

        Raises:
            UserError: If the data are points and not images.
        """
        refuse_if(
            len(image_shape) != 3 and not self.reads_points,
            f"{type(self).__name__} changes images, and the data are points in the plane: type "
            "augmentation=none or augmentation=instance_noise.",
        )


class AdjustableAugmentation(Augmentation):
    """An augmentation with a strength, at which 0 changes nothing.

    Args:
        strength: A constant, or a schedule of real images shown.
        largest: What the strength may not exceed.

    Raises:
        UserError: If the strength is out of range.
    """

    def __init__(self, strength: Number, largest: float = 1.0) -> None:
        super().__init__()
        low, high = extremes(strength)
        refuse_if(
            not 0 <= low <= high <= largest,
            f"augmentation.strength lies between 0 and {largest:g}, got "
            f"{low if low < 0 else high:g}: type augmentation.strength=0.5.",
        )
        self.strength = strength

    @property
    def chance(self) -> float | Tensor:
        """The strength as it is now."""
        return float(self.strength)

    def choose(
        self, values: Tensor, neutral: float, chance: float | Tensor | None = None
    ) -> Tensor:
        """Keep the values of some images, and put the neutral one in place of the others'.

        Args:
            values: Of each image, (N, …).
            neutral: The value that changes nothing.
            chance: Probability of keeping an image's values; None is the strength.
        """
        chance = self.chance if chance is None else chance
        if isinstance(chance, float) and chance >= 1.0:
            return values
        draws = torch.rand(len(values), *[1] * (values.ndim - 1), device=values.device)
        return torch.where(draws < chance, values, neutral)


def check_names(option: str, names: Sequence[str], known: Sequence[str]) -> None:
    """Refuse names of changes that an augmentation does not have.

    Raises:
        UserError: If there is one, or no name at all.
    """
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise UserError(
            f"augmentation.{option} lists some of {', '.join(known)}, got "
            f"{unknown[0] if unknown else 'none'}: type augmentation.{option}=[{','.join(known)}]."
        )
