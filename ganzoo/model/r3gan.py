from typing import ClassVar

from ganzoo.game import Choices, Game
from ganzoo.latent import Gaussian
from ganzoo.loss import R1R2, RelativisticPair
from ganzoo.network import BottleneckNet
from ganzoo.optimizer import Optimizers, adam


class R3GAN(Game):
    """Relativistic pairs, R1 and R2, and residual players without normalisation.

    Huang et al. 2024, https://arxiv.org/abs/2501.05441
    """

    recipe: ClassVar[Choices] = {
        "latent": Gaussian(64),
        "network": BottleneckNet(),
        "loss": {"relativistic_pair": RelativisticPair(), "r1_r2": R1R2()},
        "optimizer": Optimizers(adam(3e-3, (0.0, 0.99)), adam(3e-3, (0.0, 0.99))),
    }
