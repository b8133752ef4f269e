"""What R1, R2 and both cost: `python benchmarks/penalty.py [network.width=…] [model=…]`.

Trains the DCGAN paper's network without batch norm in D on 28x28 digits with the whole Trainer,
once for each penalty. They take turns, ROUNDS times; figures are medians, and ratios are of steps
of the same round. Operations are those of matrix products and convolutions, which do not depend on
the machine. Words go into every configuration. Run it on an otherwise idle machine.
"""

import sys
from collections.abc import Sequence
from statistics import median

from rich.console import Console
from rich.table import Table
from throughput import Operations, ganzoo

ROUNDS, SECONDS = 9, 3.0  # of each measurement
LOSSES = {
    "none": "loss=[relativistic_pair]",
    "r1": "loss=[relativistic_pair,r1]",
    "r2": "loss=[relativistic_pair,r2]",
    "r1_r2": "loss=[relativistic_pair,r1_r2]",
}
LIMIT = 1.15  # of R1 and R2 over R1 alone
BASE = ["network=dcgan", "network.discriminator_norm=false", "data=mnist5k"]


def operations(words: Sequence[str]) -> float:
    """Of a generator step."""
    with Operations() as counter:
        ganzoo(words, seconds=0)  # the warm-up, and one step
    return counter.total / 2


def main(words: Sequence[str]) -> None:
    rows = {name: [*BASE, loss, *words] for name, loss in LOSSES.items()}
    counts = {name: operations(row) for name, row in rows.items()}
    rounds = [{name: ganzoo(row, SECONDS) for name, row in rows.items()} for _ in range(ROUNDS)]
    columns = ("ms per step", "over none", "over R1", "GFLOP", "over none", "over R1")
    table = Table("penalty", *columns, title=" ".join(words) or None)
    table.caption = f"limit: r1_r2 takes {LIMIT:.2f} times the time of r1"
    for name in rows:
        ratios = [median(each[name] / each[other] for each in rounds) for other in ("none", "r1")]
        counted = [counts[name] / counts[other] for other in ("none", "r1")]
        milliseconds = 1000 * median(each[name] for each in rounds)
        table.add_row(
            *(name, f"{milliseconds:.2f}", *(f"{each:.3f}" for each in ratios)),
            *(f"{counts[name] / 1e9:.2f}", *(f"{each:.3f}" for each in counted)),
        )
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
