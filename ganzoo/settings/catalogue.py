"""What there is to choose from, read off the files, so that nothing of torch is imported."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ganzoo.settings.compose import CONF, PACKAGE

HIDDEN = {"hydra", "metric/extractor", "optimizer/schedule"}  # what others choose
GLOBAL = "# @package _global_\n"
TARGET = re.compile(r"^\s*_target_: ganzoo\.(\w+)\.(\w+)$", re.MULTILINE)
COMMENT = re.compile(r"# ((?!.*https://).*)")  # a citation is no summary
SENTENCE_END = re.compile(r"\.?(?:\n|$)|: python train\.py|:$")
LINK = re.compile(r"https?://[^\s,;:)\"]+")


class Choice(NamedTuple):
    """Something that a group of ``conf/`` offers.

    Attributes:
        name: What to type.
        summary: What it is, in one line.
        source: The address of its paper, or nothing.
    """

    name: str
    summary: str
    source: str


def list_groups() -> list[str]:
    """The groups of ``conf/``, such as ``model``, ``data`` and ``loss``."""
    folders = [path for path in CONF.iterdir() if path.is_dir()]
    return sorted(folder.name for folder in folders if folder.name not in HIDDEN)


def list_choices(group: str) -> list[Choice]:
    """What a group offers, by name; of ``experiment``, its folders too.

    Args:
        group: One of ``list_groups``.
    """
    folder = CONF / group
    paths = [
        path for path in folder.rglob("*.yaml") if str(path.parent.relative_to(CONF)) not in HIDDEN
    ]
    return sorted(read_choice(folder, path) for path in paths)


def read_choice(folder: Path, path: Path) -> Choice:
    """Read a choice off its yaml and the docstring of the class that it builds."""
    name, text = str(path.relative_to(folder).with_suffix("")), path.read_text()
    documented = "".join(docstrings(part).get(of, "") for part, of in TARGET.findall(text)[:1])
    comment = COMMENT.match(text.removeprefix(GLOBAL))
    sources = [*LINK.findall(f"{documented}\n{text}"), ""]
    about = (comment and comment[1]) or documented or describe_difference(text)
    summary = SENTENCE_END.split(about.replace("``", ""))[0]
    return Choice(name, summary, sources[0].rstrip("."))


def describe_difference(text: str) -> str:
    """What a yaml sets differently from the one that it starts from."""
    values: dict[str, Any] = yaml.safe_load(text)
    base = values.pop("defaults")[0]
    return f"{base} with {', '.join(option_words(values))}"


def option_words(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Nested values as the command line has them."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from option_words(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}={value}"


@cache
def docstrings(package: str) -> dict[str, str]:
    """The docstrings of the classes and functions of a part's folder, by name."""
    trees = [ast.parse(path.read_text()) for path in (PACKAGE / package).glob("*.py")]
    documented = ast.ClassDef | ast.FunctionDef
    return {
        node.name: ast.get_docstring(node) or ""
        for tree in trees
        for node in tree.body
        if isinstance(node, documented)
    }
