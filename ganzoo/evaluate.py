"""Scores of a trained model, as training computes them."""

from pathlib import Path

import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf

from ganzoo.callback import Scores
from ganzoo.checkpoint import load
from ganzoo.config import COMPOSING, base, explain, make
from ganzoo.error import UserError


def evaluate(run: Path, overrides: list[str]) -> dict[str, float]:
    """Score a run on its validation split.

    Args:
        run: A run's folder or a checkpoint.
        overrides: Of the run's data and metrics, such as ``metric=[fid]`` or ``data.root=…``.

    Returns:
        Every score, and the number of samples it is from, by name.

    Raises:
        UserError: If the run cannot be loaded, or the data does not fit it.
    """
    game, cfg = load(run)
    chosen = choose(cfg, overrides)
    data = make(chosen.data)
    data.setup("validate")
    if list(data.image_shape) != list(game.image_shape):
        raise UserError(
            f"the model makes images of shape {tuple(game.image_shape)} and the data has "
            f"{tuple(data.image_shape)}: set data.image_size, or give the data it was trained on."
        )
    scores = Scores(make(chosen.metric), required=True)
    trainer = pl.Trainer(
        accelerator="auto",
        devices=1,
        logger=False,
        callbacks=[scores],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    [found] = trainer.validate(game, data, verbose=False)
    return {name: value for name, value in found.items() if name.startswith("val/")}


def choose(cfg: DictConfig, overrides: list[str]) -> DictConfig:
    """The run's data and metrics, changed where an override says so."""
    try:
        chosen = base(overrides)
    except COMPOSING as error:
        raise UserError(explain(error)) from error
    named = {override.lstrip("+~").split("=")[0].split(".")[0] for override in overrides}
    kept = {group: cfg[group] for group in ("data", "metric", "seed") if group not in named}
    OmegaConf.set_struct(chosen, False)
    for group, choice in kept.items():
        chosen[group] = choice
    return chosen
