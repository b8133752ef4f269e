from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from ganzoo.error import refuse_if
from ganzoo.network.attention import attended_side, attention_at
from ganzoo.network.base import Network, zero_bias
from ganzoo.network.conditional_norm import ConditionalBlock, Told, norm_told
from ganzoo.network.convnet import halvable
from ganzoo.network.discriminator import normalise_spectrum
from ganzoo.network.resnet import Block, SumPool, down, first_down, same
from ganzoo.shape import Shape

WIDEST = 16  # times the width


class ToldGenerator(nn.Module):
    """Blocks that are told the condition, and perhaps a part of the noise each.

    Args:
        embed: The condition as the blocks are told it, (N, K) -> (N, E).
        first: The first chunk of the noise -> a feature map.
        blocks: Feature map, (N, E + width of their chunk) -> feature map.
        last: Feature map -> images.
        chunks: Widths that the noise is split into, one for the first layer and one for each block.
    """

    def __init__(
        self,
        embed: nn.Module,
        first: nn.Module,
        blocks: Sequence[Told],
        last: nn.Module,
        chunks: Sequence[int],
    ) -> None:
        super().__init__()
        self.embed, self.first, self.last = embed, first, last
        self.blocks, self.chunks = nn.ModuleList(blocks), list(chunks)

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        shared = self.embed(condition)
        own, *chunks = torch.split(latent, self.chunks, dim=1)
        maps: Tensor = self.first(own)
        for block, chunk in zip(self.blocks, chunks, strict=True):
            maps = block(maps, torch.cat([shared, chunk], dim=1))
        images: Tensor = self.last(maps)
        return images


@dataclass(frozen=True, kw_only=True)
class ConditionalResNet(Network):
    """A residual pair whose generator reads the condition in its batch norms, and nowhere else.

    Miyato & Koyama 2018 (https://arxiv.org/abs/1802.05637); with spectral norm in both players and
    attention the pair of SAGAN (Zhang et al. 2019, https://arxiv.org/abs/1805.08318), with a shared
    embedding and a hierarchy too that of BigGAN (Brock et al. 2019, appendix B,
    https://arxiv.org/abs/1809.11096). The image side is halved until it lies between 4 and 7, and
    the width doubles each time, up to 16 times: at 128 px these are the layers of all three. The
    first weights are orthogonal, as BigGAN's. Without a condition batch norm is plain, or reads
    the noise alone.

    Args:
        width: Channels of the layer next to the image; BigGAN has 96, the others 64.
        embedding: Numbers that the condition is mapped to before all norms read it; 0 for the
            condition as it is. BigGAN has 128.
        hierarchical: Split the noise: a chunk for the first layer, and one for each block's norms.
        attention: Side of the feature map with self-attention in both players; 0 for none, None for
            a quarter of the image side.
        generator_spectral_norm: Divide the generator's weights by their spectral norms too, but for
            those that tell the norms the condition, which they would leave hardly any weight.
    """

    width: int = 8
    embedding: int = 0
    hierarchical: bool = False
    attention: int | None = 0
    generator_spectral_norm: bool = False

    activation: ClassVar[type[nn.Module]] = Block

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        side, widths, place = self._plan(image_shape)
        first, *chunks = self._chunks(latent_dim, len(widths))
        embed = self._embedding(condition_dim)
        told = condition_dim and (self.embedding or condition_dim)
        flat = nn.Linear(first, widths[0] * side * side)
        start = [flat, nn.Unflatten(1, (-1, side, side)), *attention_at(place, side, widths[0])]
        blocks = []
        for (before, after), chunk in zip(pairwise(widths), chunks, strict=True):
            side *= 2
            grown = conditional_up(before, after, told + chunk)
            blocks += [Told(grown, *attention_at(place, side, after))]
        image = nn.Conv2d(after, image_shape[0], 3, 1, 1)
        last = nn.Sequential(nn.BatchNorm2d(after), nn.ReLU(), image, nn.Tanh())
        layers = ToldGenerator(embed, nn.Sequential(*start), blocks, last, [first, *chunks])
        weighty = [flat, *(each for each in layers.modules() if isinstance(each, nn.Conv2d))]
        layers.apply(orthogonal)
        for layer in weighty * self.generator_spectral_norm:
            normalise_spectrum(layer)
        return layers

    def trunk(self, image_shape: Shape) -> nn.Module:
        _, widths, place = self._plan(image_shape)
        widths, side = widths[:0:-1], image_shape[1] // 2
        layers = [first_down(image_shape[0], widths[0]), *attention_at(place, side, widths[0])]
        for before, after in pairwise(widths):
            side //= 2
            layers += [down(before, after), *attention_at(place, side, after)]
        layers += [same(widths[-1], widths[-1]), nn.ReLU(), SumPool()]
        return nn.Sequential(*layers)

    def initialise(self, layer: nn.Module) -> None:
        orthogonal(layer)

    def _plan(self, image_shape: Shape) -> tuple[int, list[int], int]:
        """The innermost side, the channels from there to the image, and where attention is."""
        core = halvable(image_shape, "conditional_resnet")
        stages = (image_shape[1] // core).bit_length() - 1
        widths = [self.width * min(2**stage, WIDEST) for stage in range(stages, -1, -1)]
        return core, widths, attended_side(self.attention, [core * 2**n for n in range(stages)])

    def _chunks(self, latent_dim: int, parts: int) -> list[int]:
        """How the noise is split: evenly, or all of it for the first layer."""
        refuse_if(
            self.hierarchical and latent_dim < parts,
            f"network.hierarchical=true splits the noise into {parts} chunks, and it has "
            f"{latent_dim} numbers: type latent.dim={20 * parts}, or network.hierarchical=false.",
        )
        whole = [latent_dim, *[0] * (parts - 1)]
        even = [(latent_dim + part) // parts for part in range(parts)]
        return even if self.hierarchical else whole

    def _embedding(self, condition_dim: int) -> nn.Module:
        embeds = self.embedding and condition_dim
        return nn.Linear(condition_dim, self.embedding, bias=False) if embeds else nn.Identity()


def conditional_up(before: int, after: int, told_dim: int) -> ConditionalBlock:
    """Double the side; the norms are told a vector."""
    grow = nn.Upsample(scale_factor=2)
    head = [norm_told(before, told_dim), nn.ReLU(), grow, nn.Conv2d(before, after, 3, 1, 1)]
    tail = [norm_told(after, told_dim), nn.ReLU(), nn.Conv2d(after, after, 3, 1, 1)]
    # A 1x1 convolution and nearest neighbours commute, and this order costs a quarter.
    return ConditionalBlock(Told(*head, *tail), nn.Sequential(nn.Conv2d(before, after, 1), grow))


def orthogonal(layer: nn.Module) -> None:
    """Orthogonal weights (Saxe et al. 2014, https://arxiv.org/abs/1312.6120), no bias at first."""
    if isinstance(layer, nn.Linear | nn.Conv2d):
        nn.init.orthogonal_(layer.weight)
        zero_bias(layer)
