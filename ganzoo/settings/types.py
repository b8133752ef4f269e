"""Values of another kind than the ones they replace."""

from collections.abc import Iterator, Mapping
from inspect import signature
from math import isfinite
from typing import Any

from hydra.utils import get_object


def type_errors(cfg: Any, like: Any, key: str = "") -> Iterator[str]:
    """Complaints about values of another kind than the one they replace, such as a word for a rate.

    Args:
        cfg: The configuration, as plain values.
        like: The same before its values were overridden.
        key: Where in the configuration the two stand.
    """
    if isinstance(cfg, dict) and isinstance(like, dict):
        for name in sorted(cfg.keys() & like.keys()):
            own = f"{key}.{name}".lstrip(".")
            yield from type_errors(cfg[name], like[name], own)
            if is_number(like[name]) and cfg[name] is None and not accepts_none(cfg, name):
                yield f"{own} is a number and cannot be null: type {own}={like[name]}."
            if name.endswith("seed") and is_number(cfg[name]) and cfg[name] < 0:
                yield f"{own} is a whole number from 0 up, got {cfg[name]}: type {own}=0."
    elif isinstance(like, bool | list) and not isinstance(cfg, type(like)):
        kind = "a list" if isinstance(like, list) else "true or false"
        if "${" not in str(cfg):
            yield f"{key} is {kind} such as {like}, got {cfg}: type {key}={like}."
    elif is_number(like) and not (cfg is None or "${" in str(cfg)):
        whole = isinstance(like, int)
        if not is_number(cfg) or not isfinite(cfg) or (whole and not isinstance(cfg, int)):
            kind = "whole number" if whole else "number"
            yield f"{key} is a {kind} such as {like}, got {cfg}: type {key}={like}."


def accepts_none(node: Mapping[str, Any], name: str) -> bool:
    """Whether the class that a node builds takes None for an option."""
    if "_target_" not in node:
        return True
    parameters = signature(get_object(node["_target_"])).parameters
    kind = str(parameters[name].annotation) if name in parameters else "None"
    return "None" in kind or "Optional" in kind


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
