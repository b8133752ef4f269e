"""What each variant costs as it is typed: `python benchmarks/variants.py [dcgan biggan …] [x=…]`.

Weights of both players; operations of a generator step with its discriminator steps, of matrix
products and convolutions, also over the images that the discriminator is shown in it; and how far
resident memory rises above that of the imports in two steps. None depends on the machine's speed.
Every variant has a process of its own. Words with = go into every configuration.
"""

import sys
from collections.abc import Sequence
from functools import partial

from rich.console import Console
from rich.table import Table
from throughput import Operations, apart, ganzoo, peak, prepared
from torch import nn

from ganzoo.settings.compose import CONF, build_part

COLUMNS = ("weights of G", "of D", "GFLOP per step", "MFLOP per image", "memory, MB")


def costs(words: Sequence[str]) -> list[str]:
    """The cells of a row."""
    with Operations() as counter:
        _, memory = peak(partial(ganzoo, seconds=0), words)  # the warm-up, and one step
    cfg, _ = prepared(tuple(words))
    game = build_part(cfg.model, _convert_="all")
    images = cfg.data.batch_size * cfg.n_critic * cfg.accumulate
    return [
        *(weights(game.generator), weights(game.discriminator)),
        *(f"{counter.total / 2e9:.2f}", f"{counter.total / 2e6 / images:.0f}", f"{memory:.0f}"),
    ]


def weights(player: nn.Module) -> str:
    return f"{sum(weight.numel() for weight in player.parameters()):,}"


def main(words: Sequence[str]) -> None:
    names = [word for word in words if "=" not in word]
    settings = [word for word in words if "=" in word]
    table = Table("model", *COLUMNS)
    for name in names or sorted(path.stem for path in (CONF / "model").glob("*.yaml")):
        table.add_row(name, *apart(costs, [f"model={name}", *settings]))
    Console(width=110).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
