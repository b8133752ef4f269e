"""Signals at any moment: a checkpoint or nothing to lose, a sentence, and the same bits later."""

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.callback import Interruption, NonFiniteGuard, Scores
from ganzoo.processes import REQUEUE, STOP
from tests.helpers.commands import QUICK, fork, reached, run, run_killed, run_with, same

WORDS = ["train", *QUICK, "network.width=4", "max_steps=4", "logger=[csv]"]


def signalled(*numbers, pause=0.0):
    """What a process that trains makes of signals: its exit code, 0 if it records them."""

    def child():
        callback = Interruption("run")
        callback.handle_signals()
        for number in numbers:
            os.kill(os.getpid(), number)
            callback.since -= pause
        os._exit(not callback.signalled)

    return fork(child)


@pytest.mark.parametrize("number", [*STOP, *REQUEUE])
def test_a_signal_is_recorded_and_so_is_its_echo(number):
    """``timeout`` and schedulers send it to the process and to its group."""
    assert signalled(number, number, number) == 0


@pytest.mark.parametrize("number", STOP)
def test_another_signal_later_has_its_usual_effect(number):
    assert signalled(number, number, pause=3) == -number


def test_what_the_program_was_started_to_ignore_is_ignored():
    def child():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        callback = Interruption("run")
        callback.handle_signals()
        os.kill(os.getpid(), signal.SIGHUP)
        os._exit(callback.signalled)

    assert fork(child) == 0


def in_the_last_validation():
    original = Scores.on_validation_epoch_end

    def then_stop(self, trainer, game):
        original(self, trainer, game)
        if trainer.global_step == 4:
            os.kill(os.getpid(), signal.SIGHUP)

    Scores.on_validation_epoch_end = then_stop


def test_a_signal_in_the_last_validation_stops_before_what_follows(tmp_path, capfd):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run(*WORDS, f"hydra.run.dir={whole}") == 0
    assert run_with(in_the_last_validation, [*WORDS, f"hydra.run.dir={cut}"]) == 75
    said = capfd.readouterr().err
    assert f"stopped after the last step: type resume={cut} to measure it" in said
    assert reached(cut) == 4
    assert run("train", f"resume={cut}") == 0
    same(whole, cut)


@pytest.fixture
def pictures(tmp_path):
    for number in range(24):
        (tmp_path / "pictures").mkdir(exist_ok=True)
        picture = Image.fromarray(np.full((8, 8, 3), 10 * number, np.uint8))
        picture.save(tmp_path / f"pictures/{number:02d}.png")
    folder = ["data=image_folder", f"data.root={tmp_path}/pictures", "data.image_size=32"]
    return [*folder, "data.val_size=8", "data.num_workers=1", "data.cache_mb=0", "metric=[]"]


def killing_a_reader():
    original = NonFiniteGuard.on_train_batch_end
    torch.utils.data._utils.MP_STATUS_CHECK_INTERVAL = 0.2

    def then_kill(self, trainer, *rest):
        original(self, trainer, *rest)
        if trainer.global_step == 2:
            for reader in multiprocessing.active_children():
                os.kill(reader.pid, signal.SIGKILL)

    NonFiniteGuard.on_train_batch_end = then_kill


@pytest.mark.slow
def test_a_run_whose_reader_died_goes_on_where_it_was(pictures, tmp_path, capfd):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    words = [*WORDS, *pictures, "max_steps=8", "val_every=8", "data.in_memory_mb=0"]
    assert run(*words, f"hydra.run.dir={whole}") == 0
    assert run_with(killing_a_reader, [*words, f"hydra.run.dir={cut}"]) == 1
    said = capfd.readouterr().err
    assert "error: a process that reads pictures died" in said
    assert "Traceback" not in said
    assert 2 <= reached(cut) < 8
    assert run("train", f"resume={cut}") == 0
    same(whole, cut)


@pytest.mark.parametrize("kind", ["missing", "refusing"])
def test_without_scontrol_the_checkpoint_stays_and_the_sentence_says_so(
    kind, tmp_path, monkeypatch, capfd
):
    if kind == "refusing":
        (tmp_path / "scontrol").write_text("#!/bin/sh\necho no such job >&2; exit 1\n")
        (tmp_path / "scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))  # without the machine's own scontrol
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    cut = tmp_path / "cut"
    assert run_killed(signal.SIGUSR1, 2, [*WORDS, f"hydra.run.dir={cut}"]) == 75
    said = capfd.readouterr().err
    reason = {"missing": "No such file", "refusing": "no such job"}[kind]
    assert "scontrol did not requeue job 7 (" in said
    assert reason in said
    assert f"submit it again with resume={cut}" in said
    assert "Traceback" not in said
    assert torch.load(cut / "checkpoints/last.ckpt", weights_only=True)["global_step"] == 2


def test_a_signal_before_training_leaves_no_traceback(tmp_path, capfd):
    def read_slowly():
        import ganzoo.training.train as module

        def build(start):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)

        module.build = build
        signal.signal(signal.SIGINT, signal.default_int_handler)

    assert run_with(read_slowly, [*WORDS, f"hydra.run.dir={tmp_path}/run"]) == -signal.SIGINT
    assert "Traceback" not in capfd.readouterr().err
    assert run(*WORDS, f"hydra.run.dir={tmp_path}/run") == 0
