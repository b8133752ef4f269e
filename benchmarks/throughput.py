"""How fast ganzoo trains: beside a plain loop, a tutorial's loop, other collections, the machine.

    python benchmarks/throughput.py [mlp64 dcgan28 …] [trainer.precision=…]

Words choose rows, or the tables `peers`, `memory`, `batches` and `ceiling`; words with = go into
every configuration of the rows, and what they say of the precision holds for the plain loop too.
The columns:

    ganzoo    the whole Trainer of `python train.py`, with progress, logs, callbacks and an average
    loop      the same networks, precision and data in memory, in the shortest loop by hand
    tutorial  that loop as tutorials have it: float32, pictures read one by one behind a DataLoader,
              the generator run anew for its own turn, Adam with torch's defaults

All take turns, ROUNDS times; figures are medians. Run it on an otherwise idle machine.
"""

import logging
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch
from peers import NETWORKS, Clock, per_sample
from pytorch_lightning import Callback, Trainer
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn.functional import relu, softplus
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ganzoo import DCGAN, GAN, PDGAN, SAGAN, WGANGP, BigGAN, InfoGAN
from ganzoo.data.base import Data
from ganzoo.draws import Draws
from ganzoo.game import Game
from ganzoo.network import Critique, Discriminator
from ganzoo.settings.compose import build_part, compose_config
from ganzoo.training.build import build_game, with_facts

ROUNDS, SECONDS = 5, 2.0  # of each measurement, after its first step
BATCHES = (32, 64, 128, 256, 512)
COLUMNS = ("row", "ganzoo", "loop", "tutorial", "over loop", "over tutorial", "GFLOP/s", "limit")
MLP = ["model=gan", "network=mlp", "optimizer=adam"]
ROWS = {
    "mlp64": [*MLP, "data.batch_size=64"],
    "mlp128": [*MLP, "data.batch_size=128"],
    "dcgan28": ["data.batch_size=128"],
    "dcgan32": ["data.image_size=32", "data.batch_size=64"],
    "dcgan64": ["data.image_size=64", "network.width=64", "data.batch_size=32"],
    "wgan_gp": ["model=wgan_gp"],
    "infogan": ["model=infogan"],
    **{name: [f"model={name}"] for name in ("pdgan", "sagan", "biggan")},
}


def non_saturating(judge: Discriminator, real: Tensor, fake: Tensor, code: Tensor) -> Tensor:
    return softplus(-judge(real, code).score).mean() + softplus(judge(fake, code).score).mean()


def wasserstein(judge: Discriminator, real: Tensor, fake: Tensor, code: Tensor) -> Tensor:
    between = torch.lerp(fake, real, torch.rand(len(real), 1, 1, 1)).requires_grad_()
    scores = judge(between, code).score.sum()
    (slope,) = torch.autograd.grad(scores, between, create_graph=True)
    penalty = 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()
    return judge(fake, code).score.mean() - judge(real, code).score.mean() + penalty


def guessing(judge: Discriminator, real: Tensor, fake: Tensor, code: Tensor) -> Tensor:
    judged = judge(fake, code)
    opinion = softplus(-judge(real, code).score).mean() + softplus(judged.score).mean()
    return opinion - (judged.log_q - judged.log_p).sum(1).mean()


def margin(judge: Discriminator, real: Tensor, fake: Tensor, code: Tensor) -> Tensor:
    return relu(1 - judge(real, code).score).mean() + relu(1 + judge(fake, code).score).mean()


def fooled(judged: Critique) -> Tensor:
    return softplus(-judged.score).mean()


def fooled_and_read(judged: Critique) -> Tensor:
    return fooled(judged) - (judged.log_q - judged.log_p).sum(1).mean()


LOSSES: dict[type[Game], tuple[Callable[..., Tensor], Callable[[Critique], Tensor]]] = {
    GAN: (non_saturating, fooled),
    DCGAN: (non_saturating, fooled),
    WGANGP: (wasserstein, lambda judged: -judged.score.mean()),
    **dict.fromkeys((PDGAN, SAGAN, BigGAN), (margin, lambda judged: -judged.score.mean())),
    InfoGAN: (guessing, fooled_and_read),
}


@lru_cache
def prepared(words: tuple[str, ...]) -> tuple[Any, Data]:
    """The configuration and the data, read once."""
    cfg = compose_config([*words, "run_dir=.", "val_every=1000000000", "max_steps=1000000000"])
    data = build_part(cfg.data)
    data.setup("fit")
    cfg = with_facts(cfg, data)
    return cfg, data


