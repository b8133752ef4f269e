"""Leaderboards as tables: cells, Markdown and CSV."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ganzoo.report.boards import (
    Entry,
    Exclusion,
    Leaderboard,
    is_ranked,
    missing_result,
    unreadable_reason,
)
from ganzoo.runs import Run, variant_names

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # at the start of a cell


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
        lines += [f"## {markdown_text(board.title)}", ""]
        lines += [markdown_table(column_names(board), table_rows(board)), ""]
        lines += ["The variants have seen different numbers of images.", ""] * board.uneven
        lines += [
            f"- {markdown_text(entry.variant)}: {markdown_code(entry.runs[0].command)}"
            for entry in board.entries
        ]
        lines += [f"- {markdown_text(origins)}" for origins in [list_origins(board)] if origins]
        lines += [""]
    if exclusions:
        lines += ["## Without a result", ""]
        lines += [f"- {markdown_text(run)}: {markdown_text(reason)}" for run, reason in exclusions]
    return "\n".join(lines).rstrip() + "\n"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table as Markdown."""
    lines = [["---"] * len(head), *([markdown_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [map(markdown_text, head), *lines])


def markdown_text(text: str) -> str:
    """A text on one line of Markdown that is nothing else, as far as tables and HTML go."""
    line = " ".join(text.split())
    escaped = re.sub(r"[\\`|<>]|\](?=\()|(?<!\w)[*_]|[*_](?!\w)", r"\\\g<0>", line)
    return escaped.replace("\\<", "&lt;")


def markdown_code(text: str) -> str:
    """A text as code, within more backticks than it has itself."""
    line = " ".join(text.split())
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    return f"{fence}{line}{fence}"


def csv_cell(value: Any) -> Any:
    """A value as a cell; text that a spreadsheet would take for a formula gets a quote before."""
    is_formula = isinstance(value, str) and value.startswith(FORMULA)
    return {True: f"'{value}"}.get(is_formula, value)


def list_origins(board: Leaderboard) -> str:
    """The commits, devices and dates of a board's runs, as far as they recorded them."""
    runs = [run for entry in board.entries for run in entry.runs]
    environments = [run.origin.get("environment", {}) for run in runs]
    values = {
        name: ", ".join(sorted({each[name] for each in environments if name in each}))
        for name in ("commit", "device", "date")
    }
    return "; ".join(f"{name} {value}" for name, value in values.items() if value)


def csv_report(runs: Sequence[Run], unreadable: Mapping[Run, str]) -> str:
    """Write one line per run as CSV, for other programs."""
    measured = ["best", "best_step", "images", "train_seconds"]
    measured += sorted({name for run in runs for name in run.metrics if "/" in name})
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["variant", "seed", "data", "finished", "trouble", *measured, "command"])
    for name, run in zip(variant_names(runs), runs, strict=True):
        reason = "" if is_ranked(run) else missing_result(run)
        values = [run.metrics.get(key) for key in measured]
        cells = [name, run.seed, run.kind[0], run.finished, reason, *values, run.command]
        writer.writerow(map(csv_cell, cells))
    empty = ["" for _ in measured]
    for run, wrong in unreadable.items():
        writer.writerow(
            map(csv_cell, [run.folder.name, *[""] * 3, unreadable_reason(wrong), *empty, ""])
        )
    return file.getvalue()
