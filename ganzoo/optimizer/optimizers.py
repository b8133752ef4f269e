from collections.abc import Callable
from typing import NamedTuple

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class Optimizers(NamedTuple):
    """How each player steps; two learning rates are the two time-scale update rule.

    Heusel et al. 2017, https://arxiv.org/abs/1706.08500

    Args:
        generator: Builds the optimizer from the generator's parameters.
        discriminator: Builds the optimizer from the discriminator's parameters.
        schedule: Builds a schedule from either optimizer; it moves once a generator step.
        unrolled_steps: How many steps of the discriminator the generator looks ahead when it steps
            (Metz et al. 2017, https://arxiv.org/abs/1611.02163).
        clip_norm: Largest norm of each player's gradient; None leaves it as it is.
    """

    generator: Callable[..., Optimizer]
    discriminator: Callable[..., Optimizer]
    schedule: Callable[[Optimizer], LRScheduler] | None = None
    unrolled_steps: int = 0
    clip_norm: float | None = None
