from contextlib import suppress
from os import PathLike

from pytorch_lightning import Callback, LightningModule, Trainer

from ganzoo import picture
from ganzoo.error import refuse_if
from ganzoo.game import Game
from ganzoo.logger import log_image
from ganzoo.runs import RunFolder

ANIMATION = "training.gif"
MAX_GRIDS = 200  # that are kept


class SampleGrid(Callback):
    """Saves a grid of samples of the same noise and conditions after every validation.

    At the end the grids become an animation, ``training.gif``. A long run keeps every second grid,
    then every fourth and so on: at most 200 and the newest.

    Columns are classes for CGAN; for InfoGAN each row varies one factor of the code.

    Args:
        folder: The run's folder; ``step_000100.png`` and so on go to ``samples/`` in it.
        rows: Rows of the grid.
        columns: Columns of the grid.
        seed: Seed of the noise.

    Raises:
        UserError: If the grid has no cell.
    """

    def __init__(
        self, folder: str | PathLike[str], rows: int = 8, columns: int = 10, seed: int = 0
    ) -> None:
        refuse_if(
            min(rows, columns) < 1,
            "callback.sample_grid needs at least 1 row and 1 column, got "
            f"rows={rows} and columns={columns}: the default is 8 and 10.",
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
        kept = picture.picture_interval(trainer.global_step, every, MAX_GRIDS)
        if trainer.global_step % kept == 0:  # a tracker cannot remove images later
            for logger in trainer.loggers:
                log_image(logger, "samples", grid, trainer.global_step)
        if kept > every:
            self.remove_grids(kept, trainer.global_step)

    def remove_grids(self, kept: int, newest: int) -> None:
        """Remove grids, except the newest and those of every so many steps."""
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
            picture.save_animation(frames, self.folder / ANIMATION)
