"""One run: from a composed configuration to a trained model, its score and its files."""

import os
import re
from collections.abc import Iterator, Mapping
from math import nan
from typing import Any

from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from ganzoo.callback.complaints import finding_line
from ganzoo.logger import log_figures
from ganzoo.probe import run_probes
from ganzoo.runs import RunFolder
from ganzoo.training.budget import settle
from ganzoo.training.build import Parts, build
from ganzoo.training.claim import claimed
from ganzoo.training.fit import fit, opened_loggers
from ganzoo.training.origin import read_reproduction_info, write_origin
from ganzoo.training.restore import restore
from ganzoo.training.resume import Start, choose_run, find_start


def train(cfg: DictConfig) -> float:
    """Train what the configuration says and return the best monitored score, NaN without one.

    Raises:
        UserError: If the configuration cannot be trained; nothing has been written then.
        NotFinite: If a loss became NaN or infinite.
        PeerProcessDied: If another process of the run has died.
        Interrupted: If the run was stopped by a signal.
    """
    cfg = settle(restore(cfg))
    run = choose_run(cfg)
    with claimed(run):
        start = find_start(cfg, run)
        if start.finished:
            return print_result(run)
        parts = build(start)
        with opened_loggers(start, parts):
            begin(start, parts)
            fit(start, parts)
            measure(run, parts)
        return finish(run, parts)


def begin(start: Start, parts: Parts) -> None:
    """Write what the run is, and say what changes."""
    if parts.trainer.is_global_zero:
        write_origin(start, parts.cfg, parts.data)
        say_changes(start)


def say_changes(start: Start) -> None:
    """Print what is different from here on."""
    console = Console(stderr=True)
    for key, before, now in start.changes:
        line = f"from generator step {start.step} on {key}={now}, before {before}"
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def measure(run: RunFolder, parts: Parts) -> None:
    """Measure the probes, and show trackers what they drew."""
    if parts.trainer.is_global_zero:
        run_probes(parts.probes, parts.game, parts.data, run)
        log_figures(parts.trainer.loggers, run.figures, run.measured()["steps"])


def finish(run: RunFolder, parts: Parts) -> float:
    """Mark the run as finished; print and return its result, NaN in all processes but the first."""
    if not parts.trainer.is_global_zero:
        return nan
    run.metrics.update({**read_reproduction_info(run), "finished": True})
    return print_result(run)


def print_result(run: RunFolder) -> float:
    """Print the scores of a run, where its files are, and what the doctor has found.

    Returns:
        The best score, NaN without one.
    """
    table = Table("", "result", show_header=False)
    for row in [*score_rows(run.measured()), *count_rows(run.measured())]:
        table.add_row(*row)
    for name, path in run.results.items():
        table.add_row(name, os.path.relpath(path))
    Console().print(table)
    for finding in run.findings():
        Console().print(finding_line(finding), soft_wrap=True, markup=False)
    return run.best_score()


def score_rows(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The best monitored score, and what the probes measured."""
    if metrics["best"] is not None:
        monitor, best, step = (metrics[name] for name in ("monitor", "best", "best_step"))
        samples = f"n = {metrics[f'{monitor}_n']:.0f}"
        yield f"best {monitor}", f"{best:.4g} at generator step {step} ({samples})"
    for name in filter(re.compile("probe/").match, metrics):
        yield name.removeprefix("probe/"), f"{metrics[name]:.4g}"


def count_rows(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """How long the run trained, and how fast."""
    yield "generator steps", f"{metrics['steps']}"
    yield "real images shown", f"{metrics['images']}"
    yield "images per second", f"{metrics['images_per_second']}"
