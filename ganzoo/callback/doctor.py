"""Detects the failure modes of GANs while a run fails, and not after."""

from collections.abc import Sequence
from math import isnan
from os import PathLike
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from rich.console import Console

from ganzoo.callback.complaints import (
    ALIKE,
    DIVERGENCE,
    DRIFTS,
    FADED,
    FLAT,
    KNOWN,
    REMEDIES,
    RULES,
    WON,
    WON_EARLY,
    Complaint,
    finding_line,
    not_finite,
)
from ganzoo.callback.stage import validates_training
from ganzoo.callback.symptoms import SymptomMeter, Symptoms
from ganzoo.data.base import Data
from ganzoo.error import NotFinite
from ganzoo.game import Game
from ganzoo.runs import RunFolder


class Doctor(Callback):
    """Watches a game, and reports a failure in one line: since which step, and what to try.

    Vanishing gradients, mode collapse and failure to converge are told apart as in Goodfellow 2016,
    sections 3.2.3 and 5.1, https://arxiv.org/abs/1701.00160, and Arjovsky & Bottou 2017, section
    2; D memorises as in Karras et al. 2020, section 2, https://arxiv.org/abs/2006.06676. A symptom
    counts once it lasts. Logs its measurements as ``doctor/…`` and writes ``diagnosis.json``. At a
    validation it reads the first batch, and up to 256 training and 256 held-out images of a data
    module of ganzoo, which costs next to nothing.

    Args:
        folder: The run's folder, for ``diagnosis.json``.
        patience: Successive validations for which a symptom must last.
        warmup: Generator steps before which samples may still be alike and move far; with a moving
            average of the generator, 1 / (1 - decay) steps more.
        pull: Below this the generator's gradient has vanished …
        gradient: … and below this share of its median.
        certainty: Above this D has won.
        lead: Above this D has won, too, …
        distance: … if samples are farther than this from real images after a quarter of the
            warm-up; before that, a healthy D is ahead as well.
        diversity: Below this the samples have collapsed.
        drift: Above this the samples keep moving and do not settle.
        memorised: Above this share of pairs, of a training and a held-out image, in which D scores
            the first higher, it knows its training images by heart.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        patience: int = 3,
        warmup: int = 1000,
        pull: float = 0.01,
        gradient: float = 0.001,
        certainty: float = 0.99,
        lead: float = 0.9,
        distance: float = 0.6,
        diversity: float = 0.4,
        drift: float = 0.4,
        memorised: float = 0.95,
    ) -> None:
        self.run, self.patience, self.warmup = RunFolder(folder), patience, warmup
        self.pull, self.gradient, self.certainty = pull, gradient, certainty
        self.lead, self.distance, self.diversity, self.drift = lead, distance, diversity, drift
        self.memorised = memorised
        self.meter = SymptomMeter()
        self.since: dict[str, list[int]] = {}  # steps of successive validations, by failure
        self.findings: list[dict[str, Any]] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, Game)
        if pl_module.logs_now:
            self.meter.record_gradient(pl_module)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        enough = min(len(outputs["real"]), len(outputs["fake"])) >= 2
        watched = validates_training(trainer) and trainer.is_global_zero
        if batch_idx or not (enough and watched):
            return
        assert isinstance(pl_module, Game)
        images = (outputs["real"].float(), outputs["fake"].float())
        data: Any = getattr(trainer, "datamodule", None)
        ours = data if isinstance(data, Data) else None
        symptoms = self.meter.measure(pl_module, *images, ours)
        known = {name: value for name, value in symptoms._asdict().items() if not isnan(value)}
        for name, value in known.items():
            pl_module.log(f"doctor/{name}", value, rank_zero_only=True)
        step = trainer.global_step
        self.judge(step, self.complaints(pl_module, symptoms, step))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero:
            self.write()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        if isinstance(exception, NotFinite) and trainer.is_global_zero:
            complaint = Complaint(DIVERGENCE, f"not finite: {exception}", at_once=True)
            self.judge(trainer.global_step, [complaint])

    def complaints(self, game: Game, symptoms: Symptoms, step: int) -> list[Complaint]:
        """Failures that the symptoms point to; of several of one kind the first counts."""
        averaged = 1 / (1 - float(game.ema_decay)) if game.ema_decay else 0  # steps
        mature = step >= self.warmup + averaged
        vanished = symptoms.pull < self.pull or symptoms.gradient < self.gradient
        far = symptoms.distance > self.distance and step >= self.warmup / 4
        holds = {
            WON: symptoms.certainty > self.certainty and not vanished,
            WON_EARLY: symptoms.certainty > self.lead and far,
            DRIFTS: symptoms.drift > self.drift and mature,
            FLAT: symptoms.pull < self.pull,
            FADED: symptoms.gradient < self.gradient,
            KNOWN: symptoms.memorised > self.memorised,
            ALIKE: symptoms.diversity < self.diversity and (mature or symptoms.remaining < 0.5),
        }
        complaints = [
            Complaint(failure, evidence.format(**symptoms._asdict()))
            for failure, evidences in RULES.items()
            for evidence in evidences
            if holds[evidence]
        ]
        return [*not_finite(game, symptoms), *complaints]

    def judge(self, step: int, complaints: Sequence[Complaint]) -> None:
        """Take in what was seen at this step, and report what has lasted."""
        first = {each.failure: each for each in reversed(complaints)}
        self.since = {failure: [*self.since.get(failure, []), step] for failure in first}
        known = {finding["failure"] for finding in self.findings}
        for failure in [each for each in RULES if each in first.keys() - known]:
            steps, complaint = self.since[failure], first[failure]
            if len(steps) >= self.patience or complaint.at_once:
                self.report(complaint, steps[0])

    def report(self, complaint: Complaint, since_step: int) -> None:
        """Write a finding to ``diagnosis.json`` and to the terminal."""
        finding = {
            "failure": complaint.failure,
            "since_step": since_step,
            "evidence": complaint.evidence,
            "try": REMEDIES[complaint.failure],
        }
        self.findings.append(finding)
        self.write()
        Console(stderr=True).print(finding_line(finding), soft_wrap=True, markup=False)

    def write(self) -> None:
        """Write ``diagnosis.json``."""
        self.run.diagnosis.write({"healthy": not self.findings, "findings": self.findings})

    def state_dict(self) -> dict[str, Any]:
        return {"since": self.since, "findings": self.findings, **vars(self.meter)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.since, self.findings = state_dict["since"], state_dict["findings"]
        self.meter.load(state_dict)
