from dataclasses import dataclass
from itertools import pairwise
from math import gcd, prod
from typing import ClassVar

import torch
from torch import Tensor, nn

from ganzoo.network.base import Joined, Network, zero_bias
from ganzoo.network.convnet import halvable
from ganzoo.shape import Shape


class InvertedBottleneck(nn.Module):
    """A residual block that is wider within than without.

    Args:
        width: Channels of its input and output.
        hidden: Channels in between.
        group_size: Channels that the 3x3 convolution mixes at a time.
        slope: Of the leaky ReLU.
        depth: Residual blocks of the player.
    """

    def __init__(self, width: int, hidden: int, group_size: int, slope: float, depth: int) -> None:
        super().__init__()
        self.slope, self.depth = slope, depth
        groups = hidden // gcd(hidden, group_size)
        self.widen = nn.Conv2d(width, hidden, 1)
        self.mix = nn.Conv2d(hidden, hidden, 3, 1, 1, groups=groups)
        self.narrow = nn.Conv2d(hidden, width, 1, bias=False)
        self.bend = nn.LeakyReLU(slope, inplace=True)  # saves a tenth of a step's time

    def forward(self, x: Tensor) -> Tensor:
        total: Tensor = x + self.narrow(self.bend(self.mix(self.bend(self.widen(x)))))
        return total


class Basis(nn.Module):
    """A learned picture for each channel, times a linear map of the vector: (N, L) -> maps."""

    def __init__(self, before: int, width: int, side: int) -> None:
        super().__init__()
        self.pictures = nn.Parameter(torch.randn(1, width, side, side))
        self.scale = nn.Linear(before, width)

    def forward(self, vector: Tensor) -> Tensor:
        maps: Tensor = self.pictures * self.scale(vector)[:, :, None, None]
        return maps


@dataclass(frozen=True, kw_only=True)
class BottleneckNet(Network):
    """R3GAN's residual pair without normalisation (Huang et al. 2024, section 4).

    https://arxiv.org/abs/2501.05441

    G starts from a learned picture for each channel, and D's trunk ends in one weight for each
    place and channel, at the side between 4 and 7 that the image side halves down to. A block adds
    nothing at first (Zhang et al. 2019, https://arxiv.org/abs/1901.09321). Departures: G ends in
    tanh, and ``fold`` saves the blocks at the image's own resolution, which take most of the time.

    Args:
        width: Channels at the finest resolution. They double with each halving …
        max_width: … up to this many; the paper has 768 everywhere at 32 px.
        blocks: Residual blocks at each resolution; the paper has 2.
        fold: Read and draw 2x2 pixels as one place of four times the channels; the paper does not.
        expansion: Channels within a block, in multiples of those around it.
        group_size: Channels that a 3x3 convolution mixes at a time; the largest common divisor of
            this and the channels, where it does not divide them.
        slope: Of the leaky ReLU.
    """

    width: int = 32
    max_width: int = 64
    blocks: int = 1
    fold: bool = True
    expansion: int = 2
    group_size: int = 16
    slope: float = 0.2

    activation: ClassVar[type[nn.Module]] = InvertedBottleneck

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        widths, side = self._plan(image_shape)
        depth, widths = self.blocks * len(widths), widths[::-1]
        layers: list[nn.Module] = [Basis(latent_dim + condition_dim, widths[0], side)]
        layers += self._stage(widths[0], depth)
        for before, after in pairwise(widths):
            layers += [*rewidth(before, after), nn.Upsample(scale_factor=2, mode="bilinear")]
            layers += self._stage(after, depth)
        factor = 1 + self.fold
        layers += [nn.Conv2d(widths[-1], image_shape[0] * factor**2, 1), nn.PixelShuffle(factor)]
        layers += [nn.Tanh()]
        return Joined(*layers).apply(fixup)

    def trunk(self, image_shape: Shape) -> nn.Module:
        widths, side = self._plan(image_shape)
        depth, last = self.blocks * len(widths), widths[-1]
        factor = 1 + self.fold
        layers = [nn.PixelUnshuffle(factor), nn.Conv2d(image_shape[0] * factor**2, widths[0], 1)]
        layers += self._stage(widths[0], depth)
        for before, after in pairwise(widths):
            layers += [nn.AvgPool2d(2), *rewidth(before, after), *self._stage(after, depth)]
        layers += [nn.Conv2d(last, last, side, groups=last, bias=False), nn.Flatten()]
        return nn.Sequential(*layers)

    def initialise(self, layer: nn.Module) -> None:
        # Of a weight of zeros there is no spectral norm to divide by.
        fixup(layer, last=float(self.spectral_norm))

    def _plan(self, image_shape: Shape) -> tuple[list[int], int]:
        """Channels of each resolution from the image inwards, and the innermost side."""
        side = halvable(image_shape, "r3gan")
        stages = (image_shape[1] // side).bit_length() - self.fold
        return [min(self.width * 2**stage, self.max_width) for stage in range(stages)], side

    def _stage(self, width: int, depth: int) -> list[nn.Module]:
        hidden = width * self.expansion
        return [
            InvertedBottleneck(width, hidden, self.group_size, self.slope, depth)
            for _ in range(self.blocks)
        ]


def rewidth(before: int, after: int) -> list[nn.Module]:
    """A map to another number of channels, where it is another."""
    return [nn.Conv2d(before, after, 1, bias=False)] * (before != after)


def fixup(layer: nn.Module, last: float = 0.0) -> None:
    """Gaussian weights that keep variances, and blocks whose depth does not make them grow.

    Zhang et al. 2019, section 3, https://arxiv.org/abs/1901.09321, for blocks of three layers.

    Args:
        layer: Any; a block comes after its own layers.
        last: What the last weights of a block are multiplied by.
    """
    if isinstance(layer, nn.Linear | nn.Conv2d):
        nn.init.normal_(layer.weight, 0.0, max(prod(layer.weight.shape[1:]), 1) ** -0.5)
        zero_bias(layer)
    elif isinstance(layer, InvertedBottleneck):
        gain = nn.init.calculate_gain("leaky_relu", layer.slope) * layer.depth**-0.25
        layer.widen.weight.data *= gain
        layer.mix.weight.data *= gain
        layer.narrow.weight.data *= last
