from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn

from ganzoo.error import refuse_if
from ganzoo.network.attention import attended_side, attention_at
from ganzoo.network.base import Joined, Network, zero_bias
from ganzoo.network.recomputed import recomputed
from ganzoo.shape import Shape

# Channels per resolution in multiples of the width (SNGAN, appendix B, tables 4 and 5).
GENERATOR = {32: (4, 4, 4, 4), 64: (16, 8, 4, 2, 1)}
TRUNK = {32: (2, 2, 2, 2), 64: (1, 2, 4, 8, 16)}
HALVINGS = {32: 2, 64: 5}


class Block(nn.Module):
    """A residual block: what it adds, and how the input gets past it."""

    checkpointed = False

    def __init__(self, residual: Sequence[nn.Module], shortcut: Sequence[nn.Module]) -> None:
        super().__init__()
        self.residual = nn.Sequential(*residual)
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        run = recomputed if self.checkpointed else nn.Module.__call__
        total: Tensor = run(self.residual, x) + run(self.shortcut, x)
        return total


class SumPool(nn.Module):
    """Sum over the picture: (N, C, H, W) -> (N, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum((2, 3))


@dataclass(frozen=True, kw_only=True)
class ResNet(Network):
    """The residual pair of SNGAN, for 32 and 64 px (Miyato et al. 2018, appendix B).

    https://arxiv.org/abs/1802.05957

    Args:
        width: The paper's 64; at 32 px the generator has 4 and the discriminator 2 times as many
            channels in every block.
        attention: Side of the feature map with self-attention in both players
            (Zhang et al. 2019, https://arxiv.org/abs/1805.08318); 0 for none, None for a
            quarter of the image side.
        activation_checkpointing: Keep only what passes between the blocks and compute the rest
            again in the backward pass: less memory, more time, the same gradients.
    """

    width: int = 64
    attention: int | None = 0
    activation_checkpointing: bool = False

    activation: ClassVar[type[nn.Module]] = Block

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        side = supported(image_shape)
        widths, place = [times * self.width for times in GENERATOR[side]], self._place(side)
        blocks: list[nn.Module] = []
        for depth, (before, after) in enumerate(pairwise(widths), start=1):
            blocks += [up(before, after), *attention_at(place, 4 * 2**depth, after)]
        last = widths[-1]
        layers = Joined(
            nn.Linear(latent_dim + condition_dim, widths[0] * 16),
            nn.Unflatten(1, (widths[0], 4, 4)),
            *blocks,
            *[nn.BatchNorm2d(last), nn.ReLU(), nn.Conv2d(last, image_shape[0], 3, 1, 1), nn.Tanh()],
        )
        return self._checkpointed(layers.apply(glorot))

    def trunk(self, image_shape: Shape) -> nn.Module:
        side = supported(image_shape)
        widths, place = [times * self.width for times in TRUNK[side]], self._place(side)
        blocks = [first_down(image_shape[0], widths[0]), *attention_at(place, side // 2, widths[0])]
        for depth, (before, after) in enumerate(pairwise(widths), start=2):
            if depth <= HALVINGS[side]:
                blocks += [down(before, after), *attention_at(place, side // 2**depth, after)]
            else:
                blocks += [same(before, after)]
        return self._checkpointed(nn.Sequential(*blocks, nn.ReLU(), SumPool()))

    def initialise(self, layer: nn.Module) -> None:
        glorot(layer)

    def _place(self, image_side: int) -> int:
        return attended_side(self.attention, [side for side in (8, 16, 32) if side < image_side])

    def _checkpointed(self, layers: nn.Sequential) -> nn.Sequential:
        for layer in layers:
            if isinstance(layer, Block):
                layer.checkpointed = self.activation_checkpointing
        return layers


def up(before: int, after: int) -> Block:
    grow = nn.Upsample(scale_factor=2)
    head = [nn.BatchNorm2d(before), nn.ReLU(), grow, nn.Conv2d(before, after, 3, 1, 1)]
    tail = [nn.BatchNorm2d(after), nn.ReLU(), nn.Conv2d(after, after, 3, 1, 1)]
    return Block([*head, *tail], [grow, nn.Conv2d(before, after, 1)])


def same(before: int, after: int) -> Block:
    return Block(two_convolutions(before, after), [])


def down(before: int, after: int) -> Block:
    pool = nn.AvgPool2d(2)
    return Block([*two_convolutions(before, after), pool], [nn.Conv2d(before, after, 1), pool])


def first_down(before: int, after: int) -> Block:
    """The block that reads the image, which must not pass a ReLU first."""
    pool = nn.AvgPool2d(2)
    _, *residual = two_convolutions(before, after)
    return Block([*residual, pool], [pool, nn.Conv2d(before, after, 1)])


def two_convolutions(before: int, after: int) -> list[nn.Module]:
    first, second = nn.Conv2d(before, after, 3, 1, 1), nn.Conv2d(after, after, 3, 1, 1)
    return [nn.ReLU(), first, nn.ReLU(), second]


def supported(image_shape: Shape) -> int:
    """The side of the images, if the paper has a network for it.

    Raises:
        UserError: If it has none.
    """
    refuse_if(
        len(image_shape) != 3 or image_shape[1] != image_shape[2] or image_shape[1] not in TRUNK,
        "network=resnet makes square images of 32 or 64 px, and the data has shape "
        f"{tuple(image_shape)}: set data.image_size=32, or choose network=dcgan.",
    )
    return image_shape[1]


def glorot(layer: nn.Module) -> None:
    """Glorot uniform, with a gain of sqrt(2) on 3x3 convolutions as in the authors' code."""
    if isinstance(layer, nn.Linear | nn.Conv2d):
        square = isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3)
        nn.init.xavier_uniform_(layer.weight, gain=2**0.5 if square else 1.0)
        zero_bias(layer)
