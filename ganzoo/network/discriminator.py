from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo.condition import Condition
from ganzoo.error import UserError
from ganzoo.network.base import MinibatchStd, Network
from ganzoo.shape import Shape

Module = TypeVar("Module", bound=nn.Module)


class Critique(NamedTuple):
    """What passes from the discriminator to the losses: images and the verdict on them."""

    images: Tensor  # (N, C, H, W) in [-1, 1]
    condition: Tensor  # (N, K); K = 0 when the generator is told nothing
    score: Tensor  # (N / packing,) float32, unnormalised; higher means more real
    log_q: Tensor  # (N, factors) of the condition as the head guesses it; (N, 0) if it does not
    log_p: Tensor  # (N, factors) of the condition before the image is seen


Judge = Callable[[Tensor, Tensor], Critique]  # a discriminator, or one foreseen


class Discriminator(nn.Module):
    """A trunk that reads the image and a head that judges it.

    Args:
        image_shape: (C, H, W) of the images, in [-1, 1].
        condition: What the head may be told or must guess.
        network: Builds the trunk.
        head: Builds the head from the trunk's number of features and the condition's width.
        per_sample: Tie no score to other images of the batch: layer norm in place of batch norm.
    """

    def __init__(
        self,
        image_shape: Shape,
        condition: Condition,
        network: Network,
        head: Callable[[int, int], nn.Module],
        per_sample: bool = False,
    ) -> None:
        super().__init__()
        self.condition = condition
        self.packing = network.packing
        pack_shape = (image_shape[0] * network.packing, *image_shape[1:])
        self.trunk = network.trunk(pack_shape)
        features = width(self.trunk, pack_shape)
        self.spread = MinibatchStd() if network.minibatch_std else nn.Identity()
        self.head = head(features + network.minibatch_std, condition.dim * network.packing)
        self.apply(network.initialise)
        if network.spectral_norm:
            self.apply(normalise_spectrum)
        if per_sample:
            without_batch_norm(self)

    def forward(self, images: Tensor, condition: Tensor) -> Critique:
        """Judge (N, C, H, W) images drawn under (N, K) conditions."""
        score, guess = self._judge(images, condition)
        log_q = self.condition.log_posterior(guess, condition) if guess.shape[1] else guess
        return Critique(images, condition, score, log_q, self.condition.log_prior(condition))

    def guess(self, images: Tensor) -> Tensor:
        """What the head takes the condition for: (N, C, H, W) -> (N, K), logits or means."""
        return self._judge(images, images.new_zeros(len(images), self.condition.dim))[1]

    def features(self, images: Tensor) -> Tensor:
        """What the trunk sees in the images: (N, C, H, W) -> (N / packing, features)."""
        features: Tensor = self.trunk(self._pack(images))
        return features

    def _judge(self, images: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        features = self.spread(self.features(images))
        told = condition.reshape(len(features), condition.shape[1] * self.packing)
        score, guess = self.head(features, told)
        return score.float(), guess.float().reshape(len(images), guess.shape[1] // self.packing)

    def _pack(self, images: Tensor) -> Tensor:
        if len(images) % self.packing:
            raise UserError(
                f"network.packing={self.packing} judges that many images together, and a batch of "
                f"{len(images)} does not divide by it: set data.batch_size to a multiple."
            )
        channels, *rest = images.shape[1:]
        return images.reshape(-1, channels * self.packing, *rest)


@torch.no_grad()
def width(trunk: nn.Module, image_shape: Shape) -> int:
    """Number of features a trunk makes of one image."""
    was_training = trunk.training
    features: Tensor = trunk.eval()(torch.zeros(1, *image_shape))
    trunk.train(was_training)
    return features.shape[1]


def normalise_spectrum(layer: nn.Module) -> None:
    if isinstance(layer, nn.Linear | nn.Conv2d) and layer.weight.numel():
        spectral_norm(layer)


def without_batch_norm(module: Module) -> Module:
    """Swap batch norm for layer norm, which ties no sample's gradient to another's.

    Gulrajani et al. 2017, section 4, https://arxiv.org/abs/1704.00028
    """
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
            setattr(module, name, nn.GroupNorm(1, child.num_features))
        else:
            without_batch_norm(child)
    return module
