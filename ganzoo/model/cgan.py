from typing import ClassVar

from typing_extensions import Unpack

from ganzoo.condition import ClassLabel
from ganzoo.game import Choices, Game
from ganzoo.head import Projection
from ganzoo.shape import Shape


class CGAN(Game):
    """Both players are told the class, or a feature vector of another modality.

    Mirza & Osindero 2014, https://arxiv.org/abs/1411.1784. For vectors, pass
    ``condition=FeatureVector(n_features)``. D is told by projection (Miyato & Koyama 2018), under
    which more samples are of the class that was asked for than under the paper's concatenation.

    Args:
        image_shape: (C, H, W) of the data; images are in [-1, 1].
        n_classes: How many classes the labels have.
        **choices: See ``Choices``.
    """

    recipe: ClassVar[Choices] = {"head": Projection}

    def __init__(self, image_shape: Shape, n_classes: int = 10, **choices: Unpack[Choices]) -> None:
        choices.setdefault("condition", ClassLabel(n_classes))
        super().__init__(image_shape, **choices)
