"""The card of a trained model: what to know before using it."""

import inspect
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from hydra.utils import get_class
from torch import nn

from ganzoo import picture
from ganzoo.files import write_bytes
from ganzoo.players import Players
from ganzoo.runs import command_line


def write_card(folder: Path, config: Mapping[str, Any], players: Players, precision: str) -> None:
    """Write ``README.md``, which the Hugging Face Hub shows, and ``samples.png``.

    Args:
        folder: The folder of the exported model, which has the model's name.
        config: The configuration beside the weights.
        players: The model.
        precision: The type of its weights, such as ``float16``.
    """
    picture.save_image(picture.draw_samples(players.showcase(8, 10), 10), folder / "samples.png")
    variant, data = config["model"]["_target_"], config["data"]
    shape = ", ".join(map(str, players.image_shape))
    environment = jinja2.Environment(
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    card = environment.from_string((files("ganzoo.inference") / "card.md").read_text()).render(
        name=folder.name,
        variant=variant.rpartition(".")[2],
        about=(inspect.getdoc(get_class(variant)) or "").partition("\n\nArgs:")[0],
        pipeline="unconditional-image-generation",
        command=command_line(config["command"]),
        seed=config["seed"],
        steps=config["steps"],
        data=str(data.get("_target_")).rpartition(".")[2],
        root=" data.root=…" if "root" in data else "",
        shape=shape,
        precision=precision,
        generator=count_parameters(players.generator),
        discriminator=count_parameters(players.discriminator),
        held_out=data.get("val_size", 0),
        probes=", ".join(sample_counts(config["probe"])),
        extractors=", ".join(extractor_names(config["metric"])),
        scores=config["scores"],
    )
    write_bytes(folder / "README.md", card.encode())


def extractor_names(metrics: Mapping[str, Any]) -> list[str]:
    """The names of the networks whose features the scores compare."""
    targets = [node["extractor"]["_target_"] for node in metrics.values() if "extractor" in node]
    return sorted({str(target).rpartition(".")[2] for target in targets})


def sample_counts(probes: Mapping[str, Any]) -> list[str]:
    """How many samples each probe measures, if it can be chosen."""
    return [f"n = {node['n']:,}" for node in probes.values() if "n" in node]


def count_parameters(module: nn.Module | None) -> int:
    """The number of parameters of a player; 0 if the model comes without it."""
    return sum(parameter.numel() for parameter in module.parameters()) if module else 0
