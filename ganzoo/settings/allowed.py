"""The classes that a file may name without anybody's trust; the list follows ``conf/``."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from inspect import isclass
from pathlib import Path
from typing import Any

from ganzoo.error import refuse_if
from ganzoo.files import read_values
from ganzoo.settings.compose import CONF, PACKAGE

Keys = tuple[str, ...]

TORCH = {"torch.optim": "Optimizer", "torch.optim.lr_scheduler": "LRScheduler"}  # base classes
MAX_DEPTH, MAX_VALUES = 50, 100_000  # of the settings in a file


def is_part(target: Any) -> bool:
    """Whether a name is on the zoo's own list of classes that a file may name."""
    home, _, name = target.rpartition(".") if isinstance(target, str) else ("", "", "")
    if home in part_modules():
        return name in public_classes(home)
    if home in TORCH:
        module = import_module(home)
        found = getattr(module, name, None)
        return isclass(found) and issubclass(found, getattr(module, TORCH[home]))
    return bool(home) and target in conf_targets()


@cache
def conf_targets() -> frozenset[str]:
    """What the yamls of ``conf/`` build, those of Hydra's own aside."""
    groups = [path for path in CONF.iterdir() if path.name not in ("hydra", "hparams_search")]
    files = [path for group in groups for path in group.rglob("*.yaml")]
    values = [pair for path in files for pair in every_value(read_values(path), path)]
    return frozenset(value for keys, value in values if keys[-1] == "_target_")


@cache
def part_modules() -> frozenset[str]:
    """The folders and modules of ganzoo of which ``conf/`` builds something."""
    modules = (target.rpartition(".")[0] for target in conf_targets())
    return frozenset(module for module in modules if module.startswith("ganzoo."))


@cache
def public_classes(module: str) -> frozenset[str]:
    """Names of the classes that a folder exports, or a module defines, without importing it."""
    path = PACKAGE.parent.joinpath(*module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    body = ast.parse(source.read_text()).body
    exported = (
        [node.value for node in body if isinstance(node, ast.Assign)] if path.is_dir() else []
    )
    names = {name for value in exported for name in ast.literal_eval(value)}  # __all__
    names |= {node.name for node in body if isinstance(node, ast.ClassDef)}
    return frozenset(name for name in names if name[0].isupper())


def every_value(
    settings: Any, source: str | Path, left: Iterator[int] | None = None, keys: Keys = ()
) -> Iterator[tuple[Keys, Any]]:
    """Every value in nested settings, collections included, with the keys that lead to it."""
    left = iter(range(MAX_VALUES)) if left is None else left
    pairs = settings.items() if isinstance(settings, dict) else enumerate(settings)
    for name, value in pairs:
        refuse_if(
            len(keys) > MAX_DEPTH or next(left, None) is None,
            f"{source} holds more than {MAX_VALUES} values or more than {MAX_DEPTH} levels of "
            "them, which are no settings of a run: get it again from whoever made it.",
        )
        yield (*keys, str(name)), value
        if isinstance(value, dict | list):
            yield from every_value(value, source, left, (*keys, str(name)))
