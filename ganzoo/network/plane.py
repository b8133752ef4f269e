from dataclasses import dataclass
from math import prod
from typing import ClassVar

from torch import nn

from ganzoo.network.base import Joined, Network
from ganzoo.network.mlp import dense
from ganzoo.shape import Shape


@dataclass(frozen=True, kw_only=True)
class Plane(Network):
    """The tanh MLPs that the papers play the ring and the grid of Gaussians with; no output squash.

    Mao et al. 2017 (LSGAN's ring, authors' code), https://arxiv.org/abs/1611.04076

    Args:
        hidden: Width of the hidden layers of both players.
        layers: Number of hidden layers of both players.
    """

    hidden: int = 128
    layers: int = 3

    activation: ClassVar[type[nn.Module]] = nn.Tanh

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        widths = [latent_dim + condition_dim, *[self.hidden] * self.layers]
        out = [nn.Linear(self.hidden, prod(image_shape)), nn.Unflatten(1, image_shape)]
        return Joined(*dense(widths, nn.Tanh()), *out)

    def trunk(self, image_shape: Shape) -> nn.Module:
        widths = [prod(image_shape), *[self.hidden] * self.layers]
        return nn.Sequential(nn.Flatten(), *dense(widths, nn.Tanh()))
