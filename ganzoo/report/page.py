"""Which variant is better and by how much: one page from the files of any set of runs."""

import base64
import os
from collections.abc import Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

import jinja2

from ganzoo.files import write_bytes
from ganzoo.report.boards import (
    Exclusion,
    Leaderboard,
    find_duplicates,
    leaderboards,
    list_exclusions,
    list_unreadable,
)
from ganzoo.report.plots import plot_board
from ganzoo.report.readable import split_unreadable
from ganzoo.report.tables import (
    column_names,
    csv_report,
    list_origins,
    markdown_report,
    table_rows,
)
from ganzoo.runs import Run, find_runs

PNG = b"\x89PNG"  # how such a file begins
GRIDS_BYTES = 2_500_000  # of all grids in a page, so that the page stays below 5 MB


def write_report(folders: Sequence[Path], to: Path) -> Path:
    """Write ``report.html``, ``report.md`` and ``report.csv`` about the runs below the folders.

    Returns:
        The path of the page.

    Raises:
        UserError: If there are no runs.
    """
    runs, unreadable = split_unreadable(find_runs(folders))
    duplicates = find_duplicates(runs)
    boards = leaderboards(run for run in runs if run not in duplicates)
    exclusions = [*list_exclusions(runs, duplicates), *list_unreadable(unreadable)]
    contents = {
        "report.md": markdown_report(boards, exclusions),
        "report.csv": csv_report(runs, unreadable),
        "report.html": render_page(boards, exclusions, to),
    }
    for name, content in contents.items():
        write_bytes(to / name, content.encode(errors="replace"))  # of names that are no text
    return to / "report.html"


def render_page(
    boards: Sequence[Leaderboard], exclusions: Sequence[Exclusion], folder: Path
) -> str:
    """Render the page as HTML that holds everything it shows.

    Args:
        boards: The leaderboards.
        exclusions: The runs on none of them.
        folder: Where the page will be, for the links to the folders of runs.
    """
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"data_uri": data_uri, "run_link": partial(run_link, start=folder)}
    template = environment.from_string((files("ganzoo.report") / "report.html").read_text())
    grids_bytes = GRIDS_BYTES // max(1, len(boards))
    sections = [
        {
            "board": board,
            "columns": column_names(board),
            "rows": table_rows(board),
            "origins": list_origins(board),
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
        png = read_grid(entry.best_run.picture, max_bytes)
        max_bytes -= len(data_uri(png))
        if png and max_bytes >= 0:
            grids[f"{entry.variant}, seed {entry.best_run.seed}"] = png
    return grids


def read_grid(path: Path | None, max_bytes: int) -> bytes:
    """A grid of samples; nothing if it is a link to another file, is too large, or is no PNG."""
    own = [each for each in (path,) if each and each.is_file() and not each.is_symlink()]
    contents = (each.read_bytes() for each in own if each.stat().st_size <= max_bytes)
    return next((content for content in contents if content.startswith(PNG)), b"")


def run_link(run: Run, start: Path) -> str:
    """The address of a run's folder, relative to the folder of the page."""
    path = Path(os.path.relpath(run.folder, start)).as_posix()
    return quote(path.encode(errors="surrogateescape") + b"/")


def data_uri(png: bytes) -> str:
    """A PNG file as an address that holds the file itself."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
