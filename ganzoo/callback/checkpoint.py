from pathlib import Path
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint


class Movable(ModelCheckpoint):
    """Keeps what it knows of its files when the run's folder has been moved."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(moved(state_dict, str(state_dict["dirpath"]), str(self.dirpath)))


def moved(value: Any, old: str, new: str) -> Any:
    """The same with another folder at the beginning of every path."""
    if isinstance(value, dict):
        return {moved(key, old, new): moved(each, old, new) for key, each in value.items()}
    return new + value[len(old) :] if isinstance(value, str) and value.startswith(old) else value


class Last(Movable):
    """Keeps the run as it was at the last validation, in ``last.ckpt``.

    Args:
        dirpath: Folder of the checkpoint.
    """

    def __init__(self, dirpath: str | Path) -> None:
        super().__init__(
            dirpath, filename="last", enable_version_counter=False, save_on_train_epoch_end=False
        )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # A run that is killed goes on from here: what was logged until here must be on disk.
        for logger in trainer.loggers:
            logger.save()
        super().on_validation_end(trainer, pl_module)


class Best(Movable):
    """Keeps the run as it was when the monitored score was lowest, in ``best.ckpt``.

    Args:
        dirpath: Folder of the checkpoint.
        monitor: Name of the score, such as ``val/fid``; None keeps the last validation's.
    """

    def __init__(self, dirpath: str | Path, monitor: str | None) -> None:
        super().__init__(
            dirpath,
            filename="best",
            monitor=monitor,
            enable_version_counter=False,
            save_on_train_epoch_end=False,
        )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.monitor is None or self.monitor in trainer.callback_metrics:
            super().on_validation_end(trainer, pl_module)
