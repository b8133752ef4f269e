from torch import Tensor

from ganzoo.loss.base import Loss, Turn
from ganzoo.network import Critique
from ganzoo.schedule import Number


def bound(critique: Critique) -> Tensor:
    """A lower bound on the mutual information of condition and image, a scalar in nats.

    E log q(c | x) + H(c), InfoGAN's L_I (equation 5); it equals the entropy H(c) of a categorical
    code when the guess is perfect.
    """
    return (critique.log_q - critique.log_p).sum(1).mean()


class MutualInformation(Loss):
    """Minus the bound, for both: the head learns to read the code, the generator to write it.

    Chen et al. 2016, equation 6, https://arxiv.org/abs/1606.03657; as in the authors' code, D's
    trunk learns from it too.

    Args:
        weight: The paper's lambda.
    """

    needs_guess = True

    def __init__(self, weight: Number = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def for_discriminator(self, turn: Turn) -> Tensor:
        return -float(self.weight) * bound(turn.fake)

    def for_generator(self, turn: Turn) -> Tensor:
        return -float(self.weight) * bound(turn.fake)
