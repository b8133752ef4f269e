"""What the benchmarks found, for a reader who has run none of them.

    python tools/published.py SWEEP NAME

puts the report of a sweep of experiment=benchmark/NAME into docs/benchmark/NAME.md, with the
samples of each variant's best run in docs/benchmark/NAME.png, and its table into README.md where
that has a place for it, between <!-- NAME --> and <!-- /NAME -->.
"""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from ganzoo import picture
from ganzoo.report.page import COLUMNS, Board, Entry, leaderboards, markdown
from ganzoo.runs import Run, find_runs, shell_quoted

ROOT = Path(__file__).parents[1]
IN_README = ("variant", "mean", "std", "95 % interval", "best", "alarms")
SIDE, GAP = 28, 2  # of the pictures in a grid, and what is between them
SHOWN_ROWS = 4
POINTS = (
    "`fid_points` sees means and covariances alone: `modes`, `high_quality` and `modes_kl` "
    "(reverse KL), means over seeds at the end of a run, say more. All losses share one setting, "
    "which was found for the least squares and the non-saturating one; the Wasserstein losses' "
    "papers have a slower critic and five of its steps per step of the generator.\n\n"
)
REMARKS = {
    "ring": POINTS,
    "grid": f"{POINTS}No loss had settled on the twenty-five Gaussians within these images.\n\n",
}


def main() -> None:
    sweep, name = Path(sys.argv[1]), sys.argv[2]
    runs = find_runs([sweep])
    (board,) = leaderboards(runs)
    to = ROOT / "docs" / "benchmark"
    to.mkdir(parents=True, exist_ok=True)
    draw(board, to / f"{name}.png")
    (to / f"{name}.md").write_text(story(sweep, name, board, runs))
    readme = ROOT / "README.md"
    readme.write_text(with_table(readme.read_text(), name, board))


def story(sweep: Path, name: str, board: Board, runs: Sequence[Run]) -> str:
    """The report, and before it how it came about."""
    words = json.loads((sweep / "sweep.json").read_text())["command"]
    environment = runs[0].origin["environment"]
    versions = ", ".join(f"{each} {environment[each]}" for each in ("ganzoo", "commit", "torch"))
    return (
        f"# experiment=benchmark/{name}\n\n"
        f"`{' '.join(['python train.py', *map(shell_quoted, words)])}`\n\n"
        f"{versions}; two shared CPU cores, {environment['threads']} thread a job, with "
        "other work beside them, so that seconds are no measure of speed. Every row's "
        f"score is the best {board.score} of its run, and less is better. `fid_digits` is the "
        "Fréchet distance of features of the package's own digits classifier, `fid_points` that of "
        "the points themselves; neither is an Inception FID.\n\n"
        f"{REMARKS.get(name, '')}"
        f"![samples of each variant's best run]({name}.png)\n\n" + markdown([board], [])
    )


def with_table(text: str, name: str, board: Board) -> str:
    """A page whose place for this benchmark's table holds it."""
    places = [COLUMNS.index(each) for each in IN_README]
    rows = [IN_README, ["---"] * len(places)]
    rows += [[row[place] for place in places] for row in board.rows]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    return re.sub(f"(?s){begin}.*{end}", lambda _: f"{begin}\n{table}\n{end}", text)


def draw(board: Board, path: Path) -> None:
    """The samples of each variant's best run, from the same latents."""
    columns = 3 if len(board.entries) <= 6 else 4
    rows = -(-len(board.entries) // columns)
    figure = picture.new_figure(3.2 * columns, 1.6 * rows)
    for place, entry in enumerate(board.entries, start=1):
        axes = figure.add_subplot(rows, columns, place, xticks=[], yticks=[])
        axes.set_title(f"{entry.variant}: {best(entry).score:.4g}", fontsize=7)
        found = best(entry).picture
        assert found is not None
        axes.imshow(picture.read_image(found)[:, : shown(found)].permute(1, 2, 0).numpy())
        axes.axis("off")
    path.write_bytes(picture.figure_to_png(figure))


def shown(found: Path) -> int:
    """Pixels from the top of a grid: some of its rows, or all of a scatter plot."""
    height = picture.read_image(found).shape[1]
    whole_rows = (height - GAP) % (SIDE + GAP) == 0
    return SHOWN_ROWS * (SIDE + GAP) + GAP if whole_rows else height


def best(entry: Entry) -> Run:
    return min(entry.runs, key=lambda run: run.score or 0.0)


if __name__ == "__main__":
    main()
