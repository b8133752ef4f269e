from torch import Tensor
from torch.nn.functional import softplus

from ganzoo.loss.base import Objective, Turn


class RelativisticPair(Objective):
    """How much more real each real image looks than one generated image; G wants the opposite.

    Jolicoeur-Martineau 2018, section 4.1, https://arxiv.org/abs/1807.00734 (RSGAN), in the
    non-saturating form of R3GAN's authors' code (Huang et al. 2024,
    https://arxiv.org/abs/2501.05441; their equation is zero-sum).
    """

    raw_scores = False

    def for_discriminator(self, turn: Turn) -> Tensor:
        return softplus(turn.fake.score - turn.real.score).mean()

    def for_generator(self, turn: Turn) -> Tensor:
        return softplus(turn.real.score - turn.fake.score).mean()
