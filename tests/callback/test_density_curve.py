"""The picture of the theory, on games whose densities are known."""

from math import log, pi

import pytest
import torch

from ganzoo import GAN
from ganzoo.callback import DensityCurve
from ganzoo.callback.density_curve import opinion
from ganzoo.data import Gaussian1D, Mixture, MNIST5k, Ring
from ganzoo.error import UserError
from ganzoo.network import Plane


@pytest.mark.parametrize("data", [Gaussian1D(), Ring()], ids=lambda data: type(data).__name__)
def test_a_density_integrates_to_one_and_peaks_at_a_centre(data: Mixture):
    dim, std = data.centres.shape[1], data.std
    peak = 1 / (len(data.centres) * (2 * pi * std**2) ** (dim / 2))
    assert float(data.density(data.centres[:1])) == pytest.approx(peak, rel=1e-3)
    grid = torch.linspace(-1.5, 1.5, 601)
    cells = torch.cartesian_prod(*[grid] * dim).view(-1, dim)
    total = data.density(cells).sum() * float(grid[1] - grid[0]) ** dim
    assert float(total) == pytest.approx(1, abs=0.02)


class Trained:
    """What the callback asks of a trainer and a game."""

    is_global_zero, global_step, val_check_batch = True, 7, 7

    def __init__(self, data):
        self.datamodule = data


@pytest.mark.parametrize(("score", "gap", "value"), [(0.0, 0.0, -log(4)), (log(3), 0.25, -1.6740)])
def test_at_the_optimum_the_gap_is_none_and_the_value_is_minus_log_four(
    score, gap, value, tmp_path, monkeypatch
):
    """G draws the data, so D* is 1/2; D = 3/4 is 1/4 off, and log 3/4 + log 1/4 = -1.674."""
    data = Gaussian1D()
    game = GAN((1,), network=Plane())
    normal = torch.randn(200_000, 1, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(game, "sample", lambda n: data.centres + data.std * normal[:n])
    for weight in game.discriminator.head.parameters():
        torch.nn.init.zeros_(weight)
    torch.nn.init.constant_(game.discriminator.head.score.bias, score)
    logged = {}
    monkeypatch.setattr(game, "log_dict", lambda values, **_: logged.update(values))
    curve = DensityCurve(tmp_path, n=200_000)
    trainer = Trained(data)
    for trainer.global_step in (7, 14):
        curve.on_validation_epoch_end(trainer, game)
    curve.on_fit_end(trainer, game)
    assert float(logged["val/discriminator_gap"]) == pytest.approx(gap, abs=0.01)
    assert float(logged["val/value"]) == pytest.approx(value, abs=0.01)
    assert (tmp_path / "figures/densities.gif").read_bytes().startswith(b"GIF89a")
    assert (tmp_path / "figures/densities.png").exists()
    assert opinion(game, torch.zeros(3)).shape == (3,)


@pytest.mark.parametrize("data", [Ring(), MNIST5k()])
def test_densities_are_drawn_on_the_line_alone(data, tmp_path):
    with pytest.raises(UserError, match="data=gaussian_1d"):
        DensityCurve(tmp_path).check(GAN((1,), network=Plane()), data)
