"""Modulated convolutions, shared or with weights of each sample's own.

    python benchmarks/modulation.py

Both are what StyleGAN2 asks for. The first scales inputs and outputs of a convolution that all
samples share, as ganzoo does; the second is one convolution with a group for each sample. Prints
milliseconds of processor time of a forward and a backward pass, the medians of REPEATS, on one
thread.
"""

from statistics import median
from time import process_time

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn.functional import conv2d

from ganzoo.network.equalised import equalise
from ganzoo.network.modulated import ModulatedConv

REPEATS = 7
SIZES = ((64, 7, 64), (32, 14, 64), (16, 28, 64), (512, 8, 4))  # channels, side, samples


def grouped(layer: ModulatedConv, maps: Tensor, style: Tensor) -> Tensor:
    """The layer's outputs, by a convolution with a group for each sample."""
    rows, channels, height, width = maps.shape
    scale = 1 + layer.style(style)
    own = layer.convolution.weight * scale[:, None, :, None, None]
    own = own * (own.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
    joined = maps.reshape(1, rows * channels, height, width)
    return conv2d(joined, own.flatten(0, 1), padding=1, groups=rows).view(rows, -1, height, width)


def milliseconds(layer: ModulatedConv, maps: Tensor, style: Tensor, shared: bool) -> float:
    """Of a forward and a backward pass."""
    times = []
    for _ in range(REPEATS + 1):
        start = process_time()
        made = layer(maps, style) if shared else grouped(layer, maps, style)
        made.square().mean().backward()
        times.append(1000 * (process_time() - start))
    return median(times[1:])


def main() -> None:
    torch.set_num_threads(1)
    columns = ("channels", "side", "samples", "shared, ms", "grouped, ms", "ratio")
    table = Table(*columns, title="a modulated 3x3 convolution, forward and backward")
    for channels, side, rows in SIZES:
        layer = ModulatedConv(channels, channels, 64).apply(equalise)
        layer.to(memory_format=torch.channels_last)
        style, maps = torch.randn(rows, 64), torch.randn(rows, channels, side, side)
        fast = maps.contiguous(memory_format=torch.channels_last).requires_grad_()
        shared = milliseconds(layer, fast, style, shared=True)
        own = milliseconds(layer, maps.requires_grad_(), style, shared=False)
        numbers = (f"{shared:.1f}", f"{own:.1f}", f"{own / shared:.2f}")
        table.add_row(str(channels), str(side), str(rows), *numbers)
    Console().print(table)


if __name__ == "__main__":
    main()
