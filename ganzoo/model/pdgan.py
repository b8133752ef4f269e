from typing import ClassVar

from ganzoo.game import Choices
from ganzoo.head import Projection
from ganzoo.loss import Hinge
from ganzoo.model.cgan import CGAN
from ganzoo.network import ConditionalResNet
from ganzoo.optimizer import Optimizers, adam


class PDGAN(CGAN):
    """G is told the class by its batch norms, and D by projection, with spectral norm.

    Miyato & Koyama 2018, https://arxiv.org/abs/1802.05637
    """

    recipe: ClassVar[Choices] = {
        "network": ConditionalResNet(spectral_norm=True),
        "head": Projection,
        "loss": {"hinge": Hinge()},
        "optimizer": Optimizers(adam(1e-3, (0.0, 0.9)), adam(2e-3, (0.0, 0.9))),
    }
