import warnings

from torch import Tensor, nn
from torchmetrics.image.kid import KernelInceptionDistance

from ganzoo.error import UserError
from ganzoo.metric.extractor import Extractor
from ganzoo.metric.score import KeepingScore


class KID(KeepingScore):
    """Kernel Inception Distance: unbiased squared MMD under a cubic kernel, mean over subsets.

    Binkowski et al. 2018, section 4, https://arxiv.org/abs/1801.01401. Unlike FID it does not
    depend on the number of samples in the mean, and may fall below 0.

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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it keeps features: they are kept already
            distance = KernelInceptionDistance(
                nn.Identity(), self.subsets, self.subset_size, sync_on_compute=False
            )
        distance.update(real, real=True)
        distance.update(fake, real=False)
        mean, _ = distance.compute()
        return float(mean)
