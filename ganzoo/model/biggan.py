from typing import ClassVar

from ganzoo.game import Choices
from ganzoo.model.pdgan import PDGAN
from ganzoo.network import ConditionalResNet


class BigGAN(PDGAN):
    """G's batch norms read a shared embedding of the class and a chunk of the noise each.

    Brock et al. 2019, https://arxiv.org/abs/1809.11096; small by default, and without orthogonal
    regularisation and spectral norm in G.
    """

    recipe: ClassVar[Choices] = {
        **PDGAN.recipe,
        "network": ConditionalResNet(embedding=128, hierarchical=True, spectral_norm=True),
    }
