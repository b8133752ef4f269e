"""Where the weights of a model are: in the package, a run, a checkpoint or an exported folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.error import UserError, refuse_if, suggest_names
from ganzoo.files import read_values
from ganzoo.runs import RunFolder
from ganzoo.settings.catalogue import Choice

PRETRAINED = Path(__file__).parents[1] / "pretrained"
WEIGHTS_NAME = "model.safetensors"  # the names that the Hugging Face Hub knows
CONFIG_NAME = "config.json"


def list_models() -> list[str]:
    """The names of the trained models that come with the package."""
    return sorted(path.parent.name for path in PRETRAINED.glob(f"*/{WEIGHTS_NAME}"))


def describe_models() -> list[Choice]:
    """The trained models that come with the package: variant, data and score."""
    return [summarise_model(name) for name in list_models()]


def summarise_model(name: str) -> Choice:
    """A trained model of the package in one line."""
    config = read_values(PRETRAINED / name / CONFIG_NAME)
    variant, data = (class_name(config[key]) for key in ("model", "data"))
    monitor = config["facts"]["monitor"]
    score, n = config["scores"][monitor], config["scores"][f"{monitor}_n"]
    measured = f"{monitor.removeprefix('val/')} {score:.1f} at n = {n:,.0f}"
    return Choice(name, f"{variant} on {data}, {config['steps']:,} steps: {measured}", "")


def class_name(part: Mapping[str, Any]) -> str:
    """The class of a part of a configuration."""
    return str(part["_target_"]).rpartition(".")[2]


def find_weights(model: str | Path) -> Path:
    """Find the file that holds the weights of a model.

    Args:
        model: A file, a run's folder (of which the best checkpoint is taken, else the newest), an
            exported folder, or a name from ``list_models``.

    Raises:
        UserError: If there is none.
    """
    path = Path(model)
    if path.is_file():
        return path
    candidates = [
        file
        for folder in (RunFolder(path), RunFolder(PRETRAINED / path))
        for file in (folder.best, folder.last, folder.path / WEIGHTS_NAME)
    ]
    weights = next((file for file in candidates if file.is_file()), None)
    if weights is not None:
        return weights
    refuse_if(
        path.exists() or len(path.parts) > 1,
        f"{path} is neither a checkpoint nor a run's folder with a checkpoint: give the folder "
        "that training printed at its end, such as runs/dcgan-mnist5k/…",
    )
    raise UserError(
        f"there is no model, run or checkpoint named {path}: "
        + suggest_names(path.name, list_models())
    )


def find_run_folder(weights: Path) -> RunFolder:
    """Find the folder that measurements of a model go to.

    Args:
        weights: The file with the model's weights.

    Returns:
        The run of a checkpoint; ``runs/NAME`` for a model that came with the package; else the
        folder that the file is in.
    """
    if weights.is_relative_to(PRETRAINED):
        return RunFolder(Path("runs", weights.parent.name))
    return RunFolder.of_checkpoint(weights)
