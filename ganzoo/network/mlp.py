from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from torch import nn

from ganzoo.network.base import Joined, Network
from ganzoo.shape import Shape


def dense(widths: Sequence[int], activation: nn.Module) -> list[nn.Module]:
    """Fully connected layers from the first width to the last, each with its activation."""
    pairs = [(nn.Linear(before, after), activation) for before, after in pairwise(widths)]
    return [layer for pair in pairs for layer in pair]


def image_of(width: int, image_shape: Shape, squash: nn.Module) -> list[nn.Module]:
    """Layers from a hidden vector to an image in [-1, 1], the range of the squashing function."""
    return [nn.Linear(width, prod(image_shape)), squash, nn.Unflatten(1, image_shape)]


@dataclass(frozen=True, kw_only=True)
class MLP(Network):
    """A fully connected pair, ReLU in the generator and leaky ReLU in the discriminator.

    Args:
        generator_hidden: Widths of the generator's hidden layers.
        discriminator_hidden: Widths of the discriminator's hidden layers.
        slope: Of the leaky ReLU.
        batch_norm: Normalise the generator's hidden units.
        dropout: Share of the discriminator's hidden units that are dropped.
    """

    generator_hidden: Sequence[int] = (256, 512, 1024)
    discriminator_hidden: Sequence[int] = (512, 256)
    slope: float = 0.2
    batch_norm: bool = False
    dropout: float = 0.0

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        layers: list[nn.Module] = []
        before = latent_dim + condition_dim
        for units in self.generator_hidden:
            norm = [nn.BatchNorm1d(units)] * self.batch_norm
            layers += [nn.Linear(before, units), *norm, nn.ReLU()]
            before = units
        return Joined(*layers, *image_of(before, image_shape, nn.Tanh()))

    def trunk(self, image_shape: Shape) -> nn.Module:
        layers: list[nn.Module] = [nn.Flatten()]
        before = prod(image_shape)
        for units in self.discriminator_hidden:
            drop = [nn.Dropout(self.dropout)] * (self.dropout > 0)
            layers += [nn.Linear(before, units), nn.LeakyReLU(self.slope), *drop]
            before = units
        return nn.Sequential(*layers)
