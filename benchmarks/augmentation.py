"""What an augmentation costs: `python benchmarks/augmentation.py [network=…] [data.batch_size=…]`.

Trains the DCGAN paper's network on 28x28 digits with the whole Trainer, once for each augmentation.
They take turns, ROUNDS times; figures are medians, and ratios are of steps of the same round. The
last column is of the augmentation's own calls, timed by themselves, over a step without it, which
says more where the steps' ratios scatter. Words go into every configuration. Run it on an otherwise
idle machine.
"""

import sys
from collections.abc import Sequence
from statistics import median
from time import perf_counter

import torch
from rich.console import Console
from rich.table import Table
from throughput import ganzoo, prepared

from ganzoo.settings.compose import build_part

ROUNDS, SECONDS = 9, 3.0  # of each measurement
# ADA's cost does not depend on its probability.
CHOICES = {
    "none": [],
    "mirror": [],
    "instance_noise": [],
    "diff_augment": [],
    "ada": ["augmentation.strength=0.5"],
}
BASE = ["network=dcgan", "data=mnist5k"]
LIMITS = {"diff_augment": 1.03, "ada": 1.08}


def step_times(words: Sequence[str]) -> list[dict[str, float]]:
    """Seconds of a generator step with each augmentation, round by round."""
    base = [*BASE, *words]
    return [
        {
            name: ganzoo([*base, f"augmentation={name}", *more], SECONDS)
            for name, more in CHOICES.items()
        }
        for _ in range(ROUNDS)
    ]


def own_time(words: Sequence[str]) -> float:
    """Seconds of an augmentation's calls in a step: two without a gradient, one with it."""
    cfg, data = prepared(tuple(words))
    augmentation = build_part(cfg.augmentation)
    images = torch.randn(cfg.data.batch_size, *data.image_shape)
    with_gradient = images.clone().requires_grad_()
    times = []
    for _ in range(200):
        start = perf_counter()
        augmentation(images)
        augmentation(images)
        torch.autograd.backward(augmentation(with_gradient).sum())
        times.append(perf_counter() - start)
    return median(times)


def main(words: Sequence[str]) -> None:
    rounds = step_times(words)
    table = Table(
        "augmentation",
        "ms per step",
        "over none",
        "limit",
        "own calls",
        title=" ".join(words) or None,
    )
    for name, more in CHOICES.items():
        own_steps = [times[name] for times in rounds]
        ratios = [times[name] / times["none"] for times in rounds]
        limit = f"{LIMITS[name]:.2f}" if name in LIMITS else ""
        step = median(times["none"] for times in rounds)
        own = own_time([*BASE, *words, f"augmentation={name}", *more]) / step
        steps = f"{1000 * median(own_steps):.2f}", f"{median(ratios):.3f}"
        table.add_row(name, *steps, limit, f"{own:.3f}" if name != "none" else "")
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
