"""What a game was built of, as plain values in its checkpoints, and games built of them again."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from inspect import signature
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule
from typing_extensions import Self

from ganzoo.error import UserError, refuse_if
from ganzoo.schedule import Schedule
from ganzoo.settings.allowed import is_part
from ganzoo.settings.checkpoint_file import read_lightning_checkpoint
from ganzoo.settings.compose import build_part
from ganzoo.settings.format import FORMAT, upgrade
from ganzoo.settings.recorded import Recorded
from ganzoo.settings.trust import Modules, check_plain, check_trusted


class Stored(LightningModule):
    """A module whose checkpoints say what it was built of."""

    def record(self, arguments: Mapping[str, Any]) -> None:
        """Let checkpoints hold the arguments of the constructor; none of them if one cannot be."""
        try:
            model = {"_target_": public_name(type(self)), **as_settings(arguments)}
        except TypeError:  # such as a part of a user's own
            return
        settings = {"model": model, "seed": arguments["seed"], "format": FORMAT}
        self.save_hyperparameters(settings, logger=False)

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]
        cls,
        checkpoint_path: str | PathLike[str],
        map_location: str | torch.device | None = None,
        strict: bool = True,
        trust: Modules = None,
        **arguments: Any,
    ) -> Self:
        """Build the game of a checkpoint again: one of a plain ``Trainer`` or of ``ganzoo train``.

        Only weights and plain values are read, so nothing in the file can run code.

        Args:
            checkpoint_path: The file.
            map_location: The device to move the game to.
            strict: Whether the weights must be those of the game, no more and no fewer.
            trust: Modules of yours whose classes may be built, such as ``["mine"]``.
            **arguments: Of the constructor, in place of what the file says.

        Raises:
            UserError: If the file is damaged or of another class, asks for parts that are not
                trusted, or does not say what it was built of.
        """
        path = Path(checkpoint_path)
        content = read_lightning_checkpoint(path)
        game = cls(**{**stored_arguments(cls, content, path, arguments, trust), **arguments})
        try:
            game.load_state_dict(content.get("state_dict", {}), strict=strict)
        except (RuntimeError, TypeError) as error:
            first = (str(error).splitlines()[1:] or [str(error)])[0].strip()[:200]
            raise UserError(
                f"the weights in {path} do not fit the game ({first}): pass the arguments that it "
                "was built with."
            ) from error
        return game.to(map_location) if map_location else game


def stored_arguments(
    kind: type, content: Mapping[str, Any], path: Path, given: Mapping[str, Any], trust: Modules
) -> dict[str, Any]:
    """The arguments that a checkpoint holds for a class, built; but for those that are given.

    Raises:
        UserError: If they cannot be built, or it is a checkpoint of another class.
    """
    settings = content.get("hyper_parameters")
    model = settings.get("model") if isinstance(settings, dict) else None
    if not isinstance(settings, dict) or not isinstance(model, dict):
        refuse_if(
            "image_shape" not in given,
            f"{path} does not say what its game was built of: pass the arguments of "
            f"{kind.__name__} too, as in image_shape=(1, 28, 28).",
        )
        return {}
    check_plain(settings, path)
    name = str(model.get("_target_")).rpartition(".")[2]
    refuse_if(
        name != kind.__name__,
        f"{path} is a checkpoint of {name}: load it by {name}.load_from_checkpoint.",
    )
    model = upgrade(settings, path)["model"]
    kept = {key: value for key, value in model.items() if key not in {"_target_", *given}}
    check_trusted(kept, path, trust)
    built: dict[str, Any] = build_part(kept, _convert_="all")
    return built


def as_settings(value: Any) -> Any:  # noqa: PLR0911
    """A part, or what it was built with, as a configuration has it.

    Raises:
        TypeError: If it is neither a part of ganzoo nor a plain value.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Schedule(first=first, last=last, images=images, start=start):
            numbers = {"first": first, "last": last, "images": images, "start": start}
            return {"_target_": public_name(type(value)), **numbers}
        case Recorded(built_with=(positional, named)):
            bound = signature(type(value)).bind(*positional, **named)
            bound.apply_defaults()
            return {"_target_": public_name(type(value)), **as_settings(bound.arguments)}
        case partial(func=function, args=(), keywords=options):
            return {"_target_": public_name(function), "_partial_": True, **as_settings(options)}
        case type():
            return {"_target_": public_name(value), "_partial_": True}
        case tuple() if hasattr(value, "_asdict"):
            return {"_target_": public_name(type(value)), **as_settings(value._asdict())}
        case Mapping():
            return {str(name): as_settings(each) for name, each in value.items()}
        case list() | tuple():
            return [as_settings(each) for each in value]
    raise TypeError(f"a {type(value).__name__} is no plain value")


def public_name(kind: Any) -> str:
    """Where a class is exported: ``ganzoo.loss.Hinge`` of the module ``ganzoo.loss.hinge``."""
    parts = kind.__module__.split(".")
    homes = [".".join(parts[:length]) for length in range(1, len(parts))]
    names = (f"{home}.{kind.__name__}" for home in homes if exports(home, kind))
    return next(filter(is_part, names), f"{kind.__module__}.{kind.__qualname__}")


def exports(home: str, kind: Any) -> bool:
    return vars(sys.modules.get(home, sys)).get(kind.__name__) is kind
