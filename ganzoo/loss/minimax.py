from torch import Tensor
from torch.nn.functional import softplus

from ganzoo.error import refuse_if
from ganzoo.loss.base import Objective, Turn


class Minimax(Objective):
    """E log D(x) + E log(1 - D(G(z))), which D maximises and G minimises.

    Goodfellow et al. 2014, equation 1, https://arxiv.org/abs/1406.2661. The game's value is minus
    D's term; at the optimum it is -log 4, and D(x) is 1/2 everywhere.

    Args:
        real_target: What D is asked to say of real images; 0.9 is one-sided label smoothing
            (Salimans et al. 2016, section 3.4, https://arxiv.org/abs/1606.03498).

    Raises:
        UserError: If the target is no probability.
    """

    calibrated_scores = True

    def __init__(self, real_target: float = 1.0) -> None:
        super().__init__()
        refuse_if(
            not 0 < real_target <= 1,
            f"real_target is a probability that D assigns to real images, got {real_target}: "
            "type 1.0 for none or 0.9 for one-sided label smoothing.",
        )
        self.real_target = real_target

    def opinion(self, score: Tensor) -> Tensor:
        return score.sigmoid()

    def for_discriminator(self, turn: Turn) -> Tensor:
        called_real = self.real_target * softplus(-turn.real.score).mean()
        called_fake = (1 - self.real_target) * softplus(turn.real.score).mean()
        return called_real + called_fake + softplus(turn.fake.score).mean()

    def for_generator(self, turn: Turn) -> Tensor:
        return -softplus(turn.fake.score).mean()


class NonSaturating(Minimax):
    """The same for D; G maximises log D(G(z)), whose gradient does not vanish when D is sure.

    Goodfellow et al. 2014, section 3, https://arxiv.org/abs/1406.2661
    """

    def for_generator(self, turn: Turn) -> Tensor:
        return softplus(-turn.fake.score).mean()
