"""Pixels: crop and resize pictures to a square of bytes, and scale bytes to [-1, 1]."""

from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torchvision.transforms.v2 import functional as F

DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I")  # PIL's modes of grey with 16 bits


def to_rgb(picture: Image.Image, background: str) -> Image.Image:
    """A picture of any kind, upright, in 8 bits per channel.

    Grey of 16 bits loses its lower 8, grey in floats goes from 0 to 1, and transparent pixels show
    a background.

    Args:
        picture: A PIL image.
        background: The name of a colour, or ``#rrggbb``.

    Raises:
        ValueError: If grey values are out of their range.
    """
    upright = ImageOps.exif_transpose(picture)
    scale = {**dict.fromkeys(DEEP, 1 / 257), "F": 255.0}.get(upright.mode)
    if scale:
        grey = np.asarray(upright) * scale
        if not (grey.min() >= 0 and grey.max() <= 255):
            raise ValueError("its grey values are out of 0 to 65535, or of 0 to 1 for floats")
        return Image.fromarray(grey.round().astype(np.uint8)).convert("RGB")
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    seen = upright.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, background), seen).convert("RGB")


def is_transparent(picture: Image.Image) -> bool:
    """Whether any pixel of a picture is transparent."""
    return picture.has_transparency_data and least_opacity(picture) < 255


def least_opacity(picture: Image.Image) -> int:
    """Of any pixel of a picture, 0 to 255."""
    least: Any = picture.convert("RGBA").getchannel("A").getextrema()
    return int(least[0])


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
