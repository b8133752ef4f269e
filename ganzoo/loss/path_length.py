from math import sqrt

import torch
from torch import Tensor

from ganzoo.loss.base import Loss, Turn, check_decay
from ganzoo.network.base import style_of
from ganzoo.processes import mean_over_processes
from ganzoo.schedule import Number


class PathLength(Loss):
    """Wants a step of the style to change the image equally everywhere and in every direction.

    Karras et al. 2020, section 3.2, equation 4, https://arxiv.org/abs/1912.04958, at every step of
    G. The style is the w of networks that have one, and the noise of others; w is the same in all
    layers. Lengths are compared with their running mean over all processes.

    Args:
        weight: The paper's gamma_pl.
        decay: Share of the running mean that a step keeps, in [0, 1).

    Raises:
        UserError: If the share is out of range.
    """

    length: Tensor  # (): the running mean, from 0

    def __init__(self, weight: Number = 2.0, decay: float = 0.99) -> None:
        super().__init__()
        check_decay("path_length", decay)
        self.weight, self.decay = weight, decay
        self.register_buffer("length", torch.zeros(()))

    def for_generator(self, turn: Turn) -> Tensor:
        lengths = path_lengths(turn)
        with torch.no_grad():
            self.length.lerp_(mean_over_processes(lengths.mean()), 1 - self.decay)
        return float(self.weight) * (lengths - self.length).square().mean()


def path_lengths(turn: Turn) -> Tensor:
    """How much each image changes with its style, seen from a random direction: (N,).

    The norm of the style's gradient of the image times normal numbers, over the root of its places.
    """
    # The gradient's gradient overflows half precision.
    with torch.autocast(turn.latent.device.type, enabled=False):
        vector, _, draw = style_of(turn.generator, turn.latent, turn.condition)
        if not vector.requires_grad:
            vector = vector.detach().requires_grad_()
        images = draw(vector)
        change = (images * turn.draws.normal(*images.shape)).sum()
        (gradient,) = torch.autograd.grad(change, vector, create_graph=True)
    lengths: Tensor = gradient.norm(dim=1) / sqrt(images[0, 0].numel())
    return lengths
