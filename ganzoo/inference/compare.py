"""Scores of any folder of images against another, whoever made them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.data.image_folder import find_names, first_side
from ganzoo.data.picture_files import PictureFiles, map_readable, report_broken
from ganzoo.data.pixels import to_unit
from ganzoo.data.stream import PictureDataset
from ganzoo.error import UserError, refuse_if
from ganzoo.metric import Score
from ganzoo.metric.score import named_scores
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
    folders = [FolderPictures(folder) for folder in (real, fake)]
    channels = 1 if all(folder.are_grey() for folder in folders) else 3
    counts = [
        update_scores(scores, folder.batches(), channels, is_real)
        for folder, is_real in zip(folders, (True, False), strict=True)
    ]
    refuse_if(
        min(counts) < 2,
        f"scores compare at least 2 pictures with 2 others, and the folders hold {counts[0]} and "
        f"{counts[1]}: give others.",
    )
    return {"n_real": counts[0], "n_fake": counts[1], **compute_scores(scores)}


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
    scores = named_scores(build_part(cfg.metric))
    for score in scores.values():
        score.remedy = "give folders of more pictures"
    return scores


class FolderPictures:
    """The pictures of a folder, which are read again each time, and never all at once.

    Args:
        folder: Holds them, at any depth.

    Raises:
        UserError: If it holds none.
    """

    def __init__(self, folder: Path) -> None:
        names = find_names(folder.expanduser().resolve(), "give another folder")
        files = PictureFiles(folder, names)
        labels = torch.zeros(len(names), dtype=torch.int64)
        self.pictures = PictureDataset(files, labels, first_side(files))

    def batches(self) -> Iterator[Tensor]:
        """Those that can be read, (B, 3, S, S) uint8, a batch at a time; others are named."""
        rows: list[int] = []
        n = len(self.pictures)
        for start in range(0, n, BATCH_SIZE):
            read = map_readable(lambda row: self.pictures[row][0], range(n)[start:][:BATCH_SIZE])
            rows += read
            yield from (torch.stack(list(each.values())) for each in (read,) if each)
        report_broken(self.pictures.reader, rows, n)

    def are_grey(self) -> bool:
        """Whether the channels of every picture are equal."""
        return all(bool((batch == batch[:, :1]).all()) for batch in self.batches())


def update_scores(
    scores: Mapping[str, Score], batches: Iterable[Tensor], channels: int, is_real: bool
) -> int:
    """Show images to every score, and count them; scores of equal extractors share features."""
    groups: dict[str, list[Score]] = {}
    for score in scores.values():
        groups.setdefault(score.extractor.fingerprint, []).append(score)
    n = 0
    for batch in batches:
        n += len(batch)
        for first, *others in groups.values():
            features = first.extractor(to_unit(batch[:, :channels]))
            for score in (first, *others):
                score.update(features, real=is_real)
    return n


def compute_scores(scores: Mapping[str, Score]) -> dict[str, float]:
    """The value of every score by name; a score of several values has a name for each."""
    values: dict[str, float] = {}
    for name, score in scores.items():
        value = score.compute()
        parts = value if isinstance(value, Mapping) else {"": value}
        values |= {f"{name}_{part}".rstrip("_"): number for part, number in parts.items()}
    return values
