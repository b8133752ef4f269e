"""Scores the samples of every validation against the real ones."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor

from ganzoo.condition import ClassLabel
from ganzoo.data.base import Data
from ganzoo.error import UserError, refuse_if
from ganzoo.files import default_cache_dir
from ganzoo.game import Game
from ganzoo.metric import Extractor, Score
from ganzoo.metric.cache import FeatureFile, RealFeatures
from ganzoo.metric.score import named_scores


class Scores(Callback):
    """Logs ``val/<name>`` and ``val/<name>_n``, the number of generated samples, for every score.

    It reads {"real": (B, ...), "fake": (B, ...)}, in [-1, 1], and the "condition" (B, K) of both,
    if there is one, from the output of the validation step. A score of several numbers logs each as
    ``val/<name>_<part>``. Each distinct extractor sees a batch once, however many scores use it,
    and the real samples once: their features are kept in memory, and in ``cache_dir`` if the
    trainer has a data module with a fingerprint. Extractors are not part of the module, so their
    weights stay out of checkpoints. The global random state does not change.

    Args:
        scores: The scores by name; the logged names come from here.
        cache_dir: None takes ``$GANZOO_CACHE``, else ``ganzoo`` in the user's cache folder.
        required: Whether missing weights of an extractor are an error, as those of a file that was
            named always are; otherwise its scores are left out after a warning.

    Raises:
        UserError: If a required extractor is missing, validation gives too few samples, or real
            images are not in [-1, 1]. Generated ones are clipped to it, as in a file.
    """

    def __init__(
        self, scores: Mapping[str, Score], cache_dir: str | None = None, required: bool = False
    ) -> None:
        self.scores = named_scores(scores)
        self.cache_dir = Path(cache_dir).expanduser() if cache_dir else default_cache_dir()
        self.required = required
        self.groups: list[_FeatureGroup] = []

    def check(self, game: Game, data: Data) -> None:
        """Check before training that every score can be computed from these samples.

        Raises:
            UserError: If one cannot.
        """
        counts = class_counts(data) if isinstance(game.condition, ClassLabel) else {}
        for score in self.scores.values():
            score.check(data.image_shape, data.n_val, counts)
        extractors = [score.extractor for score in self.scores.values()]
        for extractor in [each for each in extractors if self.required or each.named_file]:
            extractor.load()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        decide = trainer.strategy.reduce_boolean_decision  # all processes score, or none
        usable = {name: decide(self._loads(score, name)) for name, score in self.scores.items()}
        self.scores = {name: score for name, score in self.scores.items() if usable[name]}
        groups: dict[str, _FeatureGroup] = {}
        for score in self.scores.values():
            extractor = score.extractor
            if extractor.fingerprint not in groups:
                reals = RealFeatures(extractor, self._file(trainer, extractor))
                groups[extractor.fingerprint] = _FeatureGroup(extractor, reals)
            groups[extractor.fingerprint].add(score)
        self.groups = list(groups.values())

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.n_fake = 0
        for group in self.groups:
            group.start_pass()

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, *_: Any
    ) -> None:
        refuse_unscaled(outputs["real"])
        self.n_fake += len(outputs["fake"])
        for group in self.groups:
            group.update(outputs["real"], outputs["fake"], outputs.get("condition"))

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking:  # a few batches are no sample to score
            return
        pl_module.log("step", float(trainer.global_step), sync_dist=True)  # the logger's axis
        for name, score in self.scores.items():
            self._log(trainer, pl_module, name, _value(score))
        self._keep_reals()

    def _log(
        self,
        trainer: Trainer,
        module: LightningModule,
        name: str,
        score: float | Mapping[str, float],
    ) -> None:
        parts = score if isinstance(score, Mapping) else {"": score}
        values = {f"val/{name}_{part}".rstrip("_"): value for part, value in parts.items()}
        if any(map(math.isnan, values.values())):
            rank_zero_warn(
                f"val/{name} is left out at generator step {trainer.global_step}, because some "
                "generated samples are not finite: lower the learning rates."
            )
            return
        module.log_dict(values, prog_bar=True, sync_dist=True)
        module.log(f"val/{name}_n", float(self.n_fake), reduce_fx="sum", sync_dist=True)

    def _loads(self, score: Score, name: str) -> bool:
        try:
            score.extractor.load()
        except UserError as problem:
            if self.required:
                raise
            rank_zero_warn(f"Training continues without val/{name}. {problem}")
            return False
        return True

    def _file(self, trainer: Trainer, extractor: Extractor) -> FeatureFile | None:
        data: Any = getattr(trainer, "datamodule", None)
        if not hasattr(data, "fingerprint"):
            return None
        samples = (data.fingerprint, data.n_val, trainer.global_rank, trainer.world_size)
        return FeatureFile(self.cache_dir, *samples, extractor.fingerprint)

    def _keep_reals(self) -> None:
        try:
            for group in self.groups:
                group.reals.end_pass()
        except OSError as problem:
            rank_zero_warn(
                f"Features of the real samples cannot be kept in {self.cache_dir} "
                f"({problem.strerror}), so every run computes them; set GANZOO_CACHE to a folder "
                "that can be written."
            )


class _FeatureGroup:
    """The scores that share an extractor."""

    def __init__(self, extractor: Extractor, reals: RealFeatures) -> None:
        self.extractor = extractor
        self.reals = reals
        self.scores: list[Score] = []

    def add(self, score: Score) -> None:
        score.extractor = self.extractor  # frees a second copy of the same network
        self.scores.append(score)

    def start_pass(self) -> None:
        self.reals.start_pass()
        for score in self.scores:
            score.reset()

    def update(self, real: Tensor, fake: Tensor, condition: Tensor | None) -> None:
        for features, is_real in ((self.reals(real), True), (self.extractor(fake), False)):
            for score in self.scores:
                score.update(features, real=is_real, condition=condition)


def class_counts(data: Data) -> dict[str, int]:
    """How many held-out samples there are of each class, by its name."""
    labels = data.source.labels[data.split[1]]
    counts = labels.bincount(minlength=data.n_classes).tolist()
    return dict(zip(data.class_names, counts, strict=True))


def refuse_unscaled(real: Tensor) -> None:
    """Refuse real images that were never scaled to [-1, 1]; their scores would mean nothing."""
    low, high = (float(bound) for bound in real.aminmax())
    refuse_if(
        real.ndim == 4 and max(-low, high) > 1.001,
        f"scores read pictures in [-1, 1], but the real ones go from {low:.4g} to {high:.4g}: "
        "scale them in the data module, as images / 127.5 - 1 does with bytes.",
    )


def _value(score: Score) -> float | Mapping[str, float]:
    """Compute a score, with the same random numbers in every process and validation."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return score.compute()
