"""How much sooner twelve short jobs finish side by side, by joblib on two cores, than in turn.

Each job has one thread, so that it cannot use both cores by itself. On an otherwise idle machine:

    python benchmarks/parallel.py
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

JOBS = ["-m", "data=digits", "model=gan", "max_steps=300", "val_every=100", "seed=range(0,12)"]
JOBLIB = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]


def seconds(*words: str) -> float:
    """How long a sweep takes, from the command to its report."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(__file__).parents[1] / "train.py")
        command = [sys.executable, program, *JOBS, *words, f"hydra.sweep.dir={folder}/sweep"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        start = perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=environment)
        return perf_counter() - start


def main() -> None:
    in_turn, side_by_side = seconds(), seconds(*JOBLIB)
    print(f"12 jobs in turn {in_turn:.0f} s, by joblib on 2 cores {side_by_side:.0f} s")
    print(f"{in_turn / side_by_side:.2f}x faster")


if __name__ == "__main__":
    main()
