"""Activations that are computed again in the backward pass and not kept until then."""

from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.checkpoint import checkpoint


def recomputed(module: nn.Module, x: Tensor) -> Tensor:
    """Call a module without keeping what lies between its input and its output.

    Chen et al. 2016, https://arxiv.org/abs/1604.06174. The second call sees weights and buffers as
    the first did: batch norm counts a batch once, and spectral norm divides by the same number even
    if the module has been called again in between.

    Args:
        module: Of one input.
        x: Its input.
    """
    weights = dict(module.named_parameters())
    before = {name: each.clone() for name, each in module.named_buffers()}

    def call(x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        after = {name: each.clone() for name, each in before.items()}
        return functional_call(module, weights | after, (x,)), after

    y, after = checkpoint(call, x, use_reentrant=False)
    for name, buffer in module.named_buffers():
        buffer.copy_(after[name])
    return y
