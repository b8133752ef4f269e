"""Files that a stranger wrote: nothing of theirs is executed, imported, deleted or written."""

import json
import pickle
import shutil
import sys
from importlib import import_module
from inspect import isclass, ismodule, isroutine
from pathlib import Path

import pytest
import torch
import yaml
from hydra.utils import get_object

import ganzoo
from ganzoo.error import UserError
from ganzoo.settings.allowed import conf_targets, part_modules, public_classes
from ganzoo.settings.compose import CONF, PACKAGE
from ganzoo.settings.trust import check_plain, check_trusted
from tests.helpers.commands import QUICK, contents, run

# What would leave a canary where the command is typed, if it were executed or imported


class Pickled:
    def __reduce__(self):
        return Path("canary").touch, ()


PAYLOADS = {
    "joblib.load": {"filename": "payload"},
    "torch.load": {"f": "payload", "weights_only": False},
    "builtins.open": {"file": "canary", "mode": "w"},
    "builtins.eval": {"_args_": ["open('canary', 'w')"]},
    "os.system": {"command": "touch canary"},
    "subprocess.run": {"args": ["touch", "canary"]},
    "subprocess.Popen": {"args": ["touch", "canary"]},
    "stranger.Evil": {},  # a module that can be imported, and whose import is enough
}
PLACES = (
    "data",
    "metric.fid",
    "metric.fid_digits.extractor",
    "probe.own",
    "callback.own",
    "logger.own",
    "trainer",
    "model",
    "model.network",
    "model.optimizer.generator",
    "optimizer",
)
TRAIN = ["train", *QUICK, "network.width=4", "max_steps=1", "val_every=1", "seed=1"]


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """An unfinished run and the same model exported."""
    folder = tmp_path_factory.mktemp("originals")
    assert run(*TRAIN, f"hydra.run.dir={folder}/run") == 0
    assert run("export", folder / "run", "--to", folder / "exported") == 0
    (folder / "run/metrics.json").unlink()
    return folder


