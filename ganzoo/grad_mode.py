"""Modules without gradients for a while, and restored to what they were."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Compute no gradients of the module's weights; gradients still pass through to its input.

    Weights that required no gradient before still require none afterwards.
    """
    trained = [weight for weight in module.parameters() if weight.requires_grad]
    for weight in trained:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in trained:
            weight.requires_grad_(True)


@contextmanager
def eval_mode(module: nn.Module) -> Iterator[None]:
    """Run without gradients, dropout or batch statistics, then return to the mode from before."""
    was_training = module.training
    try:
        with torch.no_grad():
            module.eval()
            yield
    finally:
        module.train(was_training)
