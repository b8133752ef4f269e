"""Scikit-learn's 8x8 digits, the fastest images to test with."""

from dataclasses import dataclass

import torch

from ganzoo.data.base import Data
from ganzoo.data.mnist5k import DIGITS
from ganzoo.data.pixels import fit_squares
from ganzoo.data.source import InMemory, Source


@dataclass(kw_only=True, eq=False)
class Digits(Data):
    """1,797 digits, 8x8 grey with 17 levels; needs no files and no network."""

    val_size: int = 297

    def load(self) -> Source:
        # Here, because scikit-learn is slow to import and other data sets need none of it.
        from sklearn.datasets import load_digits  # noqa: PLC0415

        digits = load_digits()
        levels = torch.from_numpy(digits.images)[:, None]  # (N, 1, 8, 8), 0..16
        pixels = (levels * (255 / 16)).round().to(torch.uint8)
        labels = torch.from_numpy(digits.target).long()
        return InMemory(fit_squares(pixels, self.image_size), labels, DIGITS)
