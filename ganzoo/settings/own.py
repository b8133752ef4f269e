"""Parts outside the package: yamls in a folder of the user's, modules beside the command."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig


def import_from_here() -> None:
    """Make modules in the working folder importable, after everything that is installed."""
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())


def split_flags(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Divide a command for Hydra into its flags, such as ``--config-dir DIR``, and its overrides.

    argparse takes overrides in one piece only; here they may stand on both sides of a flag.
    """
    overrides = get_args_parser().parse_intermixed_args(list(words)).overrides
    return [word for word in words if word not in overrides], overrides


def names_own_parts(flags: Sequence[str], overrides: Iterable[str]) -> bool:
    """Whether a command asks for parts outside the package."""
    trusting = any("_target_" in word or word.startswith("trust=") for word in overrides)
    return bool(config_dirs(flags)) or trusting


def config_dirs(flags: Sequence[str]) -> list[Path]:
    """The folder of yamls that a command adds by ``--config-dir``, if it does."""
    folder = get_args_parser().parse_intermixed_args(list(flags)).config_dir
    return [Path(folder).absolute()] if folder else []


def running_config_dirs() -> list[Path]:
    """The folder of yamls that the command of the running job added, if it did."""
    if not HydraConfig.initialized():
        return []
    sources = HydraConfig.get().runtime.config_sources
    return [Path(source.path) for source in sources if source.provider == "command-line"]
