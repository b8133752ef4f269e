"""How long a command takes until it does something, beside importing torch and Lightning.

    python benchmarks/startup.py

Prints medians of seconds, and of processor seconds, which other work on the machine hardly changes.
"""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from pytorch_lightning import Callback
from rich.console import Console
from rich.table import Table

ROUNDS = 5
IMPORTS = "import torch, pytorch_lightning"
TRAIN = "import sys; from ganzoo.training.app import run_app; run_app(sys.argv[1:])"
COMMANDS = {
    IMPORTS: ["-c", IMPORTS],
    "ganzoo --help": ["-c", "from ganzoo.cli import main; main()", "--help"],
    "python train.py --cfg job": ["-c", TRAIN, "--cfg", "job"],
    "python train.py, first step": ["-c", TRAIN, "+callback.leave._target_=startup.Leave"],
}


class Leave(Callback):
    """Ends the process after its first generator step."""

    def on_train_batch_end(self, *_: Any) -> None:
        os._exit(0)


def seconds(words: list[str]) -> tuple[float, float]:
    """Run python with these words: seconds, and processor seconds."""
    here, benchmarks = Path(__file__).parents[1], Path(__file__).parent
    paths = os.pathsep.join(map(str, (here, benchmarks, os.environ.get("PYTHONPATH", ""))))
    before, start = os.times(), perf_counter()
    with TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            check=True,
        )
    after = os.times()
    own = after.children_user + after.children_system
    return perf_counter() - start, own - before.children_user - before.children_system


def main() -> None:
    rounds = [[seconds(words) for words in COMMANDS.values()] for _ in range(ROUNDS)]
    table = Table("", "seconds", "processor seconds", "ratio", title=f"medians of {ROUNDS} rounds")
    for name, each in zip(COMMANDS, zip(*rounds, strict=True), strict=True):
        taken, busy = (median(column) for column in zip(*each, strict=True))
        ratio = median(found[1] / first[0][1] for found, first in zip(each, rounds, strict=True))
        table.add_row(name, f"{taken:.2f}", f"{busy:.2f}", f"{ratio:.2f}")
    table.caption = "ratio: of processor seconds, to those of the imports alone"
    Console().print(table)


if __name__ == "__main__":
    main()
