from functools import singledispatch

from pytorch_lightning.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger

from ganzoo.error import UserError
from ganzoo.logger.csv import CSVLogger


@singledispatch
def go_on(logger: Logger, step: int, name: str | None) -> None:
    """Let a tracker go on after a step, without what was logged later where it can forget that.

    Args:
        logger: The tracker, before it has been written to.
        step: Generator steps of the checkpoint.
        name: What the tracker calls the run, by ``name_of``.
    """


@go_on.register
def _(logger: CSVLogger, step: int, name: str | None) -> None:
    logger.last = step


@go_on.register
def _(logger: TensorBoardLogger, step: int, name: str | None) -> None:
    logger._kwargs["purge_step"] = step + 1


@go_on.register
def _(logger: MLFlowLogger, step: int, name: str | None) -> None:
    logger._run_id = name


@go_on.register
def _(logger: WandbLogger, step: int, name: str | None) -> None:
    logger._id = logger._wandb_init["id"] = name


@singledispatch
def name_of(logger: Logger) -> str | None:
    """Begin or go on in a tracker, and tell what it calls the run; None if it needs no name for it.

    Raises:
        UserError: If the tracker cannot be reached.
    """
    return None


@name_of.register
def _(logger: MLFlowLogger) -> str | None:
    try:
        return logger.run_id
    except Exception as error:  # of whatever store the address stands for
        raise UserError(
            f"logger=mlflow cannot write to {logger._tracking_uri} ({in_a_line(error)}): type "
            "logger.mlflow.tracking_uri=sqlite:///mlflow.db, or leave mlflow out of logger=[…]."
        ) from error


@name_of.register
def _(logger: WandbLogger) -> str | None:
    try:
        return str(logger.experiment.id)
    except Exception as error:  # no login, no network, …
        raise UserError(
            f"logger=wandb cannot begin ({in_a_line(error)}): type wandb login once, or "
            "logger.wandb.offline=true to send the run later by wandb sync."
        ) from error


@singledispatch
def leave(logger: Logger) -> None:
    """Let a tracker keep what it was told, and the next run of this process have one of its own."""


@leave.register
def _(logger: WandbLogger) -> None:
    logger.experiment.finish()


def in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".")
