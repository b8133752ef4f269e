"""Reading a checkpoint without Lightning, whose import takes seconds."""

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import torch

from ganzoo.error import UserError


def read_lightning_checkpoint(path: Path) -> dict[str, Any]:
    """Read tensors and plain values, and nothing that could run code.

    Raises:
        UserError: If the file is damaged, or holds anything else.
    """
    try:
        with ZipFile(path) as archive:
            if damaged := archive.testzip():  # torch does not look at the checksums
                raise ValueError(f"the checksum of {damaged} is wrong")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever the bytes lead it to
        raise UserError(
            f"{path} cannot be read as a checkpoint: it is damaged, or holds more than weights and "
            "plain values. Give another, such as the newest one beside it."
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{path} is not a checkpoint of ganzoo: it holds no weights by name.")
    return content
