"""Points in the plane are their own features."""

from torch import Tensor, nn

from ganzoo.metric.extractor import Extractor


class PointsExtractor(Extractor):
    """The coordinates themselves: (B, d) -> (B, d)."""

    sample_dim = 2

    def build(self) -> nn.Module:
        return nn.Identity()

    def features(self, network: nn.Module, samples: Tensor) -> Tensor:
        features: Tensor = network(samples)
        return features
