from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import ClassVar, NamedTuple, get_args, get_type_hints

import torch
from torch import Tensor, nn

from ganzoo.error import refuse_if
from ganzoo.processes import mean_over_processes
from ganzoo.settings.recorded import Recorded
from ganzoo.shape import Shape


@dataclass(frozen=True, kw_only=True)
class Network(Recorded, ABC):
    """A generator and a discriminator's trunk, which know nothing of the condition but its width.

    Args:
        spectral_norm: Divide every weight of the discriminator, its head's too, by its spectral
            norm, one power iteration a pass (Miyato et al. 2018, https://arxiv.org/abs/1802.05957).
        minibatch_std: Show the discriminator's head how much the features vary over the batch
            (Karras et al. 2018, section 3, https://arxiv.org/abs/1710.10196).
        packing: How many images the discriminator judges together
            (PacGAN, Lin et al. 2018, https://arxiv.org/abs/1712.04086).

    Attributes:
        activation: The layers of the trunk whose outputs are read as features.
    """

    spectral_norm: bool = False
    minibatch_std: bool = False
    packing: int = 1

    activation: ClassVar[type[nn.Module]] = nn.LeakyReLU

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in fields(self):
            kind, size = hints[field.name], getattr(self, field.name)
            least = 0 if field.default == 0 else 1
            refuse_if(
                int in (kind, *get_args(kind)) and isinstance(size, int) and size < least,
                f"network.{field.name} is a size and must be at least {least}, got {size}: "
                f"type network.{field.name}={field.default or 64}.",
            )

    @abstractmethod
    def generator(self, latent_dim: int, condition_dim: int, image_shape: Shape) -> nn.Module:
        """Build (N, latent_dim), (N, condition_dim) -> (N, *image_shape)."""

    def initialise(self, layer: nn.Module) -> None:
        """Draw the first weights of a layer of the discriminator or its head; here torch's."""

    @abstractmethod
    def trunk(self, image_shape: Shape) -> nn.Module:
        """Build (N, *image_shape) -> (N, features).

        Raises:
            UserError: If the network cannot read images of this shape.
        """


class Joined(nn.Sequential):
    """Layers that read the noise and the condition as one vector."""

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:  # type: ignore[override]
        both = torch.cat([latent, condition], dim=1)
        images: Tensor = super().forward(both)  # type: ignore[no-untyped-call]
        return images


def zero_bias(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Set the bias, if the layer has one, to zero."""
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


Generator = Callable[[Tensor, Tensor], Tensor]  # (N, L), (N, K) -> (N, C, H, W)


class Style(NamedTuple):
    """What a generator's images depend on smoothly: its w, or its noise if it has none."""

    vector: Tensor  # (N, S)
    mean: Tensor  # (S,) or (N, S): where the vectors lie on average
    draw: Callable[[Tensor], Tensor]  # (N, S) -> images (N, C, H, W)


def style_of(generator: Generator, latent: Tensor, condition: Tensor) -> Style:
    """The style of images that a generator would make of (N, L) noise and (N, K) conditions.

    A generator that maps the noise to a w has a method ``style`` of the latter two arguments.
    """
    own = getattr(generator, "style", None)
    if own is None:
        mean = torch.zeros_like(latent)
        return Style(latent, mean, lambda vector: generator(vector, condition))
    style: Style = own(latent, condition)
    return style


def draw_images(
    generator: Generator, latent: Tensor, condition: Tensor, truncation: float = 1.0
) -> Tensor:
    """Make images, with styles that much of the way from their mean: (N, C, H, W) float32.

    Karras et al. 2019, appendix B, https://arxiv.org/abs/1812.04948
    """
    style = style_of(generator, latent, condition)
    return style.draw(torch.lerp(style.mean, style.vector, truncation)).float()


class MinibatchStd(nn.Module):
    """One more feature: the standard deviation over the batch, averaged over the features.

    In training the batch is that of all processes.
    """

    def forward(self, features: Tensor) -> Tensor:
        mean = self._mean(features)
        variance = self._mean((features - mean).square())
        # The root's slope is infinite where all features are alike.
        deviation = variance.clamp(min=1e-16).sqrt() * (variance > 0)
        spread = deviation.mean().expand(len(features), 1)
        return torch.cat([features, spread], dim=1)

    def _mean(self, features: Tensor) -> Tensor:
        mean = features.mean(0)
        return mean_over_processes(mean) if self.training else mean
