from torch import Tensor

from ganzoo.augmentation import Augmentation, DiffAugment
from ganzoo.error import refuse_if
from ganzoo.loss.base import Loss, Turn
from ganzoo.network import Critique
from ganzoo.schedule import Number
from ganzoo.shape import Shape


class BalancedConsistency(Loss):
    """D's score of an image, real or generated, should not change with the image's augmentation.

    bCR: Zhao et al. 2021, section 3.1, https://arxiv.org/abs/2002.04724

    Args:
        weight_real: The paper's lambda of real images.
        weight_fake: The paper's lambda of generated images.
        augmentation: What must not matter; by default translation. The paper mirrors too, which
            does not suit digits and letters.
    """

    def __init__(
        self,
        weight_real: Number = 10.0,
        weight_fake: Number = 10.0,
        augmentation: Augmentation | None = None,
    ) -> None:
        super().__init__()
        self.weight_real, self.weight_fake = weight_real, weight_fake
        self.augmentation = augmentation or DiffAugment(policy=("translation",))

    def check_support(self, image_shape: Shape) -> None:
        refuse_if(
            len(image_shape) != 3,
            "loss=balanced_consistency augments images, and the data are points in the plane: "
            "leave it out of loss=[…].",
        )

    def for_discriminator(self, turn: Turn) -> Tensor:
        real, fake = self._change(turn, turn.real), self._change(turn, turn.fake)
        return float(self.weight_real) * real + float(self.weight_fake) * fake

    def _change(self, turn: Turn, critique: Critique) -> Tensor:
        augmented = self.augmentation(critique.images)
        again = turn.discriminator(augmented, critique.condition)
        return (critique.score - again.score).square().mean()
