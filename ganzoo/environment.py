"""Where a run took place: what a report, or a bug report, needs to know."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version

import torch

from ganzoo import __version__
from ganzoo.config import PACKAGE

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "torchmetrics", "hydra-core", "numpy")


def environment() -> dict[str, str]:
    """Versions, the commit of a checkout, the machine and what torch computes with."""
    return {
        "ganzoo": __version__,
        "commit": commit(),
        "python": platform.python_version(),
        **{name: installed(name) for name in PACKAGES},
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU",
        "threads": str(torch.get_num_threads()),
    }


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def commit() -> str:
    """The checkout's commit; "none" for an installed package."""
    if not (PACKAGE.parent / ".git").exists():
        return "none"
    command = ["git", "-C", str(PACKAGE.parent), "rev-parse", "HEAD"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "none"
