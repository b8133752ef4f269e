import torch
from torch import Tensor, nn

from ganzoo.head.base import Head
from ganzoo.network.maxout import Maxout


class Concatenation(Head):
    """Is told the condition, beside the features, before its last hidden layer.

    Mirza & Osindero 2014, section 4.1, https://arxiv.org/abs/1411.1784

    Args:
        features: Width of the trunk's output.
        condition_dim: Width of the condition.
        condition_hidden: Maxout units (5 pieces) that read the condition.
        hidden: Maxout units (4 pieces) that read both.
        dropout: Share of hidden units that are dropped.
    """

    is_told = True

    def __init__(
        self,
        features: int,
        condition_dim: int,
        condition_hidden: int = 50,
        hidden: int = 240,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.condition = nn.Sequential(
            Maxout(condition_dim, condition_hidden, pieces=5), nn.Dropout(dropout)
        )
        self.joined = nn.Sequential(
            Maxout(features + condition_hidden, hidden, pieces=4),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )

    def forward(self, features: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores (N,) and an empty guess (N, 0)."""
        both = torch.cat([features, self.condition(condition)], dim=1)
        return self.joined(both).squeeze(1), features[:, :0]
