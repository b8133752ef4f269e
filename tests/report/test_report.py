"""The report: what it counts, what it refuses to mix, and what it survives."""

import csv
import json
import re
import shutil

import numpy as np
import pytest

from ganzoo.error import UserError
from ganzoo.report.boards import leaderboards
from ganzoo.report.page import write_report
from ganzoo.report.statistics import compare_seeds, expected_best, summarise_scores
from ganzoo.runs import find_runs
from ganzoo.runs.run import shorten_keys
from tests.helpers.runs import write_run


@pytest.fixture
def sweep(tmp_path):
    """Two variants with three seeds each, the second always worse by 1."""
    for seed, score in enumerate((2.0, 4.0, 3.0)):
        write_run(tmp_path / f"sweep/{seed}-dcgan", (9.0, score), model="dcgan", seed=seed)
        write_run(tmp_path / f"sweep/{seed}-wgan", (9.0, score + 1), model="wgan", seed=seed)
    return tmp_path / "sweep"


def test_a_leaderboard_ranks_by_the_mean_over_seeds(sweep):
    (board,) = leaderboards(find_runs([sweep]))
    first, second = board.entries
    assert (first.variant, second.variant) == ("DCGAN", "WGAN")
    assert first.scores[:3] == (3, 3.0, pytest.approx(1.0))
    assert first.scores.best == 2.0
    assert second.comparison.difference == pytest.approx(1.0)
    assert second.comparison.p == 0.0  # every seed differs by the same
    assert second.comparison.verdict == "worse by 1"
    assert not board.uneven


def test_intervals_and_tests_have_known_answers():
    """Student 1908, the hours of sleep gained from two drugs by ten patients, and R's t.test."""
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = summarise_scores([b - a for a, b in zip(first, second, strict=True)])
    assert (found.low, found.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-6)
    compared = compare_seeds(dict(enumerate(first)), dict(enumerate(second)))
    assert compared.difference == pytest.approx(1.58)
    assert compared.p == pytest.approx(0.00283289, abs=1e-7)
    assert compared.verdict == "worse by 1.58"  # less is better
    swapped = compare_seeds(dict(enumerate(second)), dict(enumerate(first)))
    assert swapped.verdict == "better by 1.58"


def test_comparisons_without_a_spread_have_known_answers():
    assert summarise_scores([2.0]) == (1, 2.0, 0.0, 2.0, 2.0, 2.0)
    same = {0: 1.0, 1: 2.0}
    assert compare_seeds(same, same).p == 1.0
    assert compare_seeds({0: 1.0, 1: 2.0}, {0: 1.5, 1: 1.0}).verdict.startswith("not dist")
    assert compare_seeds({0: 1.0}, {0: 2.0}) is None
    assert compare_seeds({0: 1.0, 1: 1.0}, {2: 2.0, 3: 1.0}) is None


@pytest.mark.parametrize("other", [{"data": "CIFAR10"}, {"n": 500}, {"monitor": "val/kid"}])
def test_what_cannot_be_compared_has_a_board_of_its_own(other, sweep):
    write_run(sweep / "other", model="lsgan", **other)
    boards = leaderboards(find_runs([sweep]))
    assert sorted(len(board.entries) for board in boards) == [1, 2]


def test_settings_of_a_search_are_one_row_of_a_board_of_their_own(sweep):
    for number in range(3):
        rate = f"optimizer.generator.lr=1e-{number}"
        searched = ["optimizer.generator.lr"]
        write_run(sweep / f"trial{number}", (number + 1.0,), words=[rate], searched=searched)
    final, tried = leaderboards(find_runs([sweep]))
    assert [entry.variant for entry in final.entries] == ["DCGAN", "WGAN"]
    assert "settings of a search" in tried.title
    (row,) = tried.entries
    assert (row.variant, row.scores.n, row.scores.mean, row.scores.best) == ("DCGAN", 3, 2.0, 1.0)


