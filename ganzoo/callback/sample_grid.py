from pathlib import Path

from pytorch_lightning import Callback, LightningModule, Trainer

from ganzoo import picture
from ganzoo.game import Game
from ganzoo.logger import show

FILM = "training.gif"


class SampleGrid(Callback):
    """Saves what the generator makes of the same noise and conditions after every validation.

    At the end the pictures become a film of the training, ``training.gif``.

    Classes stand in columns for CGAN; for InfoGAN each row varies one factor of the code.

    Args:
        folder: Where ``step_000100.png`` and so on go.
        rows: Of the grid.
        columns: Of the grid.
        seed: Of the noise.
    """

    def __init__(self, folder: str | Path, rows: int = 8, columns: int = 10, seed: int = 0) -> None:
        self.folder, self.rows, self.columns, self.seed = Path(folder), rows, columns, seed

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.is_global_zero or not isinstance(pl_module, Game):
            return
        samples = pl_module.showcase(self.rows, self.columns, self.seed)
        drawn = picture.picture_of(samples, self.columns)
        picture.save(drawn, self.folder / f"step_{trainer.global_step:06d}.png")
        for logger in trainer.loggers:
            show(logger, "samples", drawn, trainer.global_step)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        pictures = sorted(self.folder.glob("step_*.png"))
        if trainer.is_global_zero and pictures:
            kept = pictures[:: max(1, len(pictures) // 60)]
            picture.save_animation([picture.read(each) for each in kept], self.folder / FILM)
