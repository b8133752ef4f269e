"""Convolutions that a style steers sample by sample, and what StyleGAN2 puts around them."""

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from ganzoo.network.resampling import doubled


class ScaledLeakyReLU(nn.LeakyReLU):
    """A leaky ReLU that keeps the mean square of Gaussian inputs, up to its slope."""

    def __init__(self) -> None:
        super().__init__(0.2)

    def forward(self, x: Tensor) -> Tensor:
        return sqrt(2) * super().forward(x)


class ModulatedConv(nn.Module):
    """A convolution whose input channels a style weighs, in each sample on its own.

    Karras et al. 2020, section 2.2, equations 1 and 3, https://arxiv.org/abs/1912.04958. The inputs
    are scaled before a convolution that all samples share, and the outputs after it. That is equal
    to a convolution with weights of each sample's own, and faster.

    Args:
        before: Channels of the input.
        after: Channels of the output.
        style_dim: Width of the style, which is mapped to a scale for each input channel.
        kernel: Side of the kernel.
        up: Double the side of the maps, with a bilinear filter.
        demodulate: Bring outputs back to the variance of inputs that are independent.
    """

    def __init__(
        self,
        before: int,
        after: int,
        style_dim: int,
        kernel: int = 3,
        up: bool = False,
        demodulate: bool = True,
    ) -> None:
        super().__init__()
        self.up, self.demodulate = up, demodulate
        self.style = nn.Linear(style_dim, before)
        self.convolution = nn.Conv2d(before, after, kernel, padding="same", bias=False)

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        """Convolve: (N, before, H, W), (N, style_dim) -> (N, after, H, W), or twice the sides."""
        scale, weight = 1 + self.style(style), self.convolution.weight
        convolved = self._convolve(maps * scale[:, :, None, None], weight)
        if not self.demodulate:
            return convolved
        norm = demodulation(scale.to(weight.dtype), weight)
        return convolved * norm[:, :, None, None].to(convolved.dtype)

    def _convolve(self, maps: Tensor, weight: Tensor) -> Tensor:
        if self.up:
            return doubled(maps, weight.transpose(0, 1))
        return conv2d(maps, weight, padding=weight.shape[-1] // 2)


def demodulation(scale: Tensor, weight: Tensor) -> Tensor:
    """One over the norm of each sample's scaled weights: (N, I), (O, I, h, w) -> (N, O)."""
    energy = weight.square().sum((2, 3))
    return (scale.square()[:, None] * energy).sum(2).add(1e-8).rsqrt()


class Noise(nn.Module):
    """Adds noise of a learned strength, the same to all channels; in evaluation always the same.

    Args:
        side: Of the maps.
    """

    constant: Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("constant", torch.randn(1, 1, side, side))

    def forward(self, maps: Tensor) -> Tensor:
        fresh = (maps.shape[0], *self.constant.shape[1:])
        noise = torch.randn(fresh, device=maps.device) if self.training else self.constant
        return maps + (self.strength * noise).to(maps.dtype)


class StyledConv(nn.Module):
    """A modulated convolution, noise, a bias and a leaky ReLU.

    Args:
        before: Channels of the input.
        after: Channels of the output.
        style_dim: Width of the style.
        side: Of the output.
        up: Whether this is twice the side of the input.
    """

    def __init__(
        self, before: int, after: int, style_dim: int, side: int, up: bool = False
    ) -> None:
        super().__init__()
        self.convolution = ModulatedConv(before, after, style_dim, up=up)
        self.noise, self.activation = Noise(side), ScaledLeakyReLU()
        self.bias = nn.Parameter(torch.zeros(after, 1, 1))

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        maps = self.noise(self.convolution(maps, style))
        styled: Tensor = self.activation(maps + self.bias.to(maps.dtype))
        return styled


class ToImage(nn.Module):
    """A modulated 1x1 convolution to the image's channels, without demodulation."""

    def __init__(self, before: int, channels: int, style_dim: int) -> None:
        super().__init__()
        self.convolution = ModulatedConv(before, channels, style_dim, 1, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        image: Tensor = self.convolution(maps, style) + self.bias
        return image
