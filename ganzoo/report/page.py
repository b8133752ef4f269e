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
from ganzoo.files import write_bytes
from ganzoo.report.statistics import Comparison, ScoreSummary, best_of, compare_seeds, summarise
from ganzoo.runs import Run, find_runs, variant_names

COLUMNS = (
    *("variant", "seeds", "mean", "std", "95 % interval", "best", "against the first"),
    *("images", "seconds", "images/s", "alarms"),
)
SHOWN_POINTS = 200  # of a curve; more cannot be seen
LABELLED = 30  # variants in a legend
GRIDS_BYTES = 2_500_000  # of all grids in a page, which is to stay below 5 MB


class Entry(NamedTuple):
    """A line of a leaderboard: a variant and its finished runs."""

    variant: str
    runs: list[Run]
    scores: ScoreSummary
    against: Comparison | None

    def cells(self, measured: Sequence[str]) -> list[str]:
        """What the line shows under the columns of its board, which has what probes measured."""
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
            *[f"{fmean(each[name] for each in metrics):.3g}" for name in measured],
        ]


class Board(NamedTuple):
    """A leaderboard of runs that may be compared.

    Attributes:
        title: Data, shape, score, number of samples.
        score: The score's name.
        searched: Whether each row is many settings of a variant, and not one over seeds.
        entries: The variants, the best mean first.
        measured: What probes have measured of every run, shown as means.
        uneven: Whether the variants have seen different numbers of images.
    """

    title: str
    score: str
    searched: bool
    entries: list[Entry]
    measured: Sequence[str]
    uneven: bool

    @property
    def columns(self) -> list[str]:
        return [*COLUMNS, *[name.removeprefix("probe/") for name in self.measured]]

    @property
    def rows(self) -> list[list[str]]:
        return [entry.cells(self.measured) for entry in self.entries]


def write_report(folders: Sequence[Path], to: Path) -> Path:
    """Write ``report.html``, ``report.md`` and ``report.csv`` about the runs below the folders.

    Returns:
        The page.

    Raises:
        UserError: If there are no runs.
    """
    runs = find_runs(folders)
    again = repeated(runs)
    boards = leaderboards(run for run in runs if run not in again)
    without = [run for run in runs if not run.finished or run.pruned or run in again]
    troubles = [
        (f"{name}, seed {run.seed}", again_of(again[run]) if run in again else trouble(run))
        for name, run in zip(variant_names(without) if without else [], without, strict=True)
    ]
    write_bytes(to / "report.md", markdown(boards, troubles).encode())
    write_bytes(to / "report.csv", table(runs).encode())
    write_bytes(to / "report.html", page(boards, troubles).encode())
    return to / "report.html"


def repeated(runs: Sequence[Run]) -> dict[Run, Run]:
    """Finished runs of the same settings and seed as one before, which a mean must not count twice.

    Returns:
        Each with the one before.
    """
    first: dict[str, Run] = {}
    again: dict[Run, Run] = {}
    for run in runs:
        if run.finished:
            same = first.setdefault(repr((run.settings, run.seed, run.origin.get("command"))), run)
            again |= {run: same} if same is not run else {}
    return again


def again_of(run: Run) -> str:
    return f"left out: the run in {run.folder.name} has the same settings and seed"


def trouble(run: Run) -> str:
    """Why a run has no result."""
    unknown = "unfinished: still running, or killed; sweep.resume=… or resume=… goes on with it"
    return run.pruned or run.failure or unknown


def leaderboards(runs: Iterable[Run]) -> list[Board]:
    """Finished runs with a score, one board for each kind of data and score."""
    kinds: dict[tuple[str, ...], list[Run]] = defaultdict(list)
    for run in runs:
        if run.finished and run.score is not None and not run.pruned:
            kinds[run.kind].append(run)
    return [board(", ".join(kind), kinds[kind]) for kind in sorted(kinds)]


def board(title: str, runs: Sequence[Run]) -> Board:
    named: dict[str, list[Run]] = defaultdict(list)
    for name, run in sorted(
        zip(variant_names(runs), runs, strict=True), key=lambda pair: pair[1].seed
    ):
        named[name].append(run)
    ranked = sorted(named, key=lambda name: fmean(scores(named[name])))
    first = by_seed(named[ranked[0]])
    shared = set.intersection(*[set(run.metrics) for run in runs])
    measured = sorted(name for name in shared if name.startswith("probe/"))
    entries = [
        Entry(
            name,
            named[name],
            summarise(scores(named[name])),
            compare_seeds(first, by_seed(named[name])) if name != ranked[0] else None,
        )
        for name in ranked
    ]
    budgets = [run.metrics["images"] for run in runs]
    uneven = max(budgets) > 1.01 * min(budgets)
    return Board(title, runs[0].monitor, bool(runs[0].searched), entries, measured, uneven)


