import csv
import warnings
from functools import singledispatch
from pathlib import Path

from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger


@singledispatch
def go_on(logger: Logger, step: int) -> None:
    """Let a tracker go on after a step, without what was logged later; some need nothing for it.

    Args:
        logger: The tracker, before it has been written to.
        step: Generator steps of the checkpoint.
    """


@go_on.register
def _(logger: CSVLogger, step: int) -> None:
    path = Path(logger.log_dir) / "metrics.csv"
    rows = list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file that opening removes is written again
        writer = logger.experiment
    writer.metrics = [
        {key: value for key, value in row.items() if value}
        for row in rows
        if row["step"] and float(row["step"]) <= step  # a torn last line has none
    ]
    writer.save()


@go_on.register
def _(logger: TensorBoardLogger, step: int) -> None:
    logger._kwargs["purge_step"] = step + 1
