"""Which choices a variant has, which of them make a game, and what to type instead of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

from typing_extensions import TypedDict

from ganzoo.augmentation import Augmentation, NoAugmentation
from ganzoo.condition import Condition, Nothing
from ganzoo.error import UserError, refuse_if, suggest_names
from ganzoo.head import Head, Unconditional
from ganzoo.latent import Latent, Uniform
from ganzoo.loss import Loss, NonSaturating, Objective, objective_names
from ganzoo.network import ConvNet, Discriminator, Network
from ganzoo.optimizer import Optimizers, adam
from ganzoo.schedule import Number, extremes
from ganzoo.shape import Shape


class Choices(TypedDict, total=False):
    """What a variant may choose.

    Attributes:
        condition: What the generator is told besides noise.
        latent: The noise.
        network: Builds the generator and the discriminator's trunk.
        augmentation: What all images go through before the discriminator sees them.
        head: Builds the discriminator's head from (features, condition width).
        loss: The named terms of the game; the names are those of the logged curves.
        optimizer: How each player steps.
        n_critic: Discriminator steps, each on fresh images, per generator step.
        ema: Decay of the moving average of the generator's weights that is sampled and scored
            (Yazici et al. 2019, https://arxiv.org/abs/1806.04498); None samples the generator.
        accumulate: Parts that a batch is judged in, one after another, before a player steps.
        seed: Of the first weights and of every random number in training.
    """

    condition: Condition
    latent: Latent
    network: Network
    augmentation: Augmentation
    head: Callable[[int, int], Head]
    loss: Mapping[str, Loss]
    optimizer: Optimizers
    n_critic: int
    ema: Number | None
    accumulate: int
    seed: int


DEFAULTS: Choices = {  # what docs/recipes.md measured
    "condition": Nothing(),
    "latent": Uniform(100),
    "network": ConvNet(width=32, hidden=256, output_std=0.1),
    "augmentation": NoAugmentation(),
    "head": Unconditional,
    "loss": {"non_saturating": NonSaturating()},
    "optimizer": Optimizers(adam(2e-3), adam(6e-4)),
    "n_critic": 1,
    "ema": 0.99,
    "accumulate": 1,
    "seed": 0,
}


def check_rules(image_shape: Shape, chosen: Choices, discriminator: Discriminator) -> None:
    """Refuse choices that make no game.

    Args:
        image_shape: Of the data.
        chosen: All choices.
        discriminator: As they built it.

    Raises:
        UserError: With the first rule that they break.
    """
    for name in chosen.keys() - DEFAULTS.keys():
        raise UserError(f"there is no choice {name}: {suggest_names(name, list(DEFAULTS))}")
    losses, head = chosen["loss"], cast(Head, discriminator.head)
    chosen["augmentation"].check_support(image_shape)
    for loss in losses.values():
        loss.check_support(image_shape)
    check_counts(n_critic=chosen["n_critic"], accumulate=chosen["accumulate"])
    for complaint in (
        *average_complaints(chosen["ema"]),
        *optimizer_complaints(chosen["optimizer"], chosen["accumulate"]),
        *loss_complaints(losses, head),
        *score_complaints(losses, chosen["augmentation"]),
        *condition_complaints(chosen["condition"], losses, head),
    ):
        raise UserError(complaint)


def check_counts(n_critic: int, accumulate: int) -> None:
    """Refuse numbers of steps and of parts that are not whole numbers from 1 up.

    Raises:
        UserError: With the first of them.
    """
    for name, value, unit in (
        ("n_critic", n_critic, "discriminator steps per generator step"),
        ("accumulate", accumulate, "parts of a batch that are judged before a player steps"),
    ):
        refuse_if(
            not isinstance(value, int) or isinstance(value, bool) or value < 1,
            f"{name} counts {unit} and must be at least 1, got {value}: type {name}=1 or more.",
        )


def average_complaints(ema: Number | None) -> Iterator[str]:
    low, high = (0.5, 0.5) if ema is None else extremes(ema)
    if not (low >= 0 and 0 < high < 1):
        yield f"ema is a decay between 0 and 1, got {ema}: type ema=0.999, or ema=null for none."


def optimizer_complaints(optimizer: Optimizers, accumulate: int) -> Iterator[str]:
    clip, unrolled = optimizer.clip_norm, optimizer.unrolled_steps
    if clip is not None and not clip > 0:
        yield (
            "optimizer.clip_norm is the largest norm of a gradient and must be above 0, got "
            f"{clip}: type optimizer.clip_norm=1.0, or null for none."
        )
    if not isinstance(unrolled, int) or unrolled < 0:
        yield (
            "optimizer.unrolled_steps counts the discriminator's steps that the generator looks "
            f"ahead and must be at least 0, got {unrolled}: type optimizer.unrolled_steps=5, or 0 "
            "for none."
        )
    elif unrolled and accumulate > 1:
        yield (
            "optimizer.unrolled_steps looks ahead on a whole batch, which accumulate="
            f"{accumulate} splits: type accumulate=1 and a smaller data.batch_size."
        )


def loss_complaints(losses: Mapping[str, Loss], head: Head) -> Iterator[str]:
    objectives = [name for name, loss in losses.items() if isinstance(loss, Objective)]
    if len(objectives) != 1:
        yield (
            f"loss needs exactly one objective ({', '.join(objective_names())}), got "
            f"{objectives or 'none'}: type loss=[non_saturating], or "
            "loss=[wasserstein,gradient_penalty]."
        )
    guessing = [name for name, loss in losses.items() if loss.needs_guess]
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


def score_complaints(losses: Mapping[str, Loss], augmentation: Augmentation) -> Iterator[str]:
    objectives = {name: loss for name, loss in losses.items() if isinstance(loss, Objective)}
    needy = [name for name, loss in losses.items() if loss.needs_raw_scores]
    for name, objective in objectives.items():
        if needy and not objective.raw_scores:
            yield (
                f"loss={needy[0]} compares single scores, and loss={name} reads them only in pairs "
                "or scaled: leave it out, or type loss=[non_saturating,…]."
            )
        if augmentation.needs_calibrated_scores and not objective.calibrated_scores:
            yield (
                f"{type(augmentation).__name__} follows the sign of D's scores, which loss={name} "
                "gives no meaning: type augmentation.strength=0.5, or loss=[non_saturating]."
            )


def condition_complaints(
    condition: Condition, losses: Mapping[str, Loss], head: Head
) -> Iterator[str]:
    name, uses = type(head).__name__.lower(), head.is_told or head.guesses
    if uses and not condition.dim:
        yield (
            f"head={name} has no condition to work with: add "
            "condition=class_label or condition=latent_code, or type head=unconditional."
        )
    if condition.dim and condition.known_of_real and not uses:
        yield (
            "the generator is told a condition that head=unconditional never checks: add "
            "head=projection, head=concatenation or head=recognition, or type condition=nothing."
        )
    if not condition.known_of_real and head.is_told:
        yield (
            f"head={name} must be told the condition of real images, which "
            "have no latent code: type head=recognition, or condition=class_label."
        )
    needy = [name for name, loss in losses.items() if loss.needs_condition_of_real]
    if not condition.known_of_real and needy:
        yield (
            f"loss={needy[0]} needs the condition of real images, which have no latent code: type "
            "mutual_information in its place, or condition=class_label."
        )
