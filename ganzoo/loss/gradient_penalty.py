"""Penalties on the slope of D, that is the gradient of its score with respect to the image."""

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from ganzoo.loss.base import Loss, Turn
from ganzoo.network import Critique, Judge
from ganzoo.schedule import Number


def scored_slope(
    discriminator: Judge, images: Tensor, condition: Tensor
) -> tuple[Critique, Tensor]:
    """Judge images, and take the gradient of each score at its images, both in float32.

    Returns:
        The critique, and slopes that can be differentiated again: (N / packing, C * H * W).
    """
    # The gradient's gradient overflows half precision.
    with torch.autocast(images.device.type, enabled=False):
        # Images of the generator's turn, or of one that it looks ahead to, have a gradient to it.
        images = (
            images.float() if images.requires_grad else images.detach().float().requires_grad_()
        )
        critique = discriminator(images, condition)
        (gradient,) = torch.autograd.grad(critique.score.sum(), images, create_graph=True)
    return critique, gradient.reshape(len(critique.score), -1)


def slope(discriminator: Judge, images: Tensor, condition: Tensor) -> Tensor:
    """Gradient of each score at its images, in float32: (N, C, H, W) -> (N / packing, …)."""
    return scored_slope(discriminator, images, condition)[1]


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


def slope_of(judged: Sequence[Critique]) -> Tensor:
    """The slopes in the very passes that gave the verdicts: (places * N / packing, …)."""
    scores, images = ([getattr(each, name) for each in judged] for name in ("score", "images"))
    gradients = torch.autograd.grad([each.sum() for each in scores], images, create_graph=True)
    return torch.cat([each.reshape(len(scores[0]), -1) for each in gradients])


def slope_anew(discriminator: Judge, judged: Sequence[Critique]) -> Tensor:
    """The slopes in another pass, one for all places: (places * N / packing, …)."""
    images, condition = (
        torch.cat([getattr(each, name) for each in judged]) for name in ("images", "condition")
    )
    return slope(discriminator, images, condition)


class ZeroCentredPenalty(SlopePenalty):
    """Wants no slope at some of the turn's images.

    Mescheder et al. 2018, equation 9, https://arxiv.org/abs/1801.04406

    Args:
        weight: The paper's gamma; the penalty is half of it times the mean squared slope.
    """

    needs_slopes = True

    def for_discriminator(self, turn: Turn) -> Tensor:
        places = self.places(turn)
        gradient = slope_of(places) if turn.has_slopes else slope_anew(turn.discriminator, places)
        return 0.5 * float(self.weight) * len(places) * gradient.square().sum(1).mean()

    @abstractmethod
    def places(self, turn: Turn) -> Sequence[Critique]:
        """The images; the penalties of several are summed."""


class R1(ZeroCentredPenalty):
    """Wants no slope at real images.

    Mescheder et al. 2018, equation 9, https://arxiv.org/abs/1801.04406

    Args:
        weight: The paper's gamma; the penalty is half of it times the mean squared slope.
    """

    def places(self, turn: Turn) -> Sequence[Critique]:
        return [turn.real]


class R2(ZeroCentredPenalty):
    """Wants no slope at generated images.

    Mescheder et al. 2018, equation 10, https://arxiv.org/abs/1801.04406

    Args:
        weight: The paper's gamma; the penalty is half of it times the mean squared slope.
    """

    def places(self, turn: Turn) -> Sequence[Critique]:
        return [turn.fake]


class R1R2(ZeroCentredPenalty):
    """Wants no slope at real and at generated images, as R3GAN does.

    Huang et al. 2024, section 3, https://arxiv.org/abs/2501.05441. In half precision D judges both
    once more, in one pass, so that ``network.minibatch_std`` is over both there.

    Args:
        weight: Gamma of either; each penalty is half of it times the mean squared slope.
    """

    def places(self, turn: Turn) -> Sequence[Critique]:
        return [turn.real, turn.fake]