class Ticking(Callback):
    """Stops the trainer when the time is up."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        trainer.should_stop = not self.clock.tick()


def ganzoo(words: Sequence[str], seconds: float = SECONDS) -> float:
    """Seconds per generator step of `python train.py`."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    cfg, data = prepared((*words, "ema=0.999"))
    clock = Clock(seconds)
    with tempfile.TemporaryDirectory() as folder:
        cfg.run_dir = folder
        trainer, game = build_game(cfg)
        trainer.callbacks.append(Ticking(clock))  # type: ignore[attr-defined]
        trainer.limit_val_batches = 0
        trainer.fit(game, data)
    return clock.pace


def loop(words: Sequence[str], seconds: float = SECONDS, tutorial: bool = False) -> float:
    """Seconds per generator step of a loop by hand."""
    clock = Clock(seconds)
    for _ in by_hand(words, tutorial):
        if not clock.tick():
            break
    return clock.pace


def by_hand(words: Sequence[str], tutorial: bool = False) -> Iterator[Game]:
    """Train in a loop by hand, and hand out the game after every generator step."""
    cfg, data = prepared(tuple(words))
    game = build_part(cfg.model, _convert_="all")
    if tutorial:
        game.to(memory_format=torch.contiguous_format)
    generator, judge, draws = game.generator, game.discriminator, Draws(0)
    options = {"fused": False} if tutorial else {}
    optimizer_g = build_part(cfg.optimizer.generator)(generator.parameters(), **options)
    optimizer_d = build_part(cfg.optimizer.discriminator)(judge.parameters(), **options)
    for_judge, for_generator = LOSSES[type(game)]
    rows = cfg.data.batch_size
    batches = per_sample(data.image_shape[1], rows) if tutorial else in_memory(data, rows)
    half = not tutorial and cfg.trainer.precision == "bf16-mixed"

    def sampled(labels: Tensor) -> tuple[Tensor, Tensor]:
        code = game.condition.draw(labels, draws)
        return generator(game.latent.draw(rows, draws), code), code

    while True:
        for _ in range(cfg.n_critic):
            images, labels = next(batches)
            with torch.autocast("cpu", enabled=half):
                fake, code = sampled(labels)
                loss = for_judge(judge, images, fake.detach(), code)
            optimizer_d.zero_grad()
            loss.backward()
            optimizer_d.step()
        judge.requires_grad_(tutorial)
        with torch.autocast("cpu", enabled=half):
            if tutorial:
                fake, code = sampled(labels)
            loss = for_generator(judge(fake, code))
        optimizer_g.zero_grad()
        loss.backward()
        optimizer_g.step()
        judge.requires_grad_(True)
        yield game


def in_memory(data: Data, rows: int) -> Iterator[tuple[Tensor, Tensor]]:
    pixels, labels = data.source.values, data.source.labels  # type: ignore[attr-defined]
    chosen = (torch.randint(len(pixels), (rows,)) for _ in repeat(0))
    return ((pixels[each].float() / 127.5 - 1, labels[each]) for each in chosen)


def ours(names: Sequence[str], words: Sequence[str]) -> None:
    """The rows that ganzoo has networks for."""
    table = Table(title=f"images per second and ms per generator step, medians of {ROUNDS}")
    for column in COLUMNS:
        table.add_column(column, no_wrap=True)
    limit = ceiling(words)
    for name in names:
        row = [*ROWS[name], *words]
        cfg, _ = prepared(tuple(row))
        images = cfg.data.batch_size * cfg.n_critic
        rounds = [(ganzoo(row), loop(row), loop(row, tutorial=True)) for _ in range(ROUNDS)]
        paces = [median(column) for column in zip(*rounds, strict=True)]
        speeds = [f"{images / pace:.0f} {1000 * pace:.1f} ms" for pace in paces]
        ratios = [f"{median(each[k] / each[0] for each in rounds):.2f}" for k in (1, 2)]
        rate = operations(row) / paces[0]
        table.add_row(name, *speeds, *ratios, f"{rate / 1e9:.0f}", f"{rate / limit:.0%}")
    table.caption = f"limit: of {limit / 1e9:.0f} GFLOP/s, which a large matrix product reaches"
    Console(width=110).print(table)  # wider than where there is no terminal


