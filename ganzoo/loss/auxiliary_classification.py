from torch import Tensor

from ganzoo.loss.base import Loss, Turn
from ganzoo.network import Critique
from ganzoo.schedule import Number


class AuxiliaryClassification(Loss):
    """-log q(class | image), of real images and fakes, for both players (L_C).

    Odena et al. 2017, equation 3, https://arxiv.org/abs/1610.09585

    Args:
        weight: Of the term in the sum.
    """

    needs_guess = True
    needs_condition_of_real = True

    def __init__(self, weight: Number = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def for_discriminator(self, turn: Turn) -> Tensor:
        return self._error(turn.real) + self._error(turn.fake)

    def for_generator(self, turn: Turn) -> Tensor:
        return self._error(turn.fake)

    def _error(self, critique: Critique) -> Tensor:
        return -float(self.weight) * critique.log_q.sum(1).mean()
