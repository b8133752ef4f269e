"""The format of checkpoints and exported models, and how an older one is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.error import UserError

FORMAT = 3
RESUMABLE = 2  # the oldest whose runs continue to what an uninterrupted run reaches
# Options that a network has had since format 2, at the values that say what it was before.
FORMAT_1 = {"unit_norm": False, "discriminator_norm": True}
# A network that has shared its name with the game until format 3.
FORMAT_2 = {"ganzoo.network.DCGAN": "ganzoo.network.ConvNet"}


def upgrade(settings: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The settings of a model in the present format.

    Args:
        settings: What its file says, in this format or an older one.
        path: The file.

    Raises:
        UserError: If the file comes from a later version of ganzoo.
    """
    found, model = check_format(settings, path), settings.get("model")
    if found == FORMAT:
        return dict(settings)
    # A run's file holds the group of its name too, which the model refers to.
    parts = {"model": upgrade_network(model, found)} if isinstance(model, dict) else {}
    return {**upgrade_network(settings, found), **parts, "format": FORMAT}


def upgrade_network(settings: Mapping[str, Any], found: int) -> dict[str, Any]:
    """Settings of an older format with the network among them as it is described now."""
    network = settings.get("network")
    if not isinstance(network, dict):  # which is refused where it is built
        return dict(settings)
    former = str(network.get("_target_"))
    missing = FORMAT_1 if found == 1 and former in FORMAT_2 else {}
    present = {**missing, **network, "_target_": FORMAT_2.get(former, former)}
    return {**settings, "network": present}


def check_resumable(settings: Mapping[str, Any], path: Path) -> None:
    """Refuse to continue a run that another format's code began, and that this one cannot repeat.

    Raises:
        UserError: If one did.
    """
    if check_format(settings, path) < RESUMABLE:
        raise UserError(
            f"{path} is of an older format, and a continued run would not equal an uninterrupted "
            "one: begin a new run; ganzoo sample, evaluate and export still read this one."
        )


def check_format(settings: Mapping[str, Any], path: Path) -> int:
    found = settings.get("format", 1)
    if not isinstance(found, int) or not 1 <= found <= FORMAT:
        raise UserError(
            f"{path} has format {found}, and this version of ganzoo reads formats 1 to {FORMAT}: "
            "install a newer version."
        )
    return found
