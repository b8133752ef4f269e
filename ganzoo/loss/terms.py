"""The terms of a game together: named, summed and averaged."""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from ganzoo.loss.base import Loss, Objective, Turn
from ganzoo.network import Discriminator

Terms = dict[str, Tensor]  # scalars by the loss's name


class Losses(nn.ModuleDict):
    """The named terms of one game, with copies of their own of whatever the losses remember.

    Args:
        losses: By name; exactly one is an objective.
    """

    def __init__(self, losses: Mapping[str, Loss]) -> None:
        super().__init__(deepcopy(dict(losses)))

    @property
    def slopes(self) -> bool:
        """Whether one differentiates the scores of the turn's images at these images."""
        return any(loss.needs_slopes for loss in self.values())

    def for_discriminator(self, turn: Turn) -> Terms:
        """The discriminator's side of every loss that has one."""
        return present({name: loss.for_discriminator(turn) for name, loss in self.items()})  # type: ignore[operator]

    def for_generator(self, turn: Turn) -> Terms:
        """The generator's side of every loss that has one."""
        return present({name: loss.for_generator(turn) for name, loss in self.items()})  # type: ignore[operator]

    def observe(self, turn: Turn) -> None:
        """Update what the losses remember, before the discriminator steps."""
        for loss in self.values():
            loss.observe(turn)  # type: ignore[operator]

    def constrain(self, discriminator: Discriminator) -> None:
        """Bring the discriminator's weights back to where the losses want them, after its step."""
        for loss in self.values():
            loss.constrain(discriminator)  # type: ignore[operator]


def present(terms: Mapping[str, Tensor | None]) -> Terms:
    """The terms without the sides that losses leave out."""
    return {name: term for name, term in terms.items() if term is not None}


def total_loss(terms: Terms) -> Tensor:
    """The sum of a player's terms, a scalar."""
    return torch.stack(list(terms.values())).sum()


def mean_terms(parts: Sequence[Terms]) -> Terms:
    """The mean of each term over the parts of a batch that have it, without gradients."""
    if len(parts) == 1:
        return {name: term.detach() for name, term in parts[0].items()}
    names = dict.fromkeys(name for terms in parts for name in terms)
    values = {name: [terms[name].detach() for terms in parts if name in terms] for name in names}
    return {name: torch.stack(scalars).mean() for name, scalars in values.items()}


def objective_names() -> list[str]:
    """The objectives by the names that a command has for them, from their classes."""
    kinds = subclasses(Objective)
    return sorted({re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower() for kind in kinds})


def subclasses(kind: type[Objective]) -> Iterator[type[Objective]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from subclasses(subclass)
