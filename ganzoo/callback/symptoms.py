"""Measurements that show whether a game is failing."""

from collections.abc import Mapping
from math import nan
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ganzoo.callback.memory import memorised_pairs
from ganzoo.data.base import Data
from ganzoo.game import Game
from ganzoo.loss import Minimax

TINY = 1e-12  # a distance between images that are the same


class Symptoms(NamedTuple):
    """What is measured at a validation; NaN where a value is unknown.

    Attributes:
        pull: Mean slope of the generator's objective in D's scores, where 1 is Wasserstein's: how
            much of D's gradient reaches the generator.
        gradient: Norm of the generator's gradient at the last logged step, over its median so far.
        certainty: Mean D(x) - D(G(z)) where D(x) is a probability; 1 for a D that is always right.
        distance: Distance between the mean sample and the mean real image, over the mean distance
            between real images.
        diversity: Mean distance between samples, over the mean distance between real images.
        remaining: Diversity over the largest so far.
        drift: Distance between the mean samples, of the same latents, at this validation and at the
            one before, over the mean distance between real images.
        memorised: Share of the pairs of a training and a held-out image in which D scores the first
            higher; 0.5 if it has learned none by heart.
    """

    pull: float
    gradient: float
    certainty: float
    distance: float
    diversity: float
    remaining: float
    drift: float
    memorised: float


class SymptomMeter:
    """Measures symptoms, and keeps what they are compared with.

    Attributes:
        gradients: Norms of the generator's gradient at all logged steps.
        height: Largest mean distance between samples so far.
        before: Mean sample at the last validation, (…).
    """

    def __init__(self) -> None:
        self.gradients: list[float] = []
        self.height = TINY
        self.before: Tensor | None = None

    def record_gradient(self, game: Game) -> None:
        """Record the norm of the generator's gradient after a step."""
        gradients = [each.grad for each in game.generator.parameters() if each.grad is not None]
        self.gradients.append(float(torch.nn.utils.get_total_norm(gradients)))

    def measure(self, game: Game, real: Tensor, fake: Tensor, data: Data | None = None) -> Symptoms:
        """Measure a game.

        Args:
            game: After a step.
            real: Real images, (N, …).
            fake: Samples of latents that are the same at every validation, (N, …).
            data: What it trains on and what is held out; None if that is unknown.
        """
        scale, width = max(float(mean_distance(real)), TINY), float(mean_distance(fake))
        mean = fake.mean(0)
        before = torch.full_like(mean, nan) if self.before is None else self.before.to(mean.device)
        self.height = max(self.height, width)
        self.before = mean
        return Symptoms(
            pull=pull_of(game),
            gradient=self.relative_gradient(),
            certainty=certainty_of(game),
            distance=float((mean - real.mean(0)).norm()) / scale,
            diversity=width / scale,
            remaining=width / self.height,
            drift=float((mean - before).norm()) / scale,
            memorised=nan if data is None else memorised_pairs(game, data),
        )

    def relative_gradient(self) -> float:
        """Norm of the generator's gradient over its median so far; NaN before a logged step."""
        if not self.gradients:
            return nan
        return self.gradients[-1] / max(median(self.gradients), TINY)

    def load(self, state: Mapping[str, Any]) -> None:
        """Continue from the attributes of another meter."""
        vars(self).update({name: state[name] for name in vars(self).keys() & state.keys()})


def certainty_of(game: Game) -> float:
    """Mean D(x) - D(G(z)) at the last logged step; NaN if D's output is no probability."""
    if not isinstance(game.objective, Minimax):
        return nan
    real, fake = (game.curves[f"discriminator/output_{side}"] for side in ("real", "fake"))
    return float(real) - float(fake)


def mean_distance(images: Tensor) -> Tensor:
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
