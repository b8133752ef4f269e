from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import ClassVar

import torch
from torch import Tensor, nn

from ganzoo.network.base import Network, Style
from ganzoo.network.convnet import halvable
from ganzoo.network.equalised import equalise, slow_down
from ganzoo.network.modulated import ScaledLeakyReLU, StyledConv, ToImage
from ganzoo.network.resampling import DownConv, upsampled
from ganzoo.processes import mean_over_processes
from ganzoo.shape import Shape

MAPPING_RATE = 0.01  # of the mapping's layers, as a share of the others' (appendix B)
MEAN_DECAY = 0.995  # of the running mean of w, as in the authors' code
MOST = 512  # channels of a layer of the paper's


class Normalise(nn.Module):
    """Vectors whose mean square is one: (N, K) -> (N, K)."""

    def forward(self, vector: Tensor) -> Tensor:
        return vector * (vector.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class Mapping(nn.Module):
    """Noise and condition to the style w, of which it remembers the mean.

    Args:
        latent_dim: Width of the noise.
        condition_dim: Width of the condition; 0 for none.
        style_dim: Width of w and of the condition's embedding.
        layers: How many there are.
    """

    mean: Tensor  # (style_dim,): of w over about the last 200 batches of all processes
    observations: Tensor  # (): batches that it is from

    def __init__(self, latent_dim: int, condition_dim: int, style_dim: int, layers: int) -> None:
        super().__init__()
        width, embedding = latent_dim, []
        if condition_dim:
            width += style_dim
            embedding = [nn.Linear(condition_dim, style_dim), Normalise()]
        self.embed = nn.Sequential(*embedding).apply(equalise)
        linear = [nn.Linear(*pair) for pair in pairwise([width, *[style_dim] * layers])]
        nn.ModuleList(linear).apply(equalise)
        steps = [(slow_down(layer, MAPPING_RATE), ScaledLeakyReLU()) for layer in linear]
        self.layers = nn.Sequential(*[part for step in steps for part in step])
        self.normalise = Normalise()
        self.register_buffer("mean", torch.zeros(style_dim))
        self.register_buffer("observations", torch.zeros((), dtype=torch.long))

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Map (N, latent_dim), (N, condition_dim) to w, (N, style_dim) float32."""
        both = torch.cat([self.normalise(latent), self.embed(condition)], dim=1)
        style: Tensor = self.layers(both).float()
        if self.training:
            self._observe(style.detach().mean(0))
        return style

    @torch.no_grad()
    def _observe(self, mean: Tensor) -> None:
        self.observations += 1
        new = (1 / self.observations).clamp(min=1 - MEAN_DECAY)
        self.mean.lerp_(mean_over_processes(mean), new)


class Synthesis(nn.Module):
    """The style to images that are the sum of what every resolution draws.

    Args:
        widths: Channels of the resolutions from the innermost outwards.
        side: Of the innermost.
        channels: Of the images.
        style_dim: Width of the style.
    """

    def __init__(self, widths: list[int], side: int, channels: int, style_dim: int) -> None:
        super().__init__()
        self.constant = nn.Parameter(torch.randn(1, widths[0], side, side))
        self.first = StyledConv(widths[0], widths[0], style_dim, side)
        sides = [side * 2**stage for stage in range(1, len(widths))]
        self.grow = nn.ModuleList(
            StyledConv(*pair, style_dim, size, up=True)
            for pair, size in zip(pairwise(widths), sides, strict=True)
        )
        self.stay = nn.ModuleList(
            StyledConv(width, width, style_dim, size)
            for width, size in zip(widths[1:], sides, strict=True)
        )
        self.draw = nn.ModuleList(ToImage(width, channels, style_dim) for width in widths)

    def forward(self, style: Tensor) -> Tensor:
        """Draw: (N, style_dim) -> (N, channels, H, W) in [-1, 1]."""
        maps = self.first(self.constant, style)
        image = self.draw[0](maps, style)
        for grow, stay, draw in zip(self.grow, self.stay, self.draw[1:], strict=True):
            maps = stay(grow(maps, style), style)
            image = upsampled(image) + draw(maps, style)
        return torch.tanh(image)


class StyleGenerator(nn.Module):
    """A mapping to the style w, and a synthesis of images from it."""

    def __init__(self, mapping: Mapping, synthesis: Synthesis) -> None:
        super().__init__()
        self.mapping, self.synthesis = mapping, synthesis

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        images: Tensor = self.synthesis(self.mapping(latent, condition))
        return images

    def style(self, latent: Tensor, condition: Tensor) -> Style:
        """The w of (N, L) noise and (N, K) conditions, its mean, and the synthesis."""
        return Style(self.mapping(latent, condition), self.mapping.mean, self.synthesis)


class ResidualDown(nn.Module):
    """A residual block of the discriminator, which halves the side."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        keep, down = nn.Conv2d(before, before, 3, 1, 1), DownConv(before, after, 3)
        self.residual = nn.Sequential(keep, ScaledLeakyReLU(), down, ScaledLeakyReLU())
        self.shortcut = DownConv(before, after, 1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        total: Tensor = self.residual(maps) + self.shortcut(maps)
        return total / sqrt(2)


@dataclass(frozen=True, kw_only=True)
class StyleNet(Network):
    """StyleGAN2's skip generator and residual discriminator, for any side that halves to 4 to 7.

    Karras et al. 2020, https://arxiv.org/abs/1912.04958, without mixing of styles. Departures: G
    ends in tanh, maps are resampled by [1, 2, 1], and the head sees the minibatch deviation.

    Args:
        width: Channels of the layers next to the image; they double with each halving of the side,
            up to 512. None is the paper's: 32,768 over the side, up to 512.
        style_dim: Width of w; the paper's is 512.
        mapping_layers: From the noise to w; the paper has 8, and StyleGAN2-ADA 2 for CIFAR-10
            (Karras et al. 2020, https://arxiv.org/abs/2006.06676).
    """

    width: int | None = 8
    style_dim: int = 64
    mapping_layers: int = 2
    minibatch_std: bool = True

    activation: ClassVar[type[nn.Module]] = nn.LeakyReLU

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        widths, side = self._plan(image_shape)
        synthesis = Synthesis(widths[::-1], side, image_shape[0], self.style_dim).apply(equalise)
        mapping = Mapping(latent_dim, condition_dim, self.style_dim, self.mapping_layers)
        return StyleGenerator(mapping, synthesis)

    def trunk(self, image_shape: Shape) -> nn.Module:
        widths, side = self._plan(image_shape)
        last, act = widths[-1], ScaledLeakyReLU()
        return nn.Sequential(
            *[nn.Conv2d(image_shape[0], widths[0], 1), act],
            *[ResidualDown(*pair) for pair in pairwise(widths)],
            *[nn.Conv2d(last, last, 3, 1, 1), act, nn.Flatten()],
            *[nn.Linear(last * side * side, last), act],
        )

    def initialise(self, layer: nn.Module) -> None:
        equalise(layer)

    def _plan(self, image_shape: Shape) -> tuple[list[int], int]:
        """Channels of each resolution from the image inwards, and the innermost side."""
        side = halvable(image_shape, "stylegan2")
        stages = (image_shape[1] // side).bit_length()
        width = 32768 // image_shape[1] if self.width is None else self.width
        return [min(width * 2**stage, MOST) for stage in range(stages)], side
