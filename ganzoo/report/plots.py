"""What the page draws of a leaderboard, as PNG files in memory."""

from collections.abc import Callable, Sequence
from typing import Any

from ganzoo import picture
from ganzoo.report.boards import Leaderboard, score_list
from ganzoo.report.statistics import expected_best
from ganzoo.runs import Run

WIDTH = 5.5  # inches
MAX_POINTS = 200  # of a curve; the eye cannot resolve more
MAX_ROWS = 100  # variants in a plot, the best of them
MAX_LABELS = 30  # variants in a legend
MAX_LABEL_LENGTH = 40


def plot_board(board: Leaderboard) -> dict[str, bytes]:
    """Every plot of a board, by its caption."""
    best = f" (the best {MAX_ROWS} variants)" * (len(board.entries) > MAX_ROWS)
    plots = {
        "Every score and the interval of each variant's mean": plot_intervals(board),
        "Expected best score of a given number of runs": plot_expected_best(board),
        "Scores against real images": plot_curves(board, "real images", lambda run: 1),
        "Scores against seconds of training": plot_curves(
            board, "seconds", lambda run: run.metrics["images_per_second"]
        ),
    }
    return {f"{caption}{best}": plot for caption, plot in plots.items()}


def plot_intervals(board: Leaderboard) -> bytes:
    """Plot every score, and the interval of each variant's mean behind them."""
    entries = board.entries[:MAX_ROWS]
    figure = picture.new_figure(WIDTH, max(3, 0.6 + 0.25 * len(entries)))
    axes = figure.add_subplot(xlabel=plain_text(board.score))
    for place, entry in enumerate(entries):
        axes.plot([entry.scores.low, entry.scores.high], [place] * 2, color="0.8", linewidth=6)
        axes.plot(score_list(entry.runs), [place] * entry.scores.n, ".", color=colour(place))
    labels = [shorten(entry.variant) for entry in entries]
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    axes.invert_yaxis()
    return picture.figure_to_png(figure)


def plot_expected_best(board: Leaderboard) -> bytes:
    """Plot the expected best score of every variant over the number of runs."""
    figure = picture.new_figure(WIDTH, 3)
    axes = figure.add_subplot(xlabel="runs", ylabel=f"expected best {plain_text(board.score)}")
    for place, entry in enumerate(board.entries[:MAX_ROWS]):
        scores = expected_best(score_list(entry.runs))
        axes.plot(range(1, len(scores) + 1), scores, ".-", color=colour(place))
    axes.locator_params(axis="x", integer=True)
    return picture.figure_to_png(figure)


def plot_curves(board: Leaderboard, unit: str, images_per_unit: Callable[[Run], float]) -> bytes:
    """Plot scores over the course of training, a line per run and a colour per variant."""
    labels = [shorten(entry.variant) for entry in board.entries[:MAX_LABELS]]
    figure = picture.new_figure(WIDTH, 3.3 + 0.15 * len(labels) / 2)
    positive = all(score > 0 for entry in board.entries for score in score_list(entry.runs))
    scale = {True: "log", False: "linear"}[positive]  # KID may be negative
    axes = figure.add_subplot(xlabel=unit, ylabel=plain_text(board.score), yscale=scale)
    for place, entry in enumerate(board.entries[:MAX_ROWS]):
        for run in entry.runs:
            curve, rate = thin_out(run.curve), images_per_unit(run)
            x, y = [images / rate for _, images, _ in curve], [score for *_, score in curve]
            axes.plot(x, y, color=colour(place), alpha=0.8, linewidth=1)
    for place, label in enumerate(labels):
        axes.plot([], [], color=colour(place), label=label)
    figure.legend(loc="outside lower center", ncols=2, fontsize=7)
    return picture.figure_to_png(figure)


def colour(place: int) -> str:
    """The colour of the variant at a place of the board."""
    return f"C{place % 10}"


def thin_out(curve: Sequence[Any]) -> Sequence[Any]:
    """Every so-many-th point of a curve, at most about twice ``MAX_POINTS``."""
    return curve[:: max(1, len(curve) // MAX_POINTS)]


def shorten(label: str) -> str:
    """A label that fits into a plot, as plain text."""
    fits = len(label) <= MAX_LABEL_LENGTH
    return plain_text(label if fits else f"{label[: MAX_LABEL_LENGTH - 1]}…")


def plain_text(text: str) -> str:
    """A text that matplotlib draws as it is, on one line: no mathematics, no hidden label."""
    printable = "".join(each * each.isprintable() or "?" for each in text)
    return f"{' ' * printable.startswith('_')}{printable}".replace("$", r"\$")
