"""What the time of a training step is spent on, by kind of operator.

    python benchmarks/operators.py [mlp64 dcgan28 …]

Rows are those of benchmarks/throughput.py, through the whole Trainer. Operators' times are measured
by torch's profiler, and a step's without it; what operators do not explain is the interpreter's,
Lightning's and torch's dispatch. Run it on an otherwise idle machine.
"""

import sys
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from throughput import ROWS, ganzoo, prepared
from torch.profiler import ProfilerActivity, profile

SECONDS = 6.0
KINDS = {  # the first that an operator's name contains
    "convolution_backward": "convolutions, backward",
    "conv": "convolutions, forward",
    "addmm": "matrix products",
    "aten::mm": "matrix products",
    "batch_norm": "batch norm",
    "layer_norm": "layer norm",
    "_fused_adam": "optimizers",
    "lerp": "average of G's weights",
    "vector_norm": "look at gradients",
    "relu": "activations",
    "threshold": "activations",
    "tanh": "activations",
    "dropout": "activations",
    "softplus": "loss",
    "uniform": "random numbers and data",
    "normal": "random numbers and data",
    "index": "random numbers and data",
}


def kinds(words: Sequence[str]) -> tuple[Counter[str], float]:
    """Milliseconds of a generator step by kind of operator, and of a step in all."""
    whole = 1000 * ganzoo(words, SECONDS)
    with profile(activities=[ProfilerActivity.CPU]) as found:
        ganzoo(words, SECONDS)
    events = found.key_averages()
    cfg, _ = prepared(tuple(words))
    turns = next(each.count for each in events if each.key == "aten::_fused_adam_")
    steps = turns / (cfg.n_critic + 1)
    spent: Counter[str] = Counter()
    for event in events:
        if event.key.startswith("aten::"):
            kind = next((kind for part, kind in KINDS.items() if part in event.key), "other")
            spent[kind] += event.self_cpu_time_total / 1000 / steps
    spent["Python, Lightning, dispatch"] = whole - spent.total()
    return spent, whole


def main() -> None:
    for name in sys.argv[1:] or ["mlp64", "dcgan28"]:
        spent, whole = kinds(ROWS[name])
        table = Table(title=f"{name}: {whole:.1f} ms per generator step")
        table.add_column("spent on")
        table.add_column("ms", justify="right")
        table.add_column("share", justify="right")
        for kind, ms in spent.most_common():
            table.add_row(kind, f"{ms:.2f}", f"{ms / whole:.0%}")
        Console().print(table)


if __name__ == "__main__":
    main()
