from typing import ClassVar

from ganzoo.game import Choices, Game


class DCGAN(Game):
    """Convolutions with batch norm in both players, by Adam: the recipe that others start from.

    Radford et al. 2016, https://arxiv.org/abs/1511.06434
    """

    recipe: ClassVar[Choices] = {}
