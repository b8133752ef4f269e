from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo import picture
from ganzoo.data.base import Data
from ganzoo.game import Game
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LoggedCurve = list[tuple[float, float]]


class Curves(Probe):
    """The run at a glance: losses, D's outputs and scores over the generator steps.

    At the optimum D(x) and D(G(z)) are both 1/2 (Goodfellow et al. 2014, theorem 1). Draws
    ``curves.png`` from the csv logger's file, if there is one.
    """

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        logs = run.csv_log
        if logs:
            drawn = picture.figure_to_image(figure_of(read_curves(logs)))
            picture.save_image(drawn, run.figures / "curves.png")
        return {}


def read_curves(path: Path) -> dict[str, LoggedCurve]:
    """Every logged number over the steps."""
    curves: dict[str, LoggedCurve] = {}
    for row in csv.DictReader(path.read_text().splitlines()):
        for name, value in row.items():
            if value and row["step"] and name not in {"step", "images"}:
                curves.setdefault(name, []).append((float(row["step"]), float(value)))
    return curves


def figure_of(curves: dict[str, LoggedCurve]) -> Figure:
    """Losses, D's output and scores side by side."""
    panels = {
        "losses": [n for n in curves if n.startswith(("disc", "gen")) and "output" not in n],
        "D's output": [name for name in curves if "output" in name],
        "scores": [name for name in curves if name.startswith("val/") and not name.endswith("_n")],
    }
    figure = picture.new_figure(12, 3.5)
    for place, (title, names) in enumerate(panels.items(), start=1):
        axes = figure.add_subplot(1, len(panels), place, title=title, xlabel="generator step")
        for name in names:
            steps, values = zip(*curves[name], strict=True)
            axes.plot(steps, values, label=name, linewidth=1)
        if names:
            axes.legend(fontsize=6)
    return figure
