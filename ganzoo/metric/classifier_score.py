import warnings
from typing import ClassVar

from torch import Tensor, nn
from torchmetrics.image.inception import InceptionScore

from ganzoo.metric.score import KeepingScore


class ClassifierScore(KeepingScore):
    """Inception Score: exp of the mean KL of p(class | image) from p(class), over ten splits.

    Salimans et al. 2016, section 4, https://arxiv.org/abs/1606.03498. With `Inception` it is the
    score of the literature; with `Digits`, whose classes are those of the data, 10 is the best. It
    does not look at real samples.
    """

    falls: ClassVar[bool] = False
    fewest: ClassVar[int] = 10

    def judge(self, real: Tensor, fake: Tensor) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it keeps features: they are kept already
            score = InceptionScore(nn.Identity(), sync_on_compute=False)
        score.update(self.extractor.logits_of(fake.float()).double())
        mean, _ = score.compute()
        return float(mean)
