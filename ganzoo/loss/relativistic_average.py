from torch import Tensor

from ganzoo.error import refuse_if
from ganzoo.loss.base import Objective, Turn


class RelativisticAverage(Objective):
    """An objective on each score's distance from the mean score of the other side.

    Jolicoeur-Martineau 2018, section 4.2, https://arxiv.org/abs/1807.00734. The generator plays
    the discriminator's side with real and fake exchanged. The mean is over the process's own share
    of the batch.

    Args:
        objective: Non-saturating for RaGAN, least squares with a=-1 and b=1 for RaLSGAN (halved,
            as least squares are here), hinge for RaHingeGAN.

    Raises:
        UserError: If the objective reads scores in pairs already.
    """

    raw_scores = False

    def __init__(self, objective: Objective) -> None:
        super().__init__()
        refuse_if(
            not objective.raw_scores,
            f"a relativistic average needs an objective of single scores, and "
            f"{type(objective).__name__} reads them in pairs or scaled: type non_saturating, "
            "least_squares or hinge in its place.",
        )
        self.objective = objective

    def for_discriminator(self, turn: Turn) -> Tensor | None:
        return self.objective.for_discriminator(relative(turn))

    def for_generator(self, turn: Turn) -> Tensor | None:
        compared = relative(turn)
        exchanged = compared.judged(real=compared.fake, fake=compared.real)
        return self.objective.for_discriminator(exchanged)


def relative(turn: Turn) -> Turn:
    """The turn with the other side's mean score subtracted from every score."""
    real, fake = turn.real, turn.fake
    return turn.judged(
        real=real._replace(score=real.score - fake.score.mean(0)),
        fake=fake._replace(score=fake.score - real.score.mean(0)),
    )
