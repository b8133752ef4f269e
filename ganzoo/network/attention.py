"""Self-attention over the places of a feature map, and at which map a network has it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganzoo.error import refuse_if


class SelfAttention(nn.Module):
    """Adds what every place of a map attends to in all places, by a gate that starts at 0.

    Zhang et al. 2019, section 3, https://arxiv.org/abs/1805.08318. (N, C, H, W) -> (N, C, H, W);
    takes memory for N x (H W)^2 weights.

    Args:
        channels: C; queries, keys and values have an eighth as many.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(channels // 8, 1)
        self.query = nn.Conv2d(channels, inner, 1, bias=False)
        self.key = nn.Conv2d(channels, inner, 1, bias=False)
        self.value = nn.Conv2d(channels, inner, 1, bias=False)
        self.out = nn.Conv2d(inner, channels, 1, bias=False)
        self.gate = nn.Parameter(torch.zeros(1))

    def forward(self, maps: Tensor) -> Tensor:
        # Written out, because torch's fused attention has no second derivative for penalties.
        query, key, value = (layer(maps).flatten(2) for layer in (self.query, self.key, self.value))
        weights = (query.transpose(1, 2) @ key).softmax(2)  # of each place over all places
        seen = (value @ weights.transpose(1, 2)).unflatten(2, maps.shape[2:])
        total: Tensor = maps + self.gate * self.out(seen)
        return total


def attended_side(chosen: int | None, sides: Sequence[int]) -> int:
    """The side of the feature map that gets self-attention, 0 for none.

    Args:
        chosen: The side; 0 for none, None for a quarter of the image side, where SAGAN's FID is
            best (table 1: 32 of 128).
        sides: Of the maps that both players have, up to half of the image side.

    Raises:
        UserError: If no map has the side.
    """
    side = sides[-2:][0] if chosen is None else chosen
    refuse_if(
        side and side not in sides,
        f"network.attention={side} is the side of a feature map that both players have, and theirs "
        f"are {', '.join(map(str, sides))}: type network.attention={sides[-1]}, or 0 for "
        "none.",
    )
    return side


def attention_at(place: int, side: int, channels: int) -> list[nn.Module]:
    """Self-attention over a map of this side if it is the place for it, else nothing."""
    return [SelfAttention(channels) for _ in range(place == side)]
