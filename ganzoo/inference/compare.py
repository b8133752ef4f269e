"""Scores of any folder of pictures against another, whoever made them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.data import ImageFolder
from ganzoo.error import UserError
from ganzoo.metric import Score
from ganzoo.settings.compose import COMPOSE_ERRORS, build_part, compose_config
from ganzoo.settings.explain import explain_error

BATCH = 64


def compare_folders(real: Path, fake: Path, overrides: list[str]) -> dict[str, float]:
    """Score the pictures of one folder against those of another.

    Pictures may be of any size; each folder's are cropped to the centre square and resized to the
    shorter side of its first picture, and are grey if the channels of all of both agree.

    Args:
        real: The folder to compare with.
        fake: The folder to score.
        overrides: Of the metrics, such as ``metric=[fid,kid]``; FID by default.

    Returns:
        Every score by name, and how many pictures each folder has.

    Raises:
        UserError: If a folder holds no pictures, or the metrics cannot read them.
    """
    try:
        cfg = compose_config(
            overrides if any(map(chooses, overrides)) else ["metric=[fid]", *overrides]
        )
    except COMPOSE_ERRORS as error:
        raise UserError(explain_error(error)) from error
    strange = [each for each in overrides if not each.startswith("metric")]
    if strange:
        raise UserError(f"evaluate --images takes only metric options: leave out {strange[0]}.")
    scores: dict[str, Score] = build_part(cfg.metric)
    found: dict[str, float] = {}
    both = [pictures(folder) for folder in (real, fake)]
    channels = 1 if all(map(grey, both)) else 3
    for images, is_real in zip(both, (True, False), strict=True):
        for batch in torch.split(images[:, :channels], BATCH):
            for features, alike in shared(scores, batch):
                for score in alike:
                    score.update(features, real=is_real)
        found["n_real" if is_real else "n_fake"] = len(images)
    for name, score in scores.items():
        value = score.compute()
        parts = value if isinstance(value, Mapping) else {"": value}
        found |= {f"{name}_{part}".rstrip("_"): each for part, each in parts.items()}
    return found


def chooses(override: str) -> bool:
    return override.startswith("metric=")


def pictures(folder: Path) -> Tensor:
    """All pictures of a folder, (N, 3, S, S) in [-1, 1]."""
    # Read once, so that a file of what was decoded would never be read.
    source = ImageFolder(str(folder), image_size=None, cache_mb=0).source
    images, _ = source.read(torch.arange(len(source)))
    return images


def grey(images: Tensor) -> bool:
    return bool((images == images[:, :1]).all())


def shared(scores: Mapping[str, Score], batch: Tensor) -> Iterator[tuple[Tensor, list[Score]]]:
    """Features of a batch for each extractor, with the scores that judge by them."""
    panels: dict[str, list[Score]] = {}
    for score in scores.values():
        panels.setdefault(score.extractor.fingerprint, []).append(score)
    for alike in panels.values():
        yield alike[0].extractor(batch), alike
