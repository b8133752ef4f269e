from torch import Tensor

from ganzoo.augmentation.base import Augmentation


class NoAugmentation(Augmentation):
    """Shows the discriminator the images as they are."""

    reads_points = True

    def forward(self, images: Tensor) -> Tensor:
        return images

    def transform(self, images: Tensor) -> Tensor:
        return images
