"""The page of R3GAN's ablation is what its archived runs say."""

import json
import sys
from pathlib import Path

import pytest
import torch
from hydra.core.override_parser.overrides_parser import OverridesParser

from ganzoo import picture
from ganzoo.settings.compose import CONF
from tests.helpers.conf import read_conf

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import papers  # noqa: E402
import r3gan_losses as ablation  # noqa: E402


def swept():
    """The losses of the sweep, as its runs have them in their commands."""
    params = read_conf(CONF / "experiment" / "r3gan_losses.yaml")["hydra"]["sweeper"]["params"]
    (override,) = OverridesParser.create().parse_overrides([f"loss={params['loss']}"])
    return list(override.sweep_string_iterator())


@pytest.fixture
def cells(tmp_path, monkeypatch):
    """Runs of the sweep that never took place, through the archive."""
    monkeypatch.setattr(papers, "ARCHIVE", tmp_path / "archive")
    for place, loss in enumerate(swept()):
        for seed in (1, 0):
            folder = tmp_path / "sweep" / f"{place}-{seed}"
            metrics = {
                "command": [
                    *("experiment=r3gan_losses", f"loss={loss}", f"seed={seed}"),
                    "data.root=/secret",
                ],
                **{"seed": seed, "steps": 10, "images": 640, "train_seconds": 60},
                **{"probe/modes": 1000 - 10 * place - seed, "probe/modes_kl": 0.1 * (place + 1)},
                "val/fid_digits": 20.0 + place + seed,
            }
            picture.save_image(
                torch.full((3, 600, 400), 9 * place, dtype=torch.uint8), folder / "samples/10.png"
            )
            (folder / "metrics.json").write_text(json.dumps(metrics))
            findings = [{"failure": "mode collapse"}] if (place, seed) == (7, 1) else []
            (folder / "diagnosis.json").write_text(json.dumps({"findings": findings}))
    papers.archive_runs(tmp_path / "sweep")
    return ablation.read_cells(tmp_path / "archive" / "r3gan_losses")


def test_the_sweep_has_every_cell_once():
    pairs = [loss.strip("[]").partition(",")[::2] for loss in swept()]
    assert len(pairs) == 8
    assert set(pairs) == {(one, two) for one in ablation.OBJECTIVES for two in ablation.PENALTIES}


def test_the_table_lists_modes_by_seed_and_alarms(cells):
    rows = ablation.write_table(cells).splitlines()[2:]
    assert len(rows) == 8
    assert rows[0] == "| relativistic pair | R1 and R2 | 1000, 999 | 0.100, 0.100 | 20.5 |  |"
    assert rows[-1].endswith(
        "| non-saturating | none | 930, 929 | 0.800, 0.800 | 27.5 | mode collapse |"
    )
    page = ablation.write_ablation(cells)
    assert "640 images shown; seeds 0, 1" in page
    assert "secret" not in page


def test_the_picture_shows_every_cell(cells):
    assert ablation.draw_cells(cells).startswith(b"\x89PNG")


def test_the_claim_is_judged_by_the_mean_kl(cells):
    (claim,) = [each for each in papers.CLAIMS if each.experiment == "r3gan_losses"]
    groups = papers.read_archive("r3gan_losses")
    assert "| yes |" in papers.write_row(claim)
    for run in groups["loss=[relativistic_pair,r1_r2]"]:
        run["probe/modes_kl"] = 0.25
    assert not claim.reached(groups)
