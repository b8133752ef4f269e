"""Activations that are computed again are those that would have been kept."""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from ganzoo.game import Game
from ganzoo.loss import GradientPenalty, Hinge, NonSaturating, Wasserstein
from ganzoo.network import ResNet
from ganzoo.optimizer import Optimizers, adam, sgd
from tests.helpers.games import noise_for

GAMES = {
    "spectral norm": {"loss": {"hinge": Hinge()}, "n_critic": 2},
    "penalty": {"loss": {"wasserstein": Wasserstein(), "gradient_penalty": GradientPenalty()}},
    "unrolled": {
        "loss": {"non_saturating": NonSaturating()},
        "optimizer": Optimizers(adam(), adam(), unrolled_steps=2),
    },
}


def played(play, activation_checkpointing, spectral_norm, **choices):
    network = ResNet(
        width=2, spectral_norm=spectral_norm, activation_checkpointing=activation_checkpointing
    )
    optimizer = Optimizers(sgd(1e-4), sgd(1e-4))
    game = Game((1, 32, 32), **{"network": network, "optimizer": optimizer, **choices})
    sizes = {}

    def note(tensor):
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        game.discriminator(*noise_for(game, 8, 0)[:1], torch.zeros(8, 0))
    kept = sum(sizes.values())
    play(game, steps=2)
    return game.state_dict(), kept


@pytest.mark.parametrize("choices", GAMES.values(), ids=GAMES)
def test_recomputing_changes_no_weight_and_no_statistic_and_keeps_less(choices, play):
    spectral_norm = "n_critic" in choices
    (plain, much), (recomputed, less) = (
        played(play, each, spectral_norm, **choices) for each in (False, True)
    )
    assert less < 0.5 * much
    for name, value in plain.items():
        torch.testing.assert_close(recomputed[name], value, rtol=1e-6, atol=1e-7, msg=name)
