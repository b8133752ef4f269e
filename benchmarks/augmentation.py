"""What an augmentation costs: `python benchmarks/augmentation.py [network=…] [data.batch_size=…]`.

Trains the DCGAN paper's network on 28x28 digits with the whole Trainer, once for each augmentation.
They take turns, ROUNDS times; figures are medians, and ratios are of steps of the same round. Words
go into every configuration. Run it on an otherwise idle machine.
"""

import sys
from collections.abc import Sequence
from statistics import median

from rich.console import Console
from rich.table import Table
from throughput import ganzoo

ROUNDS, SECONDS = 9, 3.0  # of each measurement
# ADA's cost does not depend on its probability.
CHOICES = {
    "none": [],
    "mirror": [],
    "instance_noise": [],
    "diff_augment": [],
    "ada": ["augmentation.strength=0.5"],
}
LIMITS = {"diff_augment": 1.03, "ada": 1.08}


def step_times(words: Sequence[str]) -> list[dict[str, float]]:
    """Seconds of a generator step with each augmentation, round by round."""
    base = ["network=dcgan", "data=mnist5k", *words]
    return [
        {
            name: ganzoo([*base, f"augmentation={name}", *more], SECONDS)
            for name, more in CHOICES.items()
        }
        for _ in range(ROUNDS)
    ]


def main(words: Sequence[str]) -> None:
    rounds = step_times(words)
    table = Table(
        "augmentation", "ms per step", "over none", "limit", title=" ".join(words) or None
    )
    for name in CHOICES:
        times = [times[name] for times in rounds]
        ratios = [times[name] / times["none"] for times in rounds]
        limit = f"{LIMITS[name]:.2f}" if name in LIMITS else ""
        table.add_row(name, f"{1000 * median(times):.2f}", f"{median(ratios):.3f}", limit)
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
