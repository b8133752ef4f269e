"""Penalties on the slope of D, that is the gradient of its score with respect to the image."""

import torch
from torch import Tensor

from ganzoo.loss.base import Loss, Turn
from ganzoo.network import Judge
from ganzoo.schedule import Number


def slope(discriminator: Judge, images: Tensor, condition: Tensor) -> Tensor:
    """Gradient of each score at its images, in float32: (N, C, H, W) -> (N / packing, …)."""
    # The gradient's gradient overflows half precision.
    with torch.autocast(images.device.type, enabled=False):
        # Images of a foreseen turn have a gradient already, to the generator.
        images = (
            images.float() if images.requires_grad else images.detach().float().requires_grad_()
        )
        score = discriminator(images, condition).score
        (gradient,) = torch.autograd.grad(score.sum(), images, create_graph=True)
    return gradient.reshape(len(score), -1)


def mixing(turn: Turn) -> Tensor:
    """One uniform number per image or pack, shaped to multiply the images: (N, 1, 1, 1)."""
    images, packs = turn.real.images, len(turn.real.score)
    numbers = turn.draws.uniform(packs, *[1] * (images.ndim - 1))
    return numbers.repeat_interleave(len(images) // packs, dim=0)


def off_one(gradient: Tensor) -> Tensor:
    """Mean squared distance of the slopes from one: (N, D) -> scalar."""
    distance: Tensor = gradient.norm(dim=1) - 1
    return distance.square().mean()


class SlopePenalty(Loss):
    """A penalty on single images' slopes, weighted."""

    per_sample = True

    def __init__(self, weight: Number = 10.0) -> None:
        super().__init__()
        self.weight = weight


class GradientPenalty(SlopePenalty):
    """Wants slope one on the lines between real and fake images.

    Gulrajani et al. 2017, equation 3, https://arxiv.org/abs/1704.00028

    Args:
        weight: The paper's lambda.
    """

    def for_discriminator(self, turn: Turn) -> Tensor:
        between = torch.lerp(turn.fake.images.float(), turn.real.images, mixing(turn))
        gradient = slope(turn.discriminator, between, turn.real.condition)
        return float(self.weight) * off_one(gradient)


class DRAGAN(SlopePenalty):
    """Wants slope one around real images, disturbed by half their standard deviation.

    Kodali et al. 2017, https://arxiv.org/abs/1705.07215 (as in the authors' code)

    Args:
        weight: The paper's lambda.
    """

    def for_discriminator(self, turn: Turn) -> Tensor:
        images = turn.real.images
        disturbance = 0.5 * images.std() * turn.draws.uniform(*images.shape)
        gradient = slope(
            turn.discriminator, images + mixing(turn) * disturbance, turn.real.condition
        )
        return float(self.weight) * off_one(gradient)


class R1(SlopePenalty):
    """Wants no slope at real images.

    Mescheder et al. 2018, equation 9, https://arxiv.org/abs/1801.04406

    Args:
        weight: The paper's gamma; the penalty is half of it times the mean squared slope.
    """

    def for_discriminator(self, turn: Turn) -> Tensor:
        gradient = slope(turn.discriminator, turn.real.images, turn.real.condition)
        return 0.5 * float(self.weight) * gradient.square().sum(1).mean()
