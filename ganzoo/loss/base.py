"""What a term of the game is, and what it reads."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.draws import Draws
from ganzoo.error import refuse_if
from ganzoo.network import Critique, Discriminator, Judge
from ganzoo.settings.recorded import Recorded
from ganzoo.shape import Shape


class View(NamedTuple):
    """What both players see at a time: a batch, or a part of it if gradients are accumulated."""

    images: Tensor  # real, (N, C, H, W) in [-1, 1]
    latent: Tensor  # of as many fakes, (N, L)
    condition: Tensor  # of both, (N, K)
    draws: Draws


@dataclass(eq=False)
class Turn:
    """What a player sees when it moves; the same for both players.

    Images are judged when a loss first reads ``real`` or ``fake``, and only once. In the
    generator's turn the discriminator is frozen, so that judging real images builds no graph.

    Attributes:
        discriminator: Judges images under conditions. An unrolled generator moves against one that
            has already stepped ahead.
        generator: Makes images: (N, L), (N, K) -> (N, C, H, W).
        generated: The generator's images, (N, C, H, W) in [-1, 1]. A gradient flows through them
            to the generator in its own turn, and in the discriminator's only if it is unrolled.
        images: As many real images.
        latent: The noise of the generated images, (N, L).
        condition: Of both, (N, K).
        draws: Random numbers of this step.
        slopes: Whether a loss differentiates the scores of ``real`` and ``fake`` at their images.
    """

    discriminator: Judge
    generator: Callable[[Tensor, Tensor], Tensor]
    generated: Tensor
    images: Tensor
    latent: Tensor
    condition: Tensor
    draws: Draws
    slopes: bool = False

    @cached_property
    def real(self) -> Critique:
        """The discriminator's verdict on the real images."""
        return self.discriminator(self._seen(self.images), self.condition)

    @cached_property
    def fake(self) -> Critique:
        """The discriminator's verdict on the generated images."""
        return self.discriminator(self._seen(self.generated), self.condition)

    @property
    def has_slopes(self) -> bool:
        """Whether these scores can be so differentiated; those of half precision cannot."""
        return self.slopes and not torch.is_autocast_enabled(self.images.device.type)

    def _seen(self, images: Tensor) -> Tensor:
        return images.detach().requires_grad_() if self.has_slopes else images

    def judged(self, **critiques: Critique) -> Turn:
        """The same turn with another ``real`` or ``fake``."""
        turn = copy(self)
        vars(turn).update(critiques)
        return turn

    def detached(self, discriminator: Judge) -> Turn:
        """The same turn before another discriminator, and without the graphs behind it."""
        critiques = {
            name: Critique(*(tensor.detach() for tensor in vars(self)[name]))
            for name in ("real", "fake")
            if name in vars(self)
        }
        turn = replace(self, discriminator=discriminator, generated=self.generated.detach())
        return turn.judged(**critiques)


class Loss(Recorded, nn.Module):
    """One term of the game, with a side for each player; a side left out is zero.

    What it remembers between steps are buffers: they are saved, resumed and shared by processes.

    Attributes:
        per_sample: The term is about single images, so batch norm in the discriminator, which
            makes every score depend on the whole batch, has to give way to layer norm.
        needs_guess: The term needs a head that guesses the condition.
        needs_condition_of_real: The term needs the condition of real images.
        needs_raw_scores: The term compares single scores with numbers.
        needs_slopes: The term differentiates the scores of the turn's images at these images.
    """

    per_sample = False
    needs_guess = False
    needs_condition_of_real = False
    needs_raw_scores = False
    needs_slopes = False

    def for_discriminator(self, turn: Turn) -> Tensor | None:
        """What the discriminator minimises, a scalar."""
        return None

    def for_generator(self, turn: Turn) -> Tensor | None:
        """What the generator minimises, a scalar."""
        return None

    def check_support(self, image_shape: Shape) -> None:
        """Refuse data that the term says nothing about.

        Raises:
            UserError: If this is such data.
        """

    def observe(self, turn: Turn) -> None:
        """Update the buffers from what the discriminator says, before it steps."""

    def constrain(self, discriminator: Discriminator) -> None:
        """Bring the discriminator's weights back to where the term wants them, after its step."""


class Objective(Loss):
    """The adversarial term itself, of which a game has exactly one.

    Attributes:
        raw_scores: It reads every score on its own, and as the discriminator gives it.
        calibrated_scores: Under it, a score above 0 says that the image is rather real than fake.
    """

    raw_scores = True
    calibrated_scores = False

    def opinion(self, score: Tensor) -> Tensor:
        """D(x) in the paper's units, which the curves show: (N,) -> (N,)."""
        return score


def check_decay(name: str, decay: float) -> None:
    """Refuse a share of a running mean that is none.

    Args:
        name: Of the loss.
        decay: The share that a step keeps.

    Raises:
        UserError: If it is not in [0, 1).
    """
    refuse_if(
        not 0 <= decay < 1,
        f"loss.{name}.decay is the share of its running means that a step keeps and lies in "
        f"[0, 1), got {decay}: type loss.{name}.decay=0.99.",
    )
