from typing import ClassVar

from torch import Tensor
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric

from ganzoo.metric.score import PooledScore


class ClassifierScore(PooledScore):
    """Inception Score: exp of the mean KL of p(class | image) from p(class), over ten splits.

    Salimans et al. 2016, section 4, https://arxiv.org/abs/1606.03498. With
    ``InceptionExtractor`` it is the score of the literature; with ``DigitsExtractor``, whose
    classes are those of the data, 10 is the best. It ignores real samples. The splits are those
    that torch-fidelity draws.
    """

    lower_is_better: ClassVar[bool] = False
    min_samples: ClassVar[int] = 10

    def compare(self, real: Tensor, fake: Tensor) -> float:
        result = isc_features_to_metric(self.extractor.logits_of(fake.float()))
        return float(result[KEY_METRIC_ISC_MEAN])