def test_a_run_of_an_experiment_is_repeated_alone(tmp_path):
    folder = write_run(tmp_path / "run", words=["experiment=lsgan_ring"])
    (run,) = find_runs([folder])
    assert run.command.endswith("experiment=lsgan_ring hydra.mode=RUN")


def test_a_run_that_was_stopped_early_is_listed_and_not_ranked(sweep):
    write_run(sweep / "pruned", (9.0,), model="lsgan", pruned="stopped early after 320 images")
    (board,) = leaderboards(find_runs([sweep]))
    assert [entry.variant for entry in board.entries] == ["DCGAN", "WGAN"]
    write_report([sweep], sweep)
    assert "- LSGAN, seed 0: stopped early after 320 images" in (sweep / "report.md").read_text()


def test_what_probes_measured_is_shown_as_means(sweep):
    for number, folder in enumerate(sorted(sweep.iterdir())):
        path = folder / "metrics.json"
        only_one = {"probe/parzen": 1.0} if number == 0 else {}
        found = {"probe/modes": 6 + folder.name.count("wgan"), **only_one}
        path.write_text(json.dumps({**json.loads(path.read_text()), **found}))
    write_report([sweep], sweep)
    header, _, dcgan, wgan = (sweep / "report.md").read_text().splitlines()[2:6]
    assert header.endswith("| alarms | modes |")
    assert dcgan.startswith("| DCGAN")
    assert dcgan.endswith("|  | 6 |")
    assert wgan.endswith("|  | 7 |")


def test_unequal_budgets_are_said(sweep):
    write_run(sweep / "longer", model="lsgan", images=1280)
    (board,) = leaderboards(find_runs([sweep]))
    assert board.uneven


def test_names_tell_only_what_differs_by_its_last_word(tmp_path):
    for seed in (0, 1):
        for rate in ("1e-3", "2e-4"):
            words = ["network.width=4", f"optimizer.generator.lr={rate}", "data.root=/x"]
            write_run(tmp_path / f"{seed}{rate}", seed=seed, words=words)
    (board,) = leaderboards(find_runs([tmp_path]))
    assert {entry.variant for entry in board.entries} == {
        "DCGAN lr=1e-3",
        "DCGAN lr=2e-4",
    }


def test_options_of_the_same_last_word_keep_the_word_before_it():
    keys = ["optimizer.generator.lr", "optimizer.discriminator.lr", "network.width", "lr"]
    assert shorten_keys(keys) == {
        "optimizer.generator.lr": "generator.lr",
        "optimizer.discriminator.lr": "discriminator.lr",
        "network.width": "width",
        "lr": "lr",
    }


def test_the_page_holds_all_it_shows(sweep, tmp_path):
    path = write_report([sweep], tmp_path / "out")
    page = path.read_text()
    assert not re.search(r"src=\"(?!data:)", page)
    links = re.findall(r"href=\"(.*?)\"", page)
    assert {(tmp_path / "out" / link).resolve() for link in links} == set(sweep.iterdir())
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("data:image/png;base64") == 6  # four plots, a grid of each variant
    assert "python train.py model=dcgan seed=0" in page
    lines = list(csv.DictReader((tmp_path / "out" / "report.csv").open()))
    assert len(lines) == 6
    assert {line["variant"] for line in lines} == {"DCGAN", "WGAN"}
    assert "| DCGAN | 3 | 3 | 1 |" in (tmp_path / "out" / "report.md").read_text()


def test_a_moved_sweep_reports_the_same(sweep, tmp_path):
    before = write_report([sweep], sweep).read_bytes()
    moved = tmp_path / "elsewhere"
    shutil.move(sweep, moved)
    assert write_report([moved], moved).read_bytes() == before


