"""The proof of the pudding: within a minute a variant draws scikit-learn's digits."""

from pathlib import Path

import pytest
import torch

from ganzoo.callback import Scores
from ganzoo.data import Digits
from ganzoo.game import Game
from ganzoo.metric import FID, DigitsExtractor
from ganzoo.model import DCGAN, PDGAN, SAGAN, BigGAN, StyleGAN2
from tests.helpers.games import quiet_trainer


def learn_digits(game: Game, tmp_path: Path, steps: int = 600) -> tuple[float, float]:
    """The digits FID (n = 597) before and after so many steps."""
    data = Digits(batch_size=64, val_size=597)
    trainer = quiet_trainer(
        max_steps=steps,
        max_epochs=-1,
        max_time="00:00:10:00",
        val_check_interval=steps,
        check_val_every_n_epoch=None,
        callbacks=[Scores({"fid_digits": FID(DigitsExtractor())}, cache_dir=str(tmp_path))],
    )
    (untrained,) = trainer.validate(game, data, verbose=False)
    trainer.fit(game, data)
    trained = trainer.callback_metrics
    assert trained["val/fid_digits_n"] == untrained["val/fid_digits_n"] == 597
    images = game.sample(100)
    assert images.std(0).mean() > 0.2  # and not the same digit again and again
    assert torch.isfinite(images).all()
    return float(untrained["val/fid_digits"]), float(trained["val/fid_digits"])


@pytest.mark.slow
def test_dcgan_learns_digits(tmp_path):
    """Its digits FID falls from 164 to 15-20 (five seeds, n = 597); a sixth of 164 is 27.

    On the same scale other real digits have 2, samples of the Gaussian with the digits' own mean
    and covariance 29, pixels shuffled between digits 62, and noise 87.
    """
    untrained, trained = learn_digits(DCGAN(image_shape=(1, 8, 8)), tmp_path)
    assert untrained == pytest.approx(164, abs=15)
    assert trained < untrained / 6


@pytest.mark.slow
@pytest.mark.parametrize("variant", [PDGAN, SAGAN, BigGAN])
def test_class_conditional_variants_learn_digits(variant, tmp_path):
    """To 14, 24 and 15 from 142 (seed 0), where samples of a Gaussian have 29."""
    untrained, trained = learn_digits(variant(image_shape=(1, 8, 8)), tmp_path)
    assert trained < untrained / 5


@pytest.mark.slow
def test_stylegan2_learns_digits(tmp_path):
    """Its first images differ already, and score 86; seed 0 ends at 19."""
    untrained, trained = learn_digits(StyleGAN2((1, 8, 8)), tmp_path)
    assert trained < untrained / 3