@pytest.fixture
def strangers(originals, tmp_path, monkeypatch):
    """Copies of them in the working folder, beside what a payload would read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("run", "exported"):
        shutil.copytree(originals / name, tmp_path / name)
    Path("payload").write_bytes(pickle.dumps(Pickled()))
    Path("stranger.py").write_text("open('canary', 'w')\nclass Evil: ...\n")
    return tmp_path


def put(place, node, settings):
    *groups, last = place.split(".")
    for group in groups:
        settings = settings[group]
    settings[last] = node


def change_config(change):
    path = Path("run/config.yaml")
    settings = yaml.safe_load(path.read_text())
    change(settings)
    path.write_text(yaml.dump(settings))


def change_checkpoint(change):
    for path in Path("run/checkpoints").glob("*.ckpt"):
        content = torch.load(path, weights_only=True)
        change(content["hyper_parameters"])
        torch.save(content, path)


def change_export(change):
    path = Path("exported/config.json")
    settings = json.loads(path.read_text())
    settings |= {"callback": {}, "logger": {}}  # which an export does not have
    change(settings)
    path.write_text(json.dumps(settings))


COMMANDS = {
    "train resume=run": change_config,
    **{f"{verb} run": change_checkpoint for verb in ("sample", "evaluate", "export --to out")},
    **{f"{verb} exported": change_export for verb in ("sample", "evaluate", "export --to out")},
}
# What a command builds of a file; it passes by all else.
BUILDS = {
    "train": ("data", "metric", "probe", "callback", "logger", "trainer", "optimizer", "model"),
    "evaluate": ("data", "metric", "probe", "model"),
    "export": ("probe", "model"),
    "sample": ("model",),
}


@pytest.mark.parametrize(
    ("target", "place"),
    [
        pytest.param(target, place, marks=() if place == PLACES[number] else pytest.mark.slow)
        for number, target in enumerate(PAYLOADS)
        for place in PLACES
    ],
)
def test_no_command_executes_what_a_file_names(target, place, strangers, capfd):
    node = {"_target_": target, **PAYLOADS[target]}
    for words, change in COMMANDS.items():
        if place in {"trainer", "optimizer"} and change is change_export:
            continue  # exports have none
        change(lambda settings: put(place, node, settings))
        code = run(*words.split())
        said = capfd.readouterr().err
        assert not Path("canary").exists(), words
        assert "Traceback" not in said, words
        if place.split(".")[0] in BUILDS[words.split()[0]] or code:
            assert code == 1, words
            assert f"asks for {target} at {place}._target_" in said.replace("\n", ""), words


@pytest.mark.parametrize("target", PAYLOADS)
def test_python_and_the_explorer_execute_nothing(target, strangers):
    page = pytest.importorskip("ganzoo.inference.page").build_page
    change_checkpoint(lambda settings: put("model.head", {"_target_": target}, settings))
    for load in (ganzoo.load, lambda model: page([model])):
        with pytest.raises(UserError, match="is no part of ganzoo"):
            load("run")
    assert not Path("canary").exists()


@pytest.mark.parametrize("target", ["joblib.load", "stranger.Evil"])
@pytest.mark.parametrize(
    "word",
    [
        "data._target_={target}",
        "+callback.own._target_={target}",
        "+callback.own={{_target_:{target}}}",
        "hydra.launcher._target_={target}",
        "hydra.sweeper._target_={target}",
        "hydra.sweeper.params.data='{{_target_:{target}}}'",
        "hydra.sweeper.params.data._target_={target}",
        "hydra.callbacks.sweep._target_={target}",
        "hydra.searchpath=[file://elsewhere]",
        "hydra.job_logging.handlers.own.class={target}",
        "hydra.launcher.setup=[touch canary]",
        "hydra.job.env_set.PYTHONSTARTUP=stranger.py",
        "hydra/launcher=../../stranger",
        "model=../../stranger",
        "model=/stranger",
        "+model@data=../stranger",
        "--config-dir=elsewhere",
        "run_dir=/elsewhere",
        "callback.last_checkpoint.folder=/elsewhere",
        "seed=${{oc.env:HOME}}",
    ],
)
def test_a_sweep_that_continues_executes_nothing(word, target, strangers, capfd):
    word = word.format(target=target)
    Path("sweep").mkdir()
    Path("sweep/sweep.json").write_text(json.dumps({"command": [*TRAIN[1:], word]}))
    before = contents(strangers)
    assert run("train", "sweep.resume=sweep") == 1
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert "sweep/sweep.json" in said
    assert contents(strangers) == before


@pytest.mark.parametrize("command", ["word", 3, [], [3], None, {"a": 1}, [["train"]]])
def test_a_sweep_without_words_is_refused(command, strangers, capfd):
    Path("sweep").mkdir()
    Path("sweep/sweep.json").write_text(json.dumps({"command": command}))
    assert run("train", "sweep.resume=sweep") == 1
    assert "Traceback" not in capfd.readouterr().err


def test_a_study_sets_what_its_search_searches(strangers, capfd):
    optuna = pytest.importorskip("optuna")
    Path("sweep").mkdir()
    words = ["hparams_search=random", "model=dcgan", *TRAIN[1:]]
    Path("sweep/sweep.json").write_text(json.dumps({"command": words}))
    study = optuna.create_study(storage="sqlite:///sweep/study.db", study_name="all")
    evil = optuna.distributions.CategoricalDistribution(["os.system"])
    study.add_trial(
        optuna.create_trial(
            params={"data._target_": "os.system"}, distributions={"data._target_": evil}, value=0.1
        )
    )
    assert run("train", "sweep.resume=sweep") == 1
    assert "study.db" in capfd.readouterr().err


# Values are plain


@pytest.mark.parametrize(
    "text",
    [
        "${oc.env:SECRET}",
        "${seed}",
        "${oc.create:{_target_:os.system,command:touch canary}}",
        "${oc.decode:'{_target_:os.system}'}",
        "a${a}",
        "\\${oc.env:SECRET}",
    ],
)
@pytest.mark.parametrize("words", COMMANDS)
def test_no_reference_in_a_file_is_followed(words, text, strangers, monkeypatch, capfd):
    monkeypatch.setenv("SECRET", "s3cret")
    for place in ("model.seed", "callback.own", "data.batch_size"):
        COMMANDS[words](lambda settings, place=place: put(place, text, settings))
        assert run(*words.split()) == 1
        said = capfd.readouterr().err
        assert "Traceback" not in said
        assert "and settings in a file are plain values: write the value itself." in said
    assert not Path("out").exists()
    assert not Path("canary").exists()


def test_words_of_a_command_stay_text(strangers, monkeypatch):
    monkeypatch.setenv("SECRET", "s3cret")
    words = ["seed=${oc.env:SECRET}", "a=\\${oc.env:SECRET}", "a=\\\\${oc.env:SECRET}"]
    change_export(lambda settings: settings.update(command=words))
    assert run("export", "exported", "--to", "out") == 0
    assert json.loads(Path("out/config.json").read_text())["command"] == words
    assert not any(b"s3cret" in content for content in contents(Path("out")).values())


@pytest.mark.parametrize("settings", [[], None, 3, "text", {"model": []}, {"model": {}}, {}])
@pytest.mark.parametrize("words", COMMANDS)
def test_settings_of_another_shape_are_refused(words, settings, strangers, capfd):
    Path("run/config.yaml").write_text(yaml.dump(settings))
    Path("exported/config.json").write_text(json.dumps(settings))
    for path in Path("run/checkpoints").glob("*.ckpt"):
        content = torch.load(path, weights_only=True)
        torch.save({**content, "hyper_parameters": settings}, path)
    assert run(*words.split()) == 1
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("error: ")


def deep(levels):
    value = 0
    for _ in range(levels):
        value = [value]
    return value


def wide(levels):
    """Few lists that stand for many: each holds the one before it ten times."""
    value = [0] * 10
    for _ in range(levels):
        value = [value] * 10
    return value


@pytest.mark.parametrize("value", [deep(500), wide(30), {3: 4}, torch.ones(1), {"a": {1, 2}}])
def test_settings_are_small_and_plain(value):
    with pytest.raises(UserError, match=r"^a file holds"):
        check_plain({"model": {"width": value}}, "a file")


# Paths stay in the run's folder


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("callback.last_checkpoint.folder", "/elsewhere"),
        ("callback.last_checkpoint.folder", "elsewhere"),
        ("callback.last_checkpoint.folder", "${run_dir}/../elsewhere"),
        ("callback.sample_grid.folder", "~"),
        ("callback.scores.cache_dir", "elsewhere"),
        ("logger.csv.save_dir", "elsewhere"),
        ("logger.csv.version", "../../elsewhere"),
        ("logger.csv.name", "/elsewhere"),
        ("trainer.default_root_dir", "elsewhere"),
    ],
)
def test_a_resumed_run_writes_into_its_own_folder(place, path, strangers, capfd):
    path = path.replace("/elsewhere", f"{strangers}/elsewhere") if path[0] == "/" else path
    change_config(lambda settings: put(place, path, settings))
    before = contents(strangers)
    assert run("train", "resume=run") == 1
    assert (
        f"names {path} at {place}, and a run writes into its own folder" in capfd.readouterr().err
    )
    assert contents(strangers) == before


@pytest.mark.parametrize("remembered", ["{}/victim.ckpt", "{}/run/checkpoints/../../victim.ckpt"])
def test_a_resumed_run_removes_nobodys_files(remembered, strangers):
    """Lightning removes the best checkpoint so far, which a checkpoint remembers by its path."""
    remembered = remembered.format(strangers)
    Path("victim.ckpt").write_text("precious")
    for path in Path("run/checkpoints").glob("*.ckpt"):
        content = torch.load(path, weights_only=True)
        for state in content["callbacks"].values():
            state |= {name: remembered for name in state if name.endswith("_model_path")}
            if "best_k_models" in state:
                state |= {"best_k_models": {remembered: torch.tensor(1e9)}, "dirpath": "/"}
                state["kth_value"] = torch.tensor(1e9)
        torch.save(content, path)
    assert run(*TRAIN, "resume=run", "max_steps=2", "allow_changes=true") == 0
    assert Path("victim.ckpt").read_text() == "precious"
    assert {path.name for path in Path("run/checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    assert torch.load("run/checkpoints/best.ckpt", weights_only=True)["global_step"] == 2


# What may be named


@pytest.mark.parametrize("name", sorted(part_modules()))
def test_what_a_module_offers_in_capitals_is_a_class_or_a_type(name):
    module = import_module(name)
    found = {name: getattr(module, name) for name in public_classes(name)}
    offered = getattr(module, "__all__", found)
    assert {name for name in offered if isclass(getattr(module, name))} <= set(found)
    assert not [name for name, each in found.items() if isroutine(each) or ismodule(each)]


def test_conf_names_classes_alone():
    assert all(isclass(get_object(target)) for target in conf_targets())


@pytest.mark.parametrize(
    "target",
    [
        "ganzoo.optimizer.adam",  # a function
        "ganzoo.network.base.torch.hub.load",
        "ganzoo.files.write_json",
        "ganzoo.settings.trust.CONF",
        "ganzoo.cli.main",
        "torch.optim.lr_scheduler.warnings.warn",
        "torch.optim.swa_utils.update_bn",
        "pytorch_lightning.loggers.CometLogger",
        "pytorch_lightning.callbacks.LambdaCallback",
        "Loss",
        "",
        None,
        3,
        ["os.system"],
        {"a": "os.system"},
    ],
)
def test_nothing_else_may(target):
    with pytest.raises(UserError, match="which is no part of ganzoo"):
        check_trusted({"data": [{"_target_": target}]}, "a file")


def test_a_trusted_module_gives_the_classes_that_it_defines(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    (tmp_path / "mine.py").write_text(
        "from subprocess import Popen\nimport os\nclass Own: ...\ndef function(): ...\n"
    )
    (tmp_path / "mine2.py").write_text("class Other: ...\n")
    check_trusted({"_target_": "mine.Own"}, "a file", "mine")
    check_trusted({"_target_": "mine.Own"}, "a file", ["other", "mine"])
    for wrong in ("mine.Popen", "mine.os.system", "mine.function", "mine.Nothing", "mine2.Other"):
        with pytest.raises(UserError, match="a file asks for"):
            check_trusted({"_target_": wrong}, "a file", "mine")


def test_what_the_command_names_itself_may_be_in_the_file():
    check_trusted({"_target_": "mine.Own"}, "a file", typed=["mine.Own"])


def test_nothing_outside_the_package_says_what_it_may_name():
    """The list follows the folders of ganzoo and of conf/, so that a new part needs no entry."""
    folders = {
        f"ganzoo.{path.name}"
        for path in CONF.iterdir()
        if path.is_dir() and (PACKAGE / path.name / "__init__.py").exists()
    }
    assert {"ganzoo.loss", "ganzoo.metric", "ganzoo.model", "ganzoo.logger"} <= folders
    assert part_modules() == {*folders, "ganzoo.schedule"}
