"""Tells the three failure modes of GANs apart while a run fails, and not after."""

from collections.abc import Iterator
from math import isnan, nan
from os import PathLike
from statistics import median
from typing import Any, NamedTuple

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from rich.console import Console
from torch import Tensor

from ganzoo.error import NotFinite
from ganzoo.game import Game
from ganzoo.loss import Minimax
from ganzoo.runs import RunFolder

REMEDIES = {
    "vanishing gradient": "loss=[non_saturating] or loss=[wasserstein,gradient_penalty]",
    "mode collapse": "network.minibatch_std=true, network.packing=2 or optimizer.unrolled_steps=5",
    "failure to converge": "r1 added to loss=[…], instance_noise added to callback=[…], or a lower "
    "optimizer.discriminator.lr",
}

TINY = 1e-12  # a distance between images that are the same


class Symptoms(NamedTuple):
    """What the doctor measures at a validation; NaN where it cannot be known.

    Attributes:
        pull: Mean slope of the generator's objective in D's scores, where 1 is Wasserstein's: how
            much of what D knows reaches the generator.
        gradient: Norm of the generator's gradient at the last logged step, over its median so far.
        certainty: Mean D(x) - D(G(z)) where D(x) is a probability; 1 for a D that is always right.
        diversity: Mean distance between samples, over the mean distance between real images.
        remaining: Diversity over the largest so far.
        drift: How far the mean sample of the same latents went since the validation before, over
            the mean distance between real images.
    """

    pull: float
    gradient: float
    certainty: float
    diversity: float
    remaining: float
    drift: float


