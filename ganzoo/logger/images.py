from collections.abc import Sequence
from functools import singledispatch
from pathlib import Path

from pytorch_lightning.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from torch import Tensor

from ganzoo.picture import read_image


@singledispatch
def log_image(logger: Logger, name: str, picture: Tensor, step: int) -> None:
    """Log an image to an experiment tracker; trackers without images, like CSV, ignore it.

    Args:
        logger: The tracker.
        name: The image's name in the tracker.
        picture: (3, H, W) uint8.
        step: Generator steps so far.
    """


@log_image.register
def _(logger: TensorBoardLogger, name: str, picture: Tensor, step: int) -> None:
    logger.experiment.add_image(name, picture, step)


@log_image.register
def _(logger: WandbLogger, name: str, picture: Tensor, step: int) -> None:
    # W&B's own step counts all calls and cannot decrease, so the generator step is a column.
    logger.log_image(name, [picture.permute(1, 2, 0).cpu().numpy()])


@log_image.register
def _(logger: MLFlowLogger, name: str, picture: Tensor, step: int) -> None:
    pixels = picture.permute(1, 2, 0).cpu().numpy()
    logger.experiment.log_image(logger.run_id, pixels, f"{name}/step_{step:06d}.png")


def log_figures(loggers: Sequence[Logger], folder: Path, step: int) -> None:
    """Log every PNG of a folder to the trackers, under the name of its file."""
    for path in sorted(folder.glob("*.png")):
        image = read_image(path)
        for logger in loggers:
            log_image(logger, path.stem, image, step)
    for logger in loggers:
        logger.save()
