"""Batch norm that is told a vector, and layers that pass the vector on to it."""

import torch
from torch import Tensor, nn


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm whose gain and bias are linear in a vector that each sample has of its own.

    Miyato & Koyama 2018, https://arxiv.org/abs/1802.05637, of a one-hot class, each of which has a
    gain and a bias of its own then; Brock et al. 2019, appendix B,
    https://arxiv.org/abs/1809.11096, of any vector. The statistics are those of the whole batch,
    whatever its vectors. (N, C, H, W), (N, K) -> (N, C, H, W).

    Args:
        channels: C.
        told_dim: K, at least 1.
    """

    def __init__(self, channels: int, told_dim: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = nn.Linear(told_dim, channels)  # around 1
        self.shift = nn.Linear(told_dim, channels)

    def forward(self, maps: Tensor, told: Tensor) -> Tensor:
        gain, shift = (layer(told)[:, :, None, None] for layer in (self.gain, self.shift))
        return torch.addcmul(shift, self.norm(maps), 1 + gain)


class Told(nn.Sequential):
    """Layers one after another, of which those that can are told a vector: x, (N, K) -> y."""

    def forward(self, x: Tensor, told: Tensor) -> Tensor:  # type: ignore[override]
        for layer in self:
            x = layer(x, told) if isinstance(layer, TELLABLE) else layer(x)
        return x


class ConditionalBlock(nn.Module):
    """A residual block that is told a vector: what it adds, and how the input gets past it."""

    def __init__(self, residual: Told, shortcut: nn.Module) -> None:
        super().__init__()
        self.residual, self.shortcut = residual, shortcut

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        total: Tensor = self.residual(x, told) + self.shortcut(x)
        return total


TELLABLE = (ConditionalBatchNorm2d, ConditionalBlock, Told)


def norm_told(channels: int, told_dim: int) -> nn.Module:
    """Batch norm that is told a vector of so many numbers, or plain batch norm if it has none."""
    return ConditionalBatchNorm2d(channels, told_dim) if told_dim else nn.BatchNorm2d(channels)
