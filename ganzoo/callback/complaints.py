"""The failure modes that the doctor knows, their evidence and their remedies."""

from collections.abc import Mapping
from math import isnan
from typing import Any, NamedTuple

from ganzoo.callback.symptoms import Symptoms
from ganzoo.game import Game

VANISHING, COLLAPSE, DIVERGENCE = "vanishing gradient", "mode collapse", "failure to converge"
MEMORISING = "memorising"
REMEDIES = {  # with quotes where a shell would read brackets
    VANISHING: "'loss=[non_saturating]', 'loss=[relativistic_pair,r1_r2]', "
    "'loss=[wasserstein,gradient_penalty]' or augmentation=instance_noise",
    COLLAPSE: "network.minibatch_std=true, network.packing=2, 'loss=[relativistic_pair,r1_r2]' or "
    "optimizer.unrolled_steps=5",
    DIVERGENCE: "r1_r2 added to loss=[…], 'loss=[relativistic_pair,r1_r2]', "
    "augmentation=instance_noise, or a lower optimizer.discriminator.lr",
    MEMORISING: "augmentation=diff_augment or augmentation=ada",
}
# Evidence, with symptoms by their names.
WON = "D has won: D(x) - D(G(z)) is {certainty:.4f}"
WON_EARLY = (
    "D has won early: D(x) - D(G(z)) is {certainty:.2f}, and the mean sample is {distance:.2g} "
    "times as far from the mean real image as real images lie apart"
)
DRIFTS = (
    "between validations the mean sample moves {drift:.2g} times as far as real images lie apart"
)
FLAT = "D's scores reach the generator with slope {pull:.2g} instead of about 1"
FADED = "the generator's gradient is {gradient:.2g} of its median"
ALIKE = "samples differ {diversity:.2g} times as much as real images do"
KNOWN = "D scores a training image above a held-out one in {memorised:.0%} of all pairs"
RULES = {
    DIVERGENCE: (WON, WON_EARLY, DRIFTS),
    VANISHING: (FLAT, FADED),
    COLLAPSE: (ALIKE,),
    MEMORISING: (KNOWN,),
}


class Complaint(NamedTuple):
    """A failure that a symptom points to.

    Attributes:
        failure: Its name, a key of ``REMEDIES``.
        evidence: The symptom, in words.
        at_once: Whether it counts before it has lasted.
    """

    failure: str
    evidence: str
    at_once: bool = False


def not_finite(game: Game, symptoms: Symptoms) -> list[Complaint]:
    """A complaint about each loss that is not finite, and about samples that are not."""
    names = [name for name, value in game.curves.items() if not value.isfinite()]
    names += ["a sample"] if isnan(symptoms.diversity) else []
    return [Complaint(DIVERGENCE, f"{name} is not finite", at_once=True) for name in names]


def finding_line(finding: Mapping[str, Any]) -> str:
    """What the doctor says of a finding, in one line."""
    line = "doctor: {failure} since step {since_step}: {evidence}; try {try}"
    return line.format(**finding)
