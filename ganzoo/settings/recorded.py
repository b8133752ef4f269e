"""Parts that know what they were built with."""

from inspect import Parameter, Signature, signature
from typing import Any

from typing_extensions import Self


class OwnSignature:
    """What a class is called with: inspect would ask ``__new__`` first, which takes anything."""

    def __get__(self, part: Any, kind: type) -> Signature:
        _, *parameters = signature(getattr(kind, "__init__")).parameters.values()  # noqa: B009
        variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        return Signature([each for each in parameters if each.kind not in variable])


class Recorded:
    """Remembers the arguments of its constructor, so that a checkpoint can say how to build it.

    Attributes:
        built_with: Those by position, and those by name.
    """

    __signature__ = OwnSignature()
    built_with: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *positional: Any, **named: Any) -> Self:
        part = super().__new__(cls)
        object.__setattr__(part, "built_with", (positional, named))  # a part may be frozen
        return part
