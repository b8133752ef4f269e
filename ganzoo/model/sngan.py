from typing import ClassVar

from ganzoo.game import Choices, Game
from ganzoo.loss import Hinge
from ganzoo.network import ConvNet


class SNGAN(Game):
    """Spectral norm on every layer of D, and the hinge loss.

    Miyato et al. 2018, https://arxiv.org/abs/1802.05957; ``network=ResNet(spectral_norm=True)`` is
    the paper's pair for 32 and 64 px.
    """

    recipe: ClassVar[Choices] = {
        "network": ConvNet(width=32, hidden=256, output_std=0.1, spectral_norm=True),
        "loss": {"hinge": Hinge()},
    }
