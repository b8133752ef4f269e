from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins import TorchCheckpointIO
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint, ModelCheckpoint

from ganzoo.callback.stage import validates_training
from ganzoo.error import refuse_if
from ganzoo.files import write_bytes
from ganzoo.runs import RunFolder


class AtomicCheckpointIO(TorchCheckpointIO):
    """Replaces a checkpoint only once the new one is complete.

    Lightning writes into the system's temporary folder, and moving the file from there to another
    disk can be cut off half-way.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint.

        Raises:
            OSError: If it cannot be written; the previous checkpoint stays.
        """
        content = BytesIO()
        torch.save(checkpoint, content)
        write_bytes(Path(path), content.getvalue())

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Read weights and plain values; raises UnpicklingError if the file holds anything else."""
        return super().load_checkpoint(path, map_location, weights_only=True)


class RelocatableCheckpoint(ModelCheckpoint):
    """Saves to one file, wherever the run's folder lies now.

    Paths in a loaded checkpoint are ignored: Lightning removes the file that it takes for the
    previous checkpoint, and the path could name any file.

    Args:
        path: The checkpoint's file.
        monitor: Name of the score by which it is chosen; None keeps the newest.
    """

    def __init__(self, path: Path, monitor: str | None) -> None:
        super().__init__(
            path.parent,
            filename=path.stem,
            monitor=monitor,
            enable_version_counter=False,
            save_on_train_epoch_end=False,
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        own = f"{self.dirpath}/{self.filename}.ckpt"
        remembered = ("best_model_path", "kth_best_model_path", "last_model_path")
        paths = {name: own if state_dict[name] else "" for name in remembered}
        scores = zip([own], state_dict["best_k_models"].values(), strict=False)
        place = {"dirpath": self.dirpath, "best_k_models": dict(scores)}
        super().load_state_dict({**state_dict, **paths, **place})
        self.current_score = state_dict["current_score"]  # Lightning saves it and forgets it


class LastCheckpoint(RelocatableCheckpoint):
    """Saves the run at every validation and at the end, in ``last.ckpt``.

    Args:
        folder: The run's folder; the checkpoint goes to ``checkpoints/`` in it.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        super().__init__(RunFolder(folder).last, monitor=None)
        self.folder = folder

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Without validation, or after one that saved nothing, the model would be lost.
        if self._last_global_step_saved != trainer.global_step:
            trainer.save_checkpoint(RunFolder(self.folder).last)


class BestCheckpoint(RelocatableCheckpoint):
    """Saves the run when the monitored score is lowest so far, in ``best.ckpt``.

    Args:
        folder: The run's folder; the checkpoint goes to ``checkpoints/`` in it.
        monitor: Name of the score, such as ``val/fid``; None keeps the last validation's.
    """

    def __init__(self, folder: str | PathLike[str], monitor: str | None) -> None:
        super().__init__(RunFolder(folder).best, monitor)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.monitor is None or self.monitor in trainer.callback_metrics:
            super().on_validation_end(trainer, pl_module)


class PeriodicCheckpoint(Checkpoint):
    """Saves the run every so many steps, in ``step_001000.ckpt``, and keeps the newest few.

    Args:
        folder: The run's folder; the checkpoints go to ``checkpoints/`` in it.
        every: Generator steps between checkpoints, a multiple of ``val_every``, because a
            checkpoint follows a validation. None saves none.
        keep: Checkpoints to keep.

    Raises:
        UserError: If ``every`` or ``keep`` is below 1.
    """

    def __init__(
        self, folder: str | PathLike[str], every: int | None = None, keep: int = 5
    ) -> None:
        refuse_if(
            keep < 1 or (every is not None and every < 1),
            "callback.every_checkpoint keeps at least 1 checkpoint, each after 1 step or more, "
            f"got keep={keep} and every={every}: type callback.every_checkpoint.every=1000, or "
            "null for none.",
        )
        self.folder, self.every, self.keep = RunFolder(folder).checkpoints, every, keep

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not (self.every and validates_training(trainer)) or trainer.global_step % self.every:
            return
        trainer.save_checkpoint(self.folder / f"step_{trainer.global_step:06d}.ckpt")
        if trainer.is_global_zero:
            for old in sorted(self.folder.glob("step_*.ckpt"), key=step_of_checkpoint)[
                : -self.keep
            ]:
                old.unlink()


def step_of_checkpoint(path: Path) -> int:
    """The step in the name of a file such as ``step_001000.ckpt``."""
    return int(path.stem.partition("_")[2])
