import csv
import warnings
from functools import singledispatch
from math import inf
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
    text = path.read_text(errors="replace") if path.exists() else ""
    rows = list(csv.DictReader(text.splitlines()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file that opening removes is written again
        writer = logger.experiment
    writer.metrics = [
        {key: value for key, value in row.items() if value} for row in rows if step_of(row) <= step
    ]
    writer.save()


@go_on.register
def _(logger: TensorBoardLogger, step: int) -> None:
    logger._kwargs["purge_step"] = step + 1


def step_of(row: dict[str, str]) -> float:
    """The generator step of a line; infinite for one that is torn."""
    try:
        return float(row["step"])
    except (KeyError, TypeError, ValueError):
        return inf
