"""Scores of a trained model, as training computes them."""

from pathlib import Path

import pytorch_lightning as pl
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import Callback, LightningDataModule

from ganzoo.callback import BatchStatistics, Scores
from ganzoo.error import UserError
from ganzoo.game import Game
from ganzoo.inference.checkpoint import find_weights, load_game, run_folder
from ganzoo.probe import run_probes
from ganzoo.settings.compose import COMPOSE_ERRORS, build_part, compose_config
from ganzoo.settings.explain import explain_error
from ganzoo.settings.trust import Modules, check_trusted, is_part

RAW = "ema=null"


def evaluate(run: str | Path, overrides: list[str], trust: Modules = None) -> dict[str, float]:
    """Score a run on its validation split.

    Args:
        run: A run's folder, a checkpoint or a model's name; what probes find is added to the run's
            ``metrics.json``.
        overrides: Of the run's data, metrics and probes, such as ``metric=[fid]``,
            ``probe=[parzen]`` or ``data.root=…``; ``ema=null`` scores the generator itself where
            its moving average was trained, too, and ``callback=[standing_statistics]`` or
            ``callback=[batch_statistics]`` says by which statistics batch norm goes.
        trust: Modules of the user whose classes may be built.

    Returns:
        Every score, and the number of samples it is from, by name.

    Raises:
        UserError: If the run cannot be loaded, or the data does not fit it.
    """
    game, cfg = load_game(run, trust)
    replaced = {word.partition("=")[0] for word in overrides}
    kept = {name: cfg.get(name, {}) for name in {"data", "metric", "probe"} - replaced}
    check_trusted(OmegaConf.to_container(OmegaConf.create(kept)), find_weights(run), trust)
    chosen = choose_parts(cfg, [each for each in overrides if each != RAW])
    if RAW in overrides:
        game.ema = None
    data = build_part(chosen.data)
    data.setup("validate")
    if list(data.image_shape) != list(game.image_shape):
        raise UserError(
            f"the model makes images of shape {tuple(game.image_shape)} and the data has "
            f"{tuple(data.image_shape)}: set data.image_size, or give the data it was trained on."
        )
    refuse_other_labels(game, cfg, data)
    probes = list(build_part(chosen.probe).values())
    for probe in probes:
        probe.check(game, data)
    scores = Scores(build_part(chosen.metric), required=True)
    scores.check(game, data)
    trainer = pl.Trainer(
        accelerator="auto",
        devices=1,
        logger=False,
        callbacks=[scores, *statistics(chosen.callback)],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    [found] = trainer.validate(game, data, verbose=False)
    scored = {name: value for name, value in found.items() if name.startswith("val/")}
    return scored | run_probes(probes, game, data, run_folder(run))


def choose_parts(cfg: DictConfig, overrides: list[str]) -> DictConfig:
    """The run's data, metrics and probes, changed where an override says so.

    A group's choice (``metric=[fid]``) replaces the run's; a value (``data.root=…``) changes it.
    """
    parts = ("data", "metric", "probe", "callback")
    keys = [override.split("=")[0] for override in overrides]
    for key in keys:
        if key.split(".")[0] not in parts:
            raise UserError(
                f"evaluate takes only data, metric, probe and callback options, and {RAW}: "
                f"leave out {key}."
            )
    try:
        fresh = compose_config(
            [each for each, key in zip(overrides, keys, strict=True) if "." not in key]
        )
        kept = {name: (fresh if name in keys else cfg).get(name, {}) for name in parts}
        chosen = OmegaConf.create({"seed": cfg.seed, "facts": cfg.facts, **kept})
        OmegaConf.set_struct(chosen, True)
        values = [each for each, key in zip(overrides, keys, strict=True) if "." in key]
        chosen.merge_with_dotlist(values)
    except COMPOSE_ERRORS as error:
        raise UserError(explain_error(error)) from error
    if not (chosen.metric or chosen.probe):
        raise UserError("there is no metric to compute: type metric=[fid_digits] or metric=[fid].")
    return chosen


def statistics(callbacks: DictConfig) -> list[Callback]:
    """Those callbacks that change which generator is scored; all others watch training."""
    nodes = [callbacks[name] for name in callbacks]
    return [
        build_part(node)
        for node in nodes
        if is_part(node._target_) and issubclass(get_class(node._target_), BatchStatistics)
    ]


def refuse_other_labels(game: Game, cfg: DictConfig, data: LightningDataModule) -> None:
    """A conditional model needs data that has the labels it was trained with."""
    if not (game.condition.dim and game.condition.known_of_real):
        return
    for fact in ("n_classes", "n_features"):
        trained, found = cfg.facts[fact], getattr(data, fact)
        if trained != found:
            raise UserError(
                f"the model was trained on data with {fact}={trained} and this data has {found}: "
                "give the data it was trained on, with its labels."
            )
