"""A folder belongs to one run, one process writes into it, and what is a user's stays."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from unittest.mock import Mock

import pytest

from ganzoo.files import read_values
from ganzoo.runs import RunFolder
from ganzoo.training.claim import hold, unused_folder
from ganzoo.training.isolation import FORK
from tests.helpers.commands import QUICK, contents, run, run_killed, same

NAME = "2030-01-01_00-00-00"
TRAIN = ["train", *QUICK, "network.width=4", "max_steps=4", "logger=[csv]"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def first(here):
    assert run(*TRAIN, "hydra.run.dir=first") == 0
    return here / "first"


@pytest.mark.parametrize(
    "words", [[], ["seed=2"], ["loss=[hinge]", "max_steps=9"], ["run_dir=first"]]
)
def test_a_used_folder_is_refused_with_both_ways_and_stays_as_it_was(words, first, capsys):
    before = contents(first.parent)
    assert run(*TRAIN, "hydra.run.dir=first", *words) == 1
    said = capsys.readouterr().err
    assert "type resume=" in said
    assert "or hydra.run.dir=… for another folder." in said
    assert contents(first.parent) == before


@pytest.mark.parametrize("name", ["checkpoints", "samples", "metrics.json", "csv", "changes.json"])
def test_whatever_a_run_would_mix_with_is_named(name, here, capsys):
    (here / "mine" / name).mkdir(parents=True)
    assert run(*TRAIN, "hydra.run.dir=mine") == 1
    assert f"(it holds {name})" in capsys.readouterr().err
    assert [path.name for path in (here / "mine").iterdir()] == [name]


def test_resume_auto_goes_on_with_the_same_settings_only(first, capsys):
    before = contents(first)
    assert run(*TRAIN, "hydra.run.dir=first", "resume=auto") == 0
    assert run(*TRAIN, "hydra.run.dir=first", "resume=auto", "seed=3") == 1
    assert "belongs to a run already" in capsys.readouterr().err
    assert contents(first) == before


@pytest.mark.slow
def test_two_runs_of_one_second_have_a_folder_each(here, monkeypatch):
    one_second = datetime(2030, 1, 1)
    monkeypatch.setattr("hydra.core.utils.datetime", Mock(now=lambda *_: one_second))
    for words in ([], ["seed=1"]):
        assert run(*TRAIN, *words) == 0
    assert run("train", "-m", *TRAIN[1:], "max_steps=1", "val_every=1") == 0
    assert run("train", "-m", *TRAIN[1:], "max_steps=1", "val_every=1", "seed=4") == 0
    seeds = {
        path.parent.name: read_values(path)["seed"] for path in here.glob("runs/*/*/origin.json")
    }
    assert seeds == {NAME: 0, f"{NAME}_2": 1}
    assert {path.parent.name for path in here.glob("runs/sweep/*/sweep.json")} == {
        *(NAME, f"{NAME}_2")
    }
    assert (here / f"runs/sweep/{NAME}_2/0-dcgan-digits-seed4/metrics.json").exists()


def test_a_free_name_is_given_once(here):
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: unused_folder(here / "runs/a"), range(40)))
    assert len(set(names)) == 40


def holding(path, seconds):
    """A process that holds a lock so long."""
    receiver, sender = FORK.Pipe(duplex=False)

    def child():
        lock = hold(path, "held")
        sender.send(True)
        signal.pause()
        lock.release()

    process = FORK.Process(target=child)
    process.start()
    assert receiver.recv()
    return process


def test_the_second_of_two_processes_is_refused_until_the_first_has_died(here, capsys):
    words = [*TRAIN, "hydra.run.dir=cut"]
    assert run_killed(signal.SIGKILL, 4, words) == -signal.SIGKILL
    before = contents(here)
    process = holding(RunFolder("cut").lock, 60)
    try:
        assert run("train", "resume=cut") == 1
        assert "another process is training in cut" in capsys.readouterr().err
        assert contents(here) == before
        assert run(*TRAIN, "hydra.run.dir=new", "resume=auto") == 0  # passes by
        assert (here / "new/metrics.json").exists()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    assert run("train", "resume=cut") == 0


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_again(here):
    assert run(*TRAIN, "hydra.run.dir=whole") == 0
    assert run_killed(signal.SIGKILL, 2, [*TRAIN, "hydra.run.dir=cut"]) == -signal.SIGKILL
    assert not (here / "cut/checkpoints").exists()
    assert run("train", "resume=cut") == 0
    same(here / "whole", here / "cut")
    origins = [read_values(here / name / "origin.json") for name in ("whole", "cut")]
    assert origins[0] == origins[1]


def test_files_and_folders_of_the_user_stay(here):
    (here / "w/downloads").mkdir(parents=True)
    mine = [here / "w/downloads/.movie.mkv.part", here / "w/.movie.mkv.part", here / "w/notes.txt"]
    for path in mine:
        path.write_text("half")
    assert run(*TRAIN, "hydra.run.dir=w") == 0
    (here / "keep/me").mkdir(parents=True)
    for words in (["hydra.run.dir=keep/me"], ["run_dir=keep/me"], ["hydra.run.dir=keep/me/not"]):
        assert run(*TRAIN, "n_critic=0", *words) == 1
    assert [path.read_text() for path in mine] == ["half"] * 3
    assert list((here / "keep/me").iterdir()) == []
    assert sorted(path.name for path in here.iterdir()) == ["keep", "w"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["seed=0"], "belongs to a sweep already: type sweep.resume=sweep to continue it"),
        (["seed=1", "resume=auto"], "or hydra.sweep.dir=… for another folder"),
    ],
)
def test_the_folder_of_a_sweep_belongs_to_it(words, said, here, capsys):
    sweep = ["train", "-m", *TRAIN[1:], "hydra.sweep.dir=sweep"]
    (here / "sweep").mkdir()
    command = [word for word in sweep[2:] if "dir=" not in word]
    (here / "sweep/sweep.json").write_text(json.dumps({"command": [*command, "seed=0"]}))
    before = contents(here)
    assert run(*sweep, *words) == 1
    assert said in capsys.readouterr().err
    assert contents(here) == before
    process = holding(Path("sweep/sweep.lock"), 60)
    try:
        assert run(*sweep, "seed=0", "resume=auto") == 1
        assert "another process runs the sweep in sweep" in capsys.readouterr().err
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.join()


def test_a_job_that_is_refused_leaves_no_failure_in_anothers_run(first):
    before = contents(first)
    assert run("train", "-m", "resume=first", "seed=0,1") == 1
    assert contents(first) == before
