from typing import ClassVar

from ganzoo.condition import LatentCode
from ganzoo.game import Choices, Game
from ganzoo.head import Recognition
from ganzoo.loss import MutualInformation, NonSaturating


class InfoGAN(Game):
    """Part of the noise is a code that D's head must be able to read off the image.

    Chen et al. 2016, https://arxiv.org/abs/1606.03657
    """

    recipe: ClassVar[Choices] = {
        "condition": LatentCode(categorical=(10,), uniform=2),
        "head": Recognition,
        "loss": {"non_saturating": NonSaturating(), "mutual_information": MutualInformation()},
    }
