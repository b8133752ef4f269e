"""Experiment trackers, offline, with the real packages."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from ganzoo import cli
from ganzoo.callback import NonFiniteGuard
from ganzoo.training.isolation import FORK

QUICK = [
    *("train", "data=digits", "network.width=4", "data.batch_size=8", "data.val_size=50"),
    *(
        "max_steps=4",
        "val_every=2",
        "callback=[scores,sample_grid,checkpoint]",
        "trainer.log_every_n_steps=1",
    ),
]


@pytest.fixture
def ganzoo(tmp_path, monkeypatch, capfd):
    """Run ``ganzoo …`` in an empty folder and a process of its own: (exit code, error output)."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["ganzoo", *words])
        process = FORK.Process(target=cli.main)
        process.start()
        process.join()
        return process.exitcode, capfd.readouterr().err

    return run


@pytest.fixture
def cut_and_go_on(ganzoo, monkeypatch):
    """A run that is stopped after two of four steps, and goes on; what the trackers call it."""

    def run(*words):
        with monkeypatch.context() as patch:
            original = NonFiniteGuard.on_train_batch_end

            def then_stop(self, trainer, *rest):
                original(self, trainer, *rest)
                if trainer.global_step == 2:
                    os.kill(os.getpid(), signal.SIGTERM)

            patch.setattr(NonFiniteGuard, "on_train_batch_end", then_stop)
            assert ganzoo(*QUICK, *words, "hydra.run.dir=run")[0] == 75
        names = json.loads(Path("run/trackers.json").read_text())
        assert ganzoo("train", "resume=run")[0] == 0
        assert json.loads(Path("run/trackers.json").read_text()) == names
        return names

    return run


@pytest.mark.slow
def test_mlflow_keeps_scores_pictures_and_one_run(cut_and_go_on, tmp_path):
    mlflow = pytest.importorskip("mlflow")
    names = cut_and_go_on("logger=[csv,mlflow]")
    client = mlflow.MlflowClient("sqlite:///mlflow.db")
    (experiment,) = client.search_experiments(filter_string="name = 'ganzoo'")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_id == names["MLFlowLogger"]
    history = client.get_metric_history(run.info.run_id, "val/fid_digits")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert [each.value for each in history][-1] == pytest.approx(metrics["val/fid_digits"])
    assert [each.step for each in history] == [2, 4]
    pictures = {each.path for each in client.list_artifacts(run.info.run_id, "samples")}
    assert pictures == {"samples/step_000002.png", "samples/step_000004.png"}


@pytest.mark.slow
def test_the_address_of_an_mlflow_server_stays_out_of_the_runs_files(ganzoo, tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///s3cret.db")
    assert ganzoo(*QUICK, "logger=[mlflow]", "hydra.run.dir=run")[0] == 0
    assert (tmp_path / "s3cret.db").exists()
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert not [path for path in files if b"s3cret" in path.read_bytes()]


def test_an_mlflow_that_is_not_there_is_refused_with_a_sentence(ganzoo, tmp_path):
    pytest.importorskip("mlflow")
    uri = "logger.mlflow.tracking_uri=nowhere://at.all"
    code, said = ganzoo(*QUICK, "logger=[csv,mlflow]", uri, "hydra.run.dir=run")
    assert code == 1
    assert "error: " in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_wandb_keeps_one_run_without_a_login(cut_and_go_on, tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    names = cut_and_go_on("logger=[csv,wandb]", "logger.wandb.offline=true")
    files = sorted((tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb"))
    assert {path.name for path in files} == {f"run-{names['WandbLogger']}.wandb"}
    assert all(b"val/fid_digits" in path.read_bytes() for path in files)
    assert len(list((tmp_path / "run" / "wandb").rglob("samples_*.png"))) == 2


def test_wandb_without_a_login_is_refused_before_anything_is_written(ganzoo, tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    code, said = ganzoo(*QUICK, "logger=[csv,wandb]", "hydra.run.dir=run")
    assert code == 1
    assert "type wandb login once, or logger.wandb.offline=true" in said
    assert not (tmp_path / "run" / "config.yaml").exists()
