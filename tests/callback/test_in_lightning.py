"""Callbacks in a plain Trainer, as from Python, with Lightning's defaults."""

import json
import subprocess
import sys

import pytest
from pytorch_lightning import Trainer

from ganzoo import DCGAN, network
from ganzoo.callback import (
    BestCheckpoint,
    Doctor,
    LastCheckpoint,
    MedianPruner,
    PeriodicCheckpoint,
    Progress,
    RunMetrics,
    SampleGrid,
    Scores,
)
from ganzoo.data import Digits
from ganzoo.metric import FID, KID, DigitsExtractor


def fit(callbacks, **options):
    """Two steps, with Lightning's sanity check of two batches before them."""
    trainer = Trainer(
        max_steps=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=any("Checkpoint" in type(each).__name__ for each in callbacks),
        enable_model_summary=False,
        enable_progress_bar=False,
        callbacks=callbacks,
        **{"val_check_interval": 1, "check_val_every_n_epoch": None} | options,
    )
    trainer.fit(DCGAN((1, 8, 8), network=network.ConvNet(width=4)), Digits(batch_size=64))
    return trainer


def test_the_sanity_check_before_the_first_step_is_no_validation(tmp_path):
    """Nothing is diagnosed, scored or saved of a game that has not taken a step."""
    extractor = DigitsExtractor()
    scores = {"fid": FID(extractor), "kid": KID(extractor, subsets=2, subset_size=200)}
    fit(
        [
            Doctor(tmp_path),
            Progress(),
            MedianPruner(tmp_path),
            Scores(scores, str(tmp_path / "cache")),
            SampleGrid(tmp_path),
            BestCheckpoint(tmp_path, "val/fid"),
            LastCheckpoint(tmp_path),
            PeriodicCheckpoint(tmp_path, every=1),
            RunMetrics(tmp_path, "val/fid"),
        ]
    )
    names = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert names == {"best.ckpt", "last.ckpt", "step_000001.ckpt", "step_000002.ckpt"}
    assert json.loads((tmp_path / "diagnosis.json").read_text())["healthy"]
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["best_step"] in (1, 2)
    assert metrics["val/fid_n"] == 297


@pytest.mark.parametrize("make", [Doctor, LastCheckpoint])
def test_the_default_trainer_takes_a_callback_with_a_folder_alone(make, tmp_path):
    assert fit([make(tmp_path)], val_check_interval=2).global_step == 2


WITHOUT_UNIX = """
import signal, sys
import torch, pytorch_lightning  # with all that Unix has
sys.modules["fcntl"] = None
del signal.SIGUSR1, signal.SIGUSR2
import ganzoo.callback, ganzoo.data
from ganzoo.callback.interruption import REQUEUE
assert REQUEUE == ()
"""


@pytest.mark.slow
def test_data_and_callbacks_can_be_imported_where_there_is_no_unix():
    subprocess.run([sys.executable, "-c", WITHOUT_UNIX], check=True)
