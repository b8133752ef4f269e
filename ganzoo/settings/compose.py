"""Composes a configuration, and builds its parts."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, HydraException, InstantiationException
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from ganzoo.error import UserError

PACKAGE = Path(__file__).parents[1]
CONF = next(folder for folder in (PACKAGE / "conf", PACKAGE.parent / "conf") if folder.is_dir())
LISTED_GROUPS = ("loss", "metric", "callback", "logger", "probe")  # of which several are chosen
COMPOSE_ERRORS = (ConfigCompositionException, HydraException, OmegaConfBaseException)


def compose_config(choices: Sequence[str] = (), folders: Sequence[Path] = ()) -> DictConfig:
    """The configuration as it is before any value is overridden.

    Args:
        choices: What is chosen of each group, such as ``model=wgan``.
        folders: Folders of yamls beside ``conf/``.
    """
    # Hydra's own run holds the global state that composing needs for itself.
    outer = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return compose("train", overrides=[*choices, *search_path(folders)])
    finally:
        GlobalHydra.instance().hydra = outer


def search_path(folders: Sequence[Path]) -> list[str]:
    """The override that makes Hydra compose from these folders too."""
    urls = ",".join(f"'file://{folder}'" for folder in folders)
    return [f"hydra.searchpath=[{urls}]"] if folders else []


def group_choices(overrides: Sequence[str], folders: Sequence[Path] = ()) -> list[str]:
    """The overrides that choose from a group of ``conf/`` or of the user's folders."""
    groups = {override: re.split("[@=]", override.lstrip("+~"))[0] for override in overrides}
    return [
        override
        for override, group in groups.items()
        if any((folder / group).is_dir() for folder in (CONF, *folders))
    ]


def build_part(node: Any, **options: Any) -> Any:
    """Instantiate a part of the configuration.

    Args:
        node: The part's settings, or several parts by name.
        options: Others, which the configuration does not hold.

    Raises:
        UserError: If the part cannot be built with these options.
    """
    try:
        return instantiate(node, **options)
    except InstantiationException as error:
        if any(isinstance(cause, ImportError) for cause in error_chain(error)):
            check_importable(node)
        raise UserError(explain_part(node, error)) from error


def explain_part(node: Any, error: InstantiationException) -> str:
    """One sentence about a part that could not be built: its own if it has one."""
    chain = list(error_chain(error))
    sentences = [str(cause) for cause in chain if isinstance(cause, UserError)]
    name = str(node.get("_target_", "a part")).rpartition(".")[2]
    key = str(getattr(error, "full_key", "")) or name
    cause = " ".join(str(chain[-1]).split()).rstrip(".")
    return [*sentences, f"the options of {key} do not work ({cause}): --cfg job prints them."][0]


def check_importable(node: Any) -> None:
    """Refuse a part that cannot be imported, such as one of the user's own in another folder.

    Raises:
        UserError: If it cannot be.
    """
    target = str(node["_target_"])
    try:
        get_object(target)
    except Exception as error:  # whatever a user's module raises when it is imported
        cause = list(error_chain(error))[-1]
        raise UserError(
            f"{target} cannot be imported ({' '.join(str(cause).split())}): type the command in "
            f"the folder that holds {target.partition('.')[0]}.py, or install it."
        ) from error


def error_chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
