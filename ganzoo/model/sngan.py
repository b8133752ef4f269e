from typing import ClassVar

from ganzoo.game import Choices, Game
from ganzoo.latent import Gaussian
from ganzoo.loss import Hinge
from ganzoo.network import ResNet
from ganzoo.optimizer import Optimizers, adam


class SNGAN(Game):
    """Spectral norm on every layer of D, hinge loss, residual networks.

    Miyato et al. 2018, appendix B and table 3, https://arxiv.org/abs/1802.05957
    """

    recipe: ClassVar[Choices] = {
        "latent": Gaussian(128),
        "network": ResNet(spectral_norm=True),
        "loss": {"hinge": Hinge()},
        "optimizer": Optimizers(adam(2e-4, (0.0, 0.9)), adam(2e-4, (0.0, 0.9))),
        "n_critic": 5,
    }
