import torch
from torch import Tensor

from ganzoo.augmentation.base import AdjustableAugmentation
from ganzoo.schedule import Number


class Mirror(AdjustableAugmentation):
    """Exchanges left and right: twice the data where both are as likely, as of faces.

    Args:
        strength: Twice the probability; at 1 an image is mirrored as often as not, and the
            generator may make either.
    """

    def __init__(self, strength: Number = 1.0) -> None:
        super().__init__(strength)

    def transform(self, images: Tensor) -> Tensor:
        chances = torch.rand(len(images), 1, 1, 1, device=images.device)
        return torch.where(chances < self.chance / 2, images.flip(-1), images)
