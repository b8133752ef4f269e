"""Small games: batches of noise for one, and networks of a few units."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from omegaconf import DictConfig
from pytorch_lightning import Trainer
from torch import Tensor

from ganzoo.condition import FeatureVector
from ganzoo.draws import Draws
from ganzoo.game import Game
from ganzoo.loss import Turn
from ganzoo.network import Critique

Batch = tuple[Tensor, Tensor]


class Batches:
    """Hands out one batch per generator step, as the data modules do."""

    whole_steps = True

    def __init__(self, batches: Iterable[Batch]) -> None:
        self.batches = list(batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)


def quiet_trainer(**options: Any) -> Trainer:
    """A trainer on the CPU that prints, logs and saves nothing."""
    quiet = {
        "accelerator": "cpu",
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "num_sanity_val_steps": 0,
    }
    return Trainer(**{**quiet, **options})


def noise_for(game: Game, rows: int, step: int) -> Batch:
    """One batch of uniform noise with labels that suit the game's condition."""
    random = torch.Generator().manual_seed(step)
    images = torch.rand(rows, *game.image_shape, generator=random) * 2 - 1
    if isinstance(game.condition, FeatureVector):
        return images, torch.randn(rows, game.condition.dim, generator=random)
    return images, torch.randint(game.condition.dim or 10, (rows,), generator=random)


def shrink(cfg: DictConfig) -> DictConfig:
    """The same game with networks of a few units, whichever network was chosen."""
    network = cfg.network
    small = {"width": 4, "hidden": 16, "latent_hidden": 16, "condition_hidden": 16}
    for option in small.keys() & network.keys():
        network[option] = network[option] and small[option]
    if "width" in network:
        network.width = 4  # also where the data would choose it
    for option in {"generator_hidden", "discriminator_hidden"} & network.keys():
        network[option] = [16] * len(network[option])
    return cfg


def critique_of(score: Tensor, **others: Tensor) -> Critique:
    """The verdict of a discriminator that gave these scores."""
    nothing = score.new_zeros(len(score), 0)
    return Critique(**dict.fromkeys(Critique._fields, nothing) | others | {"score": score})


def turn_of(real: Critique, fake: Critique, discriminator: Any = None) -> Turn:
    """A turn whose images have been judged."""
    turn = Turn(
        *(discriminator, None, fake.images, real.images, fake.images, real.condition, Draws(0))
    )
    return turn.judged(real=real, fake=fake)
