"""Where a run took place: what a report, or a bug report, needs to know."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from ganzoo import __version__
from ganzoo.files import default_cache_dir
from ganzoo.settings.compose import CONF, PACKAGE

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "torchmetrics", "hydra-core", "numpy")


def describe_environment() -> dict[str, str]:
    """Versions, the commit of a checkout, the machine and what torch computes with."""
    return {
        "ganzoo": __version__,
        "commit": git_commit(),
        "python": platform.python_version(),
        **{name: package_version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU",
        "threads": str(torch.get_num_threads()),
    }


def describe_folders(data_root: Path) -> dict[str, str]:
    """Where ganzoo reads and writes, and whether it can.

    Args:
        data_root: What ``data.root`` would be.
    """
    here, cache, hub = Path.cwd(), default_cache_dir(), Path(torch.hub.get_dir()) / "checkpoints"
    return {
        "configuration": str(CONF),
        "data": f"{data_root.resolve()}: {list_folder(data_root)}",
        "runs go to": f"{here / 'runs'}: {describe_access(here / 'runs')}",
        "features are kept in": f"{cache}: {describe_access(cache)}",
        "Inception weights": f"{hub}: {list_folder(hub)}",
    }


def list_folder(folder: Path) -> str:
    """What a folder holds, in a word."""
    if not folder.is_dir():
        return "not there"
    return ", ".join(sorted(path.name for path in folder.iterdir())[:10]) or "empty"


def describe_access(folder: Path) -> str:
    """Whether files can be written there, or where the folder would be made, and the free space."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    may = "can be written" if os.access(there, os.W_OK) else "cannot be written"
    return f"{may}, {shutil.disk_usage(there).free / 1e9:.1f} GB free"


def package_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def git_commit() -> str:
    """The checkout's commit; "none" for an installed package."""
    if not (PACKAGE.parent / ".git").exists():
        return "none"
    command = ["git", "-C", str(PACKAGE.parent), "rev-parse", "HEAD"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:  # a checkout in a container without git
        return "none"
    return told.stdout.strip() or "none"
