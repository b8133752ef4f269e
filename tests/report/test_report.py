"""The report: what it counts, what it refuses to mix, and what it survives."""

import numpy as np
import pytest

from ganzoo.report.boards import leaderboards
from ganzoo.report.page import write_report
from ganzoo.report.statistics import compare_seeds, summarise_scores
from ganzoo.runs import find_runs
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


def test_many_long_runs_make_a_small_page(tmp_path):
    scores = tuple(np.linspace(9, 1, 1000))
    for number in range(200):
        write_run(tmp_path / f"{number}", scores, model=f"m{number % 9}", seed=number // 9)
    assert write_report([tmp_path], tmp_path / "out").stat().st_size < 5e6


def test_one_seed_has_neither_a_deviation_nor_an_interval():
    assert summarise_scores([3.0]).spread == ("", "")
    assert summarise_scores([1.0, 3.0]).spread[0] == "1.41"
