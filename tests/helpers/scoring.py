"""A module, data and a fit of a few steps, whose scores are known."""

import math
from pathlib import Path

import torch
from pytorch_lightning import LightningDataModule, LightningModule
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ganzoo.callback.scores import Scores
from ganzoo.metric import PointsExtractor
from tests.helpers.games import quiet_trainer

N_VAL = 50
REAL = torch.randn(N_VAL, 2, generator=torch.Generator().manual_seed(0))


class Counting(PointsExtractor):
    """Remembers what it was asked."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale
        self.seen: list[Tensor] = []

    def extra_repr(self) -> str:
        return f"scale={self.scale}"

    def features(self, network: nn.Module, samples: Tensor) -> Tensor:
        self.seen.append(samples)
        return samples * self.scale

    @property
    def n_real(self) -> int:
        return sum(len(batch) for batch in self.seen if not (batch > 50).all())


class Data(LightningDataModule):
    n_val = N_VAL

    def __init__(self, fingerprint: str = "a", batch_size: int = 20) -> None:
        super().__init__()
        self.fingerprint = fingerprint
        self.batch_size = batch_size

    def train_dataloader(self) -> DataLoader:
        return DataLoader(torch.zeros(4, 2), batch_size=1)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(REAL, batch_size=self.batch_size)


class Toy(LightningModule):
    """Its samples are the real ones, moved by 100 along both axes: the distance is 2 * 100²."""

    def __init__(self, broken_at: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.broken_at = broken_at
        self.logged: list[dict[str, float]] = []

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        return self.weight.sum()

    def validation_step(self, batch: Tensor, batch_idx: int) -> dict[str, Tensor]:
        broken = self.global_step in self.broken_at
        return {"real": batch, "fake": batch + (math.nan if broken else 100.0)}

    def on_validation_end(self) -> None:
        self.logged.append({k: v.item() for k, v in self.trainer.logged_metrics.items()})

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(callback: Scores, toy: Toy | None = None, data: Data | None = None, steps: int = 4) -> Toy:
    """Validates after every second of `steps` steps."""
    toy = toy or Toy()
    trainer = quiet_trainer(max_steps=steps, val_check_interval=2, callbacks=[callback])
    trainer.fit(toy, datamodule=data or Data())
    return toy


def files(cache: str) -> list[Path]:
    return sorted(Path(cache).iterdir())
