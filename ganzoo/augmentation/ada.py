from __future__ import annotations

from collections.abc import Sequence
from math import pi

import torch
import torch.distributed as dist
from torch import Tensor

from ganzoo.augmentation.base import AdjustableAugmentation, check_names
from ganzoo.augmentation.resample import affine_grid, resample
from ganzoo.error import refuse_if
from ganzoo.schedule import Number

CATEGORIES = ("blit", "geometry", "colour")
INTERVAL = 4  # observations of D between two corrections
SAFE = 0.8  # above it the generator begins to make augmented images: section 2.2 and figure 4


class ADA(AdjustableAugmentation):
    """Changes each of many properties of an image with a probability that follows D's overfitting.

    Karras et al. 2020, https://arxiv.org/abs/2006.06676. The probability p rises while D's scores
    are above 0 on more of the real images than the target says, and falls otherwise (section 3.1).
    The changes are those of appendix B's first three categories: whole-pixel ones (mirror, quarter
    turns, translation), general geometry (scaling, rotation, stretching, translation) and colour
    (brightness, contrast, inversion, hue, saturation). Each can be told from its absence as long as
    p is below 0.8, so that none leaks into the samples; hue and saturation leave grey images alone,
    and hue is for three channels.

    Departures from the paper: one bilinear resampling, reflected at the borders, without its
    wavelet filter, for all geometry; the authors' p rises from 0 to 1 in 500,000 images of 25
    million, ours in 50,000.

    Args:
        categories: Some of blit, geometry and colour.
        strength: The probability p, a constant or a schedule; None adjusts it to the target.
        target: Wanted mean sign of D's scores on real images.
        rise: Real images in which p may rise from 0 to 1.

    Raises:
        UserError: If there is no such category, or a number is out of range.
    """

    adjusted: Tensor  # (): the probability, if it is adjusted
    signs: Tensor  # (2,): the sum of the signs since the last correction, and how many
    observations: Tensor  # ()

    def __init__(
        self,
        categories: Sequence[str] = CATEGORIES,
        strength: Number | None = None,
        target: float = 0.6,
        rise: int = 50_000,
    ) -> None:
        super().__init__(0.0 if strength is None else strength)
        check_names("categories", categories, CATEGORIES)
        refuse_if(
            not -1 < target < 1 or rise < 1,
            "augmentation.target is a mean sign between -1 and 1, and augmentation.rise counts "
            f"images, got {target} and {rise}: type augmentation.target=0.6 "
            "augmentation.rise=50000.",
        )
        self.categories = tuple(categories)
        self.needs_calibrated_scores = strength is None
        self.target, self.rise = target, rise
        self.register_buffer("adjusted", torch.zeros(()))
        self.register_buffer("signs", torch.zeros(2))
        self.register_buffer("observations", torch.zeros((), dtype=torch.long))

    @property
    def chance(self) -> float | Tensor:
        return self.adjusted if self.needs_calibrated_scores else super().chance

    @torch.no_grad()
    def observe(self, real_scores: Tensor) -> None:
        if not self.needs_calibrated_scores:
            return
        excess = (real_scores > 0).sum() - (real_scores < 0).sum()
        count = torch.full_like(excess, real_scores.numel())
        self.signs += sum_over_processes(torch.stack([excess, count]).to(self.signs))
        self.observations += 1
        due = self.observations % INTERVAL == 0
        total, count = self.signs
        step = (total / count - self.target).sign() * count / self.rise
        self.adjusted.copy_((self.adjusted + due * step).clamp(0, SAFE))
        self.signs *= ~due

    def curves(self) -> dict[str, Tensor]:
        return {"augmentation/strength": self.adjusted} if self.needs_calibrated_scores else {}

    def transform(self, images: Tensor) -> Tensor:
        moved = self.move(images)
        return self.recolour(moved) if "colour" in self.categories else moved

    def move(self, images: Tensor) -> Tensor:
        """Resample once for all geometry; an image that no change was drawn for stays exact."""
        to_source = self.draw_motion(images)
        grid = affine_grid(to_source, *images.shape[2:])
        stays = (to_source == torch.eye(2, 3).to(to_source)).all(dim=(1, 2))
        return torch.where(stays[:, None, None, None], images, resample(images, grid))

    def draw_motion(self, images: Tensor) -> Tensor:
        """Where each pixel comes from, as maps of coordinates in [-1, 1]: (N, 2, 3).

        They are the inverses of the changes, so the last change stands on the right.
        """
        one, two = images.new_empty(len(images), 1), images.new_empty(len(images), 2)
        size = torch.tensor(images.shape[:1:-1]).to(images)  # (W, H)
        blit = self.chance * ("blit" in self.categories)
        geometry = self.chance * ("geometry" in self.categories)
        turning = 1 - (1 - geometry) ** 0.5  # twice, so that either happens with the probability

        flip = self.choose(draw_sign(one), 1.0, blit)
        quarters = self.choose(torch.randint_like(one, 4), 0.0, blit)
        whole = self.choose(torch.empty_like(two).uniform_(-1 / 8, 1 / 8), 0.0, blit)
        scale = self.choose(2 ** (0.2 * torch.randn_like(one)), 1.0, geometry)
        before = self.choose(torch.empty_like(one).uniform_(-pi, pi), 0.0, turning)
        stretch = self.choose(2 ** (0.2 * torch.randn_like(one)), 1.0, geometry)
        after = self.choose(torch.empty_like(one).uniform_(-pi, pi), 0.0, turning)
        shift = self.choose(torch.randn_like(two) / 8, 0.0, geometry)

        mirrored = torch.cat([flip, torch.ones_like(flip)], dim=1)
        scaled = torch.cat([1 / (scale * stretch), stretch / scale], dim=1)
        turned = rotation(-before - quarters * pi / 2) * scaled[:, None] @ rotation(-after)
        linear = mirrored[:, :, None] * turned * size / size[:, None]
        offset = 2 * (whole * size).round() / size - 2 * (linear @ shift[:, :, None])[:, :, 0]
        return torch.cat([linear, offset[:, :, None]], dim=2)

    def recolour(self, images: Tensor) -> Tensor:
        """Multiply each pixel's channels by one matrix."""
        matrix, offset = self.draw_colours(images)
        return (matrix @ images.flatten(2) + offset).view_as(images)

    def draw_colours(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The matrices (N, C, C), and what is added after them, (N, 1, 1).

        Grey is an axis, which brightness, contrast and inversion act on; contrast, hue and
        saturation act on the plane across it.
        """
        n, channels = images.shape[:2]
        one = images.new_empty(n, 1, 1)
        hues = self.chance * (channels == 3)
        brightness = self.choose(0.2 * torch.randn_like(one), 0.0)
        contrast = self.choose(2 ** (0.5 * torch.randn_like(one)), 1.0)
        inversion = self.choose(draw_sign(one), 1.0)
        hue = self.choose(torch.empty_like(one).uniform_(-pi, pi), 0.0, hues)
        saturation = self.choose(2 ** torch.randn_like(one), 1.0)

        grey = images.new_full((channels, channels), 1 / channels)
        across = torch.eye(channels).to(grey) - grey
        quarter_turn = (across.roll(1, 0) - across.roll(-1, 0)) / 3**0.5  # of three channels
        turned = hue.cos() * across + hue.sin() * quarter_turn
        matrix = contrast * (inversion * grey + saturation * turned)
        return matrix, contrast * inversion * brightness


def draw_sign(like: Tensor) -> Tensor:
    """Plus or minus one, as likely, in the shape of a tensor."""
    return torch.empty_like(like).bernoulli_(0.5) * 2 - 1


def rotation(angle: Tensor) -> Tensor:
    """Matrices that turn the plane by (N, 1) angles: (N, 2, 2)."""
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([cos, -sin, sin, cos], dim=1).view(-1, 2, 2)


def sum_over_processes(value: Tensor) -> Tensor:
    if dist.is_initialized():
        dist.all_reduce(value)
    return value
