"""What the core tests share: one small trainer, and configurations as the command line has them."""

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import hydra
import pytest
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig
from pytorch_lightning import Callback, Trainer

from ganzoo import cli
from ganzoo.game import Game
from ganzoo.settings.compose import CONF
from ganzoo.shape import Shape
from ganzoo.training.resume import run_settings
from tests.helpers.games import Batch, Batches, noise_for, quiet_trainer, shrink

torch.set_num_threads(1)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the processes that tests start
# Autograd starts its threads at the first backward pass. After torch.onnx was imported it would
# start some that survive no fork.
torch.ones(1, requires_grad=True).backward()
logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

Play = Callable[..., Trainer]
Compose = Callable[..., DictConfig]


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep features of the tests' data out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _no_command_before() -> None:
    """Forget the command of another test, which checks would compare a configuration with."""
    HydraConfig.instance().cfg = None


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run ``ganzoo …`` in an empty folder: (exit code, output, error output)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["ganzoo", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def play() -> Play:
    """Train for some generator steps on given batches, or on noise in micro-batches of 4."""

    def play(
        game: Game,
        steps: int = 2,
        batches: Batches | Sequence[Batch] | None = None,
        val: Sequence[Batch] | None = None,
        callbacks: Sequence[Callback] = (),
        **options: Any,
    ) -> Trainer:
        trainer = quiet_trainer(
            max_steps=steps,
            max_epochs=1,  # where no step counts, training must end too
            callbacks=list(callbacks),
            **options,
        )
        batches = batches or [noise_for(game, 4 * game.n_critic, step) for step in range(steps)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # few workers, few batches, …
            loader = batches if isinstance(batches, Batches) else Batches(batches)
            trainer.fit(game, loader, Batches(val) if val else None)
        return trainer

    return play


@pytest.fixture(scope="session")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Compose:
    """Compose a configuration as the command line does, with the facts of made-up data."""
    run_dir = tmp_path_factory.mktemp("run")

    def compose(
        *overrides: str,
        image_shape: Shape = (1, 28, 28),
        n_classes: int = 10,
        n_features: int = 0,
    ) -> DictConfig:
        with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
            cfg = hydra.compose("train", [f"run_dir={run_dir}", *overrides])
        cfg.facts = {
            "images": cfg.data.batch_size * (cfg.max_steps or 1),
            "image_shape": list(image_shape),
            "n_classes": n_classes,
            "n_features": n_features,
            "monitor": None,
        }
        return cfg

    return compose


@pytest.fixture
def run(compose, tmp_path):
    """Make the folder of a run of tiny networks: (folder, game)."""

    def run(*overrides, side=28):
        cfg = shrink(compose(*overrides, image_shape=(1, side, side)))
        game = instantiate(cfg.model, _convert_="all").eval()
        for weight in game.generator.parameters():  # pictures as vivid as of a trained one
            if weight.ndim > 1:
                torch.nn.init.xavier_normal_(weight, gain=2)
        if game.ema:
            game.ema.module.load_state_dict(game.generator.state_dict())
        folder = tmp_path / "run"
        (folder / "checkpoints").mkdir(parents=True)
        content = {
            "state_dict": game.state_dict(),
            "hyper_parameters": run_settings(cfg, cfg.facts),
        }
        torch.save(content, folder / "checkpoints/best.ckpt")
        return folder, game

    return run
