"""Sweeps: what survives whom, what runs again, and what a search asks for."""

import json
import os
import re
import signal
import sys
from time import sleep
from unittest.mock import ANY

import pytest
import torch
from run_files import write_run

from ganzoo import cli
from ganzoo.callback import Finite
from ganzoo.runs import collect
from ganzoo.sweep import FORK


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


@pytest.mark.parametrize(("number", "ended"), [(signal.SIGKILL, -9), (signal.SIGTERM, 75)])
def test_a_sweep_that_was_stopped_as_a_whole_goes_on(number, ended, ganzoo, tmp_path, monkeypatch):
    """Its first job stops with a checkpoint, its second had not begun."""
    words = ["train", "-m", *QUICK, "seed=0,1", "hydra.sweep.dir=sweep", "val_every=1000"]
    receiver, sender = FORK.Pipe(duplex=False)

    def kill_the_sweep(game):
        os.kill(os.getppid(), number)
        sleep(1)
        return False

    kill(monkeypatch, kill_the_sweep)
    whole = FORK.Process(target=lambda: sys.exit(ganzoo(*words)[0]))
    whole.start()
    whole.join()
    assert whole.exitcode == ended
    sender.close()
    receiver.poll(60)  # the job held the other end until now
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    first, second = (tmp_path / "sweep" / f"{n}-dcgan-digits-seed{n}" for n in (0, 1))
    assert torch.load(first / "checkpoints" / "last.ckpt")["global_step"] == 3
    assert not second.exists()
    assert ganzoo("train", "sweep.resume=sweep") == (0, ANY)
    for seed, folder in enumerate((first, second)):
        assert json.loads((folder / "metrics.json").read_text())["finished"]
        origin = json.loads((folder / "origin.json").read_text())
        assert f"seed={seed}" in origin["command"]
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


KILLER = """
import os, signal
from pytorch_lightning import Callback

class Killer(Callback):
    def __init__(self, seed):
        self.seed = seed

    def on_train_batch_end(self, *_):
        if self.seed == 1:
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_jobs_side_by_side_die_alone(ganzoo, tmp_path, monkeypatch):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    (tmp_path / "killer.py").write_text(KILLER)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.syspath_prepend(tmp_path)
    side_by_side = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweep.dir=sweep"]
    killer = ["+callback.killer._target_=killer.Killer", "+callback.killer.seed=${seed}"]
    code, _ = ganzoo("train", "-m", *QUICK, *side_by_side, *killer, "seed=0,1,2")
    assert code == 1
    ends = {run.seed: (run.finished, run.failure) for run in collect([tmp_path / "sweep"])}
    assert ends[0] == ends[2] == (True, None)
    assert "ended by SIGKILL" in ends[1][1]
