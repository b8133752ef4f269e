"""Parts of a user's own: yamls in a folder and a module beside the command, none in the package."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import ganzoo
from ganzoo.error import UserError
from ganzoo.settings.own import config_dirs, split_flags

MODULE = """
from ganzoo import DCGAN
from ganzoo.data import Digits
from ganzoo.loss import Loss


class MyGAN(DCGAN):
    \"\"\"A DCGAN whose scores stay near zero.\"\"\"


class Drift(Loss):
    def __init__(self, weight=0.001):
        super().__init__()
        self.weight = weight

    def for_discriminator(self, turn):
        return self.weight * turn.real.score.square().mean()


class Half(Digits):
    \"\"\"The digits under another name.\"\"\"
"""
YAMLS = {
    "model/mine.yaml": """# @package _global_
defaults:
  - override /loss: [non_saturating, drift]
  - override /data: half
model:
  _target_: mine.MyGAN
""",
    "loss/drift.yaml": "drift:\n  _target_: mine.Drift\n  weight: 0.001\n",
    "data/half.yaml": """# @package _global_
data:
  _target_: mine.Half
  batch_size: 8
  val_size: 16
  order_seed: ${seed}
""",
}
OWN = ["--config-dir", "my_conf"]
QUICK = ["model=mine", "network.width=4", "max_steps=2", "val_every=1", "metric=[]", "logger=[csv]"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with the module and the yamls, where the commands are typed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    (tmp_path / "mine.py").write_text(MODULE)
    for name, text in YAMLS.items():
        path = tmp_path / "my_conf" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def trained(home, command):
    code, _, said = command("train", *QUICK, *OWN, "hydra.run.dir=run")
    assert code == 0, said
    return home / "run"


def test_a_run_of_own_parts_loads_where_its_module_is_trusted(trained, command, monkeypatch):
    content = torch.load(trained / "checkpoints/last.ckpt", weights_only=True)
    assert content["hyper_parameters"]["model"]["_target_"] == "mine.MyGAN"
    for words in (["sample", "run"], ["evaluate", "run", "metric=[fid_digits]"]):
        code, _, said = command(*words)
        assert code == 1
        assert "asks for mine." in said
        assert "--trust mine with the other commands" in said
        assert command(*words, "--trust", "mine")[0] == 0
    assert command("export", "run", "--to", "exported", "--trust", "mine")[0] == 0
    with pytest.raises(UserError, match=r"which is no part of ganzoo: if you trust .* in Python"):
        ganzoo.load("exported")
    exported, run = ganzoo.load("exported", trust=["mine"]), ganzoo.load("run", trust="mine")
    assert torch.equal(exported.sample(2), run.sample(2))


def test_elsewhere_it_is_refused_with_a_sentence(trained, command, monkeypatch):
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(trained.parent)])
    monkeypatch.delitem(sys.modules, "mine")
    code, _, said = command("sample", "../run", "--trust", "mine")
    assert code == 1
    assert "type the command in the folder that holds mine.py, or install it." in said
    assert len(said.splitlines()) == 1


def test_the_working_folder_is_importable_only_where_own_parts_are_asked_for(home, command):
    (home / "onnxruntime_extensions.py").write_text("")
    command("train", "max_steps=0")
    assert str(home) not in sys.path
    command("train", *OWN, "max_steps=0")
    assert sys.path[-1] == str(home)  # behind everything that is installed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["model=mien"], "there is no model=mien: did you mean mine?"),
        (["loss=[drfit]"], "there is no loss=drfit: did you mean drift?"),
        (["model=mine", "loss.drift.wieght=1"], "did you mean loss.drift.weight?"),
        (["model=mine", "loss.drift.weight=much"], "loss.drift.weight is a number such as 0.001"),
        (["loss.drift.weight=1"], "loss.drift was not chosen: add drift to loss=[…]"),
        (["model=mine", "data.batch_sise=8"], "did you mean data.batch_size, data.val_size?"),
    ],
)
def test_misspelt_names_are_answered_with_the_users_own_too(words, said, home, command):
    before = sorted(home.rglob("*"))
    code, _, err = command("train", *words, *OWN)
    assert code == 1
    assert said in err
    assert sorted(path for path in home.rglob("*") if "__pycache__" not in path.parts) == before


def test_a_folder_or_a_module_that_is_not_there_is_named(home, command):
    code, _, said = command("train", "model=mine", "--config-dir", "my_cnof")
    assert code == 1
    assert "my_cnof' not found" in said
    assert "Traceback" not in said
    (home / "mine.py").unlink()
    code, _, said = command("train", *QUICK, *OWN)
    assert code == 1
    assert "mine.Half cannot be imported (No module named 'mine')" in said
    assert "Traceback" not in said


def test_a_run_of_own_parts_resumes(trained, command):
    for words in (["resume=run"], ["resume=run", "trust=mine"]):
        (trained / "metrics.json").unlink(missing_ok=True)
        code, _, said = command("train", *words)
        assert code == ("trust=mine" not in words), said
        assert ("type trust=mine with ganzoo train" in said) == code
    assert json.loads((trained / "metrics.json").read_text())["finished"]
    (trained / "metrics.json").unlink()
    assert command("train", *QUICK, *OWN, "resume=run")[0] == 0


@pytest.mark.slow
def test_a_sweep_of_own_parts_continues(home, command):
    words = ["-m", *QUICK, *OWN, "seed=0,1", "hydra.sweep.dir=sweep"]
    assert command("train", *words)[0] == 0
    shutil.rmtree("sweep/1-mine-half-seed1")
    assert command("train", "sweep.resume=sweep", *OWN)[0] == 0
    assert json.loads(Path("sweep/1-mine-half-seed1/metrics.json").read_text())["finished"]


def test_words_of_own_parts_in_a_sweep_are_trusted_by_name(home, command):
    (home / "sweep").mkdir()
    words = [*QUICK[1:], "loss=[non_saturating]", "+loss.own._target_=mine.Drift", "data=digits"]
    (home / "sweep/sweep.json").write_text(json.dumps({"command": words}))
    code, _, said = command("train", "sweep.resume=sweep")
    assert code == 1
    assert "sweep/sweep.json asks for mine.Drift" in said
    for more in ("trust=mine", "+loss.own._target_=mine.Drift"):
        shutil.rmtree("sweep/0-dcgan-digits-seed0", ignore_errors=True)
        code, _, said = command("train", "sweep.resume=sweep", more, "data.batch_size=8")
        assert "data.batch_size=8 would change the sweep" in said
        assert command("train", "sweep.resume=sweep", more)[0] == 0
        assert Path("sweep/0-dcgan-digits-seed0/metrics.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("words", [["hydra.run.dir=run"], ["-m", "hydra.sweep.dir=sweep"]])
def test_processes_of_their_own_know_the_users_parts(words, home):
    """Lightning starts further processes by the command, and appends words to it."""
    (home / "bin").mkdir()
    (home / "bin/zoo.py").write_text("from ganzoo.cli import main\nmain()\n")
    command = [sys.executable, "bin/zoo.py", "train", *QUICK, *words, "trainer=ddp_cpu", *OWN]
    path = f"{Path(__file__).parents[2]}:{os.environ.get('PYTHONPATH', '')}"
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_search_knows_the_users_parts(home, command):
    pytest.importorskip("optuna")
    study = ["hparams_search=random", "hydra.sweeper.n_trials=1", "hydra.sweeper.n_seeds=0"]
    budget = ["max_images=16", "val_every_images=8", "metric=[fid_digits]"]
    words = [*QUICK[:2], *study, *budget, "hydra.sweep.dir=sweep"]
    code, _, said = command("train", *words, *OWN)
    assert code == 0, said
    assert command("train", "sweep.resume=sweep", *OWN)[0] == 0


# Words on both sides of a flag


@pytest.mark.parametrize(
    "words",
    [
        ["--config-dir", "own", "a=1", "b=2"],
        ["a=1", "--config-dir", "own", "b=2"],
        ["a=1", "b=2", "--config-dir=own"],
        ["a=1", "b=2", "-cd", "own"],
    ],
)
def test_flags_stand_anywhere(words):
    flags, overrides = split_flags(words)
    assert overrides == ["a=1", "b=2"]
    assert config_dirs(flags) == [Path("own").absolute()]
    assert split_flags(["-m", *words, "--cfg", "job"])[0][0] == "-m"
