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
    """

    generator_hidden: Sequence[int] = (256, 512, 1024)
    discriminator_hidden: Sequence[int] = (512, 256)
    slope: float = 0.2

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        widths = [latent_dim + condition_dim, *self.generator_hidden]
        return Joined(*dense(widths, nn.ReLU()), *image_of(widths[-1], image_shape, nn.Tanh()))

    def trunk(self, image_shape: Shape) -> nn.Module:
        widths = [prod(image_shape), *self.discriminator_hidden]
        return nn.Sequential(nn.Flatten(), *dense(widths, nn.LeakyReLU(self.slope)))
