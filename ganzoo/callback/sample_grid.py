from contextlib import suppress
from os import PathLike

from pytorch_lightning import Callback, LightningModule, Trainer

from ganzoo import picture
from ganzoo.error import UserError
from ganzoo.game import Game
from ganzoo.logger import show
from ganzoo.runs import RunFolder

FILM = "training.gif"
MOST = 200  # pictures that are kept


class SampleGrid(Callback):
    """Saves what the generator makes of the same noise and conditions after every validation.

    At the end the pictures become a film of the training, ``training.gif``. Of a long run every
    second one is kept, then every fourth and so on, at most 200 and the newest.

    Classes stand in columns for CGAN; for InfoGAN each row varies one factor of the code.

    Args:
        folder: The run's folder; ``step_000100.png`` and so on go to ``samples/`` in it.
        rows: Of the grid.
        columns: Of the grid.
        seed: Of the noise.

    Raises:
        UserError: If the grid has no cell.
    """

    def __init__(
        self, folder: str | PathLike[str], rows: int = 8, columns: int = 10, seed: int = 0
    ) -> None:
        if min(rows, columns) < 1:
            raise UserError(
                "callback.sample_grid needs at least 1 row and 1 column, got "
                f"rows={rows} and columns={columns}: the default is 8 and 10."
            )
        self.folder = RunFolder(folder).samples
        self.rows, self.columns, self.seed = rows, columns, seed

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.is_global_zero or not isinstance(pl_module, Game):
            return
        samples = pl_module.showcase(self.rows, self.columns, self.seed)
        grid = picture.draw_samples(samples, self.columns)
        picture.save_image(grid, self.folder / f"step_{trainer.global_step:06d}.png")
        every = int(trainer.val_check_batch or 1)
        kept = picture.picture_interval(trainer.global_step, every, MOST)
        if trainer.global_step % kept == 0:  # a tracker's pictures cannot be given up later
            for logger in trainer.loggers:
                show(logger, "samples", grid, trainer.global_step)
        if kept > every:
            self.prune(kept, trainer.global_step)

    def prune(self, kept: int, newest: int) -> None:
        """Remove pictures but those of every so many steps and the newest."""
        for path in self.folder.glob("step_*.png"):
            step = int(path.stem.removeprefix("step_"))
            if step % kept and step != newest:
                path.unlink()

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        pictures = sorted(self.folder.glob("step_*.png"))
        if trainer.is_global_zero and pictures:
            frames = []
            for each in pictures[:: max(1, len(pictures) // 60)]:
                with suppress(*picture.DECODING_ERRORS):  # a picture that was damaged since
                    frames.append(picture.read_image(each))
            picture.save_animation(frames, self.folder / FILM)
