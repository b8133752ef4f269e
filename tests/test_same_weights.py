"""Training gives the weights that it gave when ``same_weights.json`` was written.

``python tests/test_same_weights.py`` writes the file anew. Do so only for a change that is meant to
alter what training computes, and say why in its message.
"""

import json
import logging
import warnings
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
import torch
from pytorch_lightning import Trainer
from torch import nn

from ganzoo.condition import ClassLabel, LatentCode
from ganzoo.game import Game
from ganzoo.head import Concatenation, Recognition
from ganzoo.latent import Uniform
from ganzoo.loss import (
    GradientPenalty,
    MutualInformation,
    NonSaturating,
    Wasserstein,
    WeightClipping,
)
from ganzoo.network.base import Joined, Network
from ganzoo.optimizer import Optimizers, adam, rmsprop
from tests.helpers.games import Batches

REFERENCE = Path(__file__).with_name("same_weights.json")
SHAPE, BATCH, STEPS = (1, 8, 8), 12, 3


@dataclass(frozen=True, kw_only=True)
class Tiny(Network):
    """Batch norm and dropout, so that the order of every forward pass shows in the weights."""

    def generator(self, latent_dim, condition_dim, image_shape):
        layers = [nn.Linear(latent_dim + condition_dim, 16), nn.BatchNorm1d(16), nn.ReLU()]
        return Joined(*layers, nn.Linear(16, 64), nn.Tanh(), nn.Unflatten(1, image_shape))

    def trunk(self, image_shape):
        layers = [nn.Conv2d(image_shape[0], 4, 4, 2, 1), nn.BatchNorm2d(4), nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers, nn.Dropout(0.2), nn.Flatten())


def adams(**options):
    return Optimizers(adam(2e-3), adam(2e-3), **options)


GAMES = {
    "dcgan": lambda: {"ema": 0.9, "optimizer": adams(clip_norm=0.5)},
    "cgan": lambda: {"condition": ClassLabel(10), "head": Concatenation, "optimizer": adams()},
    "wgan": lambda: {
        "network": Tiny(packing=2, minibatch_std=True, spectral_norm=True),
        "loss": {"wasserstein": Wasserstein(), "weight_clipping": WeightClipping()},
        "optimizer": Optimizers(rmsprop(), rmsprop()),
    },
    "wgan_gp": lambda: {
        "loss": {"wasserstein": Wasserstein(), "gradient_penalty": GradientPenalty()},
        "optimizer": adams(),
    },
    "infogan": lambda: {
        "condition": LatentCode(categorical=(10,), uniform=2),
        "head": Recognition,
        "loss": {"non_saturating": NonSaturating(), "mutual_information": MutualInformation()},
        "optimizer": adams(),
    },
    "unrolled": lambda: {"optimizer": adams(unrolled_steps=3)},
}
DEFAULTS = {"network": Tiny(), "latent": Uniform(10), "ema": None}
CASES = [
    f"{name} n_critic={n_critic} accumulate={accumulate}"
    for name, n_critic, accumulate in product(GAMES, (1, 2), (1, 2, 3))
    if accumulate == 1 or name != "unrolled"
]


def trained(case):
    """A game after a few steps on noise."""
    name, *numbers = case.split()
    counts = {key: int(value) for key, value in (word.split("=") for word in numbers)}
    game = Game(SHAPE, **(DEFAULTS | GAMES[name]()), **counts)
    random = torch.Generator().manual_seed(0)
    batches = [
        (
            torch.rand(BATCH * game.n_critic, *SHAPE, generator=random) * 2 - 1,
            torch.randint(10, (BATCH * game.n_critic,), generator=random),
        )
        for _ in range(STEPS)
    ]
    silent = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar"), False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = Trainer(
            max_steps=STEPS, accelerator="cpu", devices=1, enable_model_summary=False, **silent
        )
        trainer.fit(game, Batches(batches))
    return game


def fingerprint(game):
    """The length of every weight and running average, and its product with a fixed vector."""
    tensors = {name: value.double().flatten() for name, value in game.state_dict().items()}
    return {
        name: [float(value.norm()), float(value @ torch.arange(len(value)).double().cos())]
        for name, value in tensors.items()
    }


@pytest.mark.parametrize("case", CASES)
def test_training_gives_the_same_weights_as_before(case):
    expected, actual = json.loads(REFERENCE.read_text())[case], fingerprint(trained(case))
    assert actual.keys() == expected.keys()
    for name, (length, product_) in expected.items():
        tolerance = 1e-4 * max(length, 1e-3)  # processors round differently
        assert actual[name] == pytest.approx([length, product_], rel=0, abs=tolerance), name


if __name__ == "__main__":
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    lines = {case: fingerprint(trained(case)) for case in CASES}
    REFERENCE.write_text(json.dumps(lines, indent=1) + "\n")
