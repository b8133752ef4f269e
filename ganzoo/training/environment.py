"""The machine and the versions that a run used, for its files and for bug reports."""

import os
import platform
import shutil
import subprocess
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from ganzoo import __version__
from ganzoo.files import default_cache_dir
from ganzoo.settings.compose import CONF, PACKAGE

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "torchmetrics", "hydra-core", "numpy")


def describe_environment() -> dict[str, str]:
    """Versions, the commit of a checkout, the date, the machine, and torch's device."""
    return {
        "ganzoo": __version__,
        "commit": git_commit(),
        "date": date.today().isoformat(),
        "python": platform.python_version(),
        **{name: package_version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU",
        "threads": str(torch.get_num_threads()),
    }


def describe_folders(data_root: Path) -> dict[str, str]:
    """The folders that ganzoo reads and writes, and whether it can.

    Args:
        data_root: The folder of ``data.root``.
    """
    runs, cache = Path.cwd() / "runs", default_cache_dir()
    weights = Path(torch.hub.get_dir()) / "checkpoints"
    return {
        "configuration": str(CONF),
        "data": f"{data_root.resolve()}: {list_folder(data_root)}",
        "runs": f"{runs}: {describe_access(runs)}",
        "cached features": f"{cache}: {describe_access(cache)}",
        "Inception weights": f"{weights}: {list_folder(weights)}",
    }


def list_folder(folder: Path) -> str:
    """The first names in a folder."""
    if not folder.is_dir():
        return "no such folder"
    return ", ".join(sorted(path.name for path in folder.iterdir())[:10]) or "empty"


def describe_access(folder: Path) -> str:
    """Whether a folder can be written, or made, and how much space is free."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    access = "can be written" if os.access(existing, os.W_OK) else "cannot be written"
    return f"{access}, {shutil.disk_usage(existing).free / 1e9:.1f} GB free"


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
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:  # a checkout in a container without git
        return "none"
    return result.stdout.strip() or "none"
