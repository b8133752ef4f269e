"""Values of another type than the ones they replace, and rules that a user's values break."""

from collections.abc import Iterator, Mapping
from inspect import Parameter, signature
from math import isfinite
from typing import Any, get_args

from hydra.utils import get_object

from ganzoo.settings.allowed import is_part

TYPES = {
    str: "a text",
    list: "a list",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}

UNTYPED = ("trainer.devices", "trainer.precision", "trainer.strategy")  # Lightning's own to judge


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
    elif not (has_type_of(like, cfg) or "${" in str(cfg) or "${" in str(like) or key in UNTYPED):
        shown = f"{key}={like}".replace(" ", "")
        yield f"{key} is {TYPES[type(like)]} such as {like}, got {cfg}: type {shown}."


def has_type_of(like: Any, value: Any) -> bool:
    """Whether a value has the type of another; null may stand for a number."""
    if isinstance(like, list):
        return isinstance(value, list) and has_elements_of(like, value)
    if isinstance(like, bool | str):
        return isinstance(value, type(like))
    if not is_number(like) or value is None:
        return True
    return is_number(value) and isfinite(value) and isinstance(value, type(like) | int)


def has_elements_of(like: list[Any], values: list[Any]) -> bool:
    """Whether a list has elements of another's type, and as many where those are a pair."""
    numbers = all(is_number(each) for each in like) and len(like) == 2
    pair = numbers and all(isinstance(each, float) for each in like)
    return all(has_type_of(like[0], each) for each in values if like) and not (
        pair and len(values) != len(like)
    )


def number_errors(node: Mapping[str, Any], name: str, like: Any, path: str) -> Iterator[str]:
    """Complaints about an option that cannot be null, and about a negative seed."""
    value = node[name]
    if is_number(like) and value is None and not accepts_none(node, name):
        yield f"{path} is a number and cannot be null: type {path}={like}."
    is_seed = is_count(value) or (value == 0 and isinstance(value, int)) or "${" in str(value)
    if name.endswith("seed") and not is_seed:
        yield f"{path} is a whole number from 0 up, got {value}: type {path}=0."
    if not fits_annotation(node, name):
        kinds = " or ".join(TYPES.get(kind, "null") for kind in annotated_kinds(node, name))
        yield f"{path} is {kinds}, got {value}: --cfg job prints the options."


def fits_annotation(node: Mapping[str, Any], name: str) -> bool:
    """Whether an option that may be null is otherwise of the kind that its class asks for."""
    kinds, value = annotated_kinds(node, name), node[name]
    if not kinds or "${" in str(value):
        return True
    wanted = (*kinds, int) if float in kinds else kinds
    return isinstance(value, wanted) and (bool in kinds or not isinstance(value, bool))


def annotated_kinds(node: Mapping[str, Any], name: str) -> tuple[type, ...]:
    """The plain types that a class names for an option that may be None; empty for any other."""
    parameters: Mapping[str, Parameter] = {}
    if is_part(node.get("_target_")):  # a file may name others, and none of them is imported
        parameters = signature(get_object(node["_target_"])).parameters
    kinds = get_args(parameters[name].annotation) if name in parameters else ()
    plain = {type(None), *TYPES} - {list}
    return kinds if type(None) in kinds and set(kinds) <= plain else ()


def accepts_none(node: Mapping[str, Any], name: str) -> bool:
    """Whether the class that a node builds takes None for an option."""
    if not is_part(node.get("_target_")):
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
