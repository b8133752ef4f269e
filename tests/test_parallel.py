"""Two processes with half the batch each play the game of one process with the whole batch."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from hydra.utils import instantiate
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from ganzoo.augmentation import ADA
from ganzoo.callback import Scores
from ganzoo.data import Digits
from ganzoo.game import Game
from ganzoo.metric import FID, DigitsExtractor
from ganzoo.network import ConvNet
from ganzoo.network.modulated import Noise
from ganzoo.settings.compose import CONF, compose_config
from tests.helpers.games import Batches, noise_for, quiet_trainer, shrink

MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
FORK = {
    "devices": 2,
    "strategy": "ddp_fork_find_unused_parameters_true",
    "use_distributed_sampler": False,
}
ROWS, STEPS = 8, 3


class Shares(Batches):
    """Each process's part of every micro-batch."""

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        parallel = dist.is_initialized()
        rank, world = (dist.get_rank(), dist.get_world_size()) if parallel else (0, 1)
        for batch in self.batches:
            yield tuple(
                torch.cat([part.chunk(world)[rank] for part in each.split(ROWS)]) for each in batch
            )


class Keep(Callback):
    """Leaves in a folder what each process has trained, and the latents that it was shown."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.latents: list[Tensor] = []
        pl_module.generator.register_forward_pre_hook(
            lambda _, inputs: self.latents.append(torch.cat(inputs, 1).detach().clone())
        )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        kept = {"weights": pl_module.state_dict(), "latents": torch.stack(self.latents)}
        torch.save(kept, self.folder / f"{trainer.world_size}-{trainer.global_rank}")


def small(compose, *words: str) -> Any:
    cfg = shrink(compose(*words, image_shape=(1, 32, 32)))
    return instantiate(cfg.model, _convert_="all")


def game_of(compose, *words: str) -> Any:
    """A small game whose layers see every sample alone, and draw no numbers of their own."""
    game = small(compose, *words)
    players = (game.generator, game.discriminator.trunk, game.discriminator.head)
    for layer in chain.from_iterable(player.modules() for player in players):
        layer.training, layer.train = False, lambda mode=True, layer=layer: layer
    return game


def ends(play, folder: Path, game_of: Callable[[], Any], **parallel: Any) -> Iterator[Any]:
    """What one process ended with, and what each of two did."""
    where = {"accelerator": parallel.get("accelerator", "cpu"), "devices": 1}
    for options in (where, parallel):
        game = game_of()
        rows = ROWS * game.n_critic * game.accumulate
        batches = Shares([noise_for(game, rows, step) for step in range(STEPS)])
        play(game, STEPS, batches, callbacks=[Keep(folder)], **options)
    return (torch.load(folder / name, "cpu") for name in ("1-0", "2-0", "2-1"))


def assert_same_ends(alone: Any, first: Any, second: Any) -> None:
    """Two processes drew the latents of one between them, and ended with its weights."""
    assert torch.equal(torch.cat([first["latents"], second["latents"]], dim=1), alone["latents"])
    for name, value in alone["weights"].items():
        assert torch.equal(first["weights"][name], second["weights"][name])
        torch.testing.assert_close(first["weights"][name], value, rtol=1e-6, atol=1e-5, msg=name)


PLAYERS = ("generator", "discriminator")
SLOW = ["optimizer=momentum", *[f"optimizer.{player}.lr=0.01" for player in PLAYERS]]


def words_of(model: str) -> list[str]:
    """The variant; under spectral norm, Adam would divide rounding errors by each other."""
    normalised = compose_config([f"model={model}"]).network.get("spectral_norm")
    return [f"model={model}", *SLOW * bool(normalised)]


WORDS = {
    **{model: words_of(model) for model in MODELS},
    # Where gradients are so small that nothing moves, the network is another.
    "unrolled_gan": ["model=unrolled_gan", "network=mlp"],
    "wgan": ["model=wgan", "network=mlp"],
    "deviation": ["network.minibatch_std=true", "network=mlp", "optimizer=momentum"],
    "clipped": ["loss=[non_saturating,r1]", "optimizer.clip_norm=0.01"],
    "accumulated": ["accumulate=3", "n_critic=2", "network=mlp", "optimizer=momentum"],
}


class Fading(ADA):
    """Fades images by its probability, and draws no numbers, which each process has of its own."""

    def transform(self, images: Tensor) -> Tensor:
        return images * (1 - self.chance)


def adaptive_game_of(compose, *words: str) -> Any:
    """A small game with ADA's controller and LeCam's means, which both read all of D's scores."""
    game = game_of(compose, *words, "loss=[non_saturating,lecam]", "optimizer=momentum")
    game.discriminator.augmentation = Fading(target=-0.9, rise=100)
    return game


