"""Leaderboards as tables: cells, Markdown and CSV."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence

from ganzoo.report.boards import Entry, Exclusion, Leaderboard, missing_result
from ganzoo.runs import Run, variant_names


def comparison_cell(entry: Entry) -> str:
    """The comparison with the first variant; empty without one."""
    result = entry.comparison
    return f"{result.verdict} (p = {result.p:.2g})" if result else ""


COLUMNS: Mapping[str, Callable[[Entry], str]] = {
    "variant": lambda entry: entry.variant,
    "seeds": lambda entry: str(entry.scores.n),
    "mean": lambda entry: f"{entry.scores.mean:.4g}",
    "std": lambda entry: entry.scores.spread[0],
    "95 % interval": lambda entry: entry.scores.spread[1],
    "best": lambda entry: f"{entry.scores.best:.4g}",
    "against the first": comparison_cell,
    "images": lambda entry: f"{entry.mean_metric('images'):.0f}",
    "seconds": lambda entry: f"{entry.mean_metric('train_seconds'):.0f}",
    "images/s": lambda entry: f"{entry.mean_metric('images_per_second'):.0f}",
    "alarms": lambda entry: ", ".join(entry.alarms),
}


def column_names(board: Leaderboard) -> list[str]:
    """The head of a board's table: the columns of every board, then what probes have measured."""
    return [*COLUMNS, *[name.removeprefix("probe/") for name in board.measurements]]


def table_rows(board: Leaderboard) -> list[list[str]]:
    """The body of a board's table, one row per entry."""
    return [
        [
            *[cell(entry) for cell in COLUMNS.values()],
            *[f"{entry.mean_metric(name):.3g}" for name in board.measurements],
        ]
        for entry in board.entries
    ]


def markdown_report(boards: Sequence[Leaderboard], exclusions: Sequence[Exclusion]) -> str:
    """Write leaderboards, and the runs on none of them, as Markdown."""
    lines = []
    for board in boards:
        lines += [f"## {board.title}", ""]
        lines += [markdown_table(column_names(board), table_rows(board)), ""]
        lines += ["The variants have seen different numbers of images.", ""] * board.uneven
        lines += [f"- {entry.variant}: `{entry.runs[0].command}`" for entry in board.entries]
        lines += [f"- {origins}" for origins in [list_origins(board)] if origins]
        lines += [""]
    if exclusions:
        lines += ["## Without a result", ""]
        lines += [f"- {run}: {reason}" for run, reason in exclusions]
    return "\n".join(lines).rstrip() + "\n"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def list_origins(board: Leaderboard) -> str:
    """The commits, devices and dates of a board's runs, as far as they recorded them."""
    runs = [run for entry in board.entries for run in entry.runs]
    environments = [run.origin.get("environment", {}) for run in runs]
    values = {
        name: ", ".join(sorted({each[name] for each in environments if name in each}))
        for name in ("commit", "device", "date")
    }
    return "; ".join(f"{name} {value}" for name, value in values.items() if value)


def csv_report(runs: Sequence[Run]) -> str:
    """Write one line per run as CSV, for other programs."""
    measured = ["best", "best_step", "images", "train_seconds"]
    measured += sorted({name for run in runs for name in run.metrics if "/" in name})
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["variant", "seed", "data", "finished", "trouble", *measured, "command"])
    for name, run in zip(variant_names(runs), runs, strict=True):
        reason = "" if run.finished and not run.pruned else missing_result(run)
        values = [run.metrics.get(key) for key in measured]
        writer.writerow([name, run.seed, run.kind[0], run.finished, reason, *values, run.command])
    return file.getvalue()
