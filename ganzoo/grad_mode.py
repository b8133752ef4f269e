"""Networks set aside for a while, and put back as they were."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Spare the module's weight gradients; gradients still pass through to its input."""
    module.requires_grad_(False)
    try:
        yield
    finally:
        module.requires_grad_(True)


@contextmanager
def eval_mode(module: nn.Module) -> Iterator[None]:
    """Without gradients, dropout or batch statistics, and back to the mode from before."""
    was_training = module.training
    try:
        with torch.no_grad():
            module.eval()
            yield
    finally:
        module.train(was_training)
