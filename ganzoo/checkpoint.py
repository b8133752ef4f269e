"""From a run's folder or a checkpoint back to a game."""

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import torch
from omegaconf import DictConfig, OmegaConf

from ganzoo.config import make
from ganzoo.error import UserError
from ganzoo.game import Game
from ganzoo.runs import is_run, loaded

TRUSTED = ("ganzoo.", "torch.optim.")


def load(run: Path) -> tuple[Game, DictConfig]:
    """Build the game of a run's best checkpoint, or of the checkpoint given.

    Only weights and plain values are read: nothing in the file can run code.

    Returns:
        The game and the configuration it was trained with.

    Raises:
        UserError: If there is no checkpoint, or it is not of this zoo or this run.
    """
    path = find(run)
    content = read(path)
    parameters = content.get("hyper_parameters")
    if not isinstance(parameters, dict) or not is_run(parameters):
        raise UserError(f"{path} is no checkpoint of ganzoo: it does not say of which model it is.")
    cfg = OmegaConf.create(parameters)
    refuse_another_model(path, cfg)
    refuse_strangers(OmegaConf.to_container(cfg.model, resolve=True))
    game: Game = make(cfg.model, _convert_="all")
    fill(game, content.get("state_dict", {}), path)
    return game, cfg


def fill(game: Game, weights: dict[str, Any], path: Path) -> None:
    """Load weights into a game.

    Raises:
        UserError: If they are another game's.
    """
    try:
        game.load_state_dict(weights)
    except (RuntimeError, TypeError) as error:
        first = (str(error).splitlines()[1:] or [str(error)])[0]
        raise UserError(
            f"the weights in {path} do not fit the {type(game).__name__} that its configuration "
            f"describes: {first.strip()[:200]}"
        ) from error


def find(run: Path) -> Path:
    """The checkpoint that a path stands for."""
    if run.is_file():
        return run
    names = [run / "checkpoints" / name for name in ("best.ckpt", "last.ckpt")]
    path = next((name for name in names if name.exists()), None)
    if path is None:
        raise UserError(
            f"{run} is neither a checkpoint nor a run's folder with checkpoints/best.ckpt: give "
            "the folder that training named at its end, such as runs/dcgan-mnist5k/…"
        )
    return path


def home(run: Path) -> Path:
    """The folder of the run, or for a checkpoint that lies elsewhere the one it lies in."""
    path = find(run)
    return path.parents[1] if path.parent.name == "checkpoints" else path.parent


def read(path: Path) -> dict[str, Any]:
    try:
        with ZipFile(path) as archive:
            if damaged := archive.testzip():  # torch does not look at the checksums
                raise ValueError(f"the checksum of {damaged} is wrong")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever the bytes lead it to
        raise UserError(
            f"{path} cannot be read as a checkpoint, it is damaged or holds more than weights and "
            "plain values: give another, such as checkpoints/last.ckpt beside it."
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{path} is no checkpoint of ganzoo: it holds no weights by name.")
    return content


def refuse_another_model(path: Path, cfg: DictConfig) -> None:
    """A checkpoint that was copied into the folder of another model's run."""
    beside = loaded(path.parent.parent / "config.yaml")
    if is_run(beside) and (said := beside["model"]["_target_"]) != cfg.model._target_:
        raise UserError(
            f"{path} is a checkpoint of {cfg.model._target_}, but config.yaml of its run says "
            f"{said}: give the folder of the run it came from."
        )


def refuse_strangers(node: Any, trusted: tuple[str, ...] = TRUSTED) -> None:
    """A configuration that came with weights may build only what the zoo is made of."""
    children = node.values() if isinstance(node, dict) else node
    target = node.get("_target_") if isinstance(node, dict) else None
    if target is not None and not str(target).startswith(trusted):
        raise UserError(
            f"the run asks for {target}, which is no part of ganzoo, and was not loaded: build the "
            "model in Python and load its state_dict yourself if you trust it."
        )
    for child in children:
        if isinstance(child, dict | list):
            refuse_strangers(child, trusted)
