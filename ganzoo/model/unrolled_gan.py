from typing import ClassVar

from ganzoo.game import Choices, Game
from ganzoo.latent import Gaussian
from ganzoo.optimizer import Optimizers, adam


class UnrolledGAN(Game):
    """The generator steps against the discriminator that will have answered it.

    Metz et al. 2017, https://arxiv.org/abs/1611.02163; rates and noise of the authors' ring.
    """

    recipe: ClassVar[Choices] = {
        "latent": Gaussian(256),
        "optimizer": Optimizers(adam(1e-3), adam(1e-4), unrolled_steps=5),
    }
