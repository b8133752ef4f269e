"""Scores of a trained model, as training computes them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import Callback, LightningDataModule

from ganzoo.callback import BatchStatistics, Scores
from ganzoo.error import UserError, refuse_if
from ganzoo.game import Game
from ganzoo.inference.checkpoint import StoredModel
from ganzoo.inference.find import find_run_folder
from ganzoo.inference.load import load_game
from ganzoo.probe import run_probes
from ganzoo.settings.allowed import is_part
from ganzoo.settings.compose import COMPOSE_ERRORS, build_part, compose_config
from ganzoo.settings.explain import explain_error
from ganzoo.settings.trust import Modules, check_trusted
from ganzoo.settings.types import type_errors

WITHOUT_AVERAGE = "ema=null"
GROUPS = ("data", "metric", "probe", "callback")


def evaluate_model(
    model: str | Path, overrides: Sequence[str], trust: Modules = None
) -> dict[str, float]:
    """Score a model on its validation split.

    Args:
        model: What ``ganzoo.load`` takes. Results of probes are added to the run's
            ``metrics.json``.
        overrides: Of the run's data, metrics and probes, such as ``metric=[fid]``,
            ``probe=[parzen]`` or ``data.root=…``. ``ema=null`` scores the generator itself, not
            its moving average. ``callback=[standing_statistics]`` or
            ``callback=[batch_statistics]`` chooses the statistics of batch norm.
        trust: Modules of the user whose classes may be built.

    Returns:
        Every score, and the number of samples it was computed from, by name.

    Raises:
        UserError: If the model cannot be loaded, or the data does not fit it.
    """
    game, stored = load_game(model, trust)
    check_kept_groups(stored, overrides, trust)
    chosen = choose_parts(stored.cfg, [word for word in overrides if word != WITHOUT_AVERAGE])
    if WITHOUT_AVERAGE in overrides:
        game.ema = None
    data = build_part(chosen.data)
    data.setup("validate")
    check_data(game, stored.cfg.facts, data)
    probes = list(build_part(chosen.probe).values())
    scores = Scores(build_part(chosen.metric), required=True)
    for measurement in (*probes, scores):
        measurement.check(game, data)
    chosen_statistics = [build_part(node) for _, node in statistics(chosen.callback)]
    found = validate(game, data, [scores, *chosen_statistics])
    return found | run_probes(probes, game, data, find_run_folder(stored.path))


def validate(game: Game, data: LightningDataModule, callbacks: list[Callback]) -> dict[str, float]:
    """Run one validation, and return the scores that it logs."""
    trainer = pl.Trainer(
        accelerator="auto",
        devices=1,
        logger=False,
        callbacks=callbacks,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    [logged] = trainer.validate(game, data, verbose=False)
    return {name: value for name, value in logged.items() if name.startswith("val/")}


def choose_parts(cfg: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """The run's data, metrics, probes and callbacks, changed by the overrides.

    The choice of a group (``metric=[fid]``) replaces the run's; a value (``data.root=…``) changes
    it.

    Raises:
        UserError: If an override is of something else, or does not exist.
    """
    names = list(map(option_key, overrides))
    other = next((name for name in names if name.split(".")[0] not in GROUPS), None)
    refuse_if(
        other is not None,
        "evaluate takes only data, metric, probe and callback options, and "
        f"{WITHOUT_AVERAGE}: leave out {other}.",
    )
    try:
        chosen = apply_overrides(cfg, overrides)
    except COMPOSE_ERRORS as error:
        raise UserError(explain_error(error)) from error
    groups = [name.split(".") for name in names if name.split(".")[0] == "callback"]
    typed = {callback for group in groups for callback in (group[1:2] or chosen.callback)}
    watching = typed - {name for name, _ in statistics(chosen.callback)}
    refuse_if(
        watching,
        f"evaluate trains nothing that callback={min(watching, default='')} could watch: type "
        "callback=[standing_statistics] or callback=[batch_statistics], or leave it out.",
    )
    refuse_if(
        not (chosen.metric or chosen.probe),
        "there is no metric to compute: type metric=[fid_digits] or metric=[fid].",
    )
    return chosen


def apply_overrides(cfg: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """Replace groups of a run's configuration, then values in them."""
    choices = [word for word in overrides if "." not in option_key(word)]
    replaced, replacements = set(map(option_key, choices)), compose_config(choices)
    groups = {name: (replacements if name in replaced else cfg).get(name, {}) for name in GROUPS}
    chosen = OmegaConf.create({"seed": cfg.seed, "facts": cfg.facts, **groups})
    OmegaConf.set_struct(chosen, True)
    before = OmegaConf.to_container(chosen)
    chosen.merge_with_dotlist([word for word in overrides if word not in choices])
    for complaint in type_errors(OmegaConf.to_container(chosen), before):
        raise UserError(complaint)
    return chosen


def option_key(override: str) -> str:
    """The name of the option that an override sets."""
    return override.partition("=")[0]


def statistics(callbacks: DictConfig) -> Iterator[tuple[str, DictConfig]]:
    """The callbacks that choose the statistics of batch norm; others only watch training."""
    for name, node in callbacks.items():
        if is_part(node._target_) and issubclass(get_class(node._target_), BatchStatistics):
            yield str(name), node


def check_kept_groups(stored: StoredModel, overrides: Sequence[str], trust: Modules) -> None:
    """Check what the file asks to build besides the model, unless an override replaces it.

    Raises:
        UserError: If it is not trusted.
    """
    kept = set(GROUPS) - {"callback"} - set(map(option_key, overrides))
    nodes = OmegaConf.create({name: stored.cfg.get(name, {}) for name in kept})
    check_trusted(OmegaConf.to_container(nodes), stored.path, trust)


def check_data(game: Game, facts: Mapping[str, Any], data: Any) -> None:
    """Check that data fits a model.

    Args:
        game: The model.
        facts: What the data it was trained on said of itself.
        data: The data module.

    Raises:
        UserError: If the images have another shape, or a conditional model lacks its labels.
    """
    refuse_if(
        tuple(data.image_shape) != tuple(game.image_shape),
        f"the model makes images of shape {tuple(game.image_shape)} and the data has "
        f"{tuple(data.image_shape)}: set data.image_size, or give the data it was trained on.",
    )
    reads_labels = game.condition.dim and game.condition.known_of_real
    for fact in ("n_classes", "n_features") if reads_labels else ():
        if facts[fact] != getattr(data, fact):
            raise UserError(
                f"the model was trained on data with {fact}={facts[fact]} and this data has "
                f"{getattr(data, fact)}: give the data it was trained on, with its labels."
            )
