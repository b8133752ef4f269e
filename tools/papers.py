"""Write docs/papers.md: what the papers claim beside what our experiments have measured.

    python tools/papers.py [FOLDER …]

copies the measurements and figures of the finished runs of experiments below the folders to
docs/papers/, then writes docs/papers.md from all that is in there.
"""

import json
import shutil
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from claims import CLAIMS, Claim, Groups, Metrics

DOCS = Path(__file__).parents[1] / "docs"
ARCHIVE = DOCS / "papers"
INTRODUCTION = """# What the papers claim, and what was measured

Written by `python tools/papers.py` from the runs' `metrics.json`, which are in
[docs/papers](papers) with their figures. `fid_digits` is the Fréchet distance of features of the
package's own digits classifier, not the Inception FID. Times are those of two shared CPU cores.
Test sets were read only by the measurements at the end of a run. The yaml of an experiment in
`conf/experiment/` says where it departs from its paper. The command of a run is `python train.py
experiment=…` with the options before its figures, its seed, and `data.root=…` if it reads MNIST.
"""


def archive_runs(folder: Path) -> None:
    """Copy the measurements and figures of every finished run of an experiment below a folder."""
    for path in sorted(folder.rglob("metrics.json")):
        metrics = json.loads(path.read_text())
        if "experiment" in options(metrics):
            archive_run(path.parent, metrics)


def archive_run(run: Path, metrics: Metrics) -> None:
    """Copy the measurements and figures of a run."""
    chosen = options(metrics)
    name = ",".join(f"{k}={v}" for k, v in varied_options(metrics).items()) or "run"
    to = ARCHIVE / chosen["experiment"] / f"{name},seed={metrics['seed']}".replace("/", "-")
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    metrics["command"] = [f"{k}={'…' if k == 'data.root' else v}" for k, v in chosen.items()]
    (to / "metrics.json").write_text(json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
    for path in (*run.glob("diagnosis.json"), *run.glob("figures/*")):
        shutil.copy(path, to)
    for grid in sorted(run.glob("samples/*.png"))[-1:]:
        shutil.copy(grid, to / "samples.png")


def read_archive(experiment: str) -> Groups:
    """The archived runs of an experiment by the options that were varied."""
    groups = defaultdict(list)
    runs = [json.loads(path.read_text()) for path in ARCHIVE.glob(f"{experiment}/*/metrics.json")]
    for run in sorted(runs, key=lambda run: (str(varied_options(run)), run["seed"])):
        groups[", ".join(f"{k}={v}" for k, v in varied_options(run).items())].append(run)
    return dict(groups)


def options(metrics: Metrics) -> dict[str, str]:
    """The options of a run's command."""
    return dict(word.split("=", 1) for word in metrics.get("command", []))


def varied_options(metrics: Metrics) -> dict[str, str]:
    """The options of a run besides its experiment, its seed and the place of its data."""
    usual = {"experiment", "seed", "data.root"}
    return {
        key: value
        for key, value in options(metrics).items()
        if key not in usual and not key.startswith("hydra.")
    }


def write_row(claim: Claim) -> str:
    """The row of a claim, with what its archived runs have measured."""
    groups = read_archive(claim.experiment)
    head = [f"`{claim.experiment}`", claim.paper, claim.claim, claim.target]
    if not groups:
        return join_cells([*head, "not yet run", "", "", ""])
    head[0] = f"[{head[0]}](papers/{claim.experiment})"
    # The experiment as it is, whose name is empty, comes first.
    measured = [
        f"`{name}`: {claim.measured(groups[name])}".removeprefix("``: ")
        for name in sorted(groups, key=bool)
    ]
    runs = [run for group in groups.values() for run in group]
    seeds = ", ".join(sorted({str(run["seed"]) for run in runs}))
    return join_cells(
        [*head, "<br>".join(measured), judge(claim, groups), describe_cost(runs), seeds]
    )


def judge(claim: Claim, groups: Groups) -> str:
    """Whether the target is reached, with the remark."""
    try:
        verdict = "yes" if claim.reached(groups) else "**no**"
    except (KeyError, ValueError):
        return "runs are missing"
    return f"{verdict}: {claim.remark}".removesuffix(": ")


def describe_cost(runs: Sequence[Metrics]) -> str:
    """Steps, images and minutes of a run."""
    steps, images = format_range(runs, "steps"), format_range(runs, "images")
    minutes = format_range(runs, "train_seconds", 60, "{:.1f}")
    return f"{steps} steps, {images} images, {minutes} min"


def format_range(runs: Sequence[Metrics], key: str, unit: int = 1, form: str = "{:,.0f}") -> str:
    """The lowest and the highest value of a metric, or the one value that all runs have."""
    values = [run[key] / unit for run in runs]
    return " to ".join(dict.fromkeys(form.format(bound) for bound in (min(values), max(values))))


def join_cells(cells: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def write_page() -> str:
    """The whole page."""
    lines = [
        INTRODUCTION,
        "| `experiment=` | paper | claim | target | measured | reached | cost of a run | seeds |",
        "|---|---|---|---|---|---|---|---|",
        *map(write_row, CLAIMS),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="of runs to add")
    for folder in parser.parse_args().folders:
        archive_runs(folder)
    (DOCS / "papers.md").write_text(write_page())


if __name__ == "__main__":
    main()
