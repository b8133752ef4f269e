from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d

from ganzoo.game import Choices, Game
from ganzoo.modes import evaluating


class DCGAN(Game):
    """Convolutions with batch norm in both players, by Adam: the recipe that others start from.

    Radford et al. 2016, https://arxiv.org/abs/1511.06434
    """

    recipe: ClassVar[Choices] = {}

    def features(self, images: Tensor) -> Tensor:
        """What D learned, for a linear classifier: (N, C, H, W) in [-1, 1] -> (N, F).

        Every convolution's activations, max-pooled to a 4x4 grid and flattened (section 5.1).
        """
        with evaluating(self):
            maps = self._activations(images)
        return torch.cat([adaptive_max_pool2d(each, 4).flatten(1) for each in maps], dim=1)

    def _activations(self, images: Tensor) -> list[Tensor]:
        maps, seen = images, []
        for layer in self.discriminator.trunk:  # type: ignore[attr-defined]
            maps = layer(maps)
            if isinstance(layer, nn.LeakyReLU) and maps.ndim == 4:
                seen.append(maps)
        return seen
