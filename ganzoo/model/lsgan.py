from typing import ClassVar

from ganzoo.game import Choices, Game
from ganzoo.loss import LeastSquares


class LSGAN(Game):
    """D regresses on targets, so that samples far on the right side still get a gradient.

    Mao et al. 2017, https://arxiv.org/abs/1611.04076
    """

    recipe: ClassVar[Choices] = {"loss": {"least_squares": LeastSquares()}}
