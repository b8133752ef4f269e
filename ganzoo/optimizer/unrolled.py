"""The discriminator as it will be some steps from now, as a function of the generator."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import pad
from torch.optim import Optimizer

from ganzoo.processes import mean_over_processes

Player = Callable[..., Any]
State = dict[str, Tensor]
# Every weight starts at a multiple of so many numbers, 64 bytes: MKL promises equal rounding from
# run to run only for matrices that do.
ALIGNMENT = 16


def unrolled(
    player: nn.Module, optimizer: Optimizer, loss: Callable[[Player], Tensor], steps: int
) -> Player:
    """Let a player take steps that leave its weights and its optimizer as they are.

    The result is called as the player is; gradients flow through the steps to whatever the loss
    depends on. Metz et al. 2017, equations 7 to 9, https://arxiv.org/abs/1611.02163: the
    generator's loss under the discriminator that will have answered it. Every step follows the mean
    slope over all processes, as its real counterpart does.

    Args:
        player: Whose weights the optimizer holds, all in one group.
        optimizer: How the player steps; it must know torch's ``differentiable`` option.
        loss: What the player, called in place of the module, would minimise at every step.
        steps: How many; 0 gives the player itself.
    """
    if not steps:
        return player
    weights = end_to_end(each.detach() for each in player.parameters()).requires_grad_()
    state = joined_state(player, optimizer)
    for _ in range(steps):
        at_hand = loss(with_weights(player, weights))
        (slope,) = torch.autograd.grad(at_hand, weights, create_graph=True)
        weights, state = stepped(optimizer, weights, mean_over_processes(slope), state)
    return with_weights(player, weights)


def with_weights(player: nn.Module, weights: Tensor) -> Player:
    """The player with other weights, all in one vector; its buffers stay as they are."""
    named = dict(player.named_parameters())
    parts = torch.split(
        weights, [each.numel() + -each.numel() % ALIGNMENT for each in named.values()]
    )
    tensors = {
        name: part[: like.numel()].view_as(like)
        for (name, like), part in zip(named.items(), parts, strict=True)
    }
    buffers = {name: buffer.clone() for name, buffer in player.named_buffers()}
    return lambda *inputs: functional_call(player, tensors | buffers, inputs)


def joined_state(player: nn.Module, optimizer: Optimizer) -> State:
    """What the optimizer remembers of every weight, as one vector for each kind of memory."""
    memories = [optimizer.state.get(each, {}) for each in player.parameters()]
    tensors = {kind: value for kind, value in memories[0].items() if isinstance(value, Tensor)}
    return {
        kind: end_to_end(each[kind] for each in memories) if value.ndim else value
        for kind, value in tensors.items()
    }


def end_to_end(tensors: Iterable[Tensor]) -> Tensor:
    """All numbers in one vector, each tensor filled up with zeros to a multiple of ALIGNMENT."""
    flat = (each.flatten() for each in tensors)
    return torch.cat([pad(each, (0, -len(each) % ALIGNMENT)) for each in flat])


def stepped(
    optimizer: Optimizer, weights: Tensor, slope: Tensor, state: State
) -> tuple[Tensor, State]:
    """One step as the optimizer would take it, but differentiable and on copies."""
    moved = weights.clone()
    moved.retain_grad()
    moved.grad = slope
    options = {"differentiable": True, "foreach": False, "fused": False}
    kind: Callable[..., Optimizer] = type(optimizer)
    twin = kind([moved], **{k: options.get(k, v) for k, v in optimizer.defaults.items()})
    present = {k: v for k, v in optimizer.param_groups[0].items() if k not in {"params", *options}}
    twin.param_groups[0].update(present)
    # Adam divides by the root of a mean square, whose slope at 0 is infinite.
    twin.state[moved] = {k: v + 1e-30 if v.ndim else v.clone() for k, v in state.items()}
    twin.step()
    return moved, twin.state[moved]
