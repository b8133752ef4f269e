"""The format number of checkpoints and exported models."""

import json

import pytest
import torch
import yaml

import ganzoo
from ganzoo.error import UserError
from ganzoo.inference.export import export_model
from ganzoo.inference.load import load_game
from ganzoo.settings.format import FORMAT, check_resumable, upgrade
from tests.helpers.commands import QUICK, STEPS, bits
from tests.helpers.commands import run as command


def rewrite(folder, change):
    """Change what a run's checkpoint says of its model."""
    path = folder / "checkpoints/best.ckpt"
    content = torch.load(path, weights_only=True)
    change(content["hyper_parameters"])
    torch.save(content, path)


def to_format_2(settings):
    """What a file said when the network of DCGAN was called as its game is."""
    for part in (settings, settings["model"]):
        assert part["network"]["_target_"] == "ganzoo.network.ConvNet"
        part["network"]["_target_"] = "ganzoo.network.DCGAN"
    settings["format"] = 2


def test_a_checkpoint_of_format_2_makes_the_same_images(run):
    folder, game = run("network=dcgan", "ema=null")
    rewrite(folder, to_format_2)
    assert torch.equal(ganzoo.load(folder).sample(4), game.sample(4))


def test_a_run_of_format_2_continues_bit_for_bit(tmp_path):
    words = ["train", *QUICK, "network.width=4", "ema=0.5"]
    assert command(*words, f"hydra.run.dir={tmp_path}/whole") == 0
    assert command(*words, "max_steps=6", f"hydra.run.dir={tmp_path}/run") == 0
    run = tmp_path / "run"
    for path in run.glob("checkpoints/*.ckpt"):
        content = torch.load(path, weights_only=True)
        to_format_2(content["hyper_parameters"])
        torch.save(content, path)
    settings = yaml.safe_load((run / "config.yaml").read_text())
    to_format_2(settings)
    (run / "config.yaml").write_text(yaml.safe_dump(settings))
    assert command("train", f"resume={run}", f"max_steps={STEPS}") == 0
    assert yaml.safe_load((run / "config.yaml").read_text())["format"] == FORMAT
    whole, continued = bits(tmp_path / "whole"), bits(run)
    weights = [each["checkpoints/last.ckpt"]["state_dict"] for each in (whole, continued)]
    assert weights[0] == weights[1]
    assert continued["csv/metrics.csv"] == whole["csv/metrics.csv"]


def test_a_checkpoint_from_before_the_format_number_makes_the_same_images(run):
    folder, game = run("network=dcgan", "network.hidden=16", "network.unit_norm=false", "ema=null")

    def to_format_1(settings):
        to_format_2(settings)
        del settings["format"]
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
    for number in (2, FORMAT):
        check_resumable({"format": number}, tmp_path)


def test_upgrading_changes_nothing_of_the_present_format(tmp_path):
    settings = {"format": FORMAT, "model": {"network": {"_target_": "ganzoo.network.DCGAN"}}}
    assert upgrade(settings, tmp_path) == settings  # which has no such class


@pytest.mark.parametrize("network", [None, 3, {}, {"width": 4}])
def test_an_older_file_without_a_network_is_refused(network, run):
    folder, _ = run("ema=null")
    rewrite(folder, lambda settings: settings["model"].update(network=network))
    with pytest.raises(UserError):
        ganzoo.load(folder)


def test_a_game_with_a_state_is_exported_and_read_again(run, tmp_path):
    folder, game = run("loss=[non_saturating,lecam]", "augmentation=ada", "ema=null")
    export_model(folder, tmp_path / "exported")
    loaded, _ = load_game(tmp_path / "exported")
    assert loaded.losses["lecam"].observations == 0  # training starts anew
    assert torch.equal(loaded.sample(4), game.sample(4))
    assert torch.equal(ganzoo.load(tmp_path / "exported").sample(4), game.sample(4))
