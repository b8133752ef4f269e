from typing import ClassVar

from typing_extensions import Unpack

from ganzoo.condition import ClassLabel
from ganzoo.game import Choices, Game
from ganzoo.head import Concatenation
from ganzoo.network import BranchedMLP
from ganzoo.shape import Shape


class CGAN(Game):
    """Both players are told the class, or a feature vector of another modality.

    Mirza & Osindero 2014, https://arxiv.org/abs/1411.1784. For vectors, pass
    ``condition=FeatureVector(n_features)``. The paper's momentum SGD suits only its own MLPs;
    Adam is the default here, so that any network or loss may take their place.

    Args:
        image_shape: (C, H, W) of the data; images are in [-1, 1].
        n_classes: How many classes the labels have.
        **choices: See ``Choices``.
    """

    recipe: ClassVar[Choices] = {"head": Concatenation, "network": BranchedMLP()}

    def __init__(self, image_shape: Shape, n_classes: int = 10, **choices: Unpack[Choices]) -> None:
        choices.setdefault("condition", ClassLabel(n_classes))
        super().__init__(image_shape, **choices)
