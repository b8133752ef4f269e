"""What both kinds of images go through before the discriminator judges them in training."""

from ganzoo.augmentation.ada import ADA
from ganzoo.augmentation.base import AdjustableAugmentation, Augmentation
from ganzoo.augmentation.diff_augment import DiffAugment
from ganzoo.augmentation.instance_noise import InstanceNoise
from ganzoo.augmentation.mirror import Mirror
from ganzoo.augmentation.none import NoAugmentation

__all__ = [
    "ADA",
    "AdjustableAugmentation",
    "Augmentation",
    "DiffAugment",
    "InstanceNoise",
    "Mirror",
    "NoAugmentation",
]
