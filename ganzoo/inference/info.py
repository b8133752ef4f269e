"""What a trained model is: its variant, its size, its training and its scores."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ganzoo.inference.card import count_parameters
from ganzoo.inference.checkpoint import StoredModel, read_model
from ganzoo.inference.find import class_name, find_run_folder
from ganzoo.inference.load import load
from ganzoo.runs import command_line
from ganzoo.settings.trust import Modules


def summarise_training(model: str | Path, trust: Modules = None) -> dict[str, str]:
    """A trained model in a few lines, by what they are about.

    Args:
        model: What ``load`` takes.
        trust: Modules of yours whose classes may be built.

    Raises:
        UserError: See ``load``.
    """
    stored, players = read_model(model, trust), load(model, trust)
    cfg: Any = OmegaConf.to_container(stored.cfg)
    command = cfg["command"] or find_run_folder(stored.path).origin.read().get("command", [])
    counts = {
        "generator": f"{count_parameters(players.generator):,}",
        "discriminator": f"{count_parameters(players.discriminator):,}".removeprefix("0"),
    }
    return {
        "variant": class_name(cfg["model"]),
        **{part: class_name(cfg["model"][part]) for part in ("condition", "latent", "network")},
        "loss": ", ".join(cfg["model"]["loss"]),
        "images": " x ".join(map(str, players.image_shape)),
        **{f"{player} parameters": text or "not included" for player, text in counts.items()},
        "data": class_name(cfg["data"]),
        "command": command_line(command),
        "seed": str(cfg["model"]["seed"]),
        **read_scores(stored),
        "file": str(stored.path),
    }


def read_scores(stored: StoredModel) -> dict[str, str]:
    """Scores and probes as text, with the number of samples where it is known."""
    measured: Any = stored.cfg.get("scores") or find_run_folder(stored.path).metrics.read()
    counts = {
        name: f" (n = {measured[f'{name}_n']:,.0f})" for name in measured if f"{name}_n" in measured
    }
    return {
        name.removeprefix("val/"): f"{value:.4g}{counts.get(name, '')}"
        for name, value in measured.items()
        if name.startswith(("val/", "probe/")) and not name.endswith("_n")
    }


def score_line(model: str | Path, trust: Modules = None) -> str:
    """The first scores of a model, in a line."""
    found = read_scores(read_model(model, trust)).items()
    return ", ".join(f"{name} {value}" for name, value in list(found)[:3])