def operations(words: Sequence[str]) -> float:
    """Floating-point operations of a generator step, of matrix products and convolutions."""
    with Operations() as counter:
        loop(words, seconds=0)  # the warm-up, and one step
    return counter.total / 2


class Operations(TorchDispatchMode):
    """Counts by torch's formulas; its own FlopCounterMode fails on gradient penalties."""

    total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if formula := flop_registry.get(func.overloadpacket):
            self.total += formula(*args, **(kwargs or {}), out_val=result)
        return result


def ceiling(words: Sequence[str]) -> float:
    """Operations per second of the best of several large matrix products."""
    half = compose_config(list(words)).trainer.precision == "bf16-mixed"
    a, b = torch.randn(2, 2048, 2048, dtype=torch.bfloat16 if half else torch.float32)
    best = 0.0
    for _ in range(10):
        start = perf_counter()
        a @ b
        best = max(best, 2 * 2048**3 / (perf_counter() - start))
    return best


def beside_peers(words: Sequence[str]) -> None:
    """Other collections, and ganzoo with their networks; every measurement has its own process."""
    table = Table(title=f"other collections, ms per generator step, medians of {ROUNDS}")
    for column in ("collection", "its own", "ganzoo", "ratio"):
        table.add_column(column)
    for name, (network, size) in NETWORKS.items():
        row = [*MLP, f"network._target_=peers.{network}", "data.batch_size=64", *words]
        row += [f"data.image_size={size}"]
        rounds = [(peer(name), apart(ganzoo, row)) for _ in range(ROUNDS)]
        theirs, own = (median(column) for column in zip(*rounds, strict=True))
        ratio = median(its / mine for its, mine in rounds)
        table.add_row(name, f"{1000 * theirs:.1f}", f"{1000 * own:.1f}", f"{ratio:.2f}")
    Console().print(table)


def peer(name: str) -> float:
    """Seconds per generator step; NaN if the collection is not installed."""
    script = Path(__file__).with_name("peers.py")
    words = [sys.executable, str(script), name, str(SECONDS)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" in done.stderr:
        return float("nan")
    done.check_returncode()
    return float(done.stdout.split()[-1])


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """The work's result, from a process of its own."""
    # Not a Pool, which ends its workers by SIGTERM: a Trainer has taught them to outlive it.
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def memory(words: Sequence[str]) -> None:
    """Peak memory of the Trainer and of the plain loop."""
    table = Table(title="peak memory in MB, and what of it came after the imports")
    for column in ("row", "ganzoo", "loop", "ratio"):
        table.add_column(column)
    for name in ("mlp64", "dcgan28"):
        row = [*ROWS[name], *words]
        (own, own_more), (plain, plain_more) = (apart(peak, kind, row) for kind in (ganzoo, loop))
        shown = f"{own:.0f} ({own_more:.0f})", f"{plain:.0f} ({plain_more:.0f})"
        table.add_row(name, *shown, f"{own / plain:.2f} ({own_more / plain_more:.2f})")
    Console().print(table)


def peak(kind: Callable[..., float], words: Sequence[str]) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kind(words)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return after / 1024, (after - before) / 1024


def batches(words: Sequence[str]) -> None:
    """What an image costs in batches of other sizes."""
    table = Table(title=f"us per image by batch size, medians of {ROUNDS}")
    for column in ("row", *map(str, BATCHES)):
        table.add_column(column)
    for name in ("mlp64", "dcgan28"):
        sizes = [[*ROWS[name], *words, f"data.batch_size={size}"] for size in BATCHES]
        rounds = [[ganzoo(row) for row in sizes] for _ in range(ROUNDS)]
        paces = [median(column) for column in zip(*rounds, strict=True)]
        costs = [1e6 * pace / size for pace, size in zip(paces, BATCHES, strict=True)]
        table.add_row(name, *(f"{cost:.0f}" for cost in costs))
    Console().print(table)


def main() -> None:
    words = [word for word in sys.argv[1:] if "=" in word]
    tables = {"peers": beside_peers, "memory": memory, "batches": batches}
    names = [word for word in sys.argv[1:] if "=" not in word] or [*ROWS, *tables]
    if rows := [name for name in names if name in ROWS]:
        ours(rows, words)
    if "ceiling" in names:
        Console().print(f"{ceiling(words) / 1e9:.0f} GFLOP/s of a large matrix product")
    for name, show in tables.items():
        if name in names:
            show(words)


if __name__ == "__main__":
    main()
