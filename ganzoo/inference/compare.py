"""Scores of any folder of images against another, whoever made them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.data import ImageFolder
from ganzoo.error import UserError, refuse_if
from ganzoo.metric import Score
from ganzoo.settings.compose import COMPOSE_ERRORS, build_part, compose_config
from ganzoo.settings.explain import explain_error

BATCH_SIZE = 64


def compare_folders(real: Path, fake: Path, overrides: Sequence[str]) -> dict[str, float]:
    """Score the images of one folder against those of another.

    Images may be of any size: each folder's are cropped to the centre square and resized to the
    shorter side of its first image. They are grey if every image of both folders is.

    Args:
        real: The folder to compare with.
        fake: The folder to score.
        overrides: Of the metrics, such as ``metric=[fid,kid]``; FID by default.

    Returns:
        Every score by name, and how many images each folder has.

    Raises:
        UserError: If a folder holds no images, or the metrics cannot read them.
    """
    scores = build_scores(overrides)
    images = [read_images(folder) for folder in (real, fake)]
    channels = 1 if all(map(is_grey, images)) else 3
    for folder_images, is_real in zip(images, (True, False), strict=True):
        update_scores(scores, folder_images[:, :channels], is_real)
    counts = dict(zip(("n_real", "n_fake"), map(len, images), strict=True))
    return {**counts, **compute_scores(scores)}


def build_scores(overrides: Sequence[str]) -> dict[str, Score]:
    """Build the metrics that options choose.

    Raises:
        UserError: If one of them is no option of a metric.
    """
    other = next((word for word in overrides if not word.startswith("metric")), None)
    refuse_if(
        other is not None, f"evaluate --images takes only options of metrics: leave out {other}."
    )
    try:
        cfg = compose_config(["metric=[fid]", *overrides])  # of two choices the last one counts
    except COMPOSE_ERRORS as error:
        raise UserError(explain_error(error)) from error
    scores: dict[str, Score] = build_part(cfg.metric)
    return scores


def read_images(folder: Path) -> Tensor:
    """Read all images of a folder, (N, 3, S, S) in [-1, 1]."""
    # They are read only once, so a cache of the decoded images would never be used.
    source = ImageFolder(root=str(folder), image_size=None, cache_mb=0).source
    images, _ = source.read(torch.arange(len(source)))
    return images


def is_grey(images: Tensor) -> bool:
    """Whether the channels of every image are equal."""
    return bool((images == images[:, :1]).all())


def update_scores(scores: Mapping[str, Score], images: Tensor, is_real: bool) -> None:
    """Show images to every score; scores that share an extractor share its features."""
    groups: dict[str, list[Score]] = {}
    for score in scores.values():
        groups.setdefault(score.extractor.fingerprint, []).append(score)
    for batch in torch.split(images, BATCH_SIZE):
        for first, *others in groups.values():
            features = first.extractor(batch)
            for score in (first, *others):
                score.update(features, real=is_real)


def compute_scores(scores: Mapping[str, Score]) -> dict[str, float]:
    """The value of every score by name; a score of several values has a name for each."""
    values: dict[str, float] = {}
    for name, score in scores.items():
        value = score.compute()
        parts = value if isinstance(value, Mapping) else {"": value}
        values |= {f"{name}_{part}".rstrip("_"): number for part, number in parts.items()}
    return values
