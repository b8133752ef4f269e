"""Half or twice the side of maps, by the bilinear filter [1, 2, 1] in both directions."""

from typing import Any

from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import conv2d, conv_transpose2d


class Blur(Function):
    """The filter as a function whose derivatives are the filter again.

    torch's second derivative of a convolution by channel takes the channels one after another.
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor, padding: int, gain: float) -> Tensor:
        ctx.padding, ctx.gain = padding, gain
        row = maps.new_tensor([1.0, 2.0, 1.0]) / 4
        kernel = (gain * row * row[:, None]).expand(maps.shape[1], 1, 3, 3)
        return conv2d(maps, kernel, None, 1, padding, 1, maps.shape[1])

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        return blurred(slopes[0], 2 - ctx.padding, ctx.gain), None, None


def blurred(maps: Tensor, padding: int = 1, gain: float = 1.0) -> Tensor:
    """Filter each channel: (N, C, H, W) -> (N, C, H + 2 * padding - 2, W + 2 * padding - 2).

    Args:
        maps: Which.
        padding: Zeros around them, up to 2.
        gain: What the filter sums to.
    """
    filtered: Tensor = Blur.apply(maps, padding, gain)
    return filtered


def doubled(maps: Tensor, weight: Tensor) -> Tensor:
    """Insert zeros, convolve and filter: (N, I, H, W), (I, O, 3, 3) -> (N, O, 2H, 2W)."""
    return blurred(conv_transpose2d(maps, weight, None, 2, 0, 1), padding=0, gain=4.0)


def upsampled(maps: Tensor) -> Tensor:
    """Interpolate between neighbours: (N, C, H, W) -> (N, C, 2H, 2W)."""
    channels = maps.shape[1]
    ones = maps.new_ones(channels, 1, 1, 1)
    return blurred(conv_transpose2d(maps, ones, None, 2, 0, 1, channels), gain=4.0)


class DownConv(nn.Conv2d):
    """A convolution of filtered maps of which every second output is kept.

    Args:
        before: Channels of the input.
        after: Channels of the output.
        kernel: Side of the kernel, odd.
        bias: Add one to the output.
    """

    def __init__(self, before: int, after: int, kernel: int, bias: bool = True) -> None:
        super().__init__(before, after, kernel, stride=2, bias=bias)

    def forward(self, maps: Tensor) -> Tensor:
        """Convolve: (N, before, H, W), H and W even -> (N, after, H / 2, W / 2)."""
        return super().forward(blurred(maps, padding=self.kernel_size[0] // 2 + 1))