class Doctor(Callback):
    """Watches a game, and says in one line when it fails, since which step and what to try.

    Vanishing gradients, mode collapse and failure to converge are told apart as in Goodfellow 2016,
    sections 3.2.3 and 5.1, https://arxiv.org/abs/1701.00160, and Arjovsky & Bottou 2017, section
    2. A symptom counts once it lasts. Logs its measurements as ``doctor/…`` and writes
    ``diagnosis.json``; it looks at each validation's first batch, which costs next to nothing.

    Args:
        folder: The run's folder, for ``diagnosis.json``.
        patience: For how many validations on end a symptom must last.
        warmup: Generator steps before which samples may still be alike, and move far; a moving
            average of the generator may for the 1 / (1 - decay) steps more that it looks back.
        pull: Below this the generator's gradient has vanished …
        gradient: … and below this share of its median.
        certainty: Above this D has won for good.
        diversity: Below this the samples have collapsed.
        drift: Above this the samples jump from one place to another and do not settle.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        patience: int = 3,
        warmup: int = 1000,
        pull: float = 0.01,
        gradient: float = 0.001,
        certainty: float = 0.99,
        diversity: float = 0.4,
        drift: float = 0.4,
    ) -> None:
        self.run, self.patience = RunFolder(folder), patience
        self.warmup = warmup
        self.pull, self.gradient, self.certainty = pull, gradient, certainty
        self.diversity, self.drift = diversity, drift
        self.gradients: list[float] = []  # at every logged step
        self.height = TINY  # largest spread of the samples so far
        self.since: dict[str, list[int]] = {}  # steps at which each failure was seen, on end
        self.findings: list[dict[str, Any]] = []
        self.before: Tensor | None = None  # mean sample at the validation before

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, Game)
        if trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            self.gradients.append(gradient_of(pl_module))

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        too_few = min(len(outputs["real"]), len(outputs["fake"])) < 2
        if batch_idx or too_few or trainer.state.fn != "fit" or not trainer.is_global_zero:
            return
        assert isinstance(pl_module, Game)
        seen = self.examine(pl_module, outputs["real"].float(), outputs["fake"].float())
        known = {name: value for name, value in seen._asdict().items() if not isnan(value)}
        for name, value in known.items():
            pl_module.log(f"doctor/{name}", value, rank_zero_only=True)
        step = trainer.global_step
        self.judge(step, dict(self.complaints(pl_module, seen, step)))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero:
            self.write()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        if isinstance(exception, NotFinite) and trainer.is_global_zero:
            self.judge(trainer.global_step, {"failure to converge": f"not finite: {exception}"})

    def examine(self, game: Game, real: Tensor, fake: Tensor) -> Symptoms:
        """Measure, from real images and from samples of latents that stay the same, (N, …) each."""
        scale = max(float(spread(real)), TINY)
        mean = fake.mean(0)
        before = mean.new_full((), nan) if self.before is None else self.before.to(mean.device)
        width = float(spread(fake))
        self.height = max(self.height, width)
        self.before = mean
        curves = game.curves
        outputs = [float(curves[f"discriminator/output_{of}"]) for of in ("real", "fake")]
        return Symptoms(
            pull=pull_of(game),
            gradient=self.gradients[-1] / max(median(self.gradients), TINY)
            if self.gradients
            else nan,
            certainty=outputs[0] - outputs[1] if isinstance(game.objective, Minimax) else nan,
            diversity=width / scale,
            remaining=width / self.height,
            drift=float((mean - before).norm()) / scale,
        )

    def complaints(self, game: Game, seen: Symptoms, step: int) -> Iterator[tuple[str, str]]:
        """Failures that the symptoms speak for, each with its evidence."""
        behind = (
            1 / (1 - float(game.ema_decay)) if game.ema_decay else 0
        )  # it still holds first weights
        grown_up = step >= self.warmup + behind
        bad = [name for name, value in game.curves.items() if not value.isfinite()]
        if bad or isnan(seen.diversity):
            what = f"{bad[0]} is" if bad else "samples are"
            yield "failure to converge", f"{what} not finite"
        elif grown_up and seen.drift > self.drift:
            yield (
                "failure to converge",
                f"between validations the mean sample goes {seen.drift:.2g} times as far as real "
                "images lie apart",
            )
        if seen.pull < self.pull:
            yield (
                "vanishing gradient",
                f"D's scores reach the generator with slope {seen.pull:.2g} in place of about 1",
            )
        elif seen.gradient < self.gradient:
            yield (
                "vanishing gradient",
                f"the generator's gradient is {seen.gradient:.2g} of its median",
            )
        elif seen.certainty > self.certainty:
            yield "failure to converge", f"D has won: D(x) - D(G(z)) is {seen.certainty:.4f}"
        if seen.diversity < self.diversity and (grown_up or seen.remaining < 0.5):
            yield (
                "mode collapse",
                f"samples differ {seen.diversity:.2g} times as much as real images do",
            )

    def judge(self, step: int, seen: dict[str, str]) -> None:
        """Remember what was seen at this step, and speak up about what lasts."""
        self.since = {failure: [*self.since.get(failure, []), step] for failure in seen}
        known = {finding["failure"] for finding in self.findings}
        for failure, steps in self.since.items():
            lasting = len(steps) >= self.patience or "not finite" in seen[failure]
            if lasting and failure not in known:
                self.findings.append(
                    {
                        "failure": failure,
                        "since_step": steps[0],
                        "evidence": seen[failure],
                        "try": REMEDIES[failure],
                    }
                )
                self.write()
                self.speak(self.findings[-1])

    def speak(self, finding: dict[str, Any]) -> None:
        line = "doctor: {failure} since step {since_step}: {evidence}; try {try}"
        Console(stderr=True).print(line.format(**finding), soft_wrap=True, markup=False)

    def write(self) -> None:
        self.run.diagnosis.write({"healthy": not self.findings, "findings": self.findings})

    def state_dict(self) -> dict[str, Any]:
        return {
            name: getattr(self, name)
            for name in ("since", "findings", "before", "gradients", "height")
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update(state_dict)


def spread(images: Tensor) -> Tensor:
    """Mean distance between two different images: (N, …) -> scalar."""
    return torch.pdist(images.flatten(1)).mean()


def pull_of(game: Game) -> float:
    """Mean absolute slope of the generator's objective in the score of each fake.

    NaN before the first step, and where the objective does not depend on this score alone.
    """
    if game.turn is None:
        return nan
    fake = game.turn.fake
    with torch.enable_grad():
        score = fake.score.detach().requires_grad_()
        loss = game.objective.for_generator(game.turn.judged(fake=fake._replace(score=score)))
        assert loss is not None  # every objective has a side for the generator
        (slope,) = torch.autograd.grad(loss, score, allow_unused=True)
    return nan if slope is None else float(slope.abs().sum())


def gradient_of(game: Game) -> float:
    """Norm of the generator's gradient at its last step."""
    gradients = [each.grad for each in game.generator.parameters() if each.grad is not None]
    return float(torch.nn.utils.get_total_norm(gradients))
