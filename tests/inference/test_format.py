"""The format number of checkpoints and exported models."""

import json

import pytest
import torch

import ganzoo
from ganzoo.error import UserError
from ganzoo.inference.export import export_model
from ganzoo.inference.format import FORMAT, check_resumable, upgrade
from ganzoo.inference.load import load_game


def rewrite(folder, change):
    """Change what a run's checkpoint says of its model."""
    path = folder / "checkpoints/best.ckpt"
    content = torch.load(path, weights_only=True)
    change(content["hyper_parameters"])
    torch.save(content, path)


def test_a_checkpoint_from_before_the_format_number_makes_the_same_images(run):
    folder, game = run("network=dcgan", "network.hidden=16", "network.unit_norm=false", "ema=null")

    def to_format_1(settings):
        settings.pop("format", None)
        for option in ("unit_norm", "discriminator_norm"):
            del settings["model"]["network"][option]
        del settings["model"]["augmentation"]

    rewrite(folder, to_format_1)
    assert torch.equal(ganzoo.load(folder).sample(4), game.sample(4))


def test_a_checkpoint_of_a_later_format_is_refused(run):
    folder, _ = run("ema=null")
    rewrite(folder, lambda settings: settings.update(format=FORMAT + 1))
    with pytest.raises(UserError, match=rf"has format {FORMAT + 1}.*install a newer version"):
        ganzoo.load(folder)


def test_an_exported_model_says_its_format(run, tmp_path):
    folder, _ = run("ema=null")
    export_model(folder, tmp_path / "exported")
    config = json.loads((tmp_path / "exported/config.json").read_text())
    assert config["format"] == FORMAT


def test_a_run_of_an_older_format_is_not_continued(tmp_path):
    with pytest.raises(UserError, match="begin a new run"):
        check_resumable({}, tmp_path)
    check_resumable({"format": FORMAT}, tmp_path)


def test_upgrading_changes_nothing_of_the_present_format(tmp_path):
    settings = {"format": FORMAT, "model": {"network": {"_target_": "ganzoo.network.DCGAN"}}}
    assert upgrade(settings, tmp_path) == settings


def test_a_game_with_a_state_is_exported_and_read_again(run, tmp_path):
    folder, game = run("loss=[non_saturating,lecam]", "augmentation=ada", "ema=null")
    export_model(folder, tmp_path / "exported")
    loaded, _ = load_game(tmp_path / "exported")
    assert loaded.losses["lecam"].observations == 0  # training starts anew
    assert torch.equal(loaded.sample(4), game.sample(4))
    assert torch.equal(ganzoo.load(tmp_path / "exported").sample(4), game.sample(4))
