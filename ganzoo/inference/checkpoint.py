"""From a model's name, a run's folder, a checkpoint or an exported folder back to a model."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import safetensors.torch
import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn

from ganzoo.error import UserError
from ganzoo.files import read_values
from ganzoo.runs import RunFolder, is_run_config
from ganzoo.settings.compose import build_part
from ganzoo.settings.explain import suggest_names
from ganzoo.settings.trust import Modules, check_plain, check_trusted
from ganzoo.settings.words import as_text

if TYPE_CHECKING:
    from ganzoo.game import Game

PRETRAINED = Path(__file__).parents[1] / "pretrained"
WEIGHTS = "model.safetensors"  # the names that the Hugging Face Hub knows
CONFIG = "config.json"


def list_models() -> list[str]:
    """The names of the trained models that come with the package."""
    return sorted(path.parent.name for path in PRETRAINED.glob(f"*/{WEIGHTS}"))


def load_game(run: str | Path, trust: Modules = None) -> tuple[Game, DictConfig]:
    """Build the game of a run's best checkpoint, or of whatever else ``find`` finds.

    Only weights and plain values are read: nothing in the file can run code. The game of a model
    that was exported without its discriminator has none.

    Args:
        run: What ``find_weights`` takes.
        trust: Modules of the user whose classes may be built.

    Returns:
        The game and the configuration it was trained with.

    Raises:
        UserError: If there is no checkpoint, or it is not of this zoo or this run.
    """
    path, cfg, weights = read_model(run, trust)
    game: Game = build_part(cfg.model, _convert_="all")
    if not has_discriminator(weights):
        del game.discriminator
        game.discriminator = None  # type: ignore[assignment]
    load_weights(game, weights, path)
    return game, cfg


def read_model(run: str | Path, trust: Modules = None) -> tuple[Path, DictConfig, dict[str, Any]]:
    """Read the file that holds a model: its path, the model's configuration and its weights.

    Args:
        run: What ``find_weights`` takes.
        trust: Modules of the user whose classes may be built.

    Raises:
        UserError: If there is none, it is damaged, or it asks for parts that are not trusted.
    """
    path = find_weights(run)
    content = read_checkpoint(path)
    parameters = content.get("hyper_parameters")
    if not isinstance(parameters, dict) or not is_run_config(parameters):
        raise UserError(f"{path} is no checkpoint of ganzoo: it does not say of which model it is.")
    check_plain(parameters, path)
    check_trusted({"model": parameters["model"]}, path, trust)
    cfg = OmegaConf.create({**parameters, "command": as_text(parameters.get("command"))})
    check_same_model(path, cfg)
    return path, cfg, content.get("state_dict", {})


def has_discriminator(weights: dict[str, Any]) -> bool:
    return any(name.startswith("discriminator.") for name in weights)


def load_weights(model: nn.Module, weights: dict[str, Any], path: Path) -> None:
    """Load weights into a game, or its players.

    Raises:
        UserError: If they are another model's.
    """
    try:
        model.load_state_dict(weights)
    except (RuntimeError, TypeError) as error:
        first = (str(error).splitlines()[1:] or [str(error)])[0]
        raise UserError(
            f"the weights in {path} do not fit the networks that its configuration describes: "
            f"{first.strip()[:200]}"
        ) from error


def find_weights(run: str | Path) -> Path:
    """The file with weights that a path or the name of a model stands for.

    Raises:
        UserError: If there is none.
    """
    run = Path(run)
    if run.is_file():
        return run
    places = [
        path
        for folder in (RunFolder(run), RunFolder(PRETRAINED / run))
        for path in (folder.best, folder.last, folder.path / WEIGHTS)
    ]
    path = next((place for place in places if place.is_file()), None)
    if path is not None:
        return path
    if run.exists() or len(run.parts) > 1:
        raise UserError(
            f"{run} is neither a checkpoint nor a run's folder with a checkpoint: give "
            "the folder that training named at its end, such as runs/dcgan-mnist5k/…"
        )
    raise UserError(
        f"there is no model {run}, nor a run or a checkpoint of that name: "
        + suggest_names(run.name, list_models())
    )


def run_folder(run: str | Path) -> RunFolder:
    """The folder of the run, or for a checkpoint that lies elsewhere the one it lies in.

    What is measured of a model that came with the package goes to ``runs/NAME``.
    """
    path = find_weights(run)
    if path.is_relative_to(PRETRAINED):
        return RunFolder(Path("runs", path.parent.name))
    return RunFolder.of_checkpoint(path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint, or an exported model in a checkpoint's words."""
    return read_exported(path) if path.suffix == ".safetensors" else read_lightning_checkpoint(path)


def read_lightning_checkpoint(path: Path) -> dict[str, Any]:
    try:
        with ZipFile(path) as archive:
            if damaged := archive.testzip():  # torch does not look at the checksums
                raise ValueError(f"the checksum of {damaged} is wrong")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever the bytes lead it to
        raise UserError(
            f"{path} cannot be read as a checkpoint, it is damaged or holds more than weights and "
            "plain values: give another, such as the newest one beside it."
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{path} is no checkpoint of ganzoo: it holds no weights by name.")
    return content


def read_exported(path: Path) -> dict[str, Any]:
    """Weights of any precision as float32, if they are those that the configuration vouches for."""
    config = read_values(path.parent / CONFIG)
    if not config:
        raise UserError(
            f"{path.parent} is no exported model, {CONFIG} cannot be read: export it again with "
            "ganzoo export RUN --to FOLDER."
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}.") from error
    if sha256(content).hexdigest() != config.get("sha256"):
        raise UserError(
            f"{path} is not the file that {CONFIG} beside it vouches for (sha256): it was changed "
            "or damaged on its way, get both again."
        )
    try:
        weights = safetensors.torch.load(content)
    except Exception as error:  # whatever the library makes of a header that says anything
        raise UserError(f"{path} is no file of weights ({error}): get it again.") from error
    floats = {
        name: each.float() if each.is_floating_point() else each for name, each in weights.items()
    }
    return {"hyper_parameters": config, "state_dict": floats}


def check_same_model(path: Path, cfg: DictConfig) -> None:
    """A checkpoint that was copied into the folder of another model's run."""
    config = RunFolder.of_checkpoint(path).config
    settings = config.read()
    if is_run_config(settings) and settings["model"]["_target_"] != cfg.model._target_:
        raise UserError(
            f"{path} is a checkpoint of {cfg.model._target_}, but {config.path} says "
            f"{settings['model']['_target_']}: give the folder of the run it came from."
        )
