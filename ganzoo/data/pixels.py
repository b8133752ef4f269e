"""Pixels: crop and resize pictures to a square of bytes, and scale bytes to [-1, 1]."""

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional as F


def fit_square(picture: Any, size: int) -> Any:
    """Crop the centre square and resize it to (size, size), bilinear with antialias.

    Args:
        picture: A PIL image, or bytes (..., H, W).
        size: Side of the result.
    """
    square = F.center_crop(picture, [min(F.get_size(picture))] * 2)
    return F.resize(square, [size, size], antialias=True)


def fit_squares(pixels: Tensor, size: int | None) -> Tensor:
    """``fit_square`` for a whole data set, (N, C, H, W) uint8; None keeps the native size."""
    if size is None or pixels.shape[-2:] == (size, size):
        return pixels
    # In parts, because the resize works on floats, which are four times as large.
    return torch.cat([fit_square(part, size) for part in torch.split(pixels, 1000)])


def to_bytes(picture: Image.Image) -> Tensor:
    """PIL image to (C, H, W) uint8."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous()


def to_unit(pixels: Tensor) -> Tensor:
    """Bytes 0..255 to float32 in [-1, 1]."""
    return pixels.float().div_(127.5).sub_(1.0)
