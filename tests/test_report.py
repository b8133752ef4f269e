"""The report: what it counts, what it refuses to mix, and what it survives."""

import csv
import json
import os
import re
import shutil
import signal
import sys
from math import sqrt
from time import sleep
from unittest.mock import ANY

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo import cli
from ganzoo.callback import Finite
from ganzoo.error import UserError
from ganzoo.report import leaderboards, report
from ganzoo.runs import collect
from ganzoo.statistics import compare, summary
from ganzoo.sweep import FORK


def write_run(folder, scores=(3.0, 2.0), *, model="dcgan", seed=0, data="MNIST5k", n=1000, **more):
    """The files of a finished run whose validations had these scores."""
    folder.mkdir(parents=True)
    words = [f"model={model}", f"seed={seed}", *more.pop("words", [])]
    (folder / "origin.json").write_text(json.dumps({"command": words, "seed": seed}))
    facts = {"image_shape": [1, 28, 28], "monitor": "val/fid"}
    settings = {
        "model": {"_target_": f"ganzoo.model.{model.upper()}"},
        "data": {"_target_": f"ganzoo.data.{data}"},
        "facts": facts,
    }
    (folder / "config.yaml").write_text(json.dumps(settings))
    metrics = {
        "monitor": "val/fid",
        "val/fid": scores[-1],
        "val/fid_n": n,
        "best": min(scores),
        "best_step": 10,
        "images": 640,
        "train_seconds": 2.0,
        "images_per_second": 320.0,
        "finished": True,
        **more,
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    lines = ["images,step,val/fid"]
    for number, score in enumerate(scores, start=1):
        lines += [f"{64 * number * 5},{number * 5},", f",{number * 5},{score}"]
    (folder / "csv").mkdir()
    (folder / "csv" / "metrics.csv").write_text("\n".join(lines) + "\n")
    (folder / "samples").mkdir()
    Image.new("RGB", (30, 30), (seed, 0, 0)).save(folder / "samples" / "step_000010.png")
    return folder


@pytest.fixture
def sweep(tmp_path):
    """Two variants with three seeds each, the second always worse by 1."""
    for seed, score in enumerate((2.0, 4.0, 3.0)):
        write_run(tmp_path / f"sweep/{seed}-dcgan", (9.0, score), model="dcgan", seed=seed)
        write_run(tmp_path / f"sweep/{seed}-wgan", (9.0, score + 1), model="wgan", seed=seed)
    return tmp_path / "sweep"


def test_a_leaderboard_ranks_by_the_mean_over_seeds(sweep):
    (board,) = leaderboards(collect([sweep]))
    first, second = board.entries
    assert (first.variant, second.variant) == ("DCGAN", "WGAN")
    assert first.scores[:3] == (3, 3.0, pytest.approx(1.0))
    assert first.scores.best == 2.0
    assert second.against.difference == pytest.approx(1.0)
    assert second.against.p == pytest.approx(0.25)  # 2 of 2^3 sign flips are as extreme
    assert "not distinguishable" in second.against.verdict
    assert not board.uneven


def test_intervals_and_tests_have_known_answers():
    scores = np.random.default_rng(0).normal(5, 1, 200)
    found = summary(scores)
    normal = 1.96 * scores.std(ddof=1) / sqrt(200)
    assert found.low == pytest.approx(scores.mean() - normal, abs=0.02)
    assert found.high == pytest.approx(scores.mean() + normal, abs=0.02)
    assert summary([2.0]) == (1, 2.0, 0.0, 2.0, 2.0, 2.0)
    six = {seed: float(seed) for seed in range(6)}
    more = compare(six, {seed: score + 1 for seed, score in six.items()})
    assert more.p == pytest.approx(2 / 2**6)
    assert more.verdict == "worse by 1"  # less is better
    assert compare(six, {seed: score - 2 for seed, score in six.items()}).verdict == "better by 2"
    assert compare({0: 1.0}, {0: 2.0}) is None
    assert compare({0: 1.0, 1: 1.0}, {2: 2.0, 3: 1.0}) is None


@pytest.mark.parametrize("other", [{"data": "CIFAR10"}, {"n": 500}, {"monitor": "val/kid"}])
def test_what_cannot_be_compared_has_a_board_of_its_own(other, sweep):
    write_run(sweep / "other", model="lsgan", **other)
    boards = leaderboards(collect([sweep]))
    assert sorted(len(board.entries) for board in boards) == [1, 2]


def test_unequal_budgets_are_said(sweep):
    write_run(sweep / "longer", model="lsgan", images=1280)
    (board,) = leaderboards(collect([sweep]))
    assert board.uneven


def test_names_tell_only_what_differs(tmp_path):
    for seed in (0, 1):
        for rate in ("1e-3", "2e-4"):
            words = ["network.width=4", f"optimizer.generator.lr={rate}", "data.root=/x"]
            write_run(tmp_path / f"{seed}{rate}", seed=seed, words=words)
    (board,) = leaderboards(collect([tmp_path]))
    assert {entry.variant for entry in board.entries} == {
        "DCGAN optimizer.generator.lr=1e-3",
        "DCGAN optimizer.generator.lr=2e-4",
    }


def test_the_page_holds_all_it_shows(sweep, tmp_path):
    path = report([sweep], tmp_path / "out")
    page = path.read_text()
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("data:image/png;base64") == 4  # two plots, a grid of each variant
    assert "python train.py model=dcgan seed=0" in page
    lines = list(csv.DictReader((tmp_path / "out" / "report.csv").open()))
    assert len(lines) == 6
    assert {line["variant"] for line in lines} == {"DCGAN", "WGAN"}
    assert "| DCGAN | 3 | 3 | 1 |" in (tmp_path / "out" / "report.md").read_text()


def test_a_moved_sweep_reports_the_same(sweep, tmp_path):
    before = report([sweep], tmp_path / "one").read_bytes()
    moved = tmp_path / "elsewhere"
    shutil.move(sweep, moved)
    assert report([moved], tmp_path / "two").read_bytes() == before


def test_failed_killed_and_half_written_runs_are_listed(sweep, tmp_path):
    failed, killed, writing = (sweep / name for name in ("failed", "killed", "writing"))
    failed.mkdir()
    failure = {"command": ["model=gan"], "seed": 7, "reason": "n_critic must be at least 1."}
    (failed / "failure.json").write_text(json.dumps(failure))
    for folder in (killed, writing):
        write_run(folder, model="gan")
        (folder / "metrics.json").unlink()
    (writing / "metrics.json").write_text('{"best": 1')
    (writing / "csv" / "metrics.csv").write_text("images,step,val/fid\n64,1,\n6")
    report([sweep], tmp_path)
    said = (tmp_path / "report.md").read_text()
    assert re.search("gan.*, seed 7: n_critic must be at least 1.", said)
    assert said.count("unfinished: it is still running, or was killed") == 2


def test_a_line_that_is_being_written_is_passed_by(tmp_path):
    folder = write_run(tmp_path / "run", (3.0, 2.0))
    with (folder / "csv" / "metrics.csv").open("a") as file:
        file.write("640")
    (run,) = collect([folder])
    assert run.curve == [(5.0, 320.0, 3.0), (10.0, 640.0, 2.0)]


def test_a_run_is_counted_once_however_often_it_is_named(sweep):
    assert len(collect([sweep, sweep / "0-dcgan", sweep])) == 6


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_where_there_is_no_run_it_says_so(make, tmp_path):
    make(tmp_path / "empty")
    with pytest.raises(UserError, match=r"runs/sweep|is no folder"):
        report([tmp_path / "empty"], tmp_path)
    assert not (tmp_path / "report.html").exists()


@pytest.fixture
def ganzoo(tmp_path, monkeypatch, capsys):
    """Run ``ganzoo …`` in an empty folder: (exit code, error output)."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["ganzoo", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().err

    return run


QUICK = [
    *("data=digits", "network.width=4", "max_steps=4", "val_every=2", "data.batch_size=8"),
    *("data.val_size=50", "logger=[csv]", "callback=[scores,sample_grid,checkpoint]"),
]


def kill(monkeypatch, which, at=3):
    """Let SIGKILL end the processes of some games after a generator step."""
    original = Finite.on_train_batch_end

    def then_kill(self, trainer, game, *rest):
        original(self, trainer, game, *rest)
        if trainer.global_step == at and which(game):
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(Finite, "on_train_batch_end", then_kill)


@pytest.mark.slow
def test_of_twelve_jobs_one_is_refused_one_diverges_one_is_killed(ganzoo, tmp_path, monkeypatch):
    rates = [*(f"{number}e-4" for number in range(1, 11)), "1e30", "fast"]
    kill(monkeypatch, lambda game: game.hparams["optimizer"]["generator"]["lr"] == 5e-4)
    sweep = tmp_path / "sweep"
    swept = f"optimizer.generator.lr={','.join(rates)}"
    code, said = ganzoo("train", "-m", *QUICK, swept, f"hydra.sweep.dir={sweep}")
    assert code == 1
    assert "Traceback" not in said

    def reported():
        board, _, troubles = (sweep / "report.md").read_text().partition("## Without a result")
        listed = dict(line[2:].split(": ", 1) for line in troubles.strip().splitlines())
        reasons = {name.split("lr=")[1].split(",")[0]: why for name, why in listed.items()}
        return len(re.findall(r"^\| DCGAN optimizer", board, re.MULTILINE)), reasons

    n, reasons = reported()
    assert n == 9
    assert reasons.keys() == {"0.0005", "1e+30", "fast"}
    assert "its process was ended by SIGKILL" in reasons["0.0005"]
    assert re.search("is (nan|inf) at generator step", reasons["1e+30"])
    assert "optimizer.generator.lr is a number" in reasons["fast"]

    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    moved = sweep.rename(tmp_path / "it's elsewhere")
    before = {path: path.stat().st_mtime_ns for path in moved.glob("*/metrics.json")}
    assert len(before) == 9
    began = (moved / "4-dcgan-digits-seed0" / "origin.json").read_bytes()
    assert ganzoo("train", f"sweep.resume={moved}")[0] == 1
    sweep = moved
    n, reasons = reported()
    assert n == 10
    assert reasons.keys() == {"1e+30", "fast"}
    added = set(moved.glob("*/metrics.json")) - before.keys()
    assert [path.parent.name for path in added] == ["4-dcgan-digits-seed0"]
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert (moved / "4-dcgan-digits-seed0" / "origin.json").read_bytes() == began
    assert json.loads(next(iter(added)).read_text())["steps"] == 4


def test_a_sweep_that_was_killed_as_a_whole_goes_on(ganzoo, tmp_path, monkeypatch):
    """Its first job stops with a checkpoint, its second had not begun."""
    words = ["train", "-m", *QUICK, "seed=0,1", "hydra.sweep.dir=sweep", "val_every=1000"]
    receiver, sender = FORK.Pipe(duplex=False)

    def kill_the_sweep(game):
        os.kill(os.getppid(), signal.SIGKILL)
        sleep(1)
        return False

    kill(monkeypatch, kill_the_sweep)
    whole = FORK.Process(target=ganzoo, args=words)
    whole.start()
    whole.join()
    assert whole.exitcode == -signal.SIGKILL
    sender.close()
    receiver.poll(60)  # the job held the other end until now
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    first, second = (tmp_path / "sweep" / f"{n}-dcgan-digits-seed{n}" for n in (0, 1))
    assert torch.load(first / "checkpoints" / "last.ckpt")["global_step"] == 3
    assert not second.exists()
    assert ganzoo("train", "sweep.resume=sweep") == (0, ANY)
    for number, folder in enumerate((first, second)):
        assert json.loads((folder / "metrics.json").read_text())["finished"]
        origin = json.loads((folder / "origin.json").read_text())
        assert f"seed={number}" in origin["command"]
        assert not any("resume" in word for word in origin["command"])
    assert torch.load(first / "checkpoints" / "last.ckpt")["global_step"] == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sweep.resume=nowhere"], "nowhere holds no sweep.json"),
        (["sweep.resume=sweep", "seed=0,1,2"], "seed=0,1,2 would change the sweep in sweep"),
        (["sweep.resume=sweep", "model=gan"], "model=gan would change the sweep"),
    ],
)
def test_only_a_sweep_can_be_gone_on_with_and_as_it_was(words, said, ganzoo, tmp_path):
    write_run(tmp_path / "sweep" / "0", model="dcgan")
    if "sweep.resume=nowhere" not in words:
        (tmp_path / "sweep" / "sweep.json").write_text('{"command": ["model=dcgan", "seed=0,1"]}')
    code, err = ganzoo("train", *words)
    assert code == 1
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_many_long_runs_make_a_small_page(tmp_path):
    scores = tuple(np.linspace(9, 1, 1000))
    for number in range(200):
        write_run(tmp_path / f"{number}", scores, model=f"m{number % 9}", seed=number // 9)
    assert report([tmp_path], tmp_path / "out").stat().st_size < 5e6
