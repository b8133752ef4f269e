"""Looking ahead is stepping, but differentiably and without moving anything."""

from copy import deepcopy
from functools import partial

import pytest
import torch
from torch import nn

from ganzoo import UnrolledGAN
from ganzoo.error import UserError
from ganzoo.loss import GradientPenalty, Wasserstein
from ganzoo.network import ConvNet, Plane
from ganzoo.optimizer import Optimizers, adam, rmsprop, sgd, unrolled

KINDS = {
    "adam": partial(torch.optim.Adam, lr=0.01, betas=(0.5, 0.999)),
    "fused adam": partial(torch.optim.Adam, lr=0.01, fused=True),
    "momentum": partial(torch.optim.SGD, lr=0.1, momentum=0.5),
    "sgd": partial(torch.optim.SGD, lr=0.1),
    "rmsprop": partial(torch.optim.RMSprop, lr=0.01),
}


def player_and_optimizer(kind, warm_steps=2):
    """A small network whose optimizer has already taken steps, in double precision."""
    player = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    optimizer = kind(player.parameters())
    for _ in range(warm_steps):
        optimizer.zero_grad()
        loss_on(torch.ones(5, 3).double(), player).backward()
        optimizer.step()
    optimizer.zero_grad()
    return player, optimizer


def loss_on(fake, player):
    return nn.functional.softplus(player(fake)).mean()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("steps", [1, 3])
def test_it_ends_where_the_optimizer_itself_would(kind, steps):
    player, optimizer = player_and_optimizer(kind)
    before = deepcopy((player.state_dict(), optimizer.state_dict()))
    fake = torch.randn(6, 3).double()
    foreseen = unrolled(player, optimizer, partial(loss_on, fake), steps)(fake)
    assert str((player.state_dict(), optimizer.state_dict())) == str(before)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_on(fake, player).backward()
        optimizer.step()
    # A step moves scores by about 0.1; Adam counts its steps in single precision.
    torch.testing.assert_close(foreseen, player(fake), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_gradient_flows_through_the_steps(kind):
    player, optimizer = player_and_optimizer(kind)
    judged = torch.randn(2, 3).double()

    def score(fake):
        return unrolled(player, optimizer, partial(loss_on, fake), 3)(judged)

    assert torch.autograd.gradcheck(score, torch.randn(4, 3).double().requires_grad_())


def test_no_steps_are_the_player_itself():
    player, optimizer = player_and_optimizer(KINDS["adam"])
    assert unrolled(player, optimizer, partial(loss_on, torch.ones(1, 3)), 0) is player


@pytest.mark.parametrize("build", [adam, rmsprop, sgd])
@pytest.mark.parametrize(
    "loss",
    [{"wasserstein": Wasserstein()}, {"w": Wasserstein(), "gp": GradientPenalty()}],
    ids="-".join,
)
def test_every_objective_and_optimizer_can_look_ahead(build, loss, play):
    """A critic's last bias has no gradient at all, where Adam's slope would be infinite."""
    game = UnrolledGAN(
        (1, 8, 8),
        loss=loss,
        network=ConvNet(width=4),
        optimizer=Optimizers(build(), build(), unrolled_steps=2),
    )
    play(game, steps=3)
    assert all(each.isfinite().all() for each in game.parameters())


def weights(*players):
    return [nn.utils.parameters_to_vector(player.parameters()) for player in players]


def test_the_generator_moves_otherwise_and_the_discriminator_the_same_in_the_first_step(play):
    games = [
        UnrolledGAN((2,), network=Plane(), optimizer=Optimizers(adam(), adam(), unrolled_steps=k))
        for k in (0, 5)
    ]
    for game in games:
        play(game, steps=1)
    plain, ahead = games
    moved = [
        torch.equal(*pair) for pair in zip(*(g.generator.parameters() for g in games), strict=True)
    ]
    assert not all(moved)
    for one, other in zip(
        plain.discriminator.parameters(), ahead.discriminator.parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_a_count_below_zero_is_refused():
    with pytest.raises(UserError, match=r"type optimizer\.unrolled_steps=5"):
        UnrolledGAN((1, 8, 8), optimizer=Optimizers(adam(), adam(), unrolled_steps=-1))