def test_the_report_says_on_which_commit_device_and_day_the_runs_were(sweep, tmp_path):
    assert "commit" not in write_report([sweep], tmp_path).read_text()
    for seed, day in enumerate(("2026-11-27", "2026-11-26", "2026-11-27")):
        path = sweep / f"{seed}-dcgan" / "origin.json"
        environment = {"commit": "abc", "device": "CPU", "date": day}
        path.write_text(json.dumps({**json.loads(path.read_text()), "environment": environment}))
    origins = "commit abc; device CPU; date 2026-11-26, 2026-11-27"
    assert origins in write_report([sweep], tmp_path).read_text()
    assert f"- {origins}" in (tmp_path / "report.md").read_text()


def test_the_report_repeats_the_doctors_findings(sweep, tmp_path):
    finding = {"failure": "mode collapse", "since_step": 5, "evidence": "alike", "try": "rest"}
    (sweep / "0-wgan" / "diagnosis.json").write_text(json.dumps({"findings": [finding]}))
    page = write_report([sweep], tmp_path).read_text()
    assert page.count("mode collapse since step 5: alike; try rest") == 1


def test_failed_killed_and_half_written_runs_are_listed(sweep, tmp_path):
    failed, killed, writing = (sweep / name for name in ("failed", "killed", "writing"))
    failed.mkdir()
    failure = {"command": ["model=gan"], "seed": 7, "reason": "n_critic must be at least 1."}
    (failed / "failure.json").write_text(json.dumps(failure))
    for folder in (killed, writing):
        write_run(folder, model="gan")
        (folder / "metrics.json").unlink()
    (writing / "metrics.json").write_text('{"best": 1')
    (writing / "csv" / "metrics.csv").write_text("images,step,val/fid\n64,1,\n6")
    write_report([sweep], tmp_path)
    said = (tmp_path / "report.md").read_text()
    assert re.search("gan.*, seed 7: n_critic must be at least 1.", said)
    assert said.count("unfinished: still running, or killed") == 2


def test_a_line_that_is_being_written_is_passed_by(tmp_path):
    folder = write_run(tmp_path / "run", (3.0, 2.0))
    with (folder / "csv" / "metrics.csv").open("a") as file:
        file.write("640")
    (run,) = find_runs([folder])
    assert run.curve == [(5.0, 320.0, 3.0), (10.0, 640.0, 2.0)]


def test_two_sweeps_of_the_same_names_count_the_same_run_once(sweep, tmp_path):
    other = tmp_path / "other" / "0-dcgan"
    write_run(other, (9.0, 2.0), model="dcgan", seed=0)  # as in the sweep
    write_run(tmp_path / "other" / "1-dcgan", (9.0, 5.0), model="dcgan", seed=7)
    write_report([sweep, tmp_path / "other"], tmp_path)
    said = (tmp_path / "report.md").read_text()
    assert "| DCGAN | 4 | 3.5 |" in said
    assert "DCGAN, seed 0: left out: the run in 0-dcgan has the same settings and seed" in said


def test_the_expected_best_of_some_scores_has_a_known_answer():
    assert expected_best([3.0, 1.0, 2.0]) == pytest.approx([2.0, 4 / 3, 1.0])  # (1+1+2)/3 for pairs
    assert expected_best([5.0]) == [5.0]


def test_a_run_is_counted_once_however_often_it_is_named(sweep):
    assert len(find_runs([sweep, sweep / "0-dcgan", sweep])) == 6


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_where_there_is_no_run_it_says_so(make, tmp_path):
    make(tmp_path / "empty")
    with pytest.raises(UserError, match=r"runs/sweep|is no folder"):
        write_report([tmp_path / "empty"], tmp_path)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.slow
def test_many_long_runs_make_a_small_page(tmp_path):
    scores = tuple(np.linspace(9, 1, 1000))
    for number in range(200):
        write_run(tmp_path / f"{number}", scores, model=f"m{number % 9}", seed=number // 9)
    assert write_report([tmp_path], tmp_path / "out").stat().st_size < 5e6


def test_one_seed_has_neither_a_deviation_nor_an_interval():
    assert summarise_scores([3.0]).spread == ("", "")
    assert summarise_scores([1.0, 3.0]).spread[0] == "1.41"
