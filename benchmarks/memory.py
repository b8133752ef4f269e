"""Memory and open files of long runs: `python benchmarks/memory.py [model=…]`.

The MLP GAN for 10,000 generator steps and DCGAN for 1,000, with small networks on 8x8 digits, the
callbacks and loggers of every run, and 50 validations. Prints resident memory and open files at a
fifth of the run and at its end, and exits with 1 if memory has grown by over 2 %.
"""

import gc
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from ganzoo.error import UserError

RUNS = {
    "model=gan": (10_000, ["network.generator_hidden=[64]", "network.discriminator_hidden=[32]"]),
    "model=dcgan": (1_000, ["network.width=16", "ema=0.999"]),
}
QUICK = [
    "data=digits",
    "data.batch_size=16",
    "data.val_size=64",
    "+callback.gauge._target_=memory.Gauge",
]
MOST = 0.02


class Gauge(Callback):
    """Notes memory and open files at a fifth of a run and at its end."""

    def __init__(self) -> None:
        self.memory: list[float] = []  # MB
        self.files: list[int] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.global_step in (trainer.max_steps // 5, trainer.max_steps):
            gc.collect()
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.memory.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
            self.files.append(len(os.listdir("/proc/self/fd")))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        (early, late), (few, many) = self.memory, self.files
        growth = late / early - 1
        name, steps = type(pl_module).__name__, trainer.global_step
        memory = f"{early:.1f} -> {late:.1f} MB ({growth:+.2%})"
        print(f"{name}, {steps} steps: {memory}, {few} -> {many} open files")
        if growth > MOST or many > few:
            raise UserError(f"{name} has grown.")


def main(models: list[str]) -> int:
    """Run each model in a process of its own; 1 if one has grown."""
    train = "import sys; from ganzoo.training.app import run_app; run_app(sys.argv[1:])"
    codes = []
    for model in models or RUNS:
        steps, small = RUNS[model]
        with TemporaryDirectory() as folder:
            budget = [
                f"max_steps={steps}",
                f"val_every={steps // 50}",
                f"hydra.run.dir={folder}/run",
            ]
            done = subprocess.run(
                [sys.executable, "-c", train, model, *QUICK, *small, *budget],
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
                },
                stderr=subprocess.DEVNULL,
                check=False,
            )
        codes.append(done.returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
