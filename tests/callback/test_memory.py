"""How well D tells its training images from held-out ones."""

import json
from dataclasses import dataclass, field
from math import isnan

import pytest
import torch
from torch import nn

from ganzoo import CGAN, DCGAN
from ganzoo.augmentation import ADA
from ganzoo.callback import Doctor
from ganzoo.callback.complaints import MEMORISING
from ganzoo.callback.memory import memorised_pairs
from ganzoo.data import Digits, Ring
from ganzoo.data.base import Data
from ganzoo.data.source import InMemoryPoints
from ganzoo.data.split import last_split
from ganzoo.game import Game
from ganzoo.network import MLP, ConvNet, Plane
from ganzoo.optimizer import Optimizers, adam
from ganzoo.runs import RunFolder
from ganzoo.training.train import print_result
from tests.helpers.games import quiet_trainer
from tests.helpers.runs import write_run


@dataclass(kw_only=True, eq=False)
class Numbers(Data):
    """Numbers on the line, of which the last are held out."""

    train: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    batch_size: int = 2

    def __post_init__(self):
        super().__post_init__()
        self.val_size = len(self.held_out)

    def load(self):
        values = torch.tensor([*self.train, *self.held_out]).float()[:, None]
        return InMemoryPoints(values, torch.zeros(len(values), dtype=torch.long), [])

    def hold_out(self, n):
        return last_split(n, self.val_size)


def judged(train, held_out, factor=1.0):
    """The share under a D whose score is the number times a factor."""
    game = Game((1,), network=MLP(generator_hidden=[4], discriminator_hidden=[]))
    nn.init.constant_(game.discriminator.head.score.weight, factor)
    return memorised_pairs(game, Numbers(train=train, held_out=held_out))


def test_it_is_the_share_of_pairs_that_d_orders_in_favour_of_the_training_image():
    assert judged([3.0, 4.0, 5.0], [0.0, 1.0, 2.0]) == 1
    assert judged([0.0, 1.0, 2.0], [3.0, 4.0, 5.0]) == 0
    assert judged([1.0, 1.0, 1.0], [1.0, 1.0, 1.0]) == 0.5
    # 1 lies above one of the others; 2 above one, and beside one; 6 above all.
    assert judged([1.0, 2.0, 6.0], [0.0, 2.0, 5.0]) == pytest.approx((1 + 1.5 + 3) / 9)


def test_the_units_of_the_scores_do_not_matter():
    numbers = ([1.0, 2.0, 6.0], [0.0, 2.0, 5.0])
    assert judged(*numbers, factor=1e3) == judged(*numbers)
    assert judged(*numbers, factor=-1.0) == pytest.approx(1 - judged(*numbers))


def test_one_image_is_too_few():
    assert isnan(judged([1.0, 2.0], [0.0]))
    assert isnan(judged([1.0], [0.0, 3.0, 4.0]))


def prepared(data):
    data.setup()
    return data


GAMES = {
    "batch norm": (DCGAN, (1, 8, 8), ConvNet(width=8, hidden=8)),
    "told": (CGAN, (1, 8, 8), ConvNet(width=8)),
    "packed": (DCGAN, (1, 8, 8), ConvNet(width=8, packing=4, minibatch_std=True)),
    "spectral norm": (DCGAN, (1, 8, 8), ConvNet(width=8, spectral_norm=True)),
    "points": (DCGAN, (2,), Plane()),
}


@pytest.mark.parametrize(("model", "shape", "network"), GAMES.values(), ids=GAMES)
def test_it_is_the_same_at_every_call_and_leaves_no_trace(model, shape, network):
    points = len(shape) == 1
    choices = {} if points else {"augmentation": ADA(strength=0.5)}
    game = model(shape, network=network, ema=None, **choices)
    data = prepared(Ring(batch_size=100, val_size=200) if points else Digits(batch_size=100))
    before = {name: value.clone() for name, value in game.state_dict().items()}
    random = torch.get_rng_state()
    share = memorised_pairs(game, data)
    assert share == memorised_pairs(game, data)
    assert share == pytest.approx(0.5, abs=0.15)  # of 256 images that D has never seen
    assert game.training
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(game.state_dict()[name], value) for name, value in before.items())


def test_batches_are_normalised_by_their_own_statistics():
    """Running averages of nothing yet would leave D's scores as they are."""
    network = ConvNet(width=8, hidden=8)
    game, data = DCGAN((1, 8, 8), network=network), prepared(Digits(batch_size=64))
    seen = []
    norm = next(each for each in game.discriminator.modules() if isinstance(each, nn.BatchNorm1d))
    norm.register_forward_hook(lambda *call: seen.append(call[2]))
    memorised_pairs(game, data)
    assert len(seen) == 8
    for units in seen:
        assert ((units.mean(0) - norm.bias) / norm.weight).abs().max() < 1e-4


def fit(folder, data, steps=2, **options):
    trainer = quiet_trainer(
        max_steps=steps,
        val_check_interval=max(1, steps // 6),
        check_val_every_n_epoch=None,
        callbacks=[Doctor(folder)],
        **options,
    )
    network = ConvNet(width=32, hidden=128)  # which learns 32 digits by heart within 100 steps
    game = DCGAN((1, 8, 8), network=network, optimizer=Optimizers(adam(2e-3), adam(1e-3)))
    trainer.fit(game, **data)
    return trainer, {each["failure"] for each in RunFolder(folder).findings()}


def test_it_is_logged_at_every_validation(tmp_path):
    trainer, _ = fit(tmp_path, {"datamodule": Digits(batch_size=16)})
    assert 0.3 < float(trainer.callback_metrics["doctor/memorised"]) < 0.7


def test_of_other_data_it_is_unknown(tmp_path):
    data = prepared(Digits(batch_size=16))
    loaders = {
        "train_dataloaders": data.train_dataloader(),
        "val_dataloaders": data.val_dataloader(),
    }
    trainer, _ = fit(tmp_path, loaders)
    assert "doctor/diversity" in trainer.callback_metrics
    assert "doctor/memorised" not in trainer.callback_metrics


def test_the_first_of_two_processes_measures_it_and_the_other_does_not_wait(tmp_path):
    fork = {
        "devices": 2,
        "strategy": "ddp_fork_find_unused_parameters_true",
        "use_distributed_sampler": False,
    }
    trainer, _ = fit(tmp_path, {"datamodule": Digits(batch_size=16, val_size=65)}, **fork)
    assert 0.3 < float(trainer.callback_metrics["doctor/memorised"]) < 0.7


@pytest.mark.slow
@pytest.mark.parametrize(("train_size", "alarms"), [(32, True), (None, False)])
def test_the_alarm_is_raised_of_32_images_and_not_of_all(train_size, alarms, tmp_path):
    data = Digits(batch_size=32, train_size=train_size)
    _, findings = fit(tmp_path, {"datamodule": data}, steps=100)
    assert (MEMORISING in findings) == alarms


def test_the_end_of_a_run_repeats_what_the_doctor_has_found(tmp_path, capsys):
    run = RunFolder(write_run(tmp_path / "run"))
    finding = {"failure": MEMORISING, "since_step": 50, "evidence": "why", "try": "this"}
    run.diagnosis.write({"healthy": False, "findings": [finding, {"failure": "damaged"}]})
    print_result(run)
    assert capsys.readouterr().out.endswith("doctor: memorising since step 50: why; try this\n")
    run.diagnosis.path.write_text(json.dumps({"findings": []}))
    print_result(run)
    assert "doctor" not in capsys.readouterr().out
