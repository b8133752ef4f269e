"""What a folder of JPEG pictures costs: at the first start, at later ones, and in every epoch.

Made-up pictures of CelebA's size, cropped and resized to 64 pixels in batches of 64, beside
torchvision's ImageFolder behind a DataLoader with two workers, as tutorials have it:

    python benchmarks/data.py
"""

import os
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from ganzoo.data import ImageFolder

PICTURES, WIDTH, HEIGHT, SIZE, BATCH = 4000, 178, 218, 64, 64
ROUNDS = 5


def write_pictures(folder: Path) -> None:
    """Smooth noise, which JPEG makes about as large as it makes faces."""
    random = np.random.default_rng(0)
    (folder / "one").mkdir(parents=True)
    for number in range(PICTURES):
        coarse = random.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        picture.save(folder / "one" / f"{number:05d}.jpg", quality=90)


def tutorial(folder: Path) -> Iterable[Any]:
    steps = [
        transforms.Resize(SIZE),
        transforms.CenterCrop(SIZE),
        transforms.ToTensor(),
        transforms.Normalize([0.5] * 3, [0.5] * 3),
    ]
    pictures = datasets.ImageFolder(str(folder), transforms.Compose(steps))
    return DataLoader(pictures, BATCH, shuffle=True, drop_last=True, num_workers=2)


def ours(folder: Path) -> ImageFolder:
    data = ImageFolder(str(folder), image_size=SIZE, batch_size=BATCH, val_size=BATCH)
    data.setup("fit")
    return data


def seconds(loader: Iterable[Any], batches: int) -> float:
    start = perf_counter()
    for _ in islice(loader, batches):
        pass
    return perf_counter() - start


def main() -> None:
    epoch = PICTURES // BATCH - 1
    with tempfile.TemporaryDirectory() as name:
        os.environ["GANZOO_CACHE"] = f"{name}/cache"
        folder = Path(name) / "pictures"
        write_pictures(folder)
        start = perf_counter()
        data = ours(folder)
        first = perf_counter() - start
        start = perf_counter()
        data = ours(folder)
        later = perf_counter() - start
        theirs, own = tutorial(folder), data.train_dataloader()
        rounds = [(seconds(theirs, epoch), seconds(own, epoch)) for _ in range(ROUNDS)]
    table = Table(title=f"{PICTURES} pictures of {WIDTH} x {HEIGHT}, medians of {ROUNDS} epochs")
    for column in ("", "seconds", "pictures/s"):
        table.add_column(column)
    slow, fast = (median(column) for column in zip(*rounds, strict=True))
    for what, time in (
        ("ganzoo, first start (decodes)", first),
        ("ganzoo, later start (maps)", later),
        ("ganzoo, an epoch", fast),
        ("tutorial, an epoch", slow),
    ):
        table.add_row(what, f"{time:.3f}", f"{PICTURES / time:.0f}")
    table.caption = f"an epoch {median(a / b for a, b in rounds):.0f} times as fast"
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
