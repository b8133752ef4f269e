"""A trained model in the formats that other programs read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from pathlib import Path
from typing import NamedTuple

from ganzoo.draws import Draws
from ganzoo.error import UserError, refuse_if
from ganzoo.files import read_values
from ganzoo.grad_mode import eval_mode
from ganzoo.inference.find import CONFIG_NAME, WEIGHTS_NAME
from ganzoo.inference.folder import export_folder
from ganzoo.inference.load import load
from ganzoo.inference.program import draw_conditions, write_onnx, write_torch
from ganzoo.network import Generator
from ganzoo.players import Players
from ganzoo.settings.trust import Modules

FormatWriter = Callable[
    [Path], tuple[Path, Generator]
]  # writes into a folder, and reads the file again
CARD_FILES = ("README.md", "samples.png", CONFIG_NAME, WEIGHTS_NAME)  # beside the weights
TOLERANCE = 1e-4  # between pixels of the same noise, in [-1, 1]


class ExportedFile(NamedTuple):
    """A file that was written, and how far its images are from the model's.

    Attributes:
        path: The file.
        difference: The largest difference of two pixels of the same noise, in [-1, 1].
    """

    path: Path
    difference: float


def export_model(
    model: str | Path,
    to: Path,
    formats: Sequence[str] = ("safetensors",),
    half: bool = False,
    with_discriminator: bool = True,
    trust: Modules = None,
) -> list[ExportedFile]:
    """Write a model, and read every file again to check that it makes the same images.

    Args:
        model: What ``ganzoo.load`` takes.
        to: The folder to write.
        formats: ``safetensors`` is a folder as the Hugging Face Hub has it, with a card, which
            ``ganzoo.load`` takes. ``onnx`` and ``torch`` are the generator as ``model.onnx`` and
            ``model.pt2`` (``torch.export``), (N, L), (N, K) -> (N, C, H, W).
        half: Round the weights of ``safetensors`` to half precision, which changes the images.
        with_discriminator: Keep it in ``safetensors``, for features and codes.
        trust: Modules of the user whose classes may be built.

    Raises:
        UserError: If the model cannot be loaded, the folder cannot be written, or a file does not
            make the model's images.
    """
    check_formats(formats, half or not with_discriminator)
    players = load(model, trust)
    refuse_foreign_files(to)
    writers: dict[str, FormatWriter] = {
        "safetensors": partial(export_folder, model, half, with_discriminator, trust),
        "onnx": partial(write_onnx, players),
        "torch": partial(write_torch, players),
    }
    tolerances = {"safetensors": inf if half else TOLERANCE}
    return [
        write_checked(players, writers[name], to, tolerances.get(name, TOLERANCE))
        for name in formats
    ]


def check_formats(formats: Sequence[str], has_options: bool) -> None:
    """Refuse options that none of the formats reads.

    Raises:
        UserError: If there are some.
    """
    refuse_if(
        has_options and "safetensors" not in formats,
        "--half and --generator-only are about safetensors: add it to --format, or leave them out.",
    )


def refuse_foreign_files(folder: Path) -> None:
    """Refuse a folder with files that an export would replace and that none has written.

    Raises:
        UserError: If it is one.
    """
    own = "sha256" in read_values(folder / CONFIG_NAME)
    found = [] if own else [name for name in CARD_FILES if os.path.lexists(folder / name)]
    refuse_if(
        found,
        f"{folder} holds {', '.join(found)}, which no export has written and this one would "
        "replace: set --to another folder.",
    )


def write_checked(
    players: Players, write: FormatWriter, to: Path, tolerance: float
) -> ExportedFile:
    """Write a file, and remove it again if it does not make the model's images.

    Raises:
        UserError: If it does not, or the folder cannot be written.
    """
    try:
        path, generator = write(to)
    except OSError as error:
        raise UserError(f"cannot write {to}: {error.strerror}; set --to elsewhere.") from error
    difference = largest_difference(players, generator)
    if difference > tolerance:
        path.unlink()
        raise UserError(
            f"{path} was removed, because its images differ by {difference:.2g} from the model's: "
            "report it with the output of ganzoo doctor."
        )
    return ExportedFile(path, difference)


def largest_difference(players: Players, generator: Generator, n: int = 16) -> float:
    """The largest difference between the pixels of n images of two generators, in [-1, 1]."""
    draws = Draws(0)
    latent, condition = players.latent.draw(n, draws), draw_conditions(players, n, draws)
    with eval_mode(players):
        return float((players(latent, condition) - generator(latent, condition)).abs().max())
