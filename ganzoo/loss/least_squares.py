from torch import Tensor

from ganzoo.loss.base import Objective, Turn


class LeastSquares(Objective):
    """Half the squared distance of D's output from its targets.

    Mao et al. 2017, equation 2, https://arxiv.org/abs/1611.04076. The defaults are the paper's
    equation 9; (a, b, c) = (-1, 1, 0) is equation 8, which minimises Pearson's chi-squared.

    Args:
        a: What D should say of fakes.
        b: What D should say of real images.
        c: What G wants D to say of fakes.
    """

    def __init__(self, a: float = 0.0, b: float = 1.0, c: float = 1.0) -> None:
        super().__init__()
        self.a, self.b, self.c = a, b, c
        self.calibrated_scores = a < 0 < b and a == -b

    def for_discriminator(self, turn: Turn) -> Tensor:
        real, fake = turn.real.score - self.b, turn.fake.score - self.a
        return 0.5 * (real.square().mean() + fake.square().mean())

    def for_generator(self, turn: Turn) -> Tensor:
        return 0.5 * (turn.fake.score - self.c).square().mean()
