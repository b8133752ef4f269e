"""A trained model as a folder of weights, configuration, card and samples, as the Hub has it."""

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from hydra.utils import get_class
from omegaconf import OmegaConf
from torch import Tensor

from ganzoo.files import write_bytes, write_json
from ganzoo.inference.card import write_card
from ganzoo.inference.checkpoint import StoredModel, read_model
from ganzoo.inference.find import CONFIG_NAME, WEIGHTS_NAME, find_run_folder
from ganzoo.inference.load import load
from ganzoo.players import Players
from ganzoo.probe import Probe
from ganzoo.runs import read_run
from ganzoo.settings.format import FORMAT
from ganzoo.settings.trust import Modules, check_trusted


def export_folder(
    model: str | Path, half: bool, with_discriminator: bool, trust: Modules, folder: Path
) -> tuple[Path, Players]:
    """Write the folder of a model.

    Args:
        model: What ``ganzoo.load`` takes.
        half: Round the weights to half precision.
        with_discriminator: Keep the discriminator.
        trust: Modules of the user whose classes may be built.
        folder: The folder to write.

    Returns:
        The file of weights, and the model as it was read from it.
    """
    stored = read_model(model, trust)
    probes = OmegaConf.to_container(stored.cfg.get("probe", {}))
    check_trusted({"probe": probes}, stored.path, trust)
    precision = torch.float16 if half else torch.float32
    weights = {
        name: weight.to(precision) if weight.is_floating_point() else weight
        for name, weight in stored.sampling_weights.items()
        if with_discriminator or name.startswith("generator.")
    }
    kept = with_discriminator and stored.has_discriminator
    write_folder(folder, weights, describe_model(stored, kept), trust)
    return folder / WEIGHTS_NAME, load(folder, trust)


def write_folder(
    folder: Path, weights: Mapping[str, Tensor], config: Mapping[str, Any], trust: Modules = None
) -> None:
    """Write weights as they are, with their configuration, a card and a grid of samples."""
    tensors = {name: weight.contiguous() for name, weight in weights.items()}
    content = safetensors.torch.save(tensors)
    config = {**config, "sha256": sha256(content).hexdigest()}
    write_bytes(folder / WEIGHTS_NAME, content)
    write_json(folder / CONFIG_NAME, config)
    precision = str(next(iter(weights.values())).dtype).removeprefix("torch.")
    write_card(folder, config, load(folder, trust), precision)


def describe_model(stored: StoredModel, with_discriminator: bool) -> dict[str, Any]:
    """What it takes to build a model again, to score it, and to repeat its run."""
    cfg, run = stored.cfg, read_run(find_run_folder(stored.path))
    config: dict[str, Any] = {
        name: OmegaConf.to_container(cfg[name], resolve=True) if name in cfg else {}
        for name in ("model", "data", "metric", "probe", "facts")
    }
    config["model"]["ema"] = None  # the average has become the generator
    config["probe"] = {
        name: probe
        for name, probe in config["probe"].items()
        if with_discriminator or not needs_discriminator(probe)
    }
    config["data"] |= {"root": "data"} if "root" in config["data"] else {}
    command = cfg.get("command") or run.origin.get("command", [])
    return {
        **config,
        "format": FORMAT,
        "seed": cfg.seed,
        "command": [re.sub("^data.root=.*", "data.root=data", word) for word in command],
        "steps": cfg.get("steps") or run.metrics.get("best_step"),
        "scores": dict(cfg.get("scores") or best_score(run.metrics)),
    }


def needs_discriminator(node: Mapping[str, Any]) -> bool:
    """Whether the probe of a configuration reads the discriminator."""
    probe: type[Probe] = get_class(node["_target_"])
    return probe.needs_discriminator


def best_score(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The score that the best checkpoint was chosen by, and its number of samples."""
    if metrics.get("best") is None:
        return {}
    monitor = metrics["monitor"]
    return {monitor: metrics["best"], f"{monitor}_n": metrics[f"{monitor}_n"]}
