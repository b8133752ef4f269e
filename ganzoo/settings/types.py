"""Values of another type than the ones they replace, and rules that a user's values break."""

from collections.abc import Iterator, Mapping
from inspect import signature
from math import isfinite
from typing import Any

from hydra.utils import get_object

TYPES = {list: "a list", bool: "true or false", int: "a whole number", float: "a number"}


def type_errors(cfg: Any, like: Any, key: str = "") -> Iterator[str]:
    """Complaints about values of another type than those they replace, such as a word for a rate.

    Args:
        cfg: The configuration, as plain values.
        like: The same before its values were overridden.
        key: The path to both in the whole configuration.
    """
    if isinstance(cfg, dict) and isinstance(like, dict):
        for name in sorted(cfg.keys() & like.keys()):
            path = f"{key}.{name}".lstrip(".")
            yield from type_errors(cfg[name], like[name], path)
            yield from number_errors(cfg, name, like[name], path)
    elif not (has_type_of(like, cfg) or "${" in str(cfg)):
        yield f"{key} is {TYPES[type(like)]} such as {like}, got {cfg}: type {key}={like}."


def has_type_of(like: Any, value: Any) -> bool:
    """Whether a value has the type of another; null may stand for a number."""
    if isinstance(like, bool | list):
        return isinstance(value, type(like))
    if not is_number(like) or value is None:
        return True
    return is_number(value) and isfinite(value) and isinstance(value, type(like) | int)


def number_errors(node: Mapping[str, Any], name: str, like: Any, path: str) -> Iterator[str]:
    """Complaints about an option that cannot be null, and about a negative seed."""
    value = node[name]
    if is_number(like) and value is None and not accepts_none(node, name):
        yield f"{path} is a number and cannot be null: type {path}={like}."
    if name.endswith("seed") and is_number(value) and value < 0:
        yield f"{path} is a whole number from 0 up, got {value}: type {path}=0."


def accepts_none(node: Mapping[str, Any], name: str) -> bool:
    """Whether the class that a node builds takes None for an option."""
    if "_target_" not in node:
        return True
    parameters = signature(get_object(node["_target_"])).parameters
    annotation = str(parameters[name].annotation) if name in parameters else "None"
    return "None" in annotation or "Optional" in annotation


def broken_rules(rules: Mapping[str, Any]) -> list[str]:
    """The sentences of the rules that are broken.

    Args:
        rules: Whether each is broken, by its sentence.
    """
    return [sentence for sentence, is_broken in rules.items() if is_broken]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
