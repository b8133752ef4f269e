from functools import singledispatch
from itertools import chain
from pathlib import Path

from pytorch_lightning.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger

from ganzoo.error import UserError
from ganzoo.files import replacing
from ganzoo.logger.csv import CSVLogger


@singledispatch
def continue_logger(logger: Logger, step: int, name: str | None) -> None:
    """Continue a run in a logger after a step, and drop later values if the logger can.

    Args:
        logger: The logger, before it has logged anything.
        step: Generator steps of the checkpoint.
        name: The logger's name of the run, from ``run_id``.
    """


@continue_logger.register
def _(logger: CSVLogger, step: int, name: str | None) -> None:
    logger.last = step


@continue_logger.register
def _(logger: TensorBoardLogger, step: int, name: str | None) -> None:
    keep_events(Path(logger.log_dir), step)


@continue_logger.register
def _(logger: MLFlowLogger, step: int, name: str | None) -> None:
    logger._run_id = name


@continue_logger.register
def _(logger: WandbLogger, step: int, name: str | None) -> None:
    logger._id = logger._wandb_init["id"] = name


def keep_events(folder: Path, step: int) -> None:
    """Rewrite TensorBoard's files as one that ends at a step and is read before later ones."""
    # Half a second, which only who continues a run waits.
    from tensorboard.backend.event_processing.event_file_loader import (  # noqa: PLC0415
        RawEventFileLoader,
    )
    from tensorboard.compat.proto import event_pb2  # noqa: PLC0415
    from tensorboard.summary.writer.record_writer import RecordWriter  # noqa: PLC0415

    files = sorted(folder.glob("events.out.tfevents.*"))
    records = chain.from_iterable(RawEventFileLoader(str(path)).Load() for path in files)
    events = [(event_pb2.Event.FromString(record), record) for record in records]
    kept = [
        record
        for number, (event, record) in enumerate(events)
        if event.step <= step and not (number and event.file_version)  # each file begins with one
    ]
    history = folder / "events.out.tfevents.0"  # others have the time in its place
    if kept:
        with replacing(history) as temporary, temporary.open("wb") as file:
            for record in kept:
                RecordWriter(file).write(record)
    for path in set(files) - {history}:
        path.unlink()


@singledispatch
def run_id(logger: Logger) -> str | None:
    """Open a logger, and return its name of the run; None if it needs none.

    Raises:
        UserError: If the logger cannot be reached.
    """
    return None


@run_id.register
def _(logger: MLFlowLogger) -> str | None:
    try:
        return logger.run_id
    except Exception as error:  # of whatever store the address stands for
        raise UserError(
            f"logger=mlflow cannot write to {logger._tracking_uri} ({one_line(error)}): type "
            "logger.mlflow.tracking_uri=sqlite:///mlflow.db, or leave mlflow out of logger=[…]."
        ) from error


@run_id.register
def _(logger: WandbLogger) -> str | None:
    try:
        return str(logger.experiment.id)
    except Exception as error:  # no login, no network, …
        raise UserError(
            f"logger=wandb cannot start a run ({one_line(error)}): type wandb login once, or "
            "logger.wandb.offline=true to send the run later by wandb sync."
        ) from error


@singledispatch
def close_logger(logger: Logger) -> None:
    """Finish a run in a logger, so that the next run of this process gets its own."""


@close_logger.register
def _(logger: WandbLogger) -> None:
    logger.experiment.finish()


def one_line(error: Exception) -> str:
    """The message of an error in one line of at most 200 characters."""
    return " ".join(str(error).split())[:200].rstrip(".")
