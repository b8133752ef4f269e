"""R3GAN learns without normalisation, and its paper's numbers move as the paper says."""

import pytest
from hydra.utils import instantiate

from ganzoo.callback import Scores
from ganzoo.data import Digits
from ganzoo.metric import FID, DigitsExtractor
from ganzoo.model import R3GAN
from tests.helpers.games import quiet_trainer, shrink


def test_the_papers_numbers_move_during_the_burn_in(compose):
    cfg = shrink(compose("experiment=paper/r3gan", image_shape=(3, 32, 32)))
    game = instantiate(cfg.model, _convert_="all")
    assert cfg.data.batch_size == 512
    for images, weight, beta2 in ((0, 1.0, 0.9), (1e6, 0.55, 0.945), (2e6, 0.1, 0.99)):
        for schedule in game.schedules.values():
            schedule.move(images)
        assert float(game.losses["r1_r2"].weight) == pytest.approx(weight)
        for optimizer in game.configure_optimizers()[0]:
            assert optimizer.defaults["lr"] == 2e-4
            assert optimizer.defaults["betas"] == pytest.approx((0.0, beta2))
    assert game.ema_decay ** (5e5 / 512) == pytest.approx(0.5, abs=0.01)


@pytest.mark.slow
def test_r3gan_learns_digits(tmp_path):
    """Its digits FID falls from 97 to about 10 (n = 597); a sixth of 97 is 16."""
    game, data = R3GAN((1, 8, 8)), Digits(batch_size=64, val_size=597)
    trainer = quiet_trainer(
        max_steps=600,
        max_epochs=-1,
        val_check_interval=600,
        check_val_every_n_epoch=None,
        callbacks=[Scores({"fid_digits": FID(DigitsExtractor())}, cache_dir=str(tmp_path))],
    )
    (untrained,) = trainer.validate(game, data, verbose=False)
    trainer.fit(game, data)
    trained = trainer.callback_metrics["val/fid_digits"]
    assert trained < untrained["val/fid_digits"] / 6
    assert game.sample(100).std(0).mean() > 0.2  # and not the same digit again and again
