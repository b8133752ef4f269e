"""Checkpoints say what their game was built of: every one of them can be loaded by its class."""

from functools import partial

import pytest
import torch

import ganzoo
from ganzoo import augmentation, condition, head, loss, model, network, optimizer
from ganzoo.error import UserError
from ganzoo.game import Game
from ganzoo.schedule import CosineSchedule
from ganzoo.settings.compose import build_part
from ganzoo.settings.format import FORMAT
from ganzoo.settings.stored import as_settings, public_name
from tests.helpers.commands import QUICK, run, small_words
from tests.helpers.games import Batches, noise_for, quiet_trainer

SHAPE = (1, 8, 8)
SMALL = network.ConvNet(width=4, hidden=8)
VARIANTS = sorted(model.__all__)
CHOICES = {
    "defaults": {},
    "losses": {"loss": {"hinge": loss.Hinge(), "r1": loss.R1(weight=CosineSchedule(1, 2, 3e3))}},
    "nested": {"loss": {"pair": loss.RelativisticAverage(loss.LeastSquares(-1, 1, 0))}},
    "augmentation": {"augmentation": augmentation.DiffAugment(["colour"], 0.5)},
    "condition": {
        "condition": condition.LatentCode([3, 2], gaussian=1),
        "head": partial(head.Recognition, hidden=5, aloof=True),
        "loss": {"a": loss.NonSaturating(0.9), "b": loss.MutualInformation(2.0)},
    },
    "optimizer": {
        "optimizer": optimizer.Optimizers(optimizer.sgd(0.1), optimizer.rmsprop(), clip_norm=1.0)
    },
    "numbers": {"n_critic": 2, "ema": None, "accumulate": 1, "seed": 7},
}


def saved(game, folder):
    """The checkpoint of a plain Trainer after a step."""
    trainer = quiet_trainer(max_steps=1, enable_checkpointing=True, default_root_dir=folder)
    trainer.fit(game, Batches([noise_for(game, 4 * game.n_critic, 0)]))
    trainer.save_checkpoint(folder / "game.ckpt")
    return folder / "game.ckpt"


def equal(one, other):
    assert type(one) is type(other)
    weights, others = one.state_dict(), other.state_dict()
    assert weights.keys() == others.keys()
    assert all(torch.equal(weights[name], others[name]) for name in weights)
    assert torch.equal(one.sample(2), other.sample(2))


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_loaded_by_its_class(name, tmp_path):
    kind = getattr(ganzoo, name)
    game = kind(SHAPE, network=SMALL)
    path = saved(game, tmp_path)
    again = kind.load_from_checkpoint(path)
    equal(game, again)
    assert as_settings(again.hparams["model"]) == as_settings(game.hparams["model"])
    assert torch.equal(ganzoo.load(path).sample(2), game.sample(2))
    assert kind.load_from_checkpoint(path, seed=3).seed == 3


@pytest.mark.parametrize("name", CHOICES)
def test_every_kind_of_part_is_built_again(name, tmp_path):
    game = ganzoo.DCGAN(SHAPE, **{"network": SMALL, **CHOICES[name]})
    again = ganzoo.DCGAN.load_from_checkpoint(saved(game, tmp_path))
    equal(game, again)
    for part in ("n_critic", "accumulate", "seed", "ema_decay"):
        assert getattr(again, part) == getattr(game, part)
    assert str(again.losses) == str(game.losses)
    assert again.schedules.keys() == game.schedules.keys()
    groups = [each.param_groups[0] for each in game.configure_optimizers()[0]]
    others = [each.param_groups[0] for each in again.configure_optimizers()[0]]
    for group, other in zip(groups, others, strict=True):
        assert {**group, "params": 0} == {**other, "params": 0}


def test_a_run_of_the_command_is_loaded_by_its_class(tmp_path):
    words = ["train", "model=wgan_gp", *QUICK, *small_words("wgan_gp"), "max_steps=1"]
    assert run(*words, "metric=[]", f"hydra.run.dir={tmp_path}/run") == 0
    path = tmp_path / "run/checkpoints/last.ckpt"
    again = ganzoo.WGANGP.load_from_checkpoint(path)
    assert torch.equal(again.sample(3), ganzoo.load(path).sample(3))
    assert again.n_critic == 3


