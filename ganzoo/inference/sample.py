"""Pictures from a trained model."""

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo import picture
from ganzoo.condition import ClassLabel, LatentCode
from ganzoo.error import UserError
from ganzoo.files import replacing
from ganzoo.inference.load import load
from ganzoo.players import Players
from ganzoo.settings.trust import Modules

LARGEST_GRID = 10_000  # pictures


def sample(
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
    """Draw ``n`` samples of a model; the same seed draws the same ones.

    Args:
        model: What ``ganzoo.load`` takes.
        out: A ``.png`` is one grid, an ``.npz`` holds ``images``, (N, H, W, C) uint8; anything else
            is a folder that receives a PNG per picture. The latter two take any number of
            pictures without filling the memory.
        n: How many samples, or with ``steps`` walks.
        seed: Of the noise.
        label: The class to draw; None draws every class in turn.
        codes: Factors of the code by number; the others are random.
        truncation: What the noise is multiplied by, in (0, 1].
        steps: Pictures of a walk that begins at each sample.
        trust: Modules of the user whose classes may be built.

    Returns:
        What was written.

    Raises:
        UserError: If the model cannot be loaded or draw this, or ``out`` cannot be written.
    """
    for option, value in {"n": n, "interpolate": steps}.items():
        if value < 1:
            raise UserError(f"--{option} counts pictures and must be at least 1, got {value}.")
    players = load(model, trust)
    fixed = known(players, label, codes or {})
    parts = players.stream(n, seed, truncation=truncation, fixed=fixed, steps=steps)
    columns = steps if steps > 1 else max(1, round(n**0.5))
    try:
        if out.suffix == ".png":
            write_grid(parts, n * steps, columns, out)
        elif out.suffix == ".npz":
            write_npz(map(pixels, parts), n * steps, out)
        else:
            write_folder(parts, out)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror}; set --out elsewhere.") from error
    return out


def known(players: Players, label: int | None, codes: Mapping[int, float]) -> dict[int, float]:
    """The factors of the condition to set, if the model was trained with them."""
    condition = players.condition
    classes = condition.dim if isinstance(condition, ClassLabel) else 0
    if label is not None and not 0 <= label < classes:
        raise UserError(
            f"--label {label}: this model knows "
            + (f"the classes 0 to {classes - 1}." if classes else "no classes, leave --label out.")
        )
    if codes and not isinstance(condition, LatentCode):
        raise UserError("this model has no code: leave --code out, or take infogan-mnist.")
    return dict(codes) if label is None else {0: label}


def write_grid(parts: Iterable[Tensor], n: int, columns: int, path: Path) -> None:
    if n > LARGEST_GRID:
        raise UserError(
            f"a grid of {n} pictures cannot be looked at: type --out samples.npz, or --out FOLDER."
        )
    picture.save_image(picture.draw_samples(torch.cat(list(parts)), columns), path)


def write_folder(parts: Iterable[Tensor], folder: Path) -> None:
    number = count()
    for part in parts:
        for each in part:
            picture.save_image(
                picture.draw_samples(each[None], 1), folder / f"{next(number):06d}.png"
            )


def write_npz(parts: Iterator[np.ndarray], n: int, path: Path) -> None:
    """Write ``images`` part by part, as ``numpy.savez`` would write them at once."""
    first = next(parts)
    header = {"descr": "|u1", "fortran_order": False, "shape": (n, *first.shape[1:])}
    with (
        replacing(path) as temporary,
        zipfile.ZipFile(temporary, "w") as archive,
        archive.open("images.npy", "w", force_zip64=True) as file,
    ):
        np.lib.format.write_array_header_1_0(file, header)
        for part in (first, *parts):
            file.write(part.tobytes())


def pixels(images: Tensor) -> np.ndarray:
    """(N, C, H, W) in [-1, 1] -> (N, H, W, C) uint8.

    Raises:
        UserError: If they are points and no images.
    """
    if images.ndim != 4:
        raise UserError("points of the plane are drawn as one picture: type --out samples.png.")
    return (images.permute(0, 2, 3, 1).clamp(-1, 1) * 127.5 + 127.5).round().byte().numpy()
