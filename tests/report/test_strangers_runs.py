"""A report of runs that others wrote: every string is text, and one bad run does not end it."""

import csv
import json
import os
import time
import warnings

import pytest
from PIL import Image

from ganzoo.report.page import write_report
from ganzoo.report.statistics import compare_seeds, expected_best
from ganzoo.report.tables import markdown_code, markdown_text
from tests.helpers.runs import write_run

NASTY = [
    "<script>alert(1)</script>",
    "a|b",
    "two\nlines",
    "$\\frac$",
    "$x",
    "\ud800",
    "_hidden",
    "[click](http://elsewhere)",
    "`code`",
    "\x00\x1b[31m",
    "=cmd()",
]


def change(folder, name, **values):
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.fixture
def sweep(tmp_path):
    """Two sound variants with two seeds each."""
    for seed in range(2):
        write_run(tmp_path / f"sweep/{seed}-dcgan", (9.0, 2.0 + seed), model="dcgan", seed=seed)
        write_run(tmp_path / f"sweep/{seed}-wgan", (9.0, 3.0 + seed), model="wgan", seed=seed)
    return tmp_path / "sweep"


@pytest.mark.parametrize("name", NASTY)
def test_any_text_is_text(sweep, name):
    words = [f"optimizer.generator.lr={name}", f"model={name}"]
    folder = write_run(sweep / "nasty", (5.0, 4.0), words=words)
    environment = {"commit": name, "device": name, "date": name}
    change(folder, "origin.json", environment=environment)
    finding = {"failure": name, "since_step": name, "evidence": name, "try": name}
    (folder / "diagnosis.json").write_text(json.dumps({"findings": [finding]}))
    failed = sweep / "failed"
    failed.mkdir()
    (failed / "failure.json").write_text(json.dumps({"command": words, "seed": 0, "reason": name}))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        page = write_report([sweep], sweep).read_text()
    assert "<script>alert" not in page
    tables = [line for line in (sweep / "report.md").read_text().splitlines() if line[:2] == "| "]
    assert {line.replace("\\|", "").count("|") for line in tables} == {12}
    outside = "".join((sweep / "report.md").read_text().split("`")[::2])
    assert "<script" not in outside
    assert "](http" not in outside.replace("\\](", "")
    rows = list(csv.reader((sweep / "report.csv").open(newline="")))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not [cell for row in rows[1:] for cell in row if cell[:1] in {"=", "+", "@", "-"}]


def test_a_negative_score_stays_a_number(sweep):
    write_run(sweep / "negative", (-1.5,), monitor="val/kid")
    write_report([sweep], sweep)
    with (sweep / "report.csv").open(newline="") as file:
        assert "-1.5" in [row["best"] for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("metrics.json", {"best": 10**41}),
        ("metrics.json", {"images": 10**400}),
        ("metrics.json", {"train_seconds": float("nan")}),
        ("metrics.json", {"probe/modes": "many"}),
        ("metrics.json", {"pruned": ["a"]}),
        ("origin.json", {"seed": "<script>"}),
        ("origin.json", {"command": 7}),
        ("origin.json", {"command": [["a"]]}),
        ("origin.json", {"searched": 7}),
        ("origin.json", {"environment": [1]}),
        ("origin.json", {"environment": {"commit": {"a": 1}}}),
        ("config.yaml", {"data": ["a"]}),
        ("config.yaml", {"facts": 3}),
        ("diagnosis.json", {"findings": [1]}),
        ("diagnosis.json", {"findings": 3}),
        ("diagnosis.json", {"findings": [{"failure": "a"}]}),
    ],
    ids=str,
)
def test_what_no_run_wrote_is_listed_as_unreadable(sweep, file, values):
    folder = write_run(sweep / "broken", (1.0, 1.0), model="lsgan")
    (folder / "diagnosis.json").write_text("{}")
    change(folder, file, **values)
    write_report([sweep], sweep)
    said = (sweep / "report.md").read_text()
    assert "- broken: unreadable: its" in said
    assert "| DCGAN | 2 | 2.5 |" in said
    assert "unreadable" in (sweep / "report.html").read_text()
    assert "unreadable" in (sweep / "report.csv").read_text()


@pytest.mark.parametrize("best", ["x", [1], {"a": 1}])
def test_a_score_that_is_no_number_is_no_result(sweep, best):
    change(write_run(sweep / "broken", model="lsgan"), "metrics.json", best=best)
    write_report([sweep], sweep)
    assert "LSGAN, seed 0: unfinished" in (sweep / "report.md").read_text()


def test_only_unreadable_runs_make_a_report_too(tmp_path):
    change(write_run(tmp_path / "run"), "origin.json", seed="<script>")
    assert "unreadable" in write_report([tmp_path], tmp_path).read_text()


def test_finished_runs_without_a_score_are_listed(sweep):
    write_run(sweep / "bare", model="lsgan", best=None)
    write_report([sweep], sweep)
    assert "- LSGAN, seed 0: finished without a score" in (sweep / "report.md").read_text()


def test_a_failed_run_whose_model_is_not_known_goes_by_its_folder_and_its_settings(sweep):
    for number in range(2):
        folder = sweep / f"{number}-failed"
        folder.mkdir()
        failure = {"command": [f"n_critic={number}"], "seed": 0, "reason": "too many"}
        (folder / "failure.json").write_text(json.dumps(failure))
    write_report([sweep], sweep)
    assert "- 1-failed n\\_critic=1, seed 0" in (sweep / "report.md").read_text().replace(
        "n_critic", "n\\_critic"
    )


def test_samples_are_pictures_of_the_run_itself(sweep, tmp_path):
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8), (1, 2, 3)).save(secret)
    for number, folder in enumerate(sorted(sweep.iterdir())):
        path = folder / "samples/step_000010.png"
        path.unlink()
        if number % 2:
            path.write_text("no picture")
        else:
            path.symlink_to(secret)
    assert "Samples of each" not in write_report([sweep], tmp_path / "out").read_text()
    path.unlink()
    os.mkfifo(path)
    write_report([sweep], tmp_path / "out")


def test_what_is_code_stays_code():
    assert markdown_code("a `b` c") == "``a `b` c``"
    assert markdown_text("snake_case |x| <b> *y*") == r"snake_case \|x\| &lt;b\> \*y\*"


def test_a_thousand_scores_are_compared_in_a_moment():
    began = time.perf_counter()
    found = expected_best([float(score) for score in range(1000)])
    assert found[0] == pytest.approx(499.5)
    assert found[-1] == 0
    compare_seeds(*[{seed: seed + shift for seed in range(1000)} for shift in (0.0, 0.5)])
    assert time.perf_counter() - began < 20


@pytest.mark.slow
@pytest.mark.parametrize("variants", [1, 3000])
def test_3000_runs_make_a_report(tmp_path, variants):
    for number in range(3000):
        words = [f"optimizer.generator.lr={number % variants}"]
        write_run(tmp_path / f"{number}", (9.0, 1.0 + number % 7), seed=number, words=words)
    change(tmp_path / "7", "origin.json", seed="<script>")
    assert write_report([tmp_path], tmp_path / "out").stat().st_size < 6e6
