from typing import ClassVar

from ganzoo.game import Choices, Game
from ganzoo.latent import Gaussian
from ganzoo.loss import R1, NonSaturating
from ganzoo.network import StyleNet
from ganzoo.optimizer import Optimizers, adam


class StyleGAN2(Game):
    """A mapping of the noise to a style, which steers every convolution of the generator.

    Karras et al. 2020, https://arxiv.org/abs/1912.04958
    """

    recipe: ClassVar[Choices] = {
        "latent": Gaussian(),
        "network": StyleNet(),
        "loss": {"non_saturating": NonSaturating(), "r1": R1()},
        "optimizer": Optimizers(adam(2.5e-3, (0.0, 0.99)), adam(2.5e-3, (0.0, 0.99))),
    }
