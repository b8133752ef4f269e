"""torch's optimizers with the settings that the field starts from."""

from collections.abc import Callable
from functools import partial

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LinearLR, LRScheduler

Builder = Callable[..., Optimizer]


def adam(lr: float = 2e-4, betas: tuple[float, float] = (0.5, 0.999)) -> Builder:
    """Adam as DCGAN has it (Radford et al. 2016, section 4)."""
    return partial(torch.optim.Adam, lr=lr, betas=betas, fused=True)


def rmsprop(lr: float = 5e-5) -> Builder:
    """RMSprop as WGAN has it (Arjovsky et al. 2017, algorithm 1)."""
    return partial(torch.optim.RMSprop, lr=lr)


def sgd(lr: float = 0.1, momentum: float = 0.5) -> Builder:
    """Momentum SGD as the first GAN has it (Goodfellow et al. 2014, authors' code)."""
    return partial(torch.optim.SGD, lr=lr, momentum=momentum)


def falling(steps: int = 2000, to: float = 0.1) -> Callable[[Optimizer], LRScheduler]:
    """Rates that fall linearly to a share of what they were, and stay there: fast, then steady."""
    return partial(LinearLR, start_factor=1.0, end_factor=to, total_iters=steps)
