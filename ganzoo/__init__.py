"""ganzoo: a GAN model zoo on PyTorch Lightning."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.inference.find import list_models
    from ganzoo.inference.load import load
    from ganzoo.model import (
        ACGAN,
        CGAN,
        DCGAN,
        GAN,
        LSGAN,
        PDGAN,
        R3GAN,
        SAGAN,
        SNGAN,
        WGAN,
        WGANGP,
        BigGAN,
        InfoGAN,
        StyleGAN2,
        UnrolledGAN,
    )

__version__ = "0.1.0"
__all__ = [
    "ACGAN",
    "CGAN",
    "DCGAN",
    "GAN",
    "LSGAN",
    "PDGAN",
    "R3GAN",
    "SAGAN",
    "SNGAN",
    "WGAN",
    "WGANGP",
    "BigGAN",
    "InfoGAN",
    "StyleGAN2",
    "UnrolledGAN",
    "list_models",
    "load",
]


def __getattr__(name: str) -> Any:
    """Import a public name, and torch with it, when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'ganzoo' has no attribute {name!r}")
    homes = {"list_models": "ganzoo.inference.find", "load": "ganzoo.inference.load"}
    return getattr(import_module(homes.get(name, "ganzoo.model")), name)


def __dir__() -> list[str]:
    """The public names, imported or not."""
    return sorted([*__all__, "__version__"])
