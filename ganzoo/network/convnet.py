from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from ganzoo.error import refuse_if
from ganzoo.network.attention import attended_side, attention_at
from ganzoo.network.base import Joined, Network, zero_bias
from ganzoo.shape import Shape

STD = 0.02  # of the first weights (section 4)


@dataclass(frozen=True, kw_only=True)
class ConvNet(Network):
    """DCGAN's strided convolutions in both players, no pooling (Radford et al. 2016, section 3).

    https://arxiv.org/abs/1511.06434

    The image side is halved until it lies between 4 and 7, and the width doubles each time.

    Args:
        width: Channels of the layer next to the image; by default the paper's 128 from 64 px up
            and its authors' 64 (their MNIST code) below.
        hidden: Units of a fully connected layer between the vector and the convolutions of both
            players; 0 for none, as in the paper. InfoGAN has 1024.
        slope: Of the discriminator's leaky ReLU.
        batch_norm: Use it in both players, but for G's output and D's input.
        unit_norm: Normalise each unit of the layer that feeds G's convolutions on its own, as the
            authors' code for MNIST does, and not over the places of its channel.
        discriminator_norm: Use batch norm in the discriminator too.
        output_std: Standard deviation of the first weights of G's last layer. From the paper's 0.02
            all images start alike, and a fast G may run into one saturated image.
        attention: Side of the feature map with self-attention in both players
            (Zhang et al. 2019, https://arxiv.org/abs/1805.08318); 0 for none, None for a
            quarter of the image side.
    """

    width: int | None = None
    hidden: int = 0
    slope: float = 0.2
    batch_norm: bool = True
    unit_norm: bool = True
    discriminator_norm: bool = True
    output_std: float = STD
    attention: int | None = 0

    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        widths, side, place = self._plan(image_shape)
        widths, before = widths[::-1], latent_dim + condition_dim
        layers: list[nn.Module] = []
        if self.hidden:
            layers += [nn.Linear(before, self.hidden), *self._norm1d(self.hidden), nn.ReLU()]
            before = self.hidden
        units = widths[0] * side * side
        unflatten = nn.Unflatten(1, (-1, side, side))
        layers += [nn.Linear(before, units)]
        if self.unit_norm:
            layers += [*self._norm1d(units), unflatten]
        else:
            layers += [unflatten, *self._norm2d(widths[0])]
        for wide, narrow in pairwise(widths):
            layers += [nn.ReLU(), *attention_at(place, side, wide)]
            layers += [nn.ConvTranspose2d(wide, narrow, 4, 2, 1), *self._norm2d(narrow)]
            side *= 2
        last = nn.ConvTranspose2d(widths[-1], image_shape[0], 4, 2, 1)
        layers += [nn.ReLU(), *attention_at(place, side, widths[-1]), last, nn.Tanh()]
        generator = Joined(*layers).apply(gaussian)
        last.weight.data *= self.output_std / STD
        return generator

    def trunk(self, image_shape: Shape) -> nn.Module:
        widths, _, place = self._plan(image_shape)
        act, side = nn.LeakyReLU(self.slope), image_shape[1] // 2
        layers: list[nn.Module] = [nn.Conv2d(image_shape[0], widths[0], 4, 2, 1), act]
        layers += attention_at(place, side, widths[0])
        for narrow, wide in pairwise(widths):
            norm = self._norm2d(wide) * self.discriminator_norm
            side //= 2
            layers += [nn.Conv2d(narrow, wide, 4, 2, 1), *norm, act]
            layers += attention_at(place, side, wide)
        layers += [nn.Flatten()]
        if self.hidden:
            norm = self._norm1d(self.hidden) * self.discriminator_norm
            layers += [nn.Linear(widths[-1] * side * side, self.hidden), *norm, act]
        return nn.Sequential(*layers)

    def initialise(self, layer: nn.Module) -> None:
        gaussian(layer)

    def _plan(self, image_shape: Shape) -> tuple[list[int], int, int]:
        """Channels from the image inwards, the innermost side, and where attention is."""
        side = halvable(image_shape)
        stages = (image_shape[1] // side).bit_length() - 1
        fitting = 128 if image_shape[1] >= 64 else 64
        width = fitting if self.width is None else self.width
        place = attended_side(self.attention, [side * 2**stage for stage in range(stages)])
        return [width * 2**stage for stage in range(stages)], side, place

    def _norm1d(self, width: int) -> list[nn.Module]:
        return [nn.BatchNorm1d(width)] * self.batch_norm

    def _norm2d(self, width: int) -> list[nn.Module]:
        return [nn.BatchNorm2d(width)] * self.batch_norm


def halvable(image_shape: Shape, network: str = "dcgan") -> int:
    """The side between 4 and 7 that the image side halves down to.

    Args:
        image_shape: (C, H, W) of the images.
        network: The name of the network that makes them.

    Raises:
        UserError: If there is none.
    """
    sides = {core * 2**stages: core for core in range(4, 8) for stages in range(1, 10)}
    refuse_if(
        len(image_shape) != 3 or image_shape[1] != image_shape[2] or image_shape[1] not in sides,
        f"network={network} makes square images whose side halves down to 4, 5, 6 or 7 (8, 28, 32, "
        f"48, 64, 128 …), and the data has shape {tuple(image_shape)}: set data.image_size=32, "
        "or choose network=mlp.",
    )
    return sides[image_shape[1]]


def gaussian(layer: nn.Module) -> None:
    """Gaussian weights, std 0.02 (section 4; the gains of batch norm as in the authors' code)."""
    if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, STD)
        zero_bias(layer)
    elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, STD)
