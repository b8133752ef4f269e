from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import torch
from torch import Tensor, nn

from ganzoo.network.base import Joined, Network, zero_bias
from ganzoo.network.mlp import dense, image_of
from ganzoo.shape import Shape


class Maxout(nn.Module):
    """The largest of several affine pieces (Goodfellow et al. 2013, https://arxiv.org/abs/1302.4389).

    Args:
        before: Width of the input.
        after: Number of units.
        pieces: Affine maps per unit.
    """

    def __init__(self, before: int, after: int, pieces: int = 5) -> None:
        super().__init__()
        self.pieces = nn.Linear(before, after * pieces)
        self.unflatten = nn.Unflatten(1, (after, pieces))

    def forward(self, x: Tensor) -> Tensor:
        units: Tensor = self.unflatten(self.pieces(x))
        return units.amax(2)


class Intensities(nn.Module):
    """Images in [-1, 1] as intensities in [0, 1]."""

    def forward(self, images: Tensor) -> Tensor:
        return (images + 1) / 2


class Sigmoid(nn.Module):
    """The logistic function, stretched from [0, 1] to images in [-1, 1]."""

    def forward(self, logits: Tensor) -> Tensor:
        return torch.tanh(logits / 2)


def uniform(bound: float) -> Callable[[nn.Module], None]:
    """Initialise weights uniformly in ±bound and biases with zero, as the paper's code does."""

    def initialise(layer: nn.Module) -> None:
        if isinstance(layer, nn.Linear):
            nn.init.uniform_(layer.weight, -bound, bound)
            zero_bias(layer)

    return initialise


@dataclass(frozen=True, kw_only=True)
class MaxoutMLP(Network):
    """The MNIST pair of the first GAN, from its authors' code, with pixels in [0, 1] on the inside.

    Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661

    Args:
        generator_hidden: Widths of the generator's ReLU layers.
        discriminator_hidden: Units of the discriminator's maxout layers.
        pieces: Affine pieces of each maxout unit.
        input_dropout: Share of the discriminator's inputs that are dropped.
        dropout: Share of its hidden units that are dropped.
        generator_init: Bound of the generator's uniform initial weights.
        discriminator_init: Bound of the discriminator's uniform initial weights.
    """

    generator_hidden: Sequence[int] = (1200, 1200)
    discriminator_hidden: Sequence[int] = (240, 240)
    pieces: int = 5
    input_dropout: float = 0.2
    dropout: float = 0.5
    generator_init: float = 0.05
    discriminator_init: float = 0.005

    activation: ClassVar[type[nn.Module]] = Maxout

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        widths = [latent_dim + condition_dim, *self.generator_hidden]
        image = image_of(widths[-1], image_shape, Sigmoid())
        layers = Joined(*dense(widths, nn.ReLU()), *image)
        return layers.apply(uniform(self.generator_init))

    def trunk(self, image_shape: Shape) -> nn.Module:
        layers: list[nn.Module] = [nn.Flatten(), Intensities(), nn.Dropout(self.input_dropout)]
        before = prod(image_shape)
        for units in self.discriminator_hidden:
            layers += [Maxout(before, units, self.pieces), nn.Dropout(self.dropout)]
            before = units
        return nn.Sequential(*layers)

    def initialise(self, layer: nn.Module) -> None:
        uniform(self.discriminator_init)(layer)


class Branches(nn.Module):
    """Noise and condition through a layer each before they are joined."""

    def __init__(self, latent: nn.Module, condition: nn.Module, joined: nn.Module) -> None:
        super().__init__()
        self.latent, self.condition, self.joined = latent, condition, joined

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        both = torch.cat([self.latent(latent), self.condition(condition)], dim=1)
        image: Tensor = self.joined(both)
        return image


@dataclass(frozen=True, kw_only=True)
class BranchedMLP(MaxoutMLP):
    """The MNIST pair of the conditional GAN; the head joins the label to the trunk's maxout layer.

    Mirza & Osindero 2014, section 4.1, https://arxiv.org/abs/1411.1784

    Args:
        latent_hidden: ReLU units that read the noise.
        condition_hidden: ReLU units that read the condition.
        generator_hidden: ReLU units that read both.
    """

    latent_hidden: int = 200
    condition_hidden: int = 1000
    generator_hidden: Sequence[int] = (1200,)
    discriminator_hidden: Sequence[int] = (240,)
    input_dropout: float = 0.5

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        widths = [self.latent_hidden + self.condition_hidden, *self.generator_hidden]
        return Branches(
            nn.Sequential(*dense([latent_dim, self.latent_hidden], nn.ReLU())),
            nn.Sequential(*dense([condition_dim, self.condition_hidden], nn.ReLU())),
            nn.Sequential(*dense(widths, nn.ReLU()), *image_of(widths[-1], image_shape, Sigmoid())),
        ).apply(uniform(self.generator_init))
