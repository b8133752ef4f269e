"""Ways from one noise to another."""

from collections.abc import Callable

import torch
from torch import Tensor

Walk = Callable[[Tensor, Tensor, int], Tensor]  # first and last (N, L), steps -> (N * steps, L)


def straight(first: Tensor, last: Tensor, steps: int) -> Tensor:
    """Equal steps along straight lines: 2 x (N, L) -> (N * steps, L)."""
    share = torch.linspace(0, 1, steps, device=first.device)[:, None]
    return (first[:, None] * (1 - share) + last[:, None] * share).flatten(0, 1)


def spherical(first: Tensor, last: Tensor, steps: int) -> Tensor:
    """Equal angles from one direction to the other: 2 x (N, L) -> (N * steps, L).

    Gaussian noise keeps the length that the generator knows (White 2016,
    https://arxiv.org/abs/1609.04468).
    """
    share = torch.linspace(0, 1, steps, device=first.device)[:, None]
    cosine = torch.cosine_similarity(first, last, dim=1).clamp(-1 + 1e-6, 1 - 1e-6)
    angle = cosine.arccos()[:, None, None]
    weights = ((1 - share) * angle).sin() / angle.sin(), (share * angle).sin() / angle.sin()
    return (first[:, None] * weights[0] + last[:, None] * weights[1]).flatten(0, 1)
