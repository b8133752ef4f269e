"""The proof of the pudding: in a quarter of a minute DCGAN draws scikit-learn's digits."""

import pytest
import torch

from ganzoo.callback import Scores
from ganzoo.data import Digits
from ganzoo.metric import FID, DigitsExtractor
from ganzoo.model import DCGAN
from tests.helpers.games import quiet_trainer


@pytest.mark.slow
def test_dcgan_learns_digits(tmp_path):
    """Its digits FID falls from 164 to 15-20 (five seeds, n = 597); a sixth of 164 is 27.

    On the same scale other real digits have 2, samples of the Gaussian with the digits' own mean
    and covariance 29, pixels shuffled between digits 62, and noise 87.
    """
    data = Digits(batch_size=64, val_size=597)
    game = DCGAN(image_shape=(1, 8, 8))
    trainer = quiet_trainer(
        max_steps=600,
        max_epochs=-1,
        max_time="00:00:02:00",
        val_check_interval=600,
        check_val_every_n_epoch=None,
        callbacks=[Scores({"fid_digits": FID(DigitsExtractor())}, cache_dir=str(tmp_path))],
    )
    (untrained,) = trainer.validate(game, data, verbose=False)
    trainer.fit(game, data)
    trained = trainer.callback_metrics
    assert trained["val/fid_digits_n"] == untrained["val/fid_digits_n"] == 597
    assert untrained["val/fid_digits"] == pytest.approx(164, abs=15)
    assert trained["val/fid_digits"] < untrained["val/fid_digits"] / 6
    images = game.sample(100)
    assert images.std(0).mean() > 0.2  # and not the same digit again and again
    assert torch.isfinite(images).all()
