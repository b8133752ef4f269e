"""Freezing, and back to what was."""

import torch
from torch import nn

from ganzoo.game import Game
from ganzoo.grad_mode import eval_mode, frozen
from ganzoo.network import MLP


def test_freezing_spares_weights_and_lets_gradients_through():
    module, inputs = nn.Linear(2, 1), torch.ones(1, 2, requires_grad=True)
    with frozen(module):
        module(inputs).sum().backward()
    assert module.weight.grad is None
    assert torch.equal(inputs.grad, module.weight)
    assert all(weight.requires_grad for weight in module.parameters())


def test_what_was_frozen_on_purpose_stays_frozen():
    module = nn.Linear(2, 1)
    module.bias.requires_grad_(False)
    with frozen(module):
        assert not any(weight.requires_grad for weight in module.parameters())
    assert module.weight.requires_grad
    assert not module.bias.requires_grad


def test_a_frozen_block_of_the_discriminator_stays_as_it_is_in_training(play):
    game = Game((1, 8, 8), network=MLP(generator_hidden=[8], discriminator_hidden=[8]))
    block = game.discriminator.trunk.requires_grad_(False)
    before = [weight.clone() for weight in block.parameters()]
    head = game.discriminator.head.score.weight.clone()
    play(game, steps=2)
    assert all(torch.equal(*pair) for pair in zip(before, block.parameters(), strict=True))
    assert not any(weight.requires_grad for weight in block.parameters())
    assert not torch.equal(head, game.discriminator.head.score.weight)


def test_evaluation_returns_to_the_mode_from_before():
    module = nn.Dropout(0.5)
    with eval_mode(module):
        assert not module.training
        assert not torch.is_grad_enabled()
    assert module.training
