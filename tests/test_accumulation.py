"""Parts of a batch add up to the batch, and gradients are clipped player by player."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from ganzoo import model
from ganzoo.error import UserError
from ganzoo.network import MLP
from ganzoo.optimizer import Optimizers, sgd
from tests.helpers.games import noise_for

VARIANTS = [name for name in model.__all__ if name != "UnrolledGAN"]


def weights(game):
    return [
        parameters_to_vector(part.parameters()) for part in (game.generator, game.discriminator)
    ]


@pytest.mark.parametrize("variant", VARIANTS)
def test_parts_of_a_batch_are_the_batch(variant, play):
    network = MLP(generator_hidden=[16], discriminator_hidden=[16])
    ends = []
    for accumulate in (1, 4):
        kind = getattr(model, variant)
        optimizer = Optimizers(sgd(0.05), sgd(0.05))
        game = kind((1, 8, 8), network=network, optimizer=optimizer, accumulate=accumulate)
        for layer in game.modules():
            if isinstance(layer, nn.BatchNorm1d | nn.Dropout):  # a part has statistics of its own
                layer.train = lambda mode=True, layer=layer: layer
                layer.training = False
        batches = [noise_for(game, 16 * game.n_critic, step) for step in range(3)]
        play(game, steps=3, batches=batches)
        ends.append([*weights(game), torch.stack(list(game.curves.values()))])
    for whole, parts in zip(*ends, strict=True):
        torch.testing.assert_close(whole, parts, rtol=0, atol=1e-5)


@pytest.mark.parametrize("clip_norm", [None, 1e-3])
def test_each_players_step_is_clipped_by_its_own_norm(clip_norm, play):
    """One step of plain SGD at rate 1 goes as far as the gradient is long."""
    game = model.DCGAN(
        (1, 8, 8),
        network=MLP(),
        optimizer=Optimizers(sgd(1.0, momentum=0.0), sgd(1.0, momentum=0.0), clip_norm=clip_norm),
    )
    before = [each.clone() for each in weights(game)]
    play(game, steps=1)
    for start, end in zip(before, weights(game), strict=True):
        moved = float((end - start).norm())
        if clip_norm is None:
            assert moved > 0.01
        else:
            assert moved == pytest.approx(clip_norm, rel=1e-2)


@pytest.mark.parametrize(
    ("choices", "remedy"),
    [
        ({"accumulate": 0}, "type accumulate=1"),
        ({"optimizer": Optimizers(sgd(), sgd(), clip_norm=0)}, "type optimizer.clip_norm=1.0"),
        ({"accumulate": 2, "optimizer": Optimizers(sgd(), sgd(), None, 3)}, "type accumulate=1"),
    ],
)
def test_numbers_that_make_no_game_are_refused(choices, remedy):
    with pytest.raises(UserError, match=remedy):
        model.DCGAN((1, 8, 8), **choices)
