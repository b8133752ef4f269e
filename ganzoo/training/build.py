"""The parts of a run: its data, trainer, game and probes."""

import gc
from dataclasses import dataclass

import pytorch_lightning as pl
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.loggers import CSVLogger
from torch import nn

from ganzoo.callback import DensityCurve, Scores
from ganzoo.data.base import Data
from ganzoo.error import UserError, refuse_if
from ganzoo.game import Game
from ganzoo.inference.checkpoint import read_checkpoint
from ganzoo.inference.load import load_weights
from ganzoo.metric import Score
from ganzoo.probe import Probe
from ganzoo.settings.compose import build_part
from ganzoo.settings.machine import num_processes
from ganzoo.training.budget import images_per_step
from ganzoo.training.changes import check_same_data
from ganzoo.training.origin import saved_config
from ganzoo.training.resume import Start
from ganzoo.training.trainer import build_trainer


@dataclass
class Parts:
    """What a run trains and measures with.

    Attributes:
        cfg: The configuration with the facts that the data knows.
        data: The data, set up.
        trainer: The trainer …
        game: … and the game that it trains; a rewind replaces both.
        probes: What is measured at the end.
    """

    cfg: DictConfig
    data: Data
    trainer: pl.Trainer
    game: Game
    probes: list[Probe]


def build(start: Start) -> Parts:
    """Build everything that a run needs; nothing is written.

    Raises:
        UserError: If a part cannot be built, or the parts do not fit each other.
    """
    pl.seed_everything(start.cfg.seed, workers=True, verbose=False)
    data = build_data(start.cfg)
    check_same_data(start.run, data.source.identity, start.cfg.allow_changes)
    cfg = with_facts(start.cfg, data)
    trainer, game = build_game(cfg)
    parts = Parts(cfg, data, trainer, game, list(build_part(cfg.probe).values()))
    check_support(parts)
    if start.checkpoint:
        load_weights(game, read_checkpoint(start.checkpoint)["state_dict"], start.checkpoint)
    return parts


def build_data(cfg: DictConfig) -> Data:
    """Build and read the data.

    Raises:
        UserError: If it cannot be read, or its validation split is too small.
    """
    data: Data = build_part(cfg.data)
    data.setup("fit")
    processes = num_processes(cfg)
    refuse_if(
        cfg.metric and data.n_val < 2,
        "scores need at least 2 held-out samples: raise data.val_size to 1000.",
    )
    if data.n_val < processes:
        raise UserError(
            f"each of {processes} processes validates on its own samples, and data.val_size="
            f"{data.n_val}: type data.val_size={max(1000, processes)}."
        )
    return data


def with_facts(cfg: DictConfig, data: Data) -> DictConfig:
    """The configuration with what only the data, the metrics and the budget know."""
    monitored = (f"val/{name}" for name, metric in cfg.metric.items() if lower_is_better(metric))
    facts = {
        "images": cfg.max_steps * images_per_step(cfg),
        "image_shape": list(data.image_shape),
        "n_classes": data.n_classes,
        "n_features": data.n_features,
        "monitor": next(monitored, None),
    }
    completed = OmegaConf.merge(cfg, {"facts": facts})
    assert isinstance(completed, DictConfig)
    return completed


def lower_is_better(metric: DictConfig) -> bool:
    """Whether a chosen metric falls as samples improve: the best checkpoint can follow it."""
    kind: type[Score] = get_class(metric._target_)
    return kind.lower_is_better


def build_game(cfg: DictConfig, rewound: bool = False) -> tuple[pl.Trainer, Game]:
    """Build the trainer and the game.

    Args:
        cfg: The configuration of the run, with facts.
        rewound: Whether to continue with other data and noise than the checkpoint's run had.
    """
    game: Game = build_part(cfg.model, _convert_="all")
    try:
        game.configure_optimizers()
    except (TypeError, ValueError, IndexError) as error:
        raise UserError(f"the options of optimizer do not work ({error}): correct them.") from error
    game.save_hyperparameters(saved_config(cfg))
    return build_trainer(cfg, rewound), game


def rebuild_game(parts: Parts) -> None:
    """Replace the trainer and the game, to continue with other data and noise."""
    del parts.trainer, parts.game
    parts.data.trainer = None
    gc.collect()  # they refer to each other, and memory might not hold two of each
    parts.trainer, parts.game = build_game(parts.cfg, rewound=True)


def check_support(parts: Parts) -> None:
    """Check that every callback and probe supports this game and data.

    Raises:
        UserError: If one does not.
    """
    for callback in parts.trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Scores | DensityCurve):
            callback.check(parts.game, parts.data)
    refuse_if(
        parts.data.batch_size == 1
        and any(isinstance(module, nn.BatchNorm1d) for module in parts.game.modules()),
        "batch norm needs several images at a time, and data.batch_size=1: type data.batch_size=2, "
        "or network.batch_norm=false and a head that has none.",
    )
    has_csv = any(isinstance(logger, CSVLogger) for logger in parts.trainer.loggers)
    for probe in parts.probes:
        probe.check(parts.game, parts.data)
        refuse_if(
            probe.reads_log and not has_csv,
            f"probe={type(probe).__name__} reads the csv logger's file: add csv to logger=[…].",
        )
