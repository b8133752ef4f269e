from typing import ClassVar

from ganzoo.game import Choices
from ganzoo.head import Recognition
from ganzoo.loss import AuxiliaryClassification, NonSaturating
from ganzoo.model.cgan import CGAN


class ACGAN(CGAN):
    """The generator is told the class and D must guess it, of real images too.

    Odena et al. 2017, https://arxiv.org/abs/1610.09585
    """

    recipe: ClassVar[Choices] = {
        "head": Recognition,
        "loss": {
            "non_saturating": NonSaturating(),
            "auxiliary_classification": AuxiliaryClassification(),
        },
    }
