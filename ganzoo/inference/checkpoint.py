"""What is in the file of a model: its configuration and its weights, as plain values."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from ganzoo.error import UserError
from ganzoo.files import read_values
from ganzoo.inference.find import CONFIG_NAME, find_weights
from ganzoo.runs import RunFolder, is_run_config
from ganzoo.settings.checkpoint_file import read_lightning_checkpoint
from ganzoo.settings.format import upgrade
from ganzoo.settings.trust import Modules, check_plain, check_trusted
from ganzoo.settings.words import as_text

PLAYER_NAMES = ("generator.", "discriminator.")  # how the names of their weights begin
AUGMENTATION = "discriminator.augmentation."
AVERAGE = "ema.module."  # … and those of the generator's moving average


class StoredModel(NamedTuple):
    """A model as its file holds it.

    Attributes:
        path: The file.
        cfg: The configuration that the model was trained with.
        weights: The state of the whole game, by name.
    """

    path: Path
    cfg: DictConfig
    weights: dict[str, Tensor]

    @property
    def has_discriminator(self) -> bool:
        """Whether the discriminator is among the weights; an export may leave it out."""
        return any(name.startswith("discriminator.") for name in self.weights)

    @property
    def sampling_weights(self) -> dict[str, Tensor]:
        """The weights of the players, with the generator's average in its place if there is one.

        The augmentation inside the discriminator belongs to training and is left out.
        """
        players = {
            name: weight
            for name, weight in self.weights.items()
            if name.startswith(PLAYER_NAMES) and not name.startswith(AUGMENTATION)
        }
        averaged = {
            name.replace(AVERAGE, "generator."): weight
            for name, weight in self.weights.items()
            if name.startswith(AVERAGE)
        }
        return players | averaged


def read_model(model: str | Path, trust: Modules = None) -> StoredModel:
    """Find and read the file that holds a model; builds nothing.

    Args:
        model: What ``find_weights`` takes.
        trust: Modules of the user whose classes the configuration may name.

    Raises:
        UserError: If there is none, it is damaged, or it asks for parts that are not trusted.
    """
    path = find_weights(model)
    content = read_checkpoint(path)
    parameters = content.get("hyper_parameters")
    if not isinstance(parameters, dict) or not is_run_config(parameters):
        raise UserError(f"{path} is not a checkpoint of ganzoo: it does not name its model.")
    check_plain(parameters, path)
    parameters = upgrade(parameters, path)
    check_trusted({"model": parameters["model"]}, path, trust)
    cfg = OmegaConf.create({**parameters, "command": as_text(parameters.get("command"))})
    check_same_model(path, cfg)
    return StoredModel(path, cfg, content.get("state_dict", {}))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint of Lightning, or an exported model as if it were one.

    Returns:
        What the file holds, the configuration as ``hyper_parameters`` and the weights as
        ``state_dict`` among it.

    Raises:
        UserError: If the file cannot be read.
    """
    exported = path.suffix == ".safetensors"
    return read_exported_model(path) if exported else read_lightning_checkpoint(path)


def read_exported_model(path: Path) -> dict[str, Any]:
    """Read weights of any precision as float32, if their checksum is that of the configuration."""
    config = read_values(path.parent / CONFIG_NAME)
    if not config:
        raise UserError(
            f"{path.parent} is not an exported model, because its {CONFIG_NAME} cannot be read: "
            "export the model again with ganzoo export RUN --to FOLDER."
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}.") from error
    if sha256(content).hexdigest() != config.get("sha256"):
        raise UserError(
            f"{path} does not have the sha256 that {CONFIG_NAME} beside it records: it was changed "
            "or damaged. Get both files again."
        )
    try:
        weights = safetensors.torch.load(content)
    except Exception as error:  # whatever the library makes of a header that says anything
        raise UserError(f"{path} is not a file of weights ({error}): get it again.") from error
    floats = {
        name: weight.float() if weight.is_floating_point() else weight
        for name, weight in weights.items()
    }
    return {"hyper_parameters": config, "state_dict": floats}


def check_same_model(path: Path, cfg: DictConfig) -> None:
    """Refuse a checkpoint that was copied into the folder of another model's run.

    Raises:
        UserError: If the configuration of the run names another model.
    """
    config = RunFolder.of_checkpoint(path).config
    settings = config.read()
    if is_run_config(settings) and settings["model"]["_target_"] != cfg.model._target_:
        raise UserError(
            f"{path} is a checkpoint of {cfg.model._target_}, but {config.path} says "
            f"{settings['model']['_target_']}: give the folder of the run it came from."
        )
