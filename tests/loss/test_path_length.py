"""Path lengths of generators whose Jacobian is known."""

import pytest
import torch
from torch import nn

from ganzoo import model
from ganzoo.draws import Draws
from ganzoo.error import UserError
from ganzoo.loss import NonSaturating, PathLength, Turn
from ganzoo.network import StyleNet
from ganzoo.network.base import Joined

SIDE = 6


def turn_of(generator, rows=4, width=3):
    latent, condition = torch.randn(rows, width), torch.zeros(rows, 0)
    images = torch.zeros(rows, 1, SIDE, SIDE)
    return Turn(None, generator, images, images, latent, condition, Draws(0))


def test_a_linear_generators_lengths_are_those_of_its_matrix():
    """The gradient of y · W z at z is W^T y, whatever z is."""
    generator = Joined(nn.Linear(3, SIDE * SIDE), nn.Unflatten(1, (1, SIDE, SIDE)))
    loss, turn = PathLength(weight=5.0, decay=0.75), turn_of(generator)
    value = loss.for_generator(turn)
    direction = Draws(0).normal(4, 1, SIDE, SIDE).flatten(1)
    lengths = (direction @ generator[0].weight).norm(dim=1) / SIDE
    mean = lengths.mean() / 4
    torch.testing.assert_close(loss.length, mean.detach())
    torch.testing.assert_close(value, 5 * (lengths - mean.detach()).square().mean())
    (slope,) = torch.autograd.grad(value, generator[0].weight, retain_graph=True)
    (expected,) = torch.autograd.grad(
        5 * (lengths - mean.detach()).square().mean(), generator[0].weight
    )
    torch.testing.assert_close(slope, expected)
    assert turn.latent.grad is None
    assert not turn.latent.requires_grad


def test_the_length_of_a_rotation_is_the_root_of_its_width():
    """Of W with orthonormal columns W^T y is normal; its mean square is its width over places."""
    generator = Joined(nn.Linear(3, SIDE * SIDE), nn.Unflatten(1, (1, SIDE, SIDE)))
    nn.init.orthogonal_(generator[0].weight)
    loss = PathLength(decay=0.0)
    loss.for_generator(turn_of(generator, rows=4000))
    assert loss.length.item() == pytest.approx(1.596 / SIDE, rel=0.05)  # E of a chi of 3 degrees


def test_the_running_mean_nears_the_lengths():
    generator = Joined(nn.Linear(3, SIDE * SIDE), nn.Unflatten(1, (1, SIDE, SIDE)))
    loss, turn = PathLength(decay=0.5), turn_of(generator)
    seen = 0.0
    for _ in range(3):
        before = loss.length.item()
        loss.for_generator(turn)
        seen = 2 * loss.length.item() - before
    assert loss.length.item() == pytest.approx(0.5 * before + 0.5 * seen)
    assert loss.state_dict().keys() == {"length"}


def test_the_style_of_stylegan2_is_its_w(play):
    network = StyleNet(width=4, style_dim=6)
    losses = {"non_saturating": NonSaturating(), "path_length": PathLength()}
    game = model.StyleGAN2((1, 8, 8), network=network, loss=losses)
    play(game, steps=2)
    assert game.curves["generator/path_length"] > 0
    assert game.losses["path_length"].length > 0
    seen = []
    generator = game.generator.eval()
    generator.synthesis.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    turn = turn_of(generator, width=game.latent.dim)
    game.losses["path_length"].for_generator(turn).backward()
    torch.testing.assert_close(seen[0], generator.mapping(turn.latent, turn.condition))
    assert generator.synthesis.constant.grad.abs().max() > 0


def test_a_share_that_keeps_everything_is_refused():
    with pytest.raises(UserError, match=r"type loss.path_length.decay=0.99"):
        PathLength(decay=1.0)
