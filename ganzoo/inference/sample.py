"""Samples of a trained model, as files."""

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from math import isfinite
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo import picture
from ganzoo.condition import ClassLabel, LatentCode
from ganzoo.error import UserError, refuse_if
from ganzoo.files import replacing
from ganzoo.inference.load import load
from ganzoo.players import Players
from ganzoo.settings.trust import Modules

LARGEST_GRID = 10_000  # images


def write_samples(
    model: str | Path,
    out: Path,
    n: int = 64,
    seed: int = 0,
    *,
    label: int | None = None,
    codes: Mapping[int, float] | None = None,
    truncation: float = 1.0,
    steps: int = 1,
    trust: Modules = None,
) -> Path:
    """Draw samples of a model and write them; the same seed draws the same ones.

    Args:
        model: What ``ganzoo.load`` takes.
        out: A ``.png`` is one grid; an ``.npz`` holds ``images``, (N, H, W, C) uint8; anything else
            is a folder with a PNG per image. The latter two do not fill the memory.
        n: How many samples, or walks if there are ``steps``.
        seed: Of the noise.
        label: The class to draw; None draws every class in turn.
        codes: Values of the code's factors, by number; the others are random.
        truncation: Less variety and fewer failures, in (0, 1]; see ``Players.sample``.
        steps: Images of a walk that starts at each sample.
        trust: Modules of the user whose classes may be built.

    Returns:
        What was written.

    Raises:
        UserError: If the model cannot be loaded or draw this, or ``out`` cannot be written.
    """
    check_numbers({"n": n, "interpolate": steps}, seed)
    players = load(model, trust)
    fixed = fixed_factors(players, label, codes or {})
    batches = players.stream(n, seed, truncation=truncation, fixed=fixed, steps=steps)
    columns = steps if steps > 1 else max(1, round(n**0.5))
    write_images(batches, n * steps, columns, out)
    return out


def check_numbers(counts: Mapping[str, int], seed: int) -> None:
    """Refuse options that count images and are not positive, and a negative seed.

    Raises:
        UserError: At the first such option.
    """
    for option, value in counts.items():
        refuse_if(value < 1, f"--{option} counts images and must be at least 1, got {value}.")
    refuse_if(seed < 0, f"--seed is a whole number from 0 up, got {seed}: type --seed 0.")


def fixed_factors(
    players: Players, label: int | None, codes: Mapping[int, float]
) -> dict[int, float]:
    """The factors of the condition that are not random, by number.

    Raises:
        UserError: If the model has no such class, or no code.
    """
    condition = players.condition
    classes = condition.dim if isinstance(condition, ClassLabel) else 0
    if label is not None and not 0 <= label < classes:
        known = f"the classes 0 to {classes - 1}." if classes else "no classes: leave out --label."
        raise UserError(f"--label {label} does not exist: this model has {known}")
    refuse_if(
        not all(map(isfinite, (codes or {}).values())),
        "a factor of the code is set to a finite number: type --code 1=0.5.",
    )
    refuse_if(
        codes and not isinstance(condition, LatentCode),
        "this model has no code: leave out --code, or take infogan-mnist.",
    )
    return dict(codes) if label is None else {0: label}


def write_images(batches: Iterator[Tensor], n: int, columns: int, out: Path) -> None:
    """Write batches of images in the format that the name of the file asks for.

    Raises:
        UserError: If the file cannot be written, or cannot hold these images.
    """
    try:
        if out.suffix == ".png":
            write_grid(batches, n, columns, out)
        elif out.suffix == ".npz":
            write_npz(map(to_pixels, batches), n, out)
        else:
            write_pngs(batches, out)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror}; set --out elsewhere.") from error


def write_grid(batches: Iterable[Tensor], n: int, columns: int, path: Path) -> None:
    """Write all images as one grid.

    Raises:
        UserError: If there are too many for a grid.
    """
    refuse_if(
        n > LARGEST_GRID,
        f"a grid of {n} images is too large to look at: type --out samples.npz or --out FOLDER.",
    )
    picture.save_image(picture.draw_samples(torch.cat(list(batches)), columns), path)


def write_pngs(batches: Iterable[Tensor], folder: Path) -> None:
    """Write every image as a PNG file of its own, named by its number."""
    images = (image for batch in batches for image in torch.split(batch, 1))
    for number, image in enumerate(images):
        picture.save_image(picture.draw_samples(image, columns=1), folder / f"{number:06d}.png")


def write_npz(batches: Iterator[np.ndarray], n: int, path: Path) -> None:
    """Write ``images`` batch by batch, as ``numpy.savez`` would write them at once."""
    first = next(batches)
    header = {"descr": "|u1", "fortran_order": False, "shape": (n, *first.shape[1:])}
    with (
        replacing(path) as temporary,
        zipfile.ZipFile(temporary, "w") as archive,
        archive.open("images.npy", "w", force_zip64=True) as file,
    ):
        np.lib.format.write_array_header_1_0(file, header)
        for batch in chain([first], batches):
            file.write(batch.tobytes())


def to_pixels(images: Tensor) -> np.ndarray:
    """(N, C, H, W) in [-1, 1] -> (N, H, W, C) uint8.

    Raises:
        UserError: If they are points and not images.
    """
    refuse_if(images.ndim != 4, "points are drawn as one scatter plot: type --out samples.png.")
    return (images.permute(0, 2, 3, 1).clamp(-1, 1) * 127.5 + 127.5).round().byte().numpy()
