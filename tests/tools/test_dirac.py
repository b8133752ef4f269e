"""The table of which games converge."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import dirac

GAMES = [game for game in dirac.games() if dirac.closed_form(*game)]


def test_every_objective_and_penalty_on_points_is_in_the_table():
    objectives, penalties = ({game[i] for game in dirac.games()} for i in (0, 1))
    assert objectives == dirac.SLOPES.keys() | {"gradient_normalisation"}
    assert penalties == dirac.DAMPING.keys() | {"gradient_penalty", "dragan"}


@pytest.mark.parametrize("game", GAMES, ids=" ".join)
def test_eigenvalues_equal_their_closed_form(game):
    assert dirac.agree(dirac.Dirac(*game).eigenvalues(), dirac.closed_form(*game))


def test_the_closed_form_is_the_papers():
    """Lemma 2.2 and D.4 with f'(0) = 1 / 2 and gamma = 0.3."""
    assert dirac.closed_form("minimax", "") == pytest.approx([0.5j, -0.5j])
    real, imaginary = -0.15, (0.25 - 0.15**2) ** 0.5
    expected = [complex(real, imaginary), complex(real, -imaginary)]
    assert dirac.closed_form("non_saturating", "r1") == pytest.approx(expected)


def test_r1_converges_and_the_wasserstein_game_circles():
    assert dirac.Dirac("non_saturating", "r1").play(1) < 1e-3
    assert 0.5 < dirac.Dirac("wasserstein", "").play(1) < 3
    assert dirac.Dirac("wasserstein", "").play(0) > 100  # simultaneous steps spiral outwards
