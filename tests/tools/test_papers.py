"""The table of claims is what the archived runs say."""

import json
import sys
from pathlib import Path

from ganzoo.settings.compose import CONF

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import papers  # noqa: E402


def test_the_table_is_written_from_the_archived_runs():
    assert (ROOT / "docs" / "papers.md").read_text() == papers.write_page()


def test_every_row_is_an_experiment_and_every_other_experiment_is_documented():
    experiments = {path.stem for path in (CONF / "experiment").glob("*.yaml")}
    claimed = {claim.experiment for claim in papers.CLAIMS}
    assert claimed <= experiments
    pages = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    assert all(f"experiment={name}" in pages for name in experiments - claimed)


def test_archived_runs_are_of_experiments_and_name_no_path():
    archived = list(papers.ARCHIVE.glob("*/*/metrics.json"))
    assert archived
    for path in archived:
        assert path.parts[-3] in {claim.experiment for claim in papers.CLAIMS}
        assert "data.root=/" not in path.read_text()


def test_a_row_counts_seeds_and_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(papers, "ARCHIVE", tmp_path)
    (claim,) = [claim for claim in papers.CLAIMS if claim.experiment == "lsgan_ring"]
    assert "not yet run" in papers.write_row(claim)
    for loss, quality in (("least_squares", 0.95), ("non_saturating", 0.1)):
        for seed in range(5):
            folder = tmp_path / "sweep" / f"{loss}{seed}"
            folder.mkdir(parents=True)
            metrics = {
                "command": ["experiment=lsgan_ring", f"loss=[{loss}]", f"seed={seed}"],
                "seed": seed,
                "probe/modes": 8 if seed else 7,
                "probe/high_quality": quality,
                "steps": 10,
                "images": 100,
                "train_seconds": 60,
            }
            (folder / "metrics.json").write_text(json.dumps(metrics))
    papers.archive_runs(tmp_path / "sweep")
    row = papers.write_row(claim)
    assert "| yes: " in row
    assert "modes 7, 8, 8, 8, 8; high quality 95.0%, 95.0%, 95.0%, 95.0%, 95.0%" in row
    assert "10 steps, 100 images, 1.0 min" in row
