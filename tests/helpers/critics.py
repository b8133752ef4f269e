"""Critics whose scores and slopes are known, and turns before them."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ganzoo.loss import Turn
from ganzoo.network import Critique
from tests.helpers.games import critique_of, turn_of


def scored(real: Tensor, fake: Tensor) -> Turn:
    """A turn in which the discriminator gave these scores."""
    return turn_of(critique_of(real), critique_of(fake))


def linear(images: Tensor, condition: Tensor, weight: Tensor) -> Tensor:
    return images @ weight


class Critic(nn.Module):
    """Scores images of two pixels by a function of the images, their conditions and a weight.

    Args:
        weight: By default of length 3, along (0.6, 0.8).
        score_of: By default the product of image and weight.

    Attributes:
        seen: The images of every call.
    """

    def __init__(
        self,
        weight: Sequence[float] = (1.8, 2.4),
        score_of: Callable[[Tensor, Tensor, Tensor], Tensor] = linear,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.score_of = score_of
        self.seen: list[Tensor] = []

    def forward(self, images: Tensor, condition: Tensor) -> Critique:
        self.seen.append(images.detach())
        score = self.score_of(images.flatten(1), condition, self.weight)
        return critique_of(score, images=images, condition=condition)


def facing(critic: Critic, real: Tensor, fake: Tensor, condition: Tensor | None = None) -> Turn:
    """A turn in which the critic has judged these images."""
    condition = real.new_zeros(len(real), 0) if condition is None else condition
    both = (critic(real, condition), critic(fake, condition))
    critic.seen.clear()
    return turn_of(*both, discriminator=critic)


def pictures(n: int = 6, seed: int = 0) -> Tensor:
    """Noise of two pixels: (N, 1, 1, 2)."""
    return torch.randn(n, 1, 1, 2, generator=torch.Generator().manual_seed(seed))
