"""Processes that read pictures: signals to their group, and their death."""

import os
import signal
from itertools import islice, repeat

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.data.picture_files import PictureFiles
from ganzoo.data.stream import Streamed
from ganzoo.error import WorkerDied
from ganzoo.processes import REQUEUE, STOP


@pytest.fixture
def batches(tmp_path, monkeypatch):
    """An endless stream that one process reads, and that process."""
    monkeypatch.setattr("torch.utils.data._utils.MP_STATUS_CHECK_INTERVAL", 0.2)
    for number in range(4):
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(tmp_path / f"{number}.png")
    files = PictureFiles(tmp_path, [f"{number}.png" for number in range(4)])
    before = children()
    source = Streamed(files, torch.zeros(4, dtype=torch.int64), [], 8, num_workers=1)
    batches = source.batches(repeat(torch.arange(4)))
    next(batches)
    [worker] = children() - before
    yield batches, worker
    batches.close()


def children():
    with open(f"/proc/{os.getpid()}/task/{os.getpid()}/children") as file:
        return set(map(int, file.read().split()))


def test_a_signal_to_the_group_leaves_the_readers_to_the_process_that_trains(batches):
    stream, worker = batches
    for number in (*STOP, *REQUEUE):
        os.kill(worker, number)
    for _ in range(10):
        assert next(stream)[0].shape == (4, 3, 8, 8)


def test_a_reader_that_dies_is_met_when_its_batch_is_due(batches):
    stream, worker = batches
    handler = signal.getsignal(signal.SIGCHLD)
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(WorkerDied, match=r"lower data\.num_workers"):
        list(islice(stream, 100))
    assert signal.getsignal(signal.SIGCHLD) == handler
