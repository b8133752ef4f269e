"""What the whole Trainer costs: its images per second over those of a plain PyTorch loop.

Both train the same networks on the same data with the same optimizers, precision and order of
work; the loop has no logging, no progress, no schedule. Run on an otherwise idle machine:

    python benchmarks/overhead.py
"""

import logging
import tempfile
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any

import torch
from hydra.utils import instantiate
from pytorch_lightning import Callback, Trainer
from rich.console import Console
from rich.table import Table
from torch.nn.functional import softplus

from ganzoo.config import base
from ganzoo.train import build, state_facts

ROUNDS = 7
CASES = {
    "MLP GAN, batch 100": (["model=gan", "data.batch_size=100"], 150),
    "DCGAN 28 px, batch 128": (["model=dcgan", "data.batch_size=128"], 20),
}


class Clock(Callback):
    """Seconds from the end of the first step to the end of the last."""

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        self.stop = perf_counter()
        if trainer.global_step == 1:
            self.start = self.stop


def through_trainer(overrides: list[str], steps: int) -> float:
    """Images per second of ``python train.py`` with its progress, logs and callbacks."""
    with tempfile.TemporaryDirectory() as folder:
        cfg = base(
            [*overrides, f"run_dir={folder}", f"max_steps={steps + 1}", f"val_every={steps + 2}"]
        )
        data = instantiate(cfg.data)
        data.setup("fit")
        state_facts(cfg, data)
        trainer, game = build(cfg)
        clock = Clock()
        trainer.callbacks.append(clock)
        trainer.limit_val_batches = 0
        trainer.fit(game, data)
    return cfg.data.batch_size * steps / (clock.stop - clock.start)


def plain(overrides: list[str], steps: int) -> float:
    """Images per second of the loop that a tutorial would write, data in memory."""
    cfg = base([*overrides, "run_dir=."])
    data = instantiate(cfg.data)
    data.setup("fit")
    state_facts(cfg, data)
    game = instantiate(cfg.model, _convert_="all")
    generator, critic = game.generator, game.discriminator
    optimizer_g = instantiate(cfg.optimizer.generator)(generator.parameters())
    optimizer_d = instantiate(cfg.optimizer.discriminator)(critic.parameters())
    nothing = torch.zeros(cfg.data.batch_size, 0)
    for step, (images, _) in enumerate(islice(data.train_dataloader(), steps + 1)):
        fake = generator(torch.rand(len(images), cfg.latent.dim) * 2 - 1, nothing)
        real_score = critic(images, nothing).score
        fake_score = critic(fake.detach(), nothing).score
        optimizer_d.zero_grad()
        (softplus(-real_score).mean() + softplus(fake_score).mean()).backward()
        optimizer_d.step()
        critic.requires_grad_(False)
        optimizer_g.zero_grad()
        softplus(-critic(fake, nothing).score).mean().backward()
        optimizer_g.step()
        critic.requires_grad_(True)
        if step == 0:
            start = perf_counter()
    return cfg.data.batch_size * steps / (perf_counter() - start)


def main() -> None:
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    table = Table("case", "ganzoo", "plain loop", "ratio", title="images per second, medians")
    for name, (overrides, steps) in CASES.items():
        pairs = [
            (through_trainer(overrides, steps), plain(overrides, steps)) for _ in range(ROUNDS)
        ]
        ours, theirs = (median(column) for column in zip(*pairs, strict=True))
        ratio = median(a / b for a, b in pairs)
        table.add_row(name, f"{ours:.0f}", f"{theirs:.0f}", f"{ratio:.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
