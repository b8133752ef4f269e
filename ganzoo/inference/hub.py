"""Models on the Hugging Face Hub (``pip install 'ganzoo-lightning[hub]'``)."""

import json
from pathlib import Path
from typing import Any

from huggingface_hub import ModelHubMixin, snapshot_download
from typing_extensions import Self

from ganzoo.inference.checkpoint import CONFIG
from ganzoo.inference.export import save
from ganzoo.inference.load import load_as
from ganzoo.players import Players


class Pretrained(Players, ModelHubMixin, library_name="ganzoo", license="mit", tags=["gan"]):
    """Players that come from the Hugging Face Hub, and go there.

    ``Pretrained.from_pretrained("user/name")`` takes a repository, or a folder that
    ``ganzoo export`` wrote; ``push_to_hub("user/name")`` uploads the weights as they are now, with
    the card.
    """

    told: dict[str, Any]

    def _save_pretrained(self, save_directory: Path) -> None:
        save(self.state_dict(), self.told, save_directory)

    @classmethod
    def _from_pretrained(cls, *, model_id: str, **access: Any) -> Self:
        folder = Path(model_id)
        if not folder.is_dir():
            folder = Path(snapshot_download(model_id, **access))
        players = load_as(folder, cls)
        players.told = json.loads((folder / CONFIG).read_text())
        return players
