from typing import ClassVar

from ganzoo.game import Choices, Game
from ganzoo.optimizer import Optimizers, adam


class UnrolledGAN(Game):
    """The generator steps against the discriminator that will have answered it.

    Metz et al. 2017, https://arxiv.org/abs/1611.02163
    """

    recipe: ClassVar[Choices] = {
        "optimizer": Optimizers(adam(1e-3), adam(6e-4), unrolled_steps=1),
    }