def test_two_processes_share_what_lecam_and_ada_remember(play, compose, tmp_path):
    game = partial(adaptive_game_of, compose, "n_critic=2", "network=mlp")
    alone, first, second = ends(play, tmp_path, game, **FORK)
    # Of 6 turns of D the fourth corrects, by as many hundredths as images were seen until then.
    assert alone["weights"]["discriminator.augmentation.adjusted"] == pytest.approx(0.32)
    assert (alone["weights"]["losses.lecam.averages"] != 0).all()
    assert_same_ends(alone, first, second)


def noiseless_stylegan2(compose) -> Any:
    """A small game that observes w, and whose layers draw no numbers."""
    game = small(compose, "model=stylegan2", "optimizer=momentum", "ema=0.5")
    for layer in game.modules():
        if isinstance(layer, Noise):
            layer.forward = lambda maps: maps
    return game


def test_two_processes_share_the_mean_of_w(play, compose, tmp_path):
    alone, first, second = ends(play, tmp_path, partial(noiseless_stylegan2, compose), **FORK)
    mean = alone["weights"]["ema.module.mapping.mean"]
    assert torch.equal(mean, alone["weights"]["generator.mapping.mean"])
    assert mean.abs().max() > 0.01
    assert_same_ends(alone, first, second)


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_two_processes_play_the_game_of_one(words, play, compose, tmp_path):
    before = game_of(compose, *words).state_dict()
    game = partial(game_of, compose, *words, "ema=0.5")
    alone, first, second = ends(play, tmp_path, game, **FORK)
    assert_same_ends(alone, first, second)
    for player in PLAYERS:  # far enough for a difference to be seen
        moved = [
            float((alone["weights"][name] - value).abs().max())
            for name, value in before.items()
            if name.startswith(player)
        ]
        assert max(moved) > 1e-4


def test_a_smaller_share_is_scored_once_and_the_other_process_does_not_wait():
    """Three samples in batches of one leave the second process a batch of none."""
    trainer = quiet_trainer(**FORK, callbacks=[Scores({"fid": FID(DigitsExtractor())})])
    game = Game((1, 8, 8), network=ConvNet(width=4))
    trainer.validate(game, datamodule=Digits(batch_size=1, val_size=3), verbose=False)
    assert trainer.callback_metrics["val/fid_n"] == 3
    assert trainer.callback_metrics["val/fid"] > 0


@pytest.mark.skipif(
    torch.cuda.device_count() < 2, reason="synchronised batch norm needs two GPUs, never run yet"
)
@pytest.mark.parametrize("model", ["acgan", "dcgan", "infogan", "lsgan", "wgan", "wgan_gp"])
def test_synchronised_batch_norm_is_that_of_the_whole_batch(
    model, play, compose, tmp_path, monkeypatch
):
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    options = {
        **FORK,
        "accelerator": "gpu",
        "strategy": "ddp_spawn_find_unused_parameters_true",
        "sync_batchnorm": True,
    }
    alone, first, _ = ends(play, tmp_path, partial(small, compose, f"model={model}"), **options)
    for name, value in alone["weights"].items():
        torch.testing.assert_close(first["weights"][name], value, rtol=1e-6, atol=1e-5, msg=name)
