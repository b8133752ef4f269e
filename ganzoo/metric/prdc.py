from typing import ClassVar

import torch
from torch import Tensor

from ganzoo.error import refuse_if
from ganzoo.metric.extractor import Extractor
from ganzoo.metric.neighbours import ROWS_AT_ONCE, distances, radii
from ganzoo.metric.score import PooledScore


class PRDC(PooledScore):
    """Improved precision and recall, density and coverage: fidelity and variety separately.

    Precision is the share of samples inside the real manifold, recall the share of real images
    inside the generated one (Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991). Density
    counts how many real neighbourhoods a sample lies in, and coverage is the share of real
    neighbourhoods with a sample (Naeem et al. 2020, https://arxiv.org/abs/2002.09797). More is
    better; density may exceed 1.

    Args:
        extractor: Of the features.
        k_manifold: Neighbours that span a manifold, for precision and recall.
        k_neighbourhood: Neighbours that span a neighbourhood, for density and coverage.
    """

    lower_is_better: ClassVar[bool] = False
    min_samples: ClassVar[int] = 10

    def __init__(self, extractor: Extractor, k_manifold: int = 3, k_neighbourhood: int = 5) -> None:
        super().__init__(extractor)
        refuse_if(
            min(k_manifold, k_neighbourhood) < 1
            or max(k_manifold, k_neighbourhood) >= self.min_samples,
            f"metric.prdc counts 1 to 9 neighbours, got k_manifold={k_manifold} and "
            f"k_neighbourhood={k_neighbourhood}: the papers have 3 and 5.",
        )
        self.k_manifold, self.k_neighbourhood = k_manifold, k_neighbourhood

    def compare(self, real: Tensor, fake: Tensor) -> dict[str, float]:
        around_real = radii(real, max(self.k_manifold, self.k_neighbourhood))
        real_manifold = around_real[:, self.k_manifold - 1]
        neighbourhood = around_real[:, self.k_neighbourhood - 1]
        fake_manifold = radii(fake, self.k_manifold)[:, -1]
        inside = torch.zeros(len(real), dtype=torch.bool, device=real.device)  # fake's manifold
        covered, precise, density = inside.clone(), 0, 0
        for rows in torch.split(torch.arange(len(fake), device=real.device), ROWS_AT_ONCE):
            between = distances(real, fake[rows])  # (N, rows)
            neighbours = between < neighbourhood[:, None]
            precise += int((between < real_manifold[:, None]).any(0).count_nonzero())
            density += int(neighbours.count_nonzero())
            inside |= (between < fake_manifold[rows]).any(1)
            covered |= neighbours.any(1)
        return {
            "precision": precise / len(fake),
            "recall": float(inside.double().mean()),
            "density": density / (self.k_neighbourhood * len(fake)),
            "coverage": float(covered.double().mean()),
        }
