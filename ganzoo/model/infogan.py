from typing import ClassVar

from ganzoo.condition import LatentCode
from ganzoo.game import Choices, Game
from ganzoo.head import Recognition
from ganzoo.latent import Uniform
from ganzoo.loss import MutualInformation, NonSaturating
from ganzoo.network import DCGAN
from ganzoo.optimizer import Optimizers, adam


class InfoGAN(Game):
    """Part of the noise is a code that D's head must be able to read off the image.

    Chen et al. 2016, https://arxiv.org/abs/1606.03657
    """

    recipe: ClassVar[Choices] = {
        "condition": LatentCode(categorical=(10,), uniform=2),
        "latent": Uniform(62),
        "network": DCGAN(width=64, hidden=1024, slope=0.1),
        "head": Recognition,
        "loss": {"non_saturating": NonSaturating(), "mutual_information": MutualInformation()},
        "optimizer": Optimizers(generator=adam(1e-3), discriminator=adam(2e-4)),
    }
