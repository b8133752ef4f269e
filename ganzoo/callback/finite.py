from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from ganzoo.error import NotFinite
from ganzoo.game import Game


class Finite(Callback):
    """Stops a run at the first step whose losses or scores are not finite.

    Args:
        folder: The run's folder, whose last checkpoint was written before.

    Raises:
        NotFinite: Then, naming the step, the player and the term.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, Game)
        curves = pl_module.curves
        finite = bool(torch.stack([each.float() for each in curves.values()]).isfinite().all())
        # Processes see losses of their own, and stop together or wait for each other for ever.
        if trainer.strategy.reduce_boolean_decision(finite):
            return
        first = next((name for name, value in curves.items() if not value.isfinite()), None)
        if first is None:
            raise NotFinite("another process met a loss that is not finite: see its message.")
        player, _, term = first.partition("/")
        raise NotFinite(
            f"the {player}'s {term} is {float(curves[first])} at generator step "
            f"{trainer.global_step} (checkpoints up to there are in {self.folder}): lower "
            "optimizer.discriminator.lr and optimizer.generator.lr, or add r1 to loss=[…]."
        )
