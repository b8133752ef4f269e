from pathlib import Path

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint


class Last(ModelCheckpoint):
    """Keeps the run as it was at the last validation, in ``last.ckpt``.

    Args:
        dirpath: Folder of the checkpoint.
    """

    def __init__(self, dirpath: str | Path) -> None:
        super().__init__(
            dirpath, filename="last", enable_version_counter=False, save_on_train_epoch_end=False
        )


class Best(ModelCheckpoint):
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
