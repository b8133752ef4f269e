from functools import singledispatch

from pytorch_lightning.loggers import Logger, WandbLogger

from ganzoo.error import UserError


@singledispatch
def log_in(logger: Logger) -> None:
    """Reach a tracker's server, if it has one, before training starts.

    Args:
        logger: The tracker.

    Raises:
        UserError: If it cannot be reached, or does not know who we are.
    """


@log_in.register
def _(logger: WandbLogger) -> None:
    try:
        _ = logger.experiment
    except Exception as problem:  # of W&B's own kinds, which are there only where W&B is
        raise UserError(
            f"logger=wandb cannot begin ({' '.join(str(problem).split())}): type `wandb login` in "
            "the shell, or logger.wandb.offline=true."
        ) from problem
