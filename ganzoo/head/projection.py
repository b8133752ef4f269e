from torch import Tensor, nn

from ganzoo.head.base import Head


class Projection(Head):
    """Is told the condition: adds how well the features agree with it to the image's own score.

    Miyato & Koyama 2018, equation 4, https://arxiv.org/abs/1802.05637

    Args:
        features: Width of the trunk's output.
        condition_dim: Width of the condition.
    """

    is_told = True

    def __init__(self, features: int, condition_dim: int) -> None:
        super().__init__()
        self.score = nn.Linear(features, 1)
        self.embed = nn.Linear(condition_dim, features, bias=False)

    def forward(self, features: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores (N,) and an empty guess (N, 0)."""
        agreement = (features * self.embed(condition)).sum(1)
        return self.score(features).squeeze(1) + agreement, features[:, :0]
