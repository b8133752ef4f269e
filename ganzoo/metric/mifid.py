from torch import Tensor

from ganzoo.metric.fid import frechet
from ganzoo.metric.neighbours import nearest_cosine
from ganzoo.metric.score import PooledScore

SUSPICIOUS = 0.1  # mean distance below which samples count as copies, of the Kaggle competition


class MiFID(PooledScore):
    """FID, divided by how far samples are from their nearest real one if that is suspiciously near.

    Bai et al. 2021, section 4, https://arxiv.org/abs/2106.03062. The distance is the mean over
    samples, as in the paper; torchmetrics 1.9 has the mean over real images, which a generator that
    copies only a few of them escapes. The real samples here are those of the validation split;
    ``probe=nearest`` looks for memorised training images.
    """

    def judge(self, real: Tensor, fake: Tensor) -> float:
        distance = float(nearest_cosine(fake, real).mean())
        penalty = distance + 1e-14 if distance < SUSPICIOUS else 1.0
        return max(frechet(real, fake), 0.0) / penalty  # rounding may leave it below 0
