from collections.abc import Sequence
from functools import singledispatch
from pathlib import Path

from pytorch_lightning.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from torch import Tensor

from ganzoo.picture import read_image


@singledispatch
def show(logger: Logger, name: str, picture: Tensor, step: int) -> None:
    """Show a picture in an experiment tracker; one that holds no pictures, like CSV, shows none.

    Args:
        logger: The tracker.
        name: Under which name.
        picture: (3, H, W) uint8.
        step: Generator steps so far.
    """


@show.register
def _(logger: TensorBoardLogger, name: str, picture: Tensor, step: int) -> None:
    logger.experiment.add_image(name, picture, step)


@show.register
def _(logger: WandbLogger, name: str, picture: Tensor, step: int) -> None:
    # W&B keeps one step for a whole run and refuses to go back, so the step is a column here.
    logger.log_image(name, [picture.permute(1, 2, 0).cpu().numpy()])


@show.register
def _(logger: MLFlowLogger, name: str, picture: Tensor, step: int) -> None:
    pixels = picture.permute(1, 2, 0).cpu().numpy()
    logger.experiment.log_image(logger.run_id, pixels, f"{name}/step_{step:06d}.png")


def show_figures(loggers: Sequence[Logger], folder: Path, step: int) -> None:
    """Show trackers every PNG of a folder under the name of its file."""
    for path in sorted(folder.glob("*.png")):
        image = read_image(path)
        for logger in loggers:
            show(logger, path.stem, image, step)
    for logger in loggers:
        logger.save()
