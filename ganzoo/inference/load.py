"""From a stored model to modules: its players for sampling, or its whole game for scores."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from ganzoo.error import UserError
from ganzoo.inference.checkpoint import AUGMENTATION, StoredModel, read_model
from ganzoo.players import Players
from ganzoo.settings.allowed import every_value
from ganzoo.settings.compose import build_part
from ganzoo.settings.trust import Modules

if TYPE_CHECKING:
    from ganzoo.game import Game

LARGE = 4096
TRAINING_STATE = ("losses.", AUGMENTATION)  # which an exported model is without
AnyPlayers = TypeVar("AnyPlayers", bound=Players)


def load(model: str | Path, trust: Modules = None) -> Players:
    """Load a trained model for sampling: a plain module, without a trainer.

    Only weights and plain values are read, so nothing in the file can run code.

    Args:
        model: A name from ``list_models``, a folder that ``ganzoo export`` wrote, a run's folder,
            or a checkpoint. The generator of a run with ``ema`` is its moving average.
        trust: Modules of yours whose classes may be built, such as ``["mine"]``.

    Returns:
        The players, in evaluation mode, on the CPU, in float32.

    Raises:
        UserError: If there is no such model, its weights were changed, or it asks for parts that
            are neither of this zoo nor of a module that is trusted.
    """
    return load_players(model, Players, trust)


def load_players(
    model: str | Path, players_class: type[AnyPlayers], trust: Modules = None
) -> AnyPlayers:
    """Load a trained model for sampling, as an object of a class of players; see ``load``."""
    stored = read_model(model, trust)
    if is_large(stored):
        with torch.device("meta"):  # where nothing takes up memory, whatever sizes the file names
            load_weights(build_players(players_class, stored), stored.sampling_weights, stored.path)
    with torch.random.fork_rng(devices=[]):  # the initial weights are replaced
        players = build_players(players_class, stored)
    load_weights(players, stored.sampling_weights, stored.path)
    return players.eval()


def is_large(stored: StoredModel) -> bool:
    """Whether a file names a size beyond those that networks have as a rule."""
    model = OmegaConf.to_container(stored.cfg.model)
    sizes = [value for _, value in every_value(model, stored.path) if isinstance(value, int)]
    return max(sizes, default=0) > LARGE


def build_players(players_class: type[AnyPlayers], stored: StoredModel) -> AnyPlayers:
    """Build the players that a file describes, before their weights are loaded.

    Raises:
        UserError: If it describes none.
    """
    try:
        return players_class(**player_arguments(stored.cfg, stored.has_discriminator))
    except UserError:
        raise
    except Exception as error:  # whatever settings of any kind lead to
        cause = " ".join(str(error).split())[:200]
        raise UserError(
            f"the settings in {stored.path} describe no model ({type(error).__name__}: {cause}): "
            "get the file again."
        ) from error


def load_game(model: str | Path, trust: Modules = None) -> tuple[Game, StoredModel]:
    """Load a trained model with its losses and its moving average, for scores and probes.

    Args:
        model: See ``load``.
        trust: Modules of the user whose classes may be built.

    Returns:
        The game, without a discriminator if the model was exported without it, and what was read.

    Raises:
        UserError: See ``load``.
    """
    stored = read_model(model, trust)
    game: Game = build_part(stored.cfg.model, _convert_="all")
    if not stored.has_discriminator:
        del game.discriminator
        game.discriminator = None  # type: ignore[assignment]
    state = {k: v for k, v in game.state_dict().items() if k.startswith(TRAINING_STATE)}
    load_weights(game, {**state, **stored.weights}, stored.path)
    return game, stored


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Copy weights into a module that has been built.

    Args:
        module: A game, or its players.
        weights: All of its weights by name.
        path: The file they were read from, for the error.

    Raises:
        UserError: If they are those of another model.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*is a no-op")  # on the meta device
            module.load_state_dict(weights)
    except (RuntimeError, TypeError) as error:
        first = (str(error).splitlines()[1:] or [str(error)])[0]
        raise UserError(
            f"the weights in {path} do not fit the networks that its configuration describes: "
            f"{first.strip()[:200]}"
        ) from error


def player_arguments(cfg: DictConfig, with_discriminator: bool) -> dict[str, Any]:
    """The arguments of the players in the configuration of their game."""
    model: Any = OmegaConf.to_container(cfg.model, resolve=True)
    head = {"head": model["head"]} if with_discriminator else {}
    parts = {name: model[name] for name in ("condition", "latent", "network")} | head
    losses: list[Any] = [get_class(loss["_target_"]) for loss in model["loss"].values()]
    return {
        "image_shape": model["image_shape"],
        **instantiate(parts, _convert_="all"),
        "per_sample": any(loss.per_sample for loss in losses),
    }
