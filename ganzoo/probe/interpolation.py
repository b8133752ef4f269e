from pathlib import Path

import torch
from torch import Tensor

from ganzoo import picture
from ganzoo.data.base import Data
from ganzoo.draws import Draws
from ganzoo.game import Game
from ganzoo.modes import evaluating
from ganzoo.probe.base import Probe


class Interpolation(Probe):
    """Walks from one noise to another: with no memorised images, every step is one of the data's.

    Goodfellow et al. 2014, figure 3; Radford et al. 2016, section 6.1,
    https://arxiv.org/abs/1511.06434. The condition stays. Draws `interpolation.png`.

    Args:
        rows: Walks.
        columns: Steps of each, its ends included.
        seed: Of the noise at the ends.
    """

    def __init__(self, rows: int = 8, columns: int = 10, seed: int = 0) -> None:
        self.rows, self.columns, self.seed = rows, columns, seed

    def measure(self, game: Game, data: Data, folder: Path) -> dict[str, float]:
        draws = Draws(self.seed, device=game.device)
        first, last = (game.latent.draw(self.rows, draws) for _ in range(2))
        told = game.condition.labels(self.rows).to(game.device)
        condition = game.condition.draw(told, draws).repeat_interleave(self.columns, dim=0)
        with evaluating(game):
            images = game(walk(first, last, self.columns), condition)
        drawn = picture.picture_of(images, self.columns)
        picture.save(drawn, folder / "figures" / "interpolation.png")
        return {}


def walk(first: Tensor, last: Tensor, steps: int) -> Tensor:
    """Equal steps along straight lines: 2 x (N, L) -> (N * steps, L)."""
    share = torch.linspace(0, 1, steps, device=first.device)[:, None]
    return (first[:, None] * (1 - share) + last[:, None] * share).flatten(0, 1)
