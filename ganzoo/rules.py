"""Which choices make a game, and what to type instead when they make none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ganzoo.error import UserError
from ganzoo.loss import Objective

if TYPE_CHECKING:
    from ganzoo.game import Game


def check_rules(game: Game) -> None:
    """Refuse choices that make no game.

    Raises:
        UserError: With the first rule that they break.
    """
    for complaint in complaints(game):
        raise UserError(complaint)


def complaints(game: Game) -> Iterator[str]:
    yield from about_numbers(game)
    yield from about_losses(game)
    yield from about_condition(game)


def about_numbers(game: Game) -> Iterator[str]:
    n_critic, ema = game.n_critic, game.ema_decay
    if not isinstance(n_critic, int) or n_critic < 1:
        yield (
            f"n_critic counts the discriminator's steps per generator step and must be at least 1, "
            f"got {n_critic}: type n_critic=1."
        )
    if ema is not None and not 0 < ema < 1:
        yield f"ema is a decay between 0 and 1, got {ema}: type ema=0.999, or ema=null for none."
    if not isinstance(game.accumulate, int) or game.accumulate < 1:
        yield (
            "accumulate counts the parts of a batch that are judged before a player steps and must "
            f"be at least 1, got {game.accumulate}: type accumulate=1."
        )
    clip = game.optimizer.clip_norm
    if clip is not None and not clip > 0:
        yield (
            "optimizer.clip_norm is the largest norm of a gradient and must be above 0, got "
            f"{clip}: type optimizer.clip_norm=1.0, or null for none."
        )
    ahead = game.optimizer.unrolled_steps
    if not isinstance(ahead, int) or ahead < 0:
        yield (
            "optimizer.unrolled_steps counts the discriminator's steps that the generator foresees "
            f"and must be at least 0, got {ahead}: type optimizer.unrolled_steps=5, or 0 for none."
        )
    elif ahead and game.accumulate > 1:
        yield (
            "optimizer.unrolled_steps foresees D's answer to a whole batch, which accumulate="
            f"{game.accumulate} takes apart: type accumulate=1 and a smaller data.batch_size."
        )


def about_losses(game: Game) -> Iterator[str]:
    objectives = [name for name, loss in game.losses.items() if isinstance(loss, Objective)]
    if len(objectives) != 1:
        yield (
            "loss needs exactly one objective (minimax, non_saturating, least_squares, wasserstein "
            f"or hinge), got {objectives or 'none'}: type loss=[non_saturating], or "
            "loss=[wasserstein,gradient_penalty]."
        )
    guessing = [name for name, loss in game.losses.items() if loss.needs_guess]
    head = game.discriminator.head
    if guessing and not head.guesses:
        yield (
            f"loss={guessing[0]} needs a head that guesses the condition, and "
            f"{type(head).__name__} does not: add head=recognition."
        )
    if head.guesses and not guessing:
        yield (
            "head=recognition learns to guess only from a loss: add mutual_information or "
            "auxiliary_classification to loss=[…], or type head=unconditional."
        )


def about_condition(game: Game) -> Iterator[str]:
    condition, head = game.condition, game.discriminator.head
    uses = head.is_told or head.guesses
    if uses and not condition.dim:
        yield (
            f"head={type(head).__name__.lower()} has no condition to work with: add "
            "condition=class_label or condition=latent_code, or type head=unconditional."
        )
    if condition.dim and condition.known_of_real and not uses:
        yield (
            "the generator is told a condition that head=unconditional never checks: add "
            "head=projection, head=concatenation or head=recognition, or type condition=nothing."
        )
    if not condition.known_of_real and head.is_told:
        yield (
            f"head={type(head).__name__.lower()} must be told the condition of real images, which "
            "have no latent code: type head=recognition, or condition=class_label."
        )
    needy = [name for name, loss in game.losses.items() if loss.needs_condition_of_real]
    if not condition.known_of_real and needy:
        yield (
            f"loss={needy[0]} needs the condition of real images, which have no latent code: type "
            "mutual_information in its place, or condition=class_label."
        )
