from typing import ClassVar

from ganzoo.game import Choices, Game
from ganzoo.latent import Uniform
from ganzoo.network import MLP
from ganzoo.optimizer import Optimizers, adam, falling


class GAN(Game):
    """The first GAN: dense layers in both players, dropout in D, by Adam.

    Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661. The objective is the non-saturating
    one that the paper trains with (section 3); ``loss={"minimax": Minimax()}`` is equation 1.
    """

    recipe: ClassVar[Choices] = {
        "latent": Uniform(32),
        "network": MLP(
            generator_hidden=(512, 1024),
            discriminator_hidden=(1024, 512),
            batch_norm=True,
            dropout=0.3,
        ),
        "optimizer": Optimizers(adam(2e-3), adam(5e-4), falling(8000)),
    }