def scores(runs: Iterable[Run]) -> list[float]:
    return [run.score for run in runs if run.score is not None]


def by_seed(runs: Iterable[Run]) -> dict[int, float]:
    return {run.seed: run.score for run in runs if run.score is not None}


# The files


def markdown(boards: Sequence[Board], troubles: Sequence[tuple[str, str]]) -> str:
    """The leaderboards and the failures as Markdown."""
    lines = []
    for each in boards:
        table = [each.columns, ["---"] * len(each.columns), *each.rows]
        lines += [f"## {each.title}", "", *map(row, table), ""]
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
    for name, run in zip(variant_names(runs), runs, strict=True):
        why = "" if run.finished and not run.pruned else trouble(run)
        known = [run.metrics.get(key) for key in (*fixed[5:], "train_seconds", *measured)]
        told = [name, run.seed, run.kind[0], run.finished, why]
        writer.writerow([*told, *known, run.command])
    return file.getvalue()


def page(boards: Sequence[Board], troubles: Sequence[tuple[str, str]]) -> str:
    """The page, with everything it shows inside it."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((files("ganzoo.report") / "report.html").read_text())
    share = GRIDS_BYTES // max(1, len(boards))
    sections = [(each, plots(each), grids(each, share)) for each in boards]
    return template.render(sections=sections, troubles=troubles)


def grids(each: Board, size: int) -> list[tuple[str, str]]:
    """The samples of each variant's best run, from the same latents, as many as size bytes hold."""
    found = []
    for entry in each.entries:
        run = min(entry.runs, key=lambda run: run.score or 0.0)
        drawn = embedded(run.picture.read_bytes()) if run.picture else ""
        size -= len(drawn)
        if drawn and size >= 0:
            found.append((f"{entry.variant}, seed {run.seed}", drawn))
    return found


def plots(each: Board) -> list[tuple[str, str]]:
    """What the page draws of a board, each with what it shows in words."""
    return [
        ("Every score and each variant's interval", spread(each)),
        ("The best score that so many runs can be expected to give", best(each)),
        ("Scores against real images", curves(each, "real images")),
        ("Scores against seconds of training", curves(each, "seconds")),
    ]


def spread(each: Board) -> str:
    figure = picture.new_figure(5.5, max(3, 0.6 + 0.25 * len(each.entries)))
    axes = figure.add_subplot(xlabel=each.score)
    for place, entry in enumerate(each.entries):
        axes.plot([entry.scores.low, entry.scores.high], [place] * 2, color="0.8", linewidth=6)
        axes.plot(scores(entry.runs), [place] * entry.scores.n, ".", color=colour(place))
    names = [shortened(entry.variant) for entry in each.entries]
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.invert_yaxis()
    return embedded(picture.figure_to_png(figure))


def best(each: Board) -> str:
    figure = picture.new_figure(5.5, 3)
    axes = figure.add_subplot(xlabel="runs", ylabel=f"expected best {each.score}")
    for place, entry in enumerate(each.entries):
        found = best_of(scores(entry.runs))
        axes.plot(range(1, len(found) + 1), found, ".-", color=colour(place))
    axes.locator_params(axis="x", integer=True)
    return embedded(picture.figure_to_png(figure))


def curves(each: Board, unit: str) -> str:
    """Scores against images or seconds, a line per run and a colour per variant."""
    labels = [shortened(entry.variant) for entry in each.entries[:LABELLED]]
    figure = picture.new_figure(5.5, 3.3 + 0.15 * len(labels) / 2)
    axes = figure.add_subplot(xlabel=unit, ylabel=each.score)
    for place, entry in enumerate(each.entries):
        for run in entry.runs:
            rate = run.metrics["images_per_second"] if unit == "seconds" else 1
            shown = thinned(run.curve)
            x, y = [images / rate for _, images, _ in shown], [score for *_, score in shown]
            label = labels[place] if run is entry.runs[0] and place < LABELLED else None
            axes.plot(x, y, color=colour(place), label=label, alpha=0.8, linewidth=1)
    axes.set_yscale("log")
    figure.legend(loc="outside lower center", ncols=2, fontsize=7)
    return embedded(picture.figure_to_png(figure))


def colour(place: int) -> str:
    return f"C{place % 10}"


def thinned(curve: Sequence[Any]) -> Sequence[Any]:
    return curve[:: max(1, len(curve) // SHOWN_POINTS)]


def shortened(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:39]}…"


def embedded(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
