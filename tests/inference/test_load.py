"""Trained models as others use them: loaded by name, exported, and back to the same pictures."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from pytorch_lightning import LightningModule
from safetensors.torch import load_file

import ganzoo
from ganzoo.error import UserError
from ganzoo.inference import find
from ganzoo.inference.evaluate import evaluate_model
from ganzoo.inference.export import export_model
from ganzoo.inference.hub import Pretrained
from ganzoo.players import Players
from ganzoo.settings.compose import CONF

MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
TOLD = ("pdgan", "sagan", "biggan")  # generators whose norms read the condition


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_model_is_a_plain_module_with_its_games_pictures(run, name):
    folder, game = run(f"model={name}", side=32)
    model = ganzoo.load(folder)
    assert type(model) is Players
    assert not isinstance(model, LightningModule)
    assert not model.training
    assert torch.equal(model.sample(3, seed=1), game.sample(3, seed=1))
    images = torch.rand(3, 1, 32, 32)
    assert torch.equal(model.features(images), game.features(images))
    told = torch.eye(3, game.condition.dim)
    assert torch.equal(
        model.discriminator(images, told).score, game.discriminator(images, told).score
    )


def test_the_average_is_what_a_run_that_has_one_is_loaded_as(run):
    folder, game = run("model=dcgan", "ema=0.9")
    path = folder / "checkpoints/best.ckpt"
    content = torch.load(path, weights_only=True)
    content["state_dict"]["ema.module.0.weight"].fill_(0.5)
    torch.save(content, path)
    assert (ganzoo.load(folder).generator[0].weight == 0.5).all()
    assert not (game.generator[0].weight == 0.5).any()
    export_model(folder, folder.parent / "out")
    assert torch.equal(ganzoo.load(folder.parent / "out").sample(2), ganzoo.load(folder).sample(2))


def test_loading_waits_for_no_trainer(run):
    folder, _ = run("model=infogan")
    slow = ("pytorch_lightning", "torchmetrics", "torchvision")
    code = (
        f"import sys, ganzoo; ganzoo.load({str(folder)!r}).sample(1); "
        f"print([each for each in {slow} if each in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


# What can be asked of a model


def test_few_samples_are_the_first_of_many_also_of_those_with_codes(run):
    model = ganzoo.load(run("model=infogan")[0])
    many = model.sample(300, seed=4)
    torch.testing.assert_close(model.sample(5, seed=4), many[:5])
    torch.testing.assert_close(torch.cat(list(model.stream(300, 4))), many)


def test_a_factor_that_is_set_is_the_same_in_every_picture(run):
    model = ganzoo.load(run("model=infogan")[0])
    told = []
    model.generator.register_forward_hook(lambda _, given, __: told.append(given[1]))
    model.sample(5, fixed={0: 3, 2: -1.5})
    assert told[0][:, :10].argmax(1).tolist() == [3] * 5
    assert told[0][:, 11].tolist() == [-1.5] * 5
    assert len(told[0][:, 10].unique()) == 5
    with pytest.raises(UserError, match="there is no category 10: type one of 0 to 9"):
        model.sample(1, fixed={0: 10})
    with pytest.raises(UserError, match="no factor 3 to set, it has 0 to 2"):
        model.sample(1, fixed={3: 0})


def test_truncation_shrinks_the_noise_and_nothing_else(run):
    model = ganzoo.load(run("model=infogan")[0])
    given = []
    model.generator.register_forward_hook(lambda _, inputs, __: given.append(inputs))
    for truncation in (1.0, 0.5):
        model.sample(5, truncation=truncation)
    assert torch.equal(given[0][0] / 2, given[1][0])
    assert torch.equal(given[0][1], given[1][1])
    with pytest.raises(UserError, match=r"truncation lies in \(0, 1\], got 0"):
        model.sample(1, truncation=0)


def test_a_walk_starts_at_the_sample_and_keeps_its_class(run):
    model = ganzoo.load(run("model=cgan")[0])
    told = []
    model.generator.register_forward_hook(lambda _, given, __: told.append(given[1].argmax(1)))
    walks = model.interpolate(3, 4, seed=2).view(3, 4, 1, 28, 28)
    assert told[0].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    torch.testing.assert_close(walks[:, 0], model.sample(3, seed=2))
    assert (walks[:, 0] - walks[:, 3]).abs().max() > 0


def test_codes_are_read_only_where_somebody_guesses_them(run):
    with pytest.raises(UserError, match="does not guess the condition"):
        ganzoo.load(run("model=dcgan")[0]).infer(torch.zeros(1, 1, 28, 28))


# Exports


@pytest.mark.parametrize("name", ["dcgan", "cgan", "infogan", "wgan_gp"])
def test_an_exported_folder_comes_back_as_the_same_model(run, tmp_path, name):
    folder, _ = run(f"model={name}")
    [(path, difference)] = export_model(folder, tmp_path / "out")
    before, after = ganzoo.load(folder), ganzoo.load(tmp_path / "out")
    assert difference == 0
    assert torch.equal(before.sample(4), after.sample(4))
    images = torch.rand(2, 1, 28, 28)
    assert torch.equal(before.features(images), after.features(images))
    assert {each.name for each in path.parent.iterdir()} == {
        *("model.safetensors", "config.json", "README.md", "samples.png")
    }
    card = (tmp_path / "out/README.md").read_text()
    assert "license: mit" in card
    assert f"generator {sum(each.numel() for each in after.generator.parameters()):,}" in card


@pytest.mark.parametrize("name", ["README.md", "config.json", "samples.png"])
def test_an_export_replaces_only_what_an_export_has_written(run, tmp_path, name):
    folder, _ = run("model=dcgan")
    mine, other = tmp_path / "mine", tmp_path / "other"
    mine.mkdir()
    (mine / name).write_text('{"mine": 1}')
    with pytest.raises(UserError, match=f"holds {name}, which no export has written"):
        export_model(folder, mine)
    assert [path.read_text() for path in mine.iterdir()] == ['{"mine": 1}']
    for _ in range(2):
        export_model(folder, other)
    assert "README.md" in {path.name for path in other.iterdir()}


def test_half_precision_halves_the_file_and_barely_moves_a_pixel(run, tmp_path):
    folder, _ = run("model=dcgan")
    sizes = {}
    for half in (False, True):
        [(path, difference)] = export_model(folder, tmp_path / f"{half}", half=half)
        sizes[half] = sum(each.nbytes for each in load_file(path).values() if each.ndim)
    assert sizes[True] * 2 == sizes[False]
    assert 0 < difference < 0.02


@pytest.mark.parametrize(
    "variant", ["infogan", "r3gan", *(pytest.param(name, marks=pytest.mark.slow) for name in TOLD)]
)
def test_onnx_and_torch_programs_make_the_same_pictures_for_any_number(variant, run, tmp_path):
    folder, _ = run(f"model={variant}")
    exported = export_model(folder, tmp_path, ["onnx", "torch"])
    assert [each.path.name for each in exported] == ["model.onnx", "model.pt2"]
    assert max(each.difference for each in exported) <= 1e-4
    model = ganzoo.load(folder)
    latent, condition = torch.rand(7, model.latent.dim), torch.rand(7, model.condition.dim)
    with torch.no_grad():
        images = model(latent, condition)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    fed = {"latent": latent.numpy(), "condition": condition.numpy()}
    np.testing.assert_allclose(session.run(["images"], fed)[0], images.numpy(), atol=1e-4)
    again = torch.export.load(tmp_path / "model.pt2").module()
    torch.testing.assert_close(again(latent, condition), images)


def test_what_does_not_come_back_the_same_is_not_left_behind(run, tmp_path, monkeypatch):
    folder, _ = run("model=dcgan")
    monkeypatch.setattr("ganzoo.inference.export.TOLERANCE", -1.0)
    with pytest.raises(UserError, match=r"model\.pt2 was removed"):
        export_model(folder, tmp_path, ["torch"])
    assert not (tmp_path / "model.pt2").exists()


def test_without_its_discriminator_a_model_is_drawn_and_scored_but_not_asked(run, tmp_path):
    folder, game = run("model=infogan", "data=digits", "probe=[codes,interpolation]", side=8)
    export_model(folder, tmp_path / "half", with_discriminator=False)
    model = ganzoo.load(tmp_path / "half")
    assert torch.equal(model.sample(2), game.sample(2))
    for ask in (model.features, model.infer):
        with pytest.raises(UserError, match="came without its discriminator"):
            ask(torch.zeros(1, 1, 8, 8))
    told = json.loads((tmp_path / "half/config.json").read_text())
    assert list(told["probe"]) == ["interpolation"]
    whole, half = (evaluate_model(each, ["probe=[]"]) for each in (folder, tmp_path / "half"))
    assert whole["val/fid_digits"] == pytest.approx(half["val/fid_digits"], rel=1e-6)
    with pytest.raises(UserError, match="Codes needs the discriminator"):
        evaluate_model(tmp_path / "half", ["probe=[codes]"])


def test_a_model_goes_to_the_hub_and_comes_back_with_the_weights_it_has(run, tmp_path, monkeypatch):
    folder, _ = run("model=infogan")
    export_model(folder, tmp_path / "out")
    model = Pretrained.from_pretrained(tmp_path / "out")
    assert torch.equal(model.sample(2), ganzoo.load(folder).sample(2))
    with torch.no_grad():
        model.generator[0].weight.mul_(2)
    sent = {}

    def upload(self, *, repo_id, folder_path, **_):
        sent[repo_id] = Pretrained.from_pretrained(folder_path).sample(2)
        sent["files"] = {each.name for each in Path(folder_path).iterdir()}

    monkeypatch.setattr("huggingface_hub.HfApi.upload_folder", upload)
    monkeypatch.setattr(
        "huggingface_hub.HfApi.create_repo", lambda self, repo_id, **_: SimpleRepo(repo_id)
    )
    model.push_to_hub("somebody/infogan")
    assert torch.equal(sent["somebody/infogan"], model.sample(2))
    assert {"README.md", "config.json", "model.safetensors"} <= sent["files"]


class SimpleRepo:
    def __init__(self, repo_id):
        self.repo_id = repo_id


# Bad input


def test_weights_that_were_tampered_with_are_refused(run, tmp_path):
    export_model(run("model=dcgan")[0], tmp_path / "out")
    path = tmp_path / "out/model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"does not have the sha256 that config\.json"):
        ganzoo.load(tmp_path / "out")


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "torch.load",
        "ganzoo.inference.checkpoint.torch.load",
        "ganzoo.network.base.torch.hub.load",
        "ganzoo.files.write_json",
        "ganzoo.condition.base.ABC",
    ],
)
def test_a_configuration_reaches_nothing_but_the_parts_of_the_zoo(run, tmp_path, target):
    export_model(run("model=dcgan")[0], tmp_path / "out")
    path = tmp_path / "out/config.json"
    config = json.loads(path.read_text())
    config["model"]["network"] = {"_target_": target}
    path.write_text(json.dumps(config))
    with pytest.raises(UserError, match="which is no part of ganzoo: if you trust"):
        ganzoo.load(tmp_path / "out")


def test_an_unknown_name_is_answered_with_the_closest(run, tmp_path, monkeypatch):
    monkeypatch.setattr(find, "PRETRAINED", tmp_path / "zoo")
    export_model(run("model=dcgan")[0], tmp_path / "zoo/dcgan-mnist")
    assert ganzoo.list_models() == ["dcgan-mnist"]
    assert ganzoo.load("dcgan-mnist").image_shape == (1, 28, 28)
    with pytest.raises(UserError, match=r"named dcgan-mnits: did you mean dcgan-mnist"):
        ganzoo.load("dcgan-mnits")
    with pytest.raises(UserError, match="neither a checkpoint nor a run's folder"):
        ganzoo.load(tmp_path / "nowhere")
    (tmp_path / "zoo/dcgan-mnist/config.json").unlink()
    with pytest.raises(UserError, match="is not an exported model"):
        ganzoo.load("dcgan-mnist")


# The models that come with the package


def test_the_models_of_the_package_stay_small_and_each_has_its_card():
    names = ganzoo.list_models()
    sizes = [(find.PRETRAINED / name / find.WEIGHTS_NAME).stat().st_size for name in names]
    assert sum(sizes) < 20e6
    for name in names:
        folder = find.PRETRAINED / name
        told = json.loads((folder / "config.json").read_text())
        card = (folder / "README.md").read_text()
        assert card.count(f"# {name}\n") == 1
        assert "Args:" not in card
        assert told["scores"]
        assert told["command"]
        assert (folder / "samples.png").exists()
        shown = {score for score in told["scores"] if not score.endswith("_n")}
        assert shown
        for score in shown:
            assert f"| `{score}` | {told['scores'][score]:.4g} |" in card
        assert not any(str(word).startswith("data.root=/") for word in told["command"])
        assert ganzoo.load(name).sample(2).abs().max() <= 1
