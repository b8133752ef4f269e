from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo.condition import Condition
from ganzoo.error import refuse_if
from ganzoo.network.base import MinibatchStd, Network
from ganzoo.shape import Shape

Module = TypeVar("Module", bound=nn.Module)


class Critique(NamedTuple):
    """What passes from the discriminator to the losses: images and the verdict on them."""

    images: Tensor  # (N, C, H, W) in [-1, 1]
    condition: Tensor  # (N, K); K = 0 when the generator is told nothing
    score: (
        Tensor  # (N / packing,), or (N / packing, S) for S verdicts; float32, higher is more real
    )
    log_q: Tensor  # (N, factors) of the condition as the head guesses it; (N, 0) if it does not
    log_p: Tensor  # (N, factors) of the condition before the image is seen
    features: Tensor  # (N / packing, F) that the trunk saw in the image


Judge = Callable[[Tensor, Tensor], Critique]  # a discriminator, or one foreseen


class Discriminator(nn.Module):
    """A trunk that reads the image and a head that judges it, after an augmentation in training.

    Args:
        image_shape: (C, H, W) of the images, in [-1, 1].
        condition: What the head may be told or must guess.
        network: Builds the trunk.
        head: Builds the head from the trunk's number of features and the condition's width.
        per_sample: Tie no score to other images of the batch: layer norm in place of batch norm.
        augmentation: Changes the images that are judged in training, (N, C, H, W) -> (N, C, H, W).
    """

    augmentation: Any

    def __init__(
        self,
        image_shape: Shape,
        condition: Condition,
        network: Network,
        head: Callable[[int, int], nn.Module],
        per_sample: bool = False,
        augmentation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.condition = condition
        self.packing, self.activation = network.packing, network.activation
        self.augmentation = deepcopy(augmentation or nn.Identity())  # with a state of its own
        pack_shape = (image_shape[0] * network.packing, *image_shape[1:])
        self.trunk = network.trunk(pack_shape)
        features = trunk_width(self.trunk, pack_shape)
        self.spread = MinibatchStd() if network.minibatch_std else nn.Identity()
        self.head = head(features + network.minibatch_std, condition.dim * network.packing)
        self.apply(network.initialise)
        if network.spectral_norm:
            self.apply(normalise_spectrum)
        if per_sample:
            without_batch_norm(self)

    def forward(self, images: Tensor, condition: Tensor) -> Critique:
        """Judge (N, C, H, W) images drawn under (N, K) conditions."""
        features = self.features(self.augmentation(images))
        score, guess = self._judge(features, condition)
        log_q = self.condition.log_posterior(guess, condition) if guess.shape[1] else guess
        log_p = self.condition.log_prior(condition)
        return Critique(images, condition, score, log_q, log_p, features)

    def guess(self, images: Tensor) -> Tensor:
        """The condition as the head guesses it: (N, C, H, W) -> (N, K), logits or means."""
        unknown = images.new_zeros(len(images), self.condition.dim)
        return self._judge(self.features(images), unknown)[1]

    def features(self, images: Tensor) -> Tensor:
        """What the trunk sees in the images: (N, C, H, W) -> (N / packing, features)."""
        features: Tensor = self.trunk(self._pack(images))
        return features

    def activations(self, images: Tensor) -> list[Tensor]:
        """The outputs of the trunk's non-linearities, from the image inwards."""
        outputs: list[Tensor] = []
        hooks = [
            layer.register_forward_hook(lambda *call: outputs.append(call[2]))
            for layer in self.trunk.modules()
            if isinstance(layer, self.activation)
        ]
        try:
            self.features(images)
        finally:
            for hook in hooks:
                hook.remove()
        return outputs

    def _judge(self, features: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        known = condition.reshape(len(features), condition.shape[1] * self.packing)
        score, guess = self.head(self.spread(features), known)
        width = guess.shape[1] // self.packing
        return score.float(), guess.float().reshape(len(condition), width)

    def _pack(self, images: Tensor) -> Tensor:
        refuse_if(
            len(images) % self.packing,
            f"network.packing={self.packing} judges that many images together, and a batch of "
            f"{len(images)} does not divide by it: set data.batch_size to a multiple.",
        )
        channels, *rest = images.shape[1:]
        return images.reshape(-1, channels * self.packing, *rest)


def pooled_features(judge: Discriminator, images: Tensor, layer: int | None) -> Tensor:
    """Activations of one layer, or of every convolution, as vectors: (N, C, H, W) -> (N, F).

    Maps are max-pooled to a 4x4 grid. A trunk without convolutions gives its output.

    Raises:
        UserError: If there is no such layer.
    """
    activations = judge.activations(images)
    refuse_if(
        layer is not None and not 0 <= layer < len(activations),
        f"this discriminator has {len(activations)} activations, counted from 0, and no "
        f"layer={layer}: type another, or null for all convolutions.",
    )
    convolutions = [maps for maps in activations if maps.ndim == 4]
    chosen = convolutions if layer is None else [activations[layer]]
    return torch.cat(
        [
            adaptive_max_pool2d(maps, 4).flatten(1) if maps.ndim == 4 else maps
            for maps in chosen or [judge.features(images)]
        ],
        dim=1,
    )


@torch.no_grad()
def trunk_width(trunk: nn.Module, image_shape: Shape) -> int:
    """Number of features a trunk makes of one image."""
    was_training = trunk.training
    features: Tensor = trunk.eval()(torch.zeros(1, *image_shape))
    trunk.train(was_training)
    return features.shape[1]


def normalise_spectrum(layer: nn.Module) -> None:
    """Divide the weight of a linear or convolutional layer by its spectral norm."""
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
