"""The terms of the game."""

from typing import NamedTuple

from torch import Tensor

from ganzoo.draws import Draws
from ganzoo.network import Critique, Discriminator, Judge


class Turn(NamedTuple):
    """What the discriminator has before it when it moves."""

    discriminator: Judge
    real: Critique
    fake: Critique  # its images carry no gradient to the generator, unless the turn is foreseen
    draws: Draws


class Loss:
    """One term of the game, with a side for each player; a side left out is zero.

    Attributes:
        per_sample: The term is about single images, so batch norm in the discriminator, which
            makes every score depend on the whole batch, has to give way to layer norm.
        needs_guess: The term needs a head that guesses the condition.
        needs_condition_of_real: The term needs the condition of real images.
    """

    per_sample = False
    needs_guess = False
    needs_condition_of_real = False

    def for_discriminator(self, turn: Turn) -> Tensor | None:
        """What the discriminator minimises, a scalar."""
        return None

    def for_generator(self, fake: Critique) -> Tensor | None:
        """What the generator minimises, a scalar."""
        return None

    def constrain(self, discriminator: Discriminator) -> None:
        """Bring the discriminator's weights back to where the term wants them, after its step."""


class Objective(Loss):
    """The adversarial term itself, of which a game has exactly one."""

    def opinion(self, score: Tensor) -> Tensor:
        """D(x) in the paper's units, which the curves show: (N,) -> (N,)."""
        return score
