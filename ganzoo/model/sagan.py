from typing import ClassVar

from ganzoo.game import Choices
from ganzoo.model.pdgan import PDGAN
from ganzoo.network import ConditionalResNet


class SAGAN(PDGAN):
    """A PDGAN with self-attention and spectral norm in both players, and a D that steps faster.

    Zhang et al. 2019, https://arxiv.org/abs/1805.08318
    """

    recipe: ClassVar[Choices] = {
        **PDGAN.recipe,
        "network": ConditionalResNet(
            attention=None, generator_spectral_norm=True, spectral_norm=True
        ),
    }