class Own(ganzoo.DCGAN):
    """A user's variant."""


class OwnObjective(loss.Hinge):
    """A user's part."""


def test_a_variant_of_the_users_own_is_loaded_and_its_parts_where_they_are_trusted(tmp_path):
    game = Own(SHAPE, network=SMALL)
    equal(game, Own.load_from_checkpoint(saved(game, tmp_path)))
    game = ganzoo.DCGAN(SHAPE, network=SMALL, loss={"own": OwnObjective()})
    path = saved(game, tmp_path)
    with pytest.raises(UserError, match="which is no part of ganzoo: if you trust the module"):
        ganzoo.DCGAN.load_from_checkpoint(path)
    equal(game, ganzoo.DCGAN.load_from_checkpoint(path, trust=[__name__]))
    equal(game, ganzoo.DCGAN.load_from_checkpoint(path, loss={"own": OwnObjective()}))


def test_what_cannot_be_described_is_asked_for(tmp_path):
    def own_head(features, width):
        return head.Unconditional(features, width)

    game = ganzoo.DCGAN(SHAPE, network=SMALL, head=own_head)
    path = saved(game, tmp_path)
    with pytest.raises(UserError, match="pass the arguments of DCGAN too"):
        ganzoo.DCGAN.load_from_checkpoint(path)
    parts = {"image_shape": SHAPE, "network": SMALL, "head": own_head}
    equal(game, ganzoo.DCGAN.load_from_checkpoint(path, **parts))
    with pytest.raises(UserError, match="do not fit the game"):
        ganzoo.DCGAN.load_from_checkpoint(path, image_shape=SHAPE)


def test_a_file_does_not_decide_what_is_built(tmp_path):
    game = ganzoo.DCGAN(SHAPE, network=SMALL)
    path = saved(game, tmp_path)
    with pytest.raises(UserError, match=r"is a checkpoint of DCGAN: load it by DCGAN\."):
        ganzoo.WGAN.load_from_checkpoint(path)
    content = torch.load(path, weights_only=True)
    for settings in (
        {"network": {"_target_": "os.system", "command": f"touch {tmp_path}/canary"}},
        {"seed": "${oc.env:HOME}"},
    ):
        wrong = {**content["hyper_parameters"]["model"], **settings}
        torch.save({**content, "hyper_parameters": {"model": wrong, "format": FORMAT}}, path)
        with pytest.raises(UserError):
            ganzoo.DCGAN.load_from_checkpoint(path)
    path.write_bytes(b"nothing")
    with pytest.raises(UserError, match="cannot be read as a checkpoint"):
        ganzoo.DCGAN.load_from_checkpoint(path)
    assert not (tmp_path / "canary").exists()


def test_names_are_those_that_are_exported():
    assert public_name(loss.Hinge) == "ganzoo.loss.Hinge"
    assert public_name(torch.optim.Adam) == "torch.optim.Adam"
    assert public_name(ganzoo.DCGAN) == "ganzoo.model.DCGAN"
    assert public_name(Game) == "ganzoo.game.Game"
    built = build_part(as_settings(CosineSchedule(1, 2, 30)))
    assert (built.first, built.last, built.images, built.start) == (1, 2, 30, 0)
    with pytest.raises(TypeError, match="is no plain value"):
        as_settings(object())


def test_the_file_holds_plain_values(tmp_path):
    path = saved(ganzoo.DCGAN(SHAPE, network=SMALL), tmp_path)
    settings = torch.load(path, weights_only=True)["hyper_parameters"]
    assert settings["model"]["image_shape"] == list(SHAPE)
    assert settings["model"]["loss"] == {
        "non_saturating": {"_target_": "ganzoo.loss.NonSaturating", "real_target": 1.0}
    }
    assert settings["format"] == FORMAT
