from typing import ClassVar

from ganzoo.game import Choices, Game
from ganzoo.network import MaxoutMLP
from ganzoo.optimizer import MomentumSchedule, Optimizers, sgd


class GAN(Game):
    """The first GAN: ReLU against maxout and dropout, both by momentum SGD.

    Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661. The objective is the non-saturating
    one that the paper trains with (section 3); ``loss={"minimax": Minimax()}`` is equation 1.
    """

    recipe: ClassVar[Choices] = {
        "network": MaxoutMLP(),
        # The paper's code steps at 0.1 down half of D's loss.
        "optimizer": Optimizers(sgd(0.1), sgd(0.05), MomentumSchedule),
    }
