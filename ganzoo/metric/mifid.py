from torch import Tensor

from ganzoo.metric.fid import frechet
from ganzoo.metric.neighbours import nearest_cosine
from ganzoo.metric.score import PooledScore

MEMORISED = 0.1  # mean distance below which samples count as copies, of the Kaggle competition


class MiFID(PooledScore):
    """FID, divided by the samples' distance from their nearest real ones if that is tiny.

    Bai et al. 2021, section 4, https://arxiv.org/abs/2106.03062. The distance is the mean over
    samples, as in the paper; torchmetrics 1.9 has the mean over real images, which does not detect
    a generator that copies only a few of them. The real samples are those of the validation split;
    ``probe=nearest`` looks for memorised training images.
    """

    def compare(self, real: Tensor, fake: Tensor) -> float:
        distance = float(nearest_cosine(fake, real).mean())
        penalty = distance + 1e-14 if distance < MEMORISED else 1.0
        return max(frechet(real, fake), 0.0) / penalty  # rounding may leave it below 0
