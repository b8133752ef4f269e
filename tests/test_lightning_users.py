"""What users of Lightning expect of its Trainer, with every variant."""

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

from ganzoo import ACGAN, DCGAN, WGANGP, network
from ganzoo.data import Digits
from tests.helpers.games import quiet_trainer

SHAPE = (1, 8, 8)
SMALL = network.ConvNet(width=4)


class Watched(DCGAN):
    """Remembers the first pixels of every batch."""

    def play(self, batch):
        self.seen = [*getattr(self, "seen", []), tuple(batch[0][:, 0, 4, 4].tolist())]
        super().play(batch)


def digits(**options):
    return Digits(**{"batch_size": 128, "val_size": 297} | options)


@pytest.mark.parametrize(("make", "steps"), [(DCGAN, 12), (WGANGP, 3)])
def test_an_epoch_ends_after_all_images(make, steps):
    game = make(SHAPE, network=SMALL, n_critic=12 // steps)
    trainer = quiet_trainer(max_epochs=2)
    trainer.fit(game, digits())
    assert trainer.global_step == 2 * steps  # of 1,500 images, 128 a step of the discriminator
    assert trainer.current_epoch == 2


def test_an_epoch_goes_on_where_the_one_before_ended():
    games = [Watched(SHAPE, network=SMALL) for _ in range(2)]
    quiet_trainer(max_epochs=2).fit(games[0], digits(batch_size=500))
    quiet_trainer(max_steps=6).fit(games[1], digits(batch_size=500))
    assert games[0].seen == games[1].seen


def test_overfitting_repeats_the_same_batches():
    game = Watched(SHAPE, network=SMALL)
    quiet_trainer(max_steps=8, overfit_batches=2).fit(game, digits(batch_size=16))
    assert len(game.seen) == 8
    assert len(set(game.seen)) == 2


@pytest.mark.parametrize("options", [{}, {"accumulate": 2}])
def test_a_plain_loaders_batch_is_one_of_the_discriminators(options):
    images, labels = torch.rand(65 * 3, *SHAPE) * 2 - 1, torch.zeros(65 * 3).long()
    loader = DataLoader(TensorDataset(images, labels), 64)
    game, seen = WGANGP(SHAPE, network=SMALL, n_critic=2, **options), []
    game.discriminator.trunk.register_forward_pre_hook(
        lambda module, inputs: seen.append(len(inputs[0]))
    )
    trainer = quiet_trainer(max_epochs=options.get("accumulate", 1))
    trainer.fit(game, loader)
    assert trainer.global_step == 2  # 4 batches an epoch, and 2 or 4 to a step
    assert set(seen[:6]) == {64} or options
    assert min(seen) > 30


def test_a_batch_of_several_classes_is_gathered_with_its_labels():
    images, labels = torch.rand(24, *SHAPE) * 2 - 1, torch.arange(24) % 10
    game = ACGAN(SHAPE, n_classes=10, network=SMALL, n_critic=3)
    trainer = quiet_trainer(max_epochs=1)
    trainer.fit(game, DataLoader(TensorDataset(images, labels), 4))
    assert trainer.global_step == 2


@pytest.mark.parametrize("make", [DCGAN, WGANGP])
def test_a_sanity_check_comes_before_the_first_step(make, tmp_path):
    from ganzoo.callback import Doctor, Progress

    callbacks = [Doctor(tmp_path), Progress()]
    trainer = quiet_trainer(max_steps=2, num_sanity_val_steps=2, callbacks=callbacks)
    trainer.fit(make(SHAPE, network=SMALL), digits())
    assert trainer.global_step == 2


def test_nothing_is_logged_every_0_steps(tmp_path):
    from ganzoo.callback import Doctor, NonFiniteGuard, Progress

    callbacks = [Doctor(tmp_path), Progress(), NonFiniteGuard(tmp_path, "skip")]
    trainer = quiet_trainer(max_steps=2, log_every_n_steps=0, callbacks=callbacks)
    trainer.fit(DCGAN(SHAPE, network=SMALL), digits())
    assert trainer.global_step == 2
    assert isinstance(trainer, pl.Trainer)
