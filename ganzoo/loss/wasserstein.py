from torch import Tensor

from ganzoo.loss.base import Objective, Turn


class Wasserstein(Objective):
    """E f(G(z)) - E f(x): minus the critic's estimate of the earth mover's distance.

    Arjovsky et al. 2017, equation 2, https://arxiv.org/abs/1701.07875. It estimates the distance
    only while something keeps the critic Lipschitz: weight_clipping, gradient_penalty or
    network.spectral_norm.
    """

    def for_discriminator(self, turn: Turn) -> Tensor:
        return turn.fake.score.mean() - turn.real.score.mean()

    def for_generator(self, turn: Turn) -> Tensor:
        return -turn.fake.score.mean()
