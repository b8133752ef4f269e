"""Bilinear resampling that can be differentiated any number of times with respect to the images.

``torch.nn.functional.grid_sample`` knows one derivative, and a penalty on D's slope takes two.
Resampling is linear in the images: its gradient is its transpose, whose gradient is resampling.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd import Function

BILINEAR, REFLECTION, ALIGN_CORNERS = 0, 2, False


class Resampling(Function):
    """Read images at places between pixels: (N, C, H, W), (N, H, W, 2) -> (N, C, H, W)."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        return torch.grid_sampler_2d(images, grid, BILINEAR, REFLECTION, ALIGN_CORNERS)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        return TransposedResampling.apply(gradient, grid), None


class TransposedResampling(Function):
    """Add what stands at places between pixels to the pixels around them: shapes as above."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        images = torch.empty_like(gradient)  # only its shape counts
        spread, _ = torch.ops.aten.grid_sampler_2d_backward(
            gradient, images, grid, BILINEAR, REFLECTION, ALIGN_CORNERS, [True, False]
        )
        return cast(Tensor, spread)

    @staticmethod
    def backward(ctx: Any, images: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        return Resampling.apply(images, grid), None


def resample(images: Tensor, grid: Tensor) -> Tensor:
    """Read images at the places of a grid in [-1, 1], reflected at the borders.

    Args:
        images: (N, C, H, W).
        grid: (N, H, W, 2) of x and y, without a gradient.
    """
    resampled: Tensor = Resampling.apply(images, grid)
    return resampled


def affine_grid(maps: Tensor, height: int, width: int) -> Tensor:
    """Where pixels' centres are mapped to, as torch has it but several times faster.

    Args:
        maps: Of coordinates (x, y) in [-1, 1], (N, 2, 3).
        height: Rows of pixels.
        width: Columns of pixels.

    Returns:
        (N, H, W, 2).
    """
    along_x, along_y, offset = maps[:, None, None].unbind(-1)  # (N, 1, 1, 2) each
    rows = centres(height, maps)[:, None, None] * along_y + offset
    return rows + centres(width, maps)[:, None] * along_x


def centres(size: int, like: Tensor) -> Tensor:
    """Coordinates of the centres of so many pixels, in [-1, 1]."""
    return (torch.arange(size, dtype=like.dtype, device=like.device) * 2 + 1) / size - 1
