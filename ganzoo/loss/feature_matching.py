from torch import Tensor

from ganzoo.loss.base import Loss, Turn
from ganzoo.schedule import Number


class FeatureMatching(Loss):
    """G should give D's trunk the same features as real images do, on average over the batch.

    Salimans et al. 2016, section 3.1, https://arxiv.org/abs/1606.03498. In the paper it takes the
    place of G's objective; here it is added to it, and prevails under a large weight.

    Args:
        weight: Of the squared distance between the mean features.
    """

    def __init__(self, weight: Number = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def for_generator(self, turn: Turn) -> Tensor:
        distance = turn.real.features.float().mean(0) - turn.fake.features.float().mean(0)
        return float(self.weight) * distance.square().sum()
