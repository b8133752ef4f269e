from torch import Tensor, nn
from torchmetrics.image.mifid import MemorizationInformedFrechetInceptionDistance

from ganzoo.metric.score import KeepingScore


class MiFID(KeepingScore):
    """FID, divided by how far samples are from their nearest real one if that is suspiciously near.

    Bai et al. 2021, https://arxiv.org/abs/2106.03062. The real samples here are those of the
    validation split; ``probe=nearest`` looks for memorised training images.
    """

    def judge(self, real: Tensor, fake: Tensor) -> float:
        distance = MemorizationInformedFrechetInceptionDistance(
            nn.Identity(), sync_on_compute=False
        )
        distance.update(real, real=True)
        distance.update(fake, real=False)
        return float(distance.compute())
