from torch import Tensor
from torch.nn.functional import relu

from ganzoo.loss.base import Turn
from ganzoo.loss.wasserstein import Wasserstein


class Hinge(Wasserstein):
    """A margin of one on either side for D; G as in the Wasserstein game.

    Miyato et al. 2018, equations 16 and 17, https://arxiv.org/abs/1802.05957
    """

    calibrated_scores = True

    def for_discriminator(self, turn: Turn) -> Tensor:
        return relu(1 - turn.real.score).mean() + relu(1 + turn.fake.score).mean()
