"""What ``ganzoo info`` says of a trained model."""

import json

import ganzoo
from ganzoo.inference.find import PRETRAINED


def test_a_model_of_the_package_says_what_its_files_hold(command):
    code, out, _ = command("info", "wgan-mnist")
    lines = dict(line.split(": ", 1) for line in out.splitlines())
    config = json.loads((PRETRAINED / "wgan-mnist" / "config.json").read_text())
    generator = ganzoo.load("wgan-mnist").generator
    assert code == 0
    assert lines["variant"] == "WGAN"
    assert lines["loss"] == "wasserstein, weight_clipping"
    assert lines["images"] == "1 x 28 x 28"
    assert lines["generator parameters"] == f"{sum(w.numel() for w in generator.parameters()):,}"
    assert lines["discriminator parameters"] == "not included"
    assert lines["fid_digits"] == f"{config['scores']['val/fid_digits']:.4g} (n = 10,000)"


def test_a_run_says_what_was_measured_at_its_end(command):
    words = ["data=digits", "network.width=4", "max_steps=4", "val_every=2", "data.batch_size=8"]
    assert command("train", *words, "data.val_size=16", "seed=3", "hydra.run.dir=run")[0] == 0
    code, out, _ = command("info", "run")
    lines = dict(line.split(": ", 1) for line in out.splitlines())
    assert code == 0
    assert (lines["variant"], lines["seed"], lines["data"]) == ("DCGAN", "3", "Digits")
    assert lines["fid_digits"].endswith("(n = 16)")
    assert lines["command"].startswith("python train.py data=digits")


def test_what_is_no_model_is_said(command):
    code, _, err = command("info", "wgan-mnits")
    assert code == 1
    assert "wgan-mnist" in err
