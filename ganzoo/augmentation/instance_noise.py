from math import inf

import torch
from torch import Tensor

from ganzoo.augmentation.base import AdjustableAugmentation
from ganzoo.schedule import Number


class InstanceNoise(AdjustableAugmentation):
    """Adds Gaussian noise, which usually falls to none.

    Real and generated distributions then overlap, and D cannot be perfect (Sonderby et al. 2017,
    section 3, https://arxiv.org/abs/1610.04490; Arjovsky & Bottou 2017, section 3,
    https://arxiv.org/abs/1701.04862).

    Args:
        strength: Standard deviation; images are in [-1, 1].
    """

    reads_points = True

    def __init__(self, strength: Number = 0.1) -> None:
        super().__init__(strength, largest=inf)

    def transform(self, images: Tensor) -> Tensor:
        return images + self.chance * torch.randn_like(images)
