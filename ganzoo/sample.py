"""Pictures from a trained model."""

from pathlib import Path

import torch

from ganzoo import picture
from ganzoo.checkpoint import load
from ganzoo.condition import ClassLabel
from ganzoo.error import UserError
from ganzoo.game import Game


def sample(run: Path, n: int, seed: int, label: int | None, out: Path) -> Path:
    """Draw ``n`` samples of a run as one picture.

    Args:
        run: A run's folder or a checkpoint.
        n: How many samples.
        seed: Same seed, same samples.
        label: The class to draw; None draws every class in turn.
        out: The PNG to write.

    Raises:
        UserError: If the run cannot be loaded or has no such class.
    """
    if n < 1:
        raise UserError(f"--n counts pictures and must be at least 1, got {n}.")
    game, _ = load(run)
    told = n if label is None else torch.full((n,), known(game, label))
    samples = game.sample(told, seed)
    try:
        picture.save(picture.picture_of(samples, columns=max(1, round(n**0.5))), out)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror}; set --out elsewhere.") from error
    return out


def known(game: Game, label: int) -> int:
    """The label, if the model was trained with it."""
    classes = game.condition.dim if isinstance(game.condition, ClassLabel) else 0
    if not 0 <= label < classes:
        raise UserError(
            f"--label {label}: this model knows "
            + (f"the classes 0 to {classes - 1}." if classes else "no classes, leave --label out.")
        )
    return label
