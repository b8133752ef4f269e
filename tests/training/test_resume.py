"""A run that was killed and resumed is the run that was not, bit for bit."""

import json
import os
import re
import shutil
import signal

import pytest
import torch
import yaml

from ganzoo.callback import LastCheckpoint
from tests.helpers.commands import (
    QUICK,
    STEPS,
    bits,
    contents,
    run,
    run_killed,
    run_with,
    same,
    small_words,
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_stop_leaves_a_checkpoint_of_that_step(number, tmp_path, capfd):
    words = ["train", *QUICK, *small_words("dcgan"), "callback=[scores,checkpoint,sample_grid]"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run(*words, f"hydra.run.dir={whole}") == 0
    assert run_killed(number, 5, [*words, f"hydra.run.dir={cut}"]) == 75
    assert f"stopped after generator step 5: type resume={cut}" in capfd.readouterr().err
    saved = torch.load(cut / "checkpoints" / "last.ckpt", weights_only=True)
    assert saved["global_step"] == 5
    assert run("train", f"resume={cut}") == 0
    same(whole, cut)


@pytest.mark.parametrize(
    ("names", "job"),
    [
        ({"SLURM_JOB_ID": "7"}, "7"),
        ({"SLURM_JOB_ID": "9", "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "1"}, "7_1"),
    ],
)
def test_a_job_that_is_told_of_its_end_saves_and_is_requeued(names, job, tmp_path, monkeypatch):
    scontrol = tmp_path / "scontrol"
    scontrol.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    words = ["train", *QUICK, "network.width=4", f"hydra.run.dir={tmp_path / 'cut'}"]
    assert run_killed(signal.SIGUSR1, 5, words) == 75
    assert (tmp_path / "asked").read_text() == f"requeue {job}\n"
    saved = torch.load(tmp_path / "cut/checkpoints/last.ckpt", weights_only=True)
    assert saved["global_step"] == 5


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A run that was killed at step 8, after checkpoints at 3 and 6."""
    folder = tmp_path_factory.mktemp("killed")
    words = ["train", *QUICK, "network.width=4", f"hydra.run.dir={folder}"]
    assert run_killed(signal.SIGKILL, 8, words) == -signal.SIGKILL
    return folder


@pytest.fixture
def cut(killed, tmp_path, monkeypatch):
    """A copy of it, which is moved on the way."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(killed, tmp_path / "runs" / "cut")


def test_the_same_options_may_be_typed_again(cut):
    assert run("train", *QUICK, "network.width=4", f"resume={cut}") == 0
    assert json.loads((cut / "metrics.json").read_text())["steps"] == STEPS


def test_other_settings_are_refused_and_nothing_is_lost(cut, capsys):
    before = contents(cut)
    words = [*QUICK, "network.width=4", "max_steps=20", "loss.non_saturating.real_target=0.9"]
    assert run("train", *words, f"resume={cut}") == 1
    said = capsys.readouterr().err
    assert "was begun with loss.non_saturating.real_target=1.0 (now 0.9): leave" in said
    assert "allow_changes=true" in said
    assert contents(cut) == before


def test_other_settings_are_recorded_where_they_are_allowed(cut):
    words = ["max_steps=12", "loss.non_saturating.real_target=0.9", "allow_changes=true"]
    assert run("train", *words, f"resume={cut}") == 0
    assert json.loads((cut / "changes.json").read_text()) == [
        {
            "step": 6,
            "changed": {
                "loss.non_saturating.real_target": {"before": 1.0, "now": 0.9},
                "max_steps": {"before": 10, "now": 12},
            },
        }
    ]
    assert json.loads((cut / "metrics.json").read_text())["steps"] == 12


def test_one_word_changes_one_option_of_the_runs_own(cut, capsys):
    """Neither loss nor seed nor batch is the default one."""
    before = yaml.safe_load((cut / "config.yaml").read_text())
    words = ["max_steps=11", "callback.sample_grid.rows=2", "logger=[csv]", "trainer=cpu"]
    assert run("train", f"resume={cut}", *words) == 0
    said = capsys.readouterr().err
    assert "from generator step 6 on max_steps=11, before 10\n" in said
    assert "callback.sample_grid.rows=2, before 8\n" in said
    now = yaml.safe_load((cut / "config.yaml").read_text())
    assert now.pop("max_steps") == 11
    assert now["callback"]["sample_grid"].pop("rows") == 2
    assert set(now["logger"]) == {"csv"}
    assert now["trainer"].pop("log_every_n_steps") == 50  # of the trainer that was chosen
    for settings in (before, now):
        settings["callback"]["sample_grid"].pop("rows", None)
        settings["trainer"].pop("log_every_n_steps", None)
        for name in ("max_steps", "logger", "facts"):
            settings.pop(name, None)
    assert now == before
    assert run("train", f"resume={cut}", "max_steps=12") == 0


def test_a_checkpoint_that_is_named_is_where_the_run_goes_on(cut):
    assert run("train", f"resume={cut}") == 0
    whole = bits(cut)
    middle = cut / "checkpoints/step_000006.ckpt"
    shutil.copy(cut / "checkpoints/best.ckpt", middle)
    step = torch.load(middle, weights_only=True)["global_step"]
    assert run("train", f"resume={middle}") == 0
    assert step == STEPS or (cut / "later/last.ckpt").exists()
    middle.unlink()
    assert {**bits(cut), "metrics.json": None} == {**whole, "metrics.json": None}


EDITS = {
    "seed": lambda settings: settings.update(seed=3),
    "data.batch_size": lambda settings: settings["data"].update(batch_size=4),
    "loss.non_saturating.real_target": lambda settings: settings["loss"]["non_saturating"].update(
        real_target=0.5
    ),
    "max_steps": lambda settings: settings.update(max_steps=20),
}


@pytest.mark.parametrize("key", EDITS)
@pytest.mark.parametrize("where", ["config", "checkpoint"])
def test_files_of_different_runs_are_not_mixed(where, key, cut, capsys):
    if where == "config":
        settings = yaml.safe_load((cut / "config.yaml").read_text())
        EDITS[key](settings)
        (cut / "config.yaml").write_text(yaml.dump(settings))
    for path in (cut / "checkpoints").iterdir() if where == "checkpoint" else ():
        content = torch.load(path, weights_only=True)
        EDITS[key](content["hyper_parameters"])
        torch.save(content, path)
    before = contents(cut)
    assert run("train", f"resume={cut}") == 1
    said = capsys.readouterr().err
    assert f"was trained with {key}=" in said
    assert "one of them is another run's or was edited" in said
    assert contents(cut) == before


@pytest.mark.parametrize("name", ["7", "true", "[a]", ""])
def test_a_run_is_named_by_its_folder(name, cut, capsys):
    assert run("train", f"resume={name}") in (0, 1)
    said = capsys.readouterr().err
    assert "resume is the folder of a run or one of its checkpoints" in said
    assert "Traceback" not in said


def test_several_runs_do_not_continue_one(cut, capsys):
    assert run("train", "-m", f"resume={cut}", "seed=0,1") == 1
    assert "resume=… continues one run, and -m begins several" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("optimizer.generator.lr=1e-5", "leave optimizer.generator.lr as it was"),
        ("network.width=8", "leave network.width as it was, or begin a new run"),
        ("seed=3", "seed=0 (now 3), which its checkpoint cannot follow"),
        ("max_steps=5", "has trained 6 generator steps already"),
        ("data.bach_size=3", "there is no option data.bach_size: did you mean data.batch_size"),
    ],
)
def test_what_a_checkpoint_cannot_follow_is_refused_and_nothing_is_lost(change, said, cut, capsys):
    before = contents(cut)
    words = [*QUICK, "network.width=4", change, "allow_changes=true"]
    assert run("train", *words, f"resume={cut}") == 1
    assert said in capsys.readouterr().err
    assert contents(cut) == before


def test_a_finished_run_that_is_extended_is_unfinished_until_its_new_end(cut):
    words = [*QUICK, "network.width=4"]
    assert run("train", f"resume={cut}") == 0
    longer = ["train", *words, "max_steps=14", "allow_changes=true", f"resume={cut}"]
    assert run_killed(signal.SIGKILL, 13, longer) == -signal.SIGKILL
    assert not (cut / "metrics.json").exists()
    assert run("train", f"resume={cut}") == 0
    assert json.loads((cut / "metrics.json").read_text())["steps"] == 14


def test_evaluating_does_not_finish_a_run(cut):
    assert run("evaluate", cut) == 0
    assert run("train", f"resume={cut}") == 0
    assert json.loads((cut / "metrics.json").read_text())["command"][0] == "data=digits"


def test_a_run_whose_measurements_were_cut_off_is_measured_again(cut):
    assert run("train", f"resume={cut}") == 0
    metrics = json.loads((cut / "metrics.json").read_text())
    (cut / "metrics.json").write_text(json.dumps({**metrics, "finished": False}))
    assert run("train", f"resume={cut}") == 0
    assert json.loads((cut / "metrics.json").read_text()) == metrics


@pytest.mark.parametrize("damage", ["", "[]", '{"finished": true}', '{"steps": "many"}'])
@pytest.mark.parametrize("words", [[], ["resume=auto"]])
def test_damaged_metrics_count_as_missing(damage, words, cut, capsys):
    assert run("train", f"resume={cut}") == 0
    metrics = json.loads((cut / "metrics.json").read_text())
    assert run("train", f"resume={cut}") == 1
    assert "has finished" in capsys.readouterr().err
    partial = {name: value for name, value in metrics.items() if name != "best_step"}
    (cut / "metrics.json").write_text(damage or json.dumps(partial))
    if words:
        words = [*QUICK, "network.width=4", *words, f"hydra.run.dir={cut}"]
    assert run("train", *(words or [f"resume={cut}"])) == 0
    assert json.loads((cut / "metrics.json").read_text()) == metrics


def test_auto_finds_the_unfinished_run_and_later_begins_a_new_one(cut, tmp_path):
    damaged = shutil.copytree(cut, tmp_path / "runs" / "damaged")
    (damaged / "config.yaml").write_text("model: [")
    words = ["train", *QUICK, "network.width=4", "resume=auto"]
    assert run(*words, f"hydra.run.dir={tmp_path}/runs/new") == 0
    assert json.loads((cut / "metrics.json").read_text())["steps"] == STEPS
    assert not (tmp_path / "runs" / "new").exists()
    assert run(*words, f"hydra.run.dir={tmp_path}/runs/new") == 0
    assert (tmp_path / "runs" / "new" / "metrics.json").exists()


def test_a_job_that_slurm_started_again_goes_on(cut, monkeypatch):
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    begun = (cut / "origin.json").read_bytes()
    assert run("train", *QUICK, "network.width=4", f"hydra.run.dir={cut}") == 0
    assert (cut / "origin.json").read_bytes() == begun  # of a run that has not begun anew
    assert json.loads((cut / "metrics.json").read_text())["steps"] == STEPS


def test_auto_passes_by_runs_with_other_settings(cut, tmp_path):
    words = ["train", *QUICK, "network.width=4", "seed=5", "resume=auto"]
    assert run(*words, f"hydra.run.dir={tmp_path}/runs/new") == 0
    assert (tmp_path / "runs" / "new" / "metrics.json").exists()
    assert not (cut / "metrics.json").exists()


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_taken(cut):
    newest = cut / "checkpoints" / "last.ckpt"
    newest.write_bytes(newest.read_bytes()[:5000])
    os.utime(newest)
    with pytest.warns(UserWarning, match=r"last\.ckpt cannot be read"):
        assert run("train", f"resume={cut}") == 0
    assert json.loads((cut / "metrics.json").read_text())["steps"] == STEPS


def damage_checkpoints(run):
    for path in run.glob("checkpoints/*"):
        path.write_bytes(b"")


@pytest.mark.filterwarnings("ignore:Another checkpoint is used")
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (damage_checkpoints, "holds no checkpoint to continue from that can be read"),
        (lambda run: (run / "config.yaml").unlink(), "holds no config.yaml"),
        (shutil.rmtree, "holds no"),
        (
            lambda run: (run / "config.yaml").write_text("model: {_target_: os.system}"),
            "asks for os.system",
        ),
    ],
)
def test_what_cannot_go_on_says_why(spoil, said, cut, capsys):
    spoil(cut)
    assert run("train", f"resume={cut}") == 1
    assert said in capsys.readouterr().err


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path, capsys):
    words = [
        "train",
        "model=gan",
        *QUICK,
        "optimizer.generator.lr=1e30",
        f"hydra.run.dir={tmp_path}",
    ]
    assert run(*words, "optimizer.discriminator.lr=1e30") == 1
    said = capsys.readouterr().err
    assert re.search(r"the (\w+)'s non_saturating is (nan|inf) at generator step \d", said)
    assert "lower optimizer.discriminator.lr" in said
    finding = json.loads((tmp_path / "diagnosis.json").read_text())["findings"][0]
    assert finding["failure"] == "failure to converge"


def test_what_was_killed_after_its_best_checkpoint_ends_like_what_was_not(tmp_path):
    """Between ``best.ckpt`` and ``last.ckpt`` nothing that was logged is lost, nothing repeats."""

    def dying():
        original = LastCheckpoint.on_validation_end

        def then_die(self, trainer, *rest):
            if trainer.global_step == 6:
                os.kill(os.getpid(), signal.SIGKILL)
            original(self, trainer, *rest)

        LastCheckpoint.on_validation_end = then_die

    words = ["train", *QUICK, *small_words("dcgan")]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run(*words, f"hydra.run.dir={whole}") == 0
    assert run_with(dying, [*words, f"hydra.run.dir={cut}"]) == -signal.SIGKILL
    assert run("train", f"resume={cut}") == 0
    same(whole, cut)
