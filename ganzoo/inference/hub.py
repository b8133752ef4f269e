"""Models on the Hugging Face Hub (``pip install 'ganzoo-lightning[hub]'``)."""

import json
from pathlib import Path
from typing import Any

from huggingface_hub import ModelHubMixin, snapshot_download
from typing_extensions import Self

from ganzoo.inference.find import CONFIG_NAME
from ganzoo.inference.folder import write_folder
from ganzoo.inference.load import load_players
from ganzoo.players import Players


class Pretrained(Players, ModelHubMixin, library_name="ganzoo", license="mit", tags=["gan"]):
    """Players that are downloaded from the Hugging Face Hub and uploaded to it.

    ``Pretrained.from_pretrained("user/name")`` takes a repository, or a folder that
    ``ganzoo export`` wrote. ``push_to_hub("user/name")`` uploads the present weights with the card.
    """

    model_config: dict[str, Any]

    def _save_pretrained(self, save_directory: Path) -> None:
        write_folder(save_directory, self.state_dict(), self.model_config)

    @classmethod
    def _from_pretrained(cls, *, model_id: str, **download_options: Any) -> Self:
        folder = Path(model_id)
        if not folder.is_dir():
            folder = Path(snapshot_download(model_id, **download_options))
        players = load_players(folder, cls)
        players.model_config = json.loads((folder / CONFIG_NAME).read_text())
        return players
