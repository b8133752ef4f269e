from functools import partial
from typing import ClassVar

from typing_extensions import Unpack

from ganzoo.condition import ClassLabel
from ganzoo.game import Choices, Game
from ganzoo.head import Concatenation
from ganzoo.network import BranchedMLP
from ganzoo.optimizer import MomentumSchedule, Optimizers, sgd
from ganzoo.shape import Shape


class CGAN(Game):
    """Both players are told the class, or a feature vector of another modality.

    Mirza & Osindero 2014, https://arxiv.org/abs/1411.1784. For vectors, pass
    ``condition=FeatureVector(n_features)``.
    """

    recipe: ClassVar[Choices] = {
        "head": Concatenation,
        "network": BranchedMLP(),
        "optimizer": Optimizers(sgd(), sgd(), partial(MomentumSchedule, decay=1.00004)),
    }

    def __init__(self, image_shape: Shape, n_classes: int = 10, **choices: Unpack[Choices]) -> None:
        choices.setdefault("condition", ClassLabel(n_classes))
        super().__init__(image_shape, **choices)
