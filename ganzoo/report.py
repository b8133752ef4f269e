"""Which variant is better and by how much: one page from the files of any set of runs."""

import base64
import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import jinja2

from ganzoo import picture
from ganzoo.files import write_whole
from ganzoo.runs import Run, collect, variants
from ganzoo.statistics import Comparison, Summary, compare, summary

COLUMNS = (
    *("variant", "seeds", "mean", "std", "95 % interval", "best", "against the first"),
    *("images", "seconds", "images/s", "alarms"),
)
SHOWN_POINTS = 200  # of a curve; more cannot be seen


class Entry(NamedTuple):
    """A line of a leaderboard: a variant and its finished runs."""

    variant: str
    runs: list[Run]
    scores: Summary
    against: Comparison | None

    @property
    def cells(self) -> list[str]:
        """What the line shows under COLUMNS."""
        metrics = [run.metrics for run in self.runs]
        alarms = sorted({found["failure"] for run in self.runs for found in run.diagnosis})
        return [
            self.variant,
            str(self.scores.n),
            f"{self.scores.mean:.4g}",
            f"{self.scores.std:.3g}",
            f"{self.scores.low:.4g} … {self.scores.high:.4g}",
            f"{self.scores.best:.4g}",
            f"{self.against.verdict} (p = {self.against.p:.2g})" if self.against else "",
            f"{fmean(each['images'] for each in metrics):.0f}",
            f"{fmean(each['train_seconds'] for each in metrics):.0f}",
            f"{fmean(each['images_per_second'] for each in metrics):.0f}",
            ", ".join(alarms),
        ]


class Board(NamedTuple):
    """A leaderboard of runs that may be compared.

    Attributes:
        title: Data, score and number of samples.
        entries: The variants, the best mean first.
        uneven: Whether the variants have seen different numbers of images.
    """

    title: str
    entries: list[Entry]
    uneven: bool


def report(folders: Sequence[Path], to: Path) -> Path:
    """Write ``report.html``, ``report.md`` and ``report.csv`` about the runs below the folders.

    Returns:
        The page.

    Raises:
        UserError: If there are no runs.
    """
    runs = collect(folders)
    boards = leaderboards(runs)
    without = [run for run in runs if not run.finished]
    troubles = [
        (f"{name}, seed {run.seed}", trouble(run))
        for name, run in zip(variants(without) if without else [], without, strict=True)
    ]
    write_whole(to / "report.md", markdown(boards, troubles).encode())
    write_whole(to / "report.csv", table(runs).encode())
    write_whole(to / "report.html", page(boards, troubles).encode())
    return to / "report.html"


def trouble(run: Run) -> str:
    """Why a run has no result."""
    return run.failure or (
        "unfinished: it is still running, or was killed and goes on with sweep.resume=… or resume=…"
    )


def leaderboards(runs: Iterable[Run]) -> list[Board]:
    """Finished runs with a score, one board for each kind of data and score."""
    kinds: dict[tuple[str, ...], list[Run]] = defaultdict(list)
    for run in runs:
        if run.finished and run.score is not None:
            kinds[run.kind].append(run)
    return [board(", ".join(kind), kinds[kind]) for kind in sorted(kinds)]


def board(title: str, runs: Sequence[Run]) -> Board:
    named: dict[str, list[Run]] = defaultdict(list)
    for name, run in sorted(zip(variants(runs), runs, strict=True), key=lambda pair: pair[1].seed):
        named[name].append(run)
    ranked = sorted(named, key=lambda name: fmean(scores(named[name])))
    first = by_seed(named[ranked[0]])
    entries = [
        Entry(
            name,
            named[name],
            summary(scores(named[name])),
            compare(first, by_seed(named[name])) if name != ranked[0] else None,
        )
        for name in ranked
    ]
    budgets = [run.metrics["images"] for run in runs]
    return Board(title, entries, uneven=max(budgets) > 1.01 * min(budgets))


def scores(runs: Iterable[Run]) -> list[float]:
    return [run.score for run in runs if run.score is not None]


