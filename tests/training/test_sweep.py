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

from ganzoo.callback import MedianPruner, NonFiniteGuard
from ganzoo.error import Interrupted
from ganzoo.runs import find_runs
from ganzoo.training.isolation import FORK
from tests.helpers.runs import write_run


@pytest.fixture
def ganzoo(command):
    """Run ``ganzoo …`` in an empty folder: (exit code, error output)."""

    def run(*words):
        code, _, said = command(*words)
        return code, said

    return run


QUICK = [
    *("data=digits", "network.width=4", "max_steps=4", "val_every=2", "data.batch_size=8"),
    *("data.val_size=50", "logger=[csv]", "callback=[scores,sample_grid,checkpoint]"),
]


def kill(monkeypatch, which, at=3):
    """Let SIGKILL end the processes of some games after a generator step."""
    original = NonFiniteGuard.on_train_batch_end

    def then_kill(self, trainer, game, *rest):
        original(self, trainer, game, *rest)
        if trainer.global_step == at and which(game):
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(NonFiniteGuard, "on_train_batch_end", then_kill)


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
        return len(re.findall(r"^\| DCGAN lr=", board, re.MULTILINE)), reasons

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


@pytest.mark.slow
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
    ends = {run.seed: (run.finished, run.failure) for run in find_runs([tmp_path / "sweep"])}
    assert ends[0] == ends[2] == (True, None)
    assert "ended by SIGKILL" in ends[1][1]


# Search

STUDY = [
    *("train", "hparams_search=random", "model=dcgan,wgan", "data=digits", "network.width=4"),
    *("hydra.sweeper.n_trials=2", "hydra.sweeper.n_seeds=1"),
]


@pytest.fixture
def scored(monkeypatch, tmp_path):
    """Let a run's score be told by its learning rate, and keep what was run."""
    seen = tmp_path / "seen"

    def train(cfg):
        lr, n_critic = cfg.optimizer.generator.lr, cfg.n_critic
        with seen.open("a") as file:
            file.write(f"{cfg.run_dir} {lr} {n_critic} {cfg.seed}\n")
        if "STOP" in os.environ and seen.read_text().count("\n") == int(os.environ["STOP"]):
            raise Interrupted("stopped")
        return lr

    monkeypatch.setattr("ganzoo.training.train.train", train)
    return lambda: [line.split() for line in seen.read_text().splitlines()]


def trials(folder):
    optuna = pytest.importorskip("optuna")
    storage = f"sqlite:///{folder / 'study.db'}"
    found = {}
    for name in optuna.get_all_study_names(storage):
        study = optuna.load_study(study_name=name, storage=storage)
        found[name] = [(trial.params, trial.value) for trial in study.trials]
    return found


@pytest.mark.slow
def test_a_search_goes_on_and_asks_for_what_it_would_have_asked(
    ganzoo, scored, tmp_path, monkeypatch
):
    assert ganzoo(*STUDY, "hydra.sweep.dir=whole")[0] == 0
    monkeypatch.setenv("STOP", str(len(scored()) + 3))
    assert ganzoo(*STUDY, "hydra.sweep.dir=cut")[0] == 75
    monkeypatch.delenv("STOP")
    assert ganzoo("train", "sweep.resume=cut")[0] == 0
    whole, cut = trials(tmp_path / "whole"), trials(tmp_path / "cut")
    assert whole == cut
    assert all(value is not None for study in whole.values() for _, value in study)

    dcgan, wgan = whole["model=dcgan"], whole["model=wgan"]
    assert len(dcgan) == len(wgan) == 2
    assert "loss.weight_clipping.bound" in wgan[0][0]
    assert not any(key.startswith("loss.") for key in dcgan[0][0])
    assert dcgan[0][0] != dcgan[1][0]

    runs = {name.rpartition("/")[2]: rest for name, *rest in scored()}
    best = min(value for _, value in dcgan)
    lr, _, seed = runs["dcgan-best-seed1"]
    assert (float(lr), seed) == (best, "1")
    assert {runs[f"dcgan-trial{number}"][2] for number in (0, 1)} == {"0"}


def test_a_range_that_is_none_is_refused(ganzoo, scored):
    code, said = ganzoo(*STUDY, "hydra.sweeper.params.beta1=0.5")
    assert code == 1
    assert "hydra.sweeper.params.beta1 is no range: type interval(0.1, 1.0)" in said


@pytest.mark.parametrize(
    ("own", "images", "stopped"),
    [
        ((9.0, 4.5), 640, True),
        ((9.0, 3.5), 640, False),  # the median of the others at 640 images is 4
        ((3.5, 9.0), 640, False),  # its best so far counts
        ((5.5,), 320, True),
        ((4.5,), 320, False),  # at 320 images the others' median was 5
    ],
)
def test_a_run_worse_than_the_median_at_the_same_images_is_hopeless(own, images, stopped, tmp_path):
    (tmp_path / "sweep.json").write_text("{}")
    for number, scores in enumerate(((4.0, 3.0, 0.1), (5.0, 4.0, 0.1), (6.0, 5.0, 0.1))):
        write_run(tmp_path / f"{number}", scores)
    write_run(tmp_path / "other-data", (0.1, 0.1), data="Ring")
    write_run(tmp_path / "other-score", (0.1, 0.1), monitor="val/kid")
    if images > 320:
        write_run(tmp_path / "behind", (0.1,))
    run = write_run(tmp_path / "own", own)
    (run / "metrics.json").unlink()
    said = MedianPruner(run, patience=3).reason_to_stop()
    assert (said is not None) == stopped
    if said:
        assert f"stopped early after {images} images" in said
    assert MedianPruner(run, patience=4).reason_to_stop() is None
    assert MedianPruner(run, patience=3, warmup=images + 1).reason_to_stop() is None


def test_a_hopeless_run_stops_and_is_not_run_again(ganzoo, tmp_path):
    (tmp_path / "sweep.json").write_text("{}")
    for number in range(4):
        other = {"data": "Digits", "image_shape": [1, 8, 8], "monitor": "val/fid_digits", "n": 50}
        run = write_run(tmp_path / f"{number}", **other)
        curve = "images,step,val/fid_digits\n8,1,\n,1,0.1\n800,100,\n,100,0.1\n"
        (run / "csv" / "metrics.csv").write_text(curve)
    prune = [
        "callback=[scores,checkpoint,prune]",
        "hydra.run.dir=own",
        "trainer.log_every_n_steps=1",
    ]
    assert ganzoo("train", *QUICK, *prune)[0] == 0
    metrics = json.loads((tmp_path / "own" / "metrics.json").read_text())
    assert metrics["steps"] == 2
    assert metrics["finished"]
    assert "worse than 0.1, the median of 4 runs" in metrics["pruned"]
    assert ganzoo("train", *QUICK, *prune, "resume=auto")[0] == 0
    assert json.loads((tmp_path / "own" / "metrics.json").read_text()) == metrics
