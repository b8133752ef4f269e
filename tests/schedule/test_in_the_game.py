"""Where a schedule may stand in place of a number."""

import pytest
import torch
from hydra.utils import instantiate

from ganzoo.game import Game
from ganzoo.loss import R1, NonSaturating
from ganzoo.network import MLP
from ganzoo.optimizer import Optimizers, adam
from ganzoo.schedule import LinearSchedule
from tests.helpers.games import shrink

TINY = MLP(generator_hidden=[8], discriminator_hidden=[8])
HALF = 4 / 8  # of 8 images: after one step of 4


def linear(first, last):
    return LinearSchedule(first, last, images=8)


def played(play, steps, **choices):
    game = Game((1, 8, 8), network=TINY, **choices)
    return game, play(game, steps=steps, log_every_n_steps=1)


def test_a_losss_weight_moves(play):
    def game_of(weight, steps):
        losses = {"non_saturating": NonSaturating(), "r1": R1(weight)}
        return played(play, steps, loss=losses, optimizer=Optimizers(adam(0.0), adam(0.0)))

    game, trainer = game_of(linear(1.0, 3.0), 2)
    still, _ = game_of(1.0, 2)
    assert trainer.logged_metrics["schedule/loss.r1.weight"] == 2.0
    ratio = game.curves["discriminator/r1"] / still.curves["discriminator/r1"]
    assert float(ratio) == pytest.approx(2.0)


def test_the_average_decays_as_the_schedule_says(play):
    game, trainer = played(play, 2, ema=linear(0.0, 1 - 1e-9))
    assert trainer.logged_metrics["schedule/ema"] == pytest.approx(HALF)
    first, _ = played(play, 1, ema=0.5)
    averaged = zip(game.ema.module.parameters(), first.generator.parameters(), strict=True)
    for (average, before), now in zip(averaged, game.generator.parameters(), strict=True):
        torch.testing.assert_close(average, (before + now) / 2)


def test_an_option_of_an_optimizer_moves(play):
    betas = (0.5, linear(0.9, 0.99))
    _, trainer = played(play, 2, optimizer=Optimizers(adam(), adam(betas=betas)))
    generator, discriminator = trainer.optimizers
    assert generator.param_groups[0]["betas"] == (0.5, 0.999)
    assert discriminator.param_groups[0]["betas"] == pytest.approx((0.5, 0.945))
    curve = trainer.logged_metrics["schedule/optimizer.discriminator.betas.1"]
    assert curve == pytest.approx(0.945)


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_a_schedule_is_chosen_on_the_command_line(name, compose, play):
    cfg = compose(
        *("loss=[non_saturating,r1]", f"+schedule@loss.r1.weight={name}", "loss.r1.weight.first=5"),
        *(f"+schedule@ema={name}", "ema.first=0", "ema.last=0.9"),
        image_shape=(1, 16, 16),
    )
    game = instantiate(shrink(cfg).model, _convert_="all")
    trainer = play(game, steps=1, log_every_n_steps=1)
    assert trainer.logged_metrics["schedule/loss.r1.weight"] == 5
    assert trainer.logged_metrics["schedule/ema"] == 0
