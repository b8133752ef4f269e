"""A file of conf/ with the files that it is made of, as plain values."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ganzoo.settings.compose import CONF


def read_conf(path: Path) -> dict[str, Any]:
    """The content of a file over that of the file it starts from, its nested parts included.

    It is read as Hydra reads it, apart from what the file chooses of other groups.
    """
    content = OmegaConf.load(path)
    defaults = content.pop("defaults", [])
    for base in bases(defaults):
        content = OmegaConf.merge(
            read_conf(path.parents[base.count("/")] / f"{base}.yaml"), content
        )
    for key, name in parts(defaults):
        group, _, place = key.partition("@")
        folder = CONF / group[1:] if group.startswith("/") else path.parent / group
        OmegaConf.update(content, place, read_conf(folder / f"{name}.yaml"))
    values = OmegaConf.to_container(content, resolve=False)
    assert isinstance(values, dict)
    return values


def bases(defaults: Any) -> list[str]:
    """Files that a file starts from."""
    return [each for each in defaults if isinstance(each, str) and each != "_self_"]


def parts(defaults: Any) -> list[tuple[str, str]]:
    """Parts that a file nests, as (group@place, name)."""
    pairs = [pair for each in defaults if not isinstance(each, str) for pair in each.items()]
    return [(str(key), name) for key, name in pairs if "@" in str(key)]
