from torch import Tensor, nn

from ganzoo.head.base import Head


class Unconditional(Head):
    """Scores the image alone: one linear unit on the trunk's features.

    Args:
        features: Width of the trunk's output.
        condition_dim: Width of the condition, which this head ignores.
    """

    def __init__(self, features: int, condition_dim: int) -> None:
        super().__init__()
        self.score = nn.Linear(features, 1)

    def forward(self, features: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores (N,) and an empty guess (N, 0)."""
        return self.score(features).squeeze(1), features[:, :0]