def by_seed(runs: Iterable[Run]) -> dict[int, float]:
    return {run.seed: run.score for run in runs if run.score is not None}


# The files


def markdown(boards: Sequence[Board], troubles: Sequence[tuple[str, str]]) -> str:
    """The leaderboards and the failures as Markdown."""
    lines = []
    for each in boards:
        lines += [f"## {each.title}", "", row(COLUMNS), row(["---"] * len(COLUMNS))]
        lines += [*[row(entry.cells) for entry in each.entries], ""]
        lines += ["The variants have seen different numbers of images.", ""] * each.uneven
        lines += [f"- {entry.variant}: `{entry.runs[0].command}`" for entry in each.entries]
        lines += [""]
    if troubles:
        lines += ["## Without a result", ""]
        lines += [f"- {name}: {why}" for name, why in troubles]
    return "\n".join(lines).rstrip() + "\n"


def row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def table(runs: Sequence[Run]) -> str:
    """One line per run, for other programs."""
    file = io.StringIO()
    measured = sorted({name for run in runs for name in run.metrics if "/" in name})
    fixed = ["variant", "seed", "data", "finished", "trouble", "best", "best_step", "images"]
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*fixed, "train_seconds", *measured, "command"])
    for name, run in zip(variants(runs), runs, strict=True):
        why = "" if run.finished else trouble(run)
        known = [run.metrics.get(key) for key in (*fixed[5:], "train_seconds", *measured)]
        told = [name, run.seed, run.kind[0], run.finished, why]
        writer.writerow([*told, *known, run.command])
    return file.getvalue()


def page(boards: Sequence[Board], troubles: Sequence[tuple[str, str]]) -> str:
    """The page, with everything it shows inside it."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((files("ganzoo") / "report.html").read_text())
    sections = [(each, curves(each), spreads(each), grids(each)) for each in boards]
    return template.render(sections=sections, troubles=troubles, columns=COLUMNS)


def grids(each: Board) -> list[tuple[str, str]]:
    """The samples of each variant's best run, drawn from the same latents."""
    found = []
    for entry in each.entries:
        best = min(entry.runs, key=lambda run: run.score or 0.0)
        if best.picture:
            found.append((entry.variant, embedded(best.picture.read_bytes())))
    return found


def curves(each: Board) -> str:
    """Scores against images and against time, a line per run and a colour per variant."""
    figure = picture.new_figure(9, 3.5)
    for place, unit in enumerate(("real images", "seconds"), start=1):
        axes = figure.add_subplot(1, 2, place, xlabel=unit, ylabel=each.title.split(", ")[-2])
        for number, entry in enumerate(each.entries):
            for run in entry.runs:
                rate = run.metrics["images_per_second"] if unit == "seconds" else 1
                shown = thinned(run.curve)
                x, y = [images / rate for _, images, _ in shown], [score for *_, score in shown]
                label = entry.variant if run is entry.runs[0] else None
                axes.plot(x, y, color=f"C{number % 10}", label=label, alpha=0.8, linewidth=1)
        axes.set_yscale("log")
        axes.legend(fontsize=6) if place == 1 else None
    return embedded(picture.png_of(figure))


def thinned(curve: Sequence[Any]) -> Sequence[Any]:
    return curve[:: max(1, len(curve) // SHOWN_POINTS)]


def spreads(each: Board) -> str:
    """Every seed's score, and each variant's interval."""
    figure = picture.new_figure(9, 0.6 + 0.35 * len(each.entries))
    axes = figure.add_subplot(xlabel=each.title.split(", ")[-2])
    for place, entry in enumerate(reversed(each.entries)):
        axes.plot([entry.scores.low, entry.scores.high], [place] * 2, color="0.6", linewidth=4)
        axes.plot(scores(entry.runs), [place] * entry.scores.n, "k.", alpha=0.7)
    axes.set_yticks(
        range(len(each.entries)), [entry.variant for entry in reversed(each.entries)], fontsize=7
    )
    return embedded(picture.png_of(figure))


def embedded(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
