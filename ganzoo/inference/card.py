"""What must be known of a trained model before it is used."""

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
    """Write ``README.md``, as the Hugging Face Hub shows it, and ``samples.png``.

    Args:
        folder: Of the exported model, named like it.
        config: What was written beside the weights.
        players: The model.
        precision: Of its weights.
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
        generator=count(players.generator),
        discriminator=count(players.discriminator),
        held_out=data.get("val_size", 0),
        probes=", ".join(f"n = {each['n']:,}" for each in config["probe"].values() if "n" in each),
        extractors=", ".join(extractors(config["metric"])),
        scores=config["scores"],
    )
    write_bytes(folder / "README.md", card.encode())


def extractors(metrics: Mapping[str, Any]) -> list[str]:
    """The networks that the scores are computed in."""
    found = [each["extractor"]["_target_"] for each in metrics.values() if "extractor" in each]
    return sorted({str(name).rpartition(".")[2] for name in found})


def count(module: nn.Module | None) -> int:
    """Parameters of a player; 0 if it is left out."""
    return sum(each.numel() for each in module.parameters()) if module else 0
