"""The command in several processes: told to stop, cut off, in a sweep and under torchrun."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ganzoo.files import read_values
from tests.helpers.commands import reached, same

TRAIN = str(Path(__file__).parents[1] / "train.py")
QUICK = [
    *("data=digits", "data.batch_size=8", "data.val_size=16", "network.width=4", "logger=[csv]"),
    *("callback=[scores,checkpoint,progress]", "trainer=ddp_cpu"),
]
SHORT = [*QUICK, "max_steps=6", "val_every=3"]
ENDLESS = [*QUICK, "max_steps=1000000", "val_every=5"]

pytestmark = pytest.mark.slow


def train(*words, **options):
    return subprocess.run([sys.executable, TRAIN, *map(str, words)], check=False, **options)


def told(number, whom, folder, *words):
    """Train two processes, send one of them a signal at step 10: exit code, output, seconds."""
    log = folder.with_suffix(".log")
    command = [sys.executable, TRAIN, *words, f"hydra.run.dir={folder}"]
    with log.open("w") as file:
        first = subprocess.Popen(command, stdout=file, stderr=file)
    while "step 10/" not in log.read_text():
        assert first.poll() is None, log.read_text()
        time.sleep(0.1)
    [second] = children(first.pid)
    begun = time.monotonic()
    os.kill({"first": first.pid, "second": second}[whom], number)
    code = first.wait(60)
    while alive(second):
        assert time.monotonic() < begun + 60
        time.sleep(0.1)
    return code, log.read_text(), time.monotonic() - begun


def children(process):
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    found = [int(each) for each in text.split()]
    return [each for each in found if b"train.py" in Path(f"/proc/{each}/cmdline").read_bytes()]


def alive(process):
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text().rsplit(")")[-1].split()[0] != "Z"


@pytest.mark.parametrize("whom", ["first", "second"])
def test_a_process_that_dies_ends_the_run_with_the_reason(whom, tmp_path):
    run = tmp_path / "run"
    code, said, seconds = told(signal.SIGKILL, whom, run, *ENDLESS)
    assert code == {"first": -signal.SIGKILL, "second": 1}[whom]
    assert seconds < 60
    assert re.search(r"error: another process of the run died by generator step \d+: ", said)
    assert "Traceback" not in said
    assert "another process" in read_values(run / "failure.json")["reason"]
    saved = reached(run)
    end = [f"max_steps={saved + 2}", "allow_changes=true", f"resume={run}"]
    assert train(*ENDLESS, *end).returncode == 0
    assert read_values(run / "metrics.json")["steps"] == saved + 2


def test_two_processes_stop_when_one_is_told_and_go_on_to_the_same_bits(tmp_path):
    words = [*QUICK, "max_steps=100000", "val_every=5"]
    cut, whole = tmp_path / "cut", tmp_path / "whole"
    code, said, _ = told(signal.SIGTERM, "first", cut, *words)
    assert code == 75
    step = int(re.search(r"stopped after generator step (\d+)", said)[1])
    end = ["allow_changes=true", f"max_steps={step + 7}"]
    assert train(*words, *end, f"resume={cut}").returncode == 0
    assert train(*words, f"max_steps={step + 7}", f"hydra.run.dir={whole}").returncode == 0
    same(whole, cut)


def test_a_sweep_runs_each_job_in_processes_of_its_own(tmp_path):
    words = ["-m", *SHORT, "model=dcgan,lsgan", f"hydra.sweep.dir={tmp_path}/sweep"]
    assert train(*words, cwd=tmp_path).returncode == 0
    runs = sorted(path.name for path in (tmp_path / "sweep").iterdir() if path.is_dir())
    assert runs == ["0-dcgan-digits-seed0", "1-lsgan-digits-seed0"]
    for run in runs:
        metrics = read_values(tmp_path / "sweep" / run / "metrics.json")
        assert (metrics["steps"], metrics["images"]) == (6, 6 * 2 * 8)
    assert [path.name for path in tmp_path.iterdir()] == ["sweep"]


def test_a_job_that_fails_in_processes_of_its_own_says_why_in_the_sweep(tmp_path):
    words = ["-m", *SHORT, "optimizer.generator.lr=1e30,1e-4", f"hydra.sweep.dir={tmp_path}"]
    assert train(*words).returncode == 1
    assert "generator step" in read_values(tmp_path / "0-dcgan-digits-seed0/failure.json")["reason"]
    assert read_values(tmp_path / "1-dcgan-digits-seed0/metrics.json")["steps"] == 6


@pytest.mark.parametrize("command", ["torchrun", "ganzoo"])
def test_other_commands_start_the_same_run(command, tmp_path):
    start = {
        "torchrun": ["--standalone", "--nproc_per_node=2", TRAIN],
        "ganzoo": ["train"],
    }[command]
    subprocess.run([shutil.which(command), *start, *SHORT], check=True, cwd=tmp_path)
    [run] = (tmp_path / "runs/dcgan-digits").iterdir()
    assert read_values(run / "metrics.json")["images"] == 6 * 2 * 8
