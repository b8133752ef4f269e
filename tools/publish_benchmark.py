"""Publish the result of a benchmark: its table and a picture of samples, in the docs and README.

    python tools/publish_benchmark.py NAME SWEEP …

writes the report of sweeps of experiment=benchmark/NAME, such as one for each of two machines, to
docs/benchmark/NAME.md and the samples of each variant's best run to docs/benchmark/NAME.png. If
README.md has the markers <!-- NAME --> and <!-- /NAME -->, a short table replaces what is between
them.
"""

import re
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from ganzoo import picture
from ganzoo.report.boards import Leaderboard, leaderboards
from ganzoo.report.tables import COLUMNS, markdown_report, markdown_table
from ganzoo.runs import Run, find_runs, shell_quoted, sweep_record

ROOT = Path(__file__).parents[1]
README_COLUMNS = ("variant", "seeds", "mean", "95 % interval", "best", "alarms")
TILE, GAP = 28, 2  # pixels of an image in a grid, and between two images
MAX_GRID_ROWS = 4
REMARK_ON_POINTS = (
    "`fid_points` compares only means and covariances. `modes`, `high_quality` and `modes_kl` "
    "(reverse KL), means over seeds at the end of a run, say more. All losses share one setting, "
    "which was found for the least squares and the non-saturating loss; the papers of the "
    "Wasserstein losses have a slower critic, with five steps per generator step.\n\n"
)
REMARKS = {
    "mnist5k": "Conditional variants are given the classes of the held-out digits, so they can "
    "score less than real digits and are not to be ranked against the others. The first sweep's "
    "`unrolled_gan` had a faster G (2e-3), of which one seed of two ended in a single image; its "
    "row is of another sweep, with the recipe of today.\n\n",
    "ring": REMARK_ON_POINTS,
    "grid": f"{REMARK_ON_POINTS}No loss had converged on the 25 Gaussians within these images.\n\n",
}


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("name", help="the benchmark, such as mnist5k")
    parser.add_argument("sweeps", type=Path, nargs="+", help="the folders of its sweeps")
    args = parser.parse_args()
    runs = find_runs(args.sweeps)
    (board,) = leaderboards(runs)
    folder = ROOT / "docs" / "benchmark"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{args.name}.png").write_bytes(draw_best_samples(board))
    (folder / f"{args.name}.md").write_text(benchmark_page(args.sweeps, args.name, board, runs))
    readme = ROOT / "README.md"
    readme.write_text(replace_table(readme.read_text(), args.name, board))


def benchmark_page(
    sweeps: Sequence[Path], name: str, board: Leaderboard, runs: Sequence[Run]
) -> str:
    """The report, with the command, the versions and what the scores mean above it."""
    commands = [sweep_record(sweep).read()["command"] for sweep in sweeps]
    lines = [" ".join(["python train.py", *map(shell_quoted, words)]) for words in commands]
    environment = runs[0].origin["environment"]
    versions = ", ".join(f"{key} {environment[key]}" for key in ("ganzoo", "commit", "torch"))
    return (
        f"# experiment=benchmark/{name}\n\n"
        + "".join(f"`{line}`\n\n" for line in lines)
        + f"{versions}; two shared CPU cores, {environment['threads']} thread per job, while other "
        "programs ran, so the seconds do not measure speed. The score of a row is the best "
        f"{board.score} of each of its runs; lower is better. `fid_digits` is the Fréchet distance "
        "of features of the package's own digits classifier, `fid_points` that of the points "
        "themselves; neither is the Inception FID.\n\n"
        f"{REMARKS.get(name, '')}"
        f"![samples of each variant's best run]({name}.png)\n\n" + markdown_report([board], [])
    )


def replace_table(text: str, name: str, board: Leaderboard) -> str:
    """Replace the table of a benchmark in a page that has its markers."""
    rows = [[COLUMNS[column](entry) for column in README_COLUMNS] for entry in board.entries]
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    table = f"{start}\n{markdown_table(README_COLUMNS, rows)}\n{end}"
    return re.sub(f"(?s){start}.*{end}", lambda _: table, text)


def draw_best_samples(board: Leaderboard) -> bytes:
    """Draw the samples of each variant's best run, all from the same latents, as a PNG."""
    columns = 3 if len(board.entries) <= 6 else 4
    rows = -(-len(board.entries) // columns)
    figure = picture.new_figure(3.2 * columns, 1.6 * rows)
    for place, entry in enumerate(board.entries, start=1):
        axes = figure.add_subplot(rows, columns, place, xticks=[], yticks=[])
        axes.set_title(f"{entry.variant}: {entry.best_run.score:.4g}", fontsize=7)
        assert entry.best_run.picture is not None
        grid = picture.read_image(entry.best_run.picture)
        axes.imshow(grid[:, : visible_height(grid.shape[1])].permute(1, 2, 0).numpy())
        axes.axis("off")
    return picture.figure_to_png(figure)


def visible_height(height: int) -> int:
    """Pixels from the top to show: the first rows of a grid, or all of a scatter plot."""
    is_grid = (height - GAP) % (TILE + GAP) == 0
    return MAX_GRID_ROWS * (TILE + GAP) + GAP if is_grid else height


if __name__ == "__main__":
    main()
