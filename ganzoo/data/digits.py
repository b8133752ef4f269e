"""Scikit-learn's 8x8 digits, the fastest pictures to test with."""

import torch

from ganzoo.data.base import Data
from ganzoo.data.mnist5k import DIGITS
from ganzoo.data.picture import fit_squares
from ganzoo.data.source import InMemory, Source


class Digits(Data):
    """1,797 digits, 8x8 grey with 17 levels; needs no files and no network.

    Args:
        batch_size: pictures per micro-batch and process.
        val_size: pictures held out of training.
        image_size: side in pixels to resize to; None keeps 8.
        split_seed: settles which pictures are held out.
        order_seed: settles the order of training pictures.
    """

    def __init__(
        self,
        *,
        batch_size: int = 128,
        val_size: int = 297,
        image_size: int | None = None,
        split_seed: int = 0,
        order_seed: int = 0,
    ) -> None:
        super().__init__(batch_size, val_size, image_size, split_seed, order_seed)

    def load(self) -> Source:
        # Here, because scikit-learn is slow to import and other data sets need none of it.
        from sklearn.datasets import load_digits  # noqa: PLC0415

        digits = load_digits()
        levels = torch.from_numpy(digits.images)[:, None]  # (N, 1, 8, 8), 0..16
        pixels = (levels * (255 / 16)).round().to(torch.uint8)
        labels = torch.from_numpy(digits.target).long()
        return InMemory(fit_squares(pixels, self.image_size), labels, DIGITS)
