import numpy as np
import torch
from torch import Tensor
from torchmetrics.image.kid import poly_mmd

from ganzoo.error import UserError
from ganzoo.metric.extractor import Extractor
from ganzoo.metric.score import PooledScore


class KID(PooledScore):
    """Kernel Inception Distance: unbiased squared MMD under a cubic kernel, mean over subsets.

    Binkowski et al. 2018, section 4, https://arxiv.org/abs/1801.01401. Unlike FID it does not
    depend on the number of samples in the mean, and may fall below 0. The subsets are those that
    torch-fidelity draws, so that samples in the same order have the very same score there.

    Args:
        extractor: Where the features come from; `Inception` gives the KID of the literature.
        subsets: How many pairs of subsets are drawn.
        subset_size: Samples in each.
    """

    def __init__(self, extractor: Extractor, subsets: int = 100, subset_size: int = 1000) -> None:
        super().__init__(extractor)
        if min(subsets, subset_size) < 2:
            raise UserError(
                f"metric.kid draws at least 2 subsets of at least 2 samples, got {subsets} of "
                f"{subset_size}: type metric.kid.subsets=100 metric.kid.subset_size=1000."
            )
        self.subsets, self.subset_size = subsets, subset_size

    def _refuse_few(self, real: int, fake: int) -> None:
        super()._refuse_few(real, fake)
        if self.subset_size > min(real, fake):
            raise UserError(
                f"KID draws subsets of {self.subset_size} samples, but validation gives {real} and "
                f"{fake}: set metric.kid.subset_size lower, or raise data.val_size."
            )

    def judge(self, real: Tensor, fake: Tensor) -> float:
        random = np.random.RandomState(2020)  # torch-fidelity's
        found = []
        for _ in range(self.subsets):
            x, y = (
                each[random.choice(len(each), self.subset_size, False)] for each in (fake, real)
            )
            found.append(poly_mmd(x, y))
        return float(torch.stack(found).mean())
