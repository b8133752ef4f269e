"""Half precision: every variant trains in it, with penalties, losses and weights in float32."""

import pytest
import torch
from hydra.utils import instantiate
from pytorch_lightning.plugins import MixedPrecision
from torch.nn.utils import parameters_to_vector

from ganzoo.game import Game
from ganzoo.loss import NonSaturating, Wasserstein
from ganzoo.network import MLP
from ganzoo.optimizer import Optimizers, sgd
from ganzoo.settings.compose import CONF
from tests.helpers.games import noise_for, shrink

MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
TINY = MLP(generator_hidden=[16], discriminator_hidden=[16])


def float16(scale=1.0):  # a larger one may overflow, and cost the first steps
    """What trainer.precision=16-mixed is on a GPU, on the CPU."""
    scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    return {"plugins": [MixedPrecision("16-mixed", "cpu", scaler)]}


PRECISIONS = {"bf16-mixed": lambda: {"precision": "bf16-mixed"}, "16-mixed": float16}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("model", MODELS)
def test_half_precision_plays_the_game_of_single_precision(model, precision, compose, play):
    def played(**options):
        game = instantiate(cfg.model, _convert_="all")
        kinds = []
        for loss in game.losses.values():
            for side in ("for_discriminator", "for_generator"):
                setattr(loss, side, noting(getattr(loss, side), kinds))
        play(
            game,
            steps=2,
            batches=[noise_for(game, 8 * game.n_critic, n) for n in (0, 1)],
            **options,
        )
        assert set(kinds) == {torch.float32}
        return game

    # At higher rates Adam, whose first steps are signs, makes much of what was rounded.
    slow = [f"optimizer.{player}.lr=1e-5" for player in ("generator", "discriminator")]
    cfg = shrink(compose(f"model={model}", *slow, image_shape=(1, 32, 32)))
    whole, half = played(), played(**PRECISIONS[precision]())
    assert {each.dtype for each in half.parameters()} == {torch.float32}
    for name, value in whole.curves.items():
        torch.testing.assert_close(half.curves[name], value, rtol=0.05, atol=0.05, msg=name)
    for one, other in zip(whole.parameters(), half.parameters(), strict=True):
        assert other.isfinite().all()
        assert one.dtype == other.dtype


def noting(side, kinds):
    """A side of a loss that notes the type of what it returns."""

    def noted(*given):
        value = side(*given)
        kinds.extend([] if value is None else [value.dtype])
        return value

    return noted


def step_of(play, scale, **choices):
    """How far each player goes in one step of plain SGD at rate 1, and the trainer."""
    optimizers = Optimizers(
        sgd(1.0, momentum=0.0), sgd(1.0, momentum=0.0), **choices.pop("how", {})
    )
    game = Game((1, 8, 8), network=TINY, optimizer=optimizers, **choices)
    players = (game.generator, game.discriminator)
    before = [parameters_to_vector(each.parameters()).clone() for each in players]
    trainer = play(game, steps=1, **(float16(scale) if scale else {}))
    after = [parameters_to_vector(each.parameters()) for each in players]
    return [end - start for start, end in zip(before, after, strict=True)], trainer


@pytest.mark.parametrize("clip_norm", [None, 0.01])
def test_the_scale_of_the_gradients_does_not_reach_the_weights(clip_norm, play):
    exact, _ = step_of(play, None, how={"clip_norm": clip_norm})
    for scale in (1.0, 4096.0):
        scaled, _ = step_of(play, scale, how={"clip_norm": clip_norm})
        for one, other in zip(exact, scaled, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0.02 * float(one.abs().max()))


class Loud(Wasserstein):
    """Its discriminator's gradient overflows half precision under a scale."""

    def for_discriminator(self, turn):
        return super().for_discriminator(turn) * 1e4


def test_a_gradient_that_overflows_costs_its_player_one_step_and_halves_the_scale(play):
    scale = 2.0**16
    (generator, discriminator), trainer = step_of(play, scale, loss={"loud": Loud()})
    assert discriminator.abs().max() == 0
    assert generator.abs().max() > 0
    assert trainer.precision_plugin.scaler.get_scale() == scale / 2
    (_, discriminator), _ = step_of(play, 1.0, loss={"quiet": NonSaturating()})
    assert discriminator.abs().max() > 0
