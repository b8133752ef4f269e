"""The format of checkpoints and exported models, and how an older one is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.error import UserError

FORMAT = 2
# Options that networks have had since format 2, at the values that say what they were before.
FORMAT_1 = {"ganzoo.network.DCGAN": {"unit_norm": False, "discriminator_norm": True}}


def upgrade(settings: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The settings of a model in the present format.

    Args:
        settings: What its file says, in this format or an older one.
        path: The file.

    Raises:
        UserError: If the file comes from a later version of ganzoo.
    """
    found = check_format(settings, path)
    if found == FORMAT:
        return dict(settings)
    network = settings["model"].get("network")
    if not isinstance(network, dict):
        raise UserError(f"{path} describes no network: get the file again.")
    missing = FORMAT_1.get(str(network.get("_target_")), {})
    model = {**settings["model"], "network": {**missing, **network}}
    return {**settings, "model": model, "format": FORMAT}


def check_resumable(settings: Mapping[str, Any], path: Path) -> None:
    """Refuse to continue a run that another format's code began.

    Raises:
        UserError: If one did.
    """
    if check_format(settings, path) != FORMAT:
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
