from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ganzoo.augmentation.base import AdjustableAugmentation, check_names
from ganzoo.schedule import Number


class DiffAugment(AdjustableAugmentation):
    """Colour, translation and cutout of every image, real or fake, in both players' turns.

    Zhao et al. 2020, section 4, https://arxiv.org/abs/2006.10738. Brightness moves by up to 0.5,
    saturation is multiplied by 0 to 2 and contrast by 0.5 to 1.5. Images are shifted by whole
    pixels, up to an eighth of each side, and padded with zeros. A square of half the sides, around
    any pixel, is set to zero.

    Args:
        policy: Some of colour, translation and cutout; they follow each other in this order.
        strength: Probability of each change of an image; the paper's is 1.

    Raises:
        UserError: If there is no such policy, or the strength is no probability.
    """

    def __init__(
        self, policy: Sequence[str] = ("colour", "translation", "cutout"), strength: Number = 1.0
    ) -> None:
        super().__init__(strength)
        check_names("policy", policy, list(self.changes))
        self.policy = tuple(policy)

    @property
    def changes(self) -> dict[str, Callable[[Tensor], Tensor]]:
        """What a policy may list, in the order of their application."""
        return {"colour": self.recolour, "translation": self.translate, "cutout": self.cut_out}

    def transform(self, images: Tensor) -> Tensor:
        for name, change in self.changes.items():
            images = change(images) if name in self.policy else images
        return images

    def recolour(self, images: Tensor) -> Tensor:
        """Change brightness, then saturation around each pixel's grey, then contrast."""
        brightness = self.draw(images, -0.5, 0.5, neutral=0.0)
        saturation = self.draw(images, 0.0, 2.0, neutral=1.0)
        contrast = self.draw(images, 0.5, 1.5, neutral=1.0)
        grey = images.mean(1, keepdim=True)
        mean = grey.mean((2, 3), keepdim=True)
        # Brightness moves greys and means alike, and saturation moves neither: all are one sum.
        kept = contrast * saturation
        rest = (contrast - kept) * grey + (1 - contrast) * mean + brightness
        return torch.addcmul(rest, kept, images)

    def translate(self, images: Tensor) -> Tensor:
        """Shift by whole pixels."""
        height, width = images.shape[2:]
        rows, columns = self.draw_shift(images, height), self.draw_shift(images, width)
        inside = is_inside(rows, height)[:, :, None] & is_inside(columns, width)[:, None, :]
        rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
        source = rows[:, :, None] * width + columns[:, None, :]
        index = source.flatten(1)[:, None].expand(-1, images.shape[1], -1)
        return images.flatten(2).gather(2, index).view_as(images) * inside[:, None]

    def cut_out(self, images: Tensor) -> Tensor:
        """Set a square to zero."""
        rows, columns = (draw_interval(images, size) for size in images.shape[2:])
        chosen = self.choose(images.new_ones(len(images), 1), neutral=0.0).bool()
        hole = (rows & chosen)[:, :, None] & columns[:, None, :]
        return images * ~hole[:, None]

    def draw(self, images: Tensor, low: float, high: float, neutral: float) -> Tensor:
        """A number for each image, (N, 1, 1, 1)."""
        values = images.new_empty(len(images), 1, 1, 1).uniform_(low, high)
        return self.choose(values, neutral)

    def draw_shift(self, images: Tensor, size: int) -> Tensor:
        """Where the pixels along a side come from, perhaps from outside: (N, size)."""
        furthest = size // 8
        device = images.device
        shift = torch.randint(-furthest, furthest + 1, (len(images), 1), device=device)
        return torch.arange(size, device=device) - self.choose(shift, neutral=0)


def is_inside(positions: Tensor, size: int) -> Tensor:
    return (positions >= 0) & (positions < size)


def draw_interval(images: Tensor, size: int) -> Tensor:
    """Half of a side, around any of its pixels, as a mask for each image: (N, size)."""
    positions = torch.arange(size, device=images.device)
    centre = torch.randint(size, (len(images), 1), device=images.device)
    return (positions >= centre - size // 4) & (positions < centre - size // 4 + size // 2)
