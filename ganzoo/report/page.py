"""Which variant is better and by how much: one page from the files of any set of runs."""

import base64
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import jinja2

from ganzoo.files import write_bytes
from ganzoo.report.boards import (
    Exclusion,
    Leaderboard,
    find_duplicates,
    leaderboards,
    list_exclusions,
)
from ganzoo.report.plots import plot_board
from ganzoo.report.tables import column_names, csv_report, markdown_report, table_rows
from ganzoo.runs import find_runs

GRIDS_BYTES = 2_500_000  # of all grids in a page, so that the page stays below 5 MB


def write_report(folders: Sequence[Path], to: Path) -> Path:
    """Write ``report.html``, ``report.md`` and ``report.csv`` about the runs below the folders.

    Returns:
        The path of the page.

    Raises:
        UserError: If there are no runs.
    """
    runs = find_runs(folders)
    duplicates = find_duplicates(runs)
    boards = leaderboards(run for run in runs if run not in duplicates)
    exclusions = list_exclusions(runs, duplicates)
    write_bytes(to / "report.md", markdown_report(boards, exclusions).encode())
    write_bytes(to / "report.csv", csv_report(runs).encode())
    write_bytes(to / "report.html", render_page(boards, exclusions).encode())
    return to / "report.html"


def render_page(boards: Sequence[Leaderboard], exclusions: Sequence[Exclusion]) -> str:
    """Render the page as HTML that holds everything it shows."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["data_uri"] = data_uri
    template = environment.from_string((files("ganzoo.report") / "report.html").read_text())
    grids_bytes = GRIDS_BYTES // max(1, len(boards))
    sections = [
        {
            "board": board,
            "columns": column_names(board),
            "rows": table_rows(board),
            "plots": plot_board(board),
            "grids": best_grids(board, grids_bytes),
        }
        for board in boards
    ]
    return template.render(sections=sections, exclusions=exclusions)


def best_grids(board: Leaderboard, max_bytes: int) -> dict[str, bytes]:
    """The sample grids of each variant's best run, by caption, as many as fit into so many bytes.

    The grids show the same latents, because all runs sample theirs from the same seed.
    """
    grids = {}
    for entry in board.entries:
        path = entry.best_run.picture
        png = path.read_bytes() if path else b""
        max_bytes -= len(data_uri(png))
        if png and max_bytes >= 0:
            grids[f"{entry.variant}, seed {entry.best_run.seed}"] = png
    return grids


def data_uri(png: bytes) -> str:
    """A PNG file as an address that holds the file itself."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
