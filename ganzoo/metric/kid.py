import numpy as np
import torch
from torch import Tensor
from torchmetrics.image.kid import poly_mmd

from ganzoo.error import refuse_if
from ganzoo.metric.extractor import Extractor
from ganzoo.metric.score import PooledScore


class KID(PooledScore):
    """Kernel Inception Distance: unbiased squared MMD under a cubic kernel, mean over subsets.

    Binkowski et al. 2018, section 4, https://arxiv.org/abs/1801.01401. Unlike FID its mean
    does not depend on the number of samples, and it may be negative. The subsets are those that
    torch-fidelity draws, so samples in the same order have the same score there.

    Args:
        extractor: Where the features come from; `Inception` gives the KID of the literature.
        subsets: Pairs of subsets.
        subset_size: Samples in each subset.
    """

    def __init__(self, extractor: Extractor, subsets: int = 100, subset_size: int = 1000) -> None:
        super().__init__(extractor)
        refuse_if(
            min(subsets, subset_size) < 2,
            f"KID draws at least 2 subsets of at least 2 samples, got subsets={subsets} and "
            f"subset_size={subset_size}: the paper has 100 and 1000.",
        )
        self.subsets, self.subset_size = subsets, subset_size

    def _refuse_few(self, real: int, fake: int) -> None:
        super()._refuse_few(real, fake)
        refuse_if(
            self.subset_size > min(real, fake),
            f"KID draws subsets of {self.subset_size} samples, but there are {real} and {fake}: "
            f"type metric.{self.name}.subset_size={min(real, fake)}, or {self.remedy}.",
        )

    def compare(self, real: Tensor, fake: Tensor) -> float:
        random = np.random.RandomState(2020)  # torch-fidelity's
        distances = []
        for _ in range(self.subsets):
            x, y = (
                features[random.choice(len(features), self.subset_size, False)]
                for features in (fake, real)
            )
            distances.append(poly_mmd(x, y))
        return float(torch.stack(distances).mean())
