"""A real SLURM of one node runs a sweep and a run of two tasks, and takes their place away."""

import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ganzoo.files import read_values
from tests.helpers.commands import same

HERE = Path(__file__).parent
TRAIN = HERE.parents[1] / "train.py"
NODE = HERE / "one_node.sh"
STEPS = 800
LONG = [
    *("data=digits", "data.batch_size=8", "data.val_size=16", "network.width=4", "ema=0.9"),
    *(f"max_steps={STEPS}", "val_every=100", "logger=[csv]"),
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("slurmctld") and shutil.which("munged")),
        reason="there is no SLURM: apt-get install slurm-wlm munge",
    ),
]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """The environment of commands that are to find the private SLURM."""
    folder = tmp_path_factory.mktemp("slurm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        patch.setenv("OMP_NUM_THREADS", "1")
        try:
            subprocess.run([NODE, "start", folder], check=True)
            yield
        finally:
            subprocess.run([NODE, "stop", folder], check=True)


def said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def wait_for(what, happened, seconds=240):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"in {seconds} s there was no {what}"
        time.sleep(0.2)


def tell(number, job):
    """Send a job the signal that announces its end."""
    # scancel would ask on and on for a job that by then no longer runs, but waits to run again.
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(["scancel", f"--signal={number}", job], check=False, timeout=2)


def gone(job):
    return job not in said("squeue", "-h", "-o", "%i").split()


@pytest.fixture
def started(tmp_path):
    """Start commands that end with the test."""
    processes = []

    def start(command):
        processes.append(subprocess.Popen(command, cwd=tmp_path))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.usefixtures("slurm")
def test_a_sweep_is_an_array_of_jobs_and_a_pre_empted_one_goes_on(tmp_path, started):
    words = [
        *("-m", *LONG, "seed=0,0,1,1", "hydra/launcher=slurm"),
        "hydra.launcher.cpus_per_task=1",
    ]
    command = [sys.executable, TRAIN, *words, f"hydra.sweep.dir={tmp_path}"]
    sweep = started(command)
    runs = [tmp_path / f"{number}-dcgan-digits-seed{number // 2}" for number in range(4)]
    wait_for("checkpoint", (runs[1] / "checkpoints/last.ckpt").exists)
    array = said("squeue", "-h", "-o", "%F").split()[0]
    tell("USR2", f"{array}_1")
    assert sweep.wait(600) == 0
    for run in runs:
        assert read_values(run / "metrics.json")["steps"] == STEPS
    log = "".join(path.read_text() for path in (tmp_path / ".submitit").rglob(f"{array}_1_*_log.*"))
    assert f"Requeued job {array}_1" in log
    same(runs[0], runs[1])
    assert (tmp_path / "report.md").exists()


@pytest.mark.usefixtures("slurm")
def test_a_run_of_two_tasks_is_pre_empted_requeued_and_ends_in_the_same_bits(tmp_path):
    script = tmp_path / "job.sh"
    words = " ".join([*LONG, "trainer=ddp_cpu", f"hydra.run.dir={tmp_path}/run-$SLURM_JOB_ID"])
    script.write_text(
        "#!/bin/bash\n"
        "#SBATCH --ntasks-per-node=2 --cpus-per-task=1 --signal=USR1@60\n"
        f"srun {sys.executable} {TRAIN} {words}\n"
    )
    options = ["--parsable", f"--output={tmp_path}/%j.log", "--open-mode=append"]
    whole = said("sbatch", *options, script)
    wait_for("end of the first job", lambda: gone(whole))

    cut = said("sbatch", *options, script)
    wait_for("checkpoint", (tmp_path / f"run-{cut}/checkpoints/last.ckpt").exists)
    tell("USR1", cut)
    wait_for("end of the second job", lambda: gone(cut))
    log = (tmp_path / f"{cut}.log").read_text()
    assert f"SLURM is asked to requeue job {cut}" in log
    assert "DUE TO JOB REQUEUE" in log
    same(tmp_path / f"run-{whole}", tmp_path / f"run-{cut}")
    assert read_values(tmp_path / f"run-{cut}/metrics.json")["images"] == STEPS * 2 * 8
