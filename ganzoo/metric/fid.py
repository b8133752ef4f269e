"""Fréchet Inception Distance, and the Fréchet distance in any other features."""

import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from ganzoo.error import UserError
from ganzoo.metric.extractor import Extractor
from ganzoo.metric.score import Score


class FID(Score):
    """Fréchet distance of two Gaussians fitted to the features; 0 is best.

    Heusel et al. 2017, https://arxiv.org/abs/1706.08500, equation 6. Sums are kept in double
    precision and added over processes, so any split of the samples gives the same number. It is
    biased upwards for few samples: compare only scores of equal sample sizes.

    Args:
        extractor: Of the features; ``InceptionExtractor`` gives the FID of the literature.
    """

    def __init__(self, extractor: Extractor) -> None:
        super().__init__(extractor)
        self.distance: _Frechet | None = None

    def update(self, features: Tensor, real: bool, condition: Tensor | None = None) -> None:
        if self.distance is None:
            self.distance = _Frechet(_PassThrough(features.shape[1]))
        if len(features):
            self.distance.to(features.device).update(features.double(), real=real)

    def compute(self) -> float:
        if self.distance is None:
            raise _too_few(0, 0)
        return float(self.distance.compute())

    def reset(self) -> None:
        if self.distance is not None:
            self.distance.reset()


def frechet(real: Tensor, fake: Tensor) -> float:
    """The distance of the features of this process alone: (N, d), (M, d) -> scalar."""
    distance = _Frechet(_PassThrough(real.shape[1]), sync_on_compute=False)
    distance.update(real, real=True)
    distance.update(fake, real=False)
    return float(distance.compute())


class _PassThrough(nn.Module):
    """Takes the place of torchmetrics' network, because the features are known already."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        return features


class _Frechet(FrechetInceptionDistance):
    """torchmetrics calls ``compute`` on the sums over all processes, so all decide alike."""

    def compute(self) -> Tensor:
        n_real, n_fake = int(self.real_features_num_samples), int(self.fake_features_num_samples)
        if min(n_real, n_fake) < 2:
            raise _too_few(n_real, n_fake)
        if not self.fake_features_cov_sum.isfinite().all():
            return torch.tensor(torch.nan)
        return super().compute()


def _too_few(n_real: int, n_fake: int) -> UserError:
    return UserError(
        f"FID needs at least 2 real and 2 generated samples, but validation gave {n_real} and "
        f"{n_fake}: raise data.val_size."
    )
