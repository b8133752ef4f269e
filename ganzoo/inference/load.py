"""Trained models by name, as plain modules."""

from pathlib import Path
from typing import Any, TypeVar

import torch
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf

from ganzoo.inference.checkpoint import has_discriminator, load_weights, read_model
from ganzoo.players import Players
from ganzoo.settings.trust import Modules

Kind = TypeVar("Kind", bound=Players)


def load(model: str | Path, trust: Modules = None) -> Players:
    """Load a trained model, ready to sample: no trainer, and nothing that could run code.

    Args:
        model: A name from ``list_models``, a folder that ``ganzoo export`` wrote, a run's folder,
            or a checkpoint; of a run that averages its generator's weights, the average is taken.
        trust: Modules of yours whose classes may be built, such as ``["mine"]``.

    Returns:
        The players, in evaluation mode, on the CPU, in float32.

    Raises:
        UserError: If there is no such model, its weights were tampered with, or it asks for parts
            that are neither of this zoo nor of a module that is trusted.
    """
    return load_as(model, Players, trust)


def load_as(model: str | Path, kind: type[Kind], trust: Modules = None) -> Kind:
    """The same as an object of a kind of players."""
    path, cfg, weights = read_model(model, trust)
    kept = sampling_weights(weights)
    with torch.random.fork_rng(devices=[]):  # the first weights are thrown away
        players = kind(**player_parts(cfg, with_discriminator=has_discriminator(kept)))
    load_weights(players, kept, path)
    return players.eval()


def sampling_weights(weights: dict[str, Any]) -> dict[str, Any]:
    """The weights of the players, with the generator's average in its place if there is one."""
    averaged = {
        name.replace("ema.module.", "generator."): value
        for name, value in weights.items()
        if name.startswith("ema.module.")
    }
    kept, dropped = ("generator.", "discriminator."), "discriminator.augmentation."
    own = {k: v for k, v in weights.items() if k.startswith(kept) and not k.startswith(dropped)}
    return own | averaged


def player_parts(cfg: DictConfig, with_discriminator: bool) -> dict[str, Any]:
    """What a game's configuration says of its players."""
    model: Any = OmegaConf.to_container(cfg.model, resolve=True)
    chosen = {name: model[name] for name in ("condition", "latent", "network", "head")}
    if not with_discriminator:
        chosen["head"] = None
    losses: list[Any] = [get_class(loss["_target_"]) for loss in model["loss"].values()]
    return {
        "image_shape": model["image_shape"],
        **instantiate(chosen, _convert_="all"),
        "per_sample": any(loss.per_sample for loss in losses),
    }
