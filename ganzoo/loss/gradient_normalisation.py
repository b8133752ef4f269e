from dataclasses import replace

from torch import Tensor

from ganzoo.loss.base import Objective, Turn
from ganzoo.loss.gradient_penalty import scored_slope
from ganzoo.network import Critique, Judge

SMALLEST = 1e-12  # where both the score and its slope are 0


class GradientNormalisation(Objective):
    """An objective on scores divided by their slope, which makes any D Lipschitz.

    Wu et al. 2021, equation 8, https://arxiv.org/abs/2109.02235: f / (|slope of f| + |f|), for both
    players; second derivatives are taken in float32.

    Args:
        objective: Which reads the normalised scores, in (-1, 1).
    """

    per_sample = True
    raw_scores = False

    def __init__(self, objective: Objective) -> None:
        super().__init__()
        self.objective = objective
        self.calibrated_scores = objective.calibrated_scores

    def opinion(self, score: Tensor) -> Tensor:
        return score  # as D gives it

    def for_discriminator(self, turn: Turn) -> Tensor | None:
        normalised = replace(turn, discriminator=normalise(turn.discriminator))
        return self.objective.for_discriminator(normalised)

    def for_generator(self, turn: Turn) -> Tensor | None:
        normalised = replace(turn, discriminator=normalise(turn.discriminator))
        return self.objective.for_generator(normalised)


def normalise(discriminator: Judge) -> Judge:
    """The same judge with normalised scores."""

    def judge(images: Tensor, condition: Tensor) -> Critique:
        critique, gradient = scored_slope(discriminator, images, condition)
        norm = gradient.norm(dim=1).view(-1, *[1] * (critique.score.ndim - 1))
        score = critique.score / (norm + critique.score.abs() + SMALLEST)
        return critique._replace(score=score)

    return judge
