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
    https://arxiv.org/abs/1511.06434. The condition stays. Draws `interpolation.png`, along straight
    lines, and `interpolation_spherical.png`, along great circles, on which Gaussian noise keeps the
    length that the generator knows (White 2016, https://arxiv.org/abs/1609.04468).

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
        for name, path in (("interpolation", straight), ("interpolation_spherical", spherical)):
            with evaluating(game):
                images = game(path(first, last, self.columns), condition)
            drawn = picture.picture_of(images, self.columns)
            picture.save(drawn, folder / "figures" / f"{name}.png")
        return {}


def straight(first: Tensor, last: Tensor, steps: int) -> Tensor:
    """Equal steps along straight lines: 2 x (N, L) -> (N * steps, L)."""
    share = torch.linspace(0, 1, steps, device=first.device)[:, None]
    return (first[:, None] * (1 - share) + last[:, None] * share).flatten(0, 1)


def spherical(first: Tensor, last: Tensor, steps: int) -> Tensor:
    """Equal angles from one direction to the other: 2 x (N, L) -> (N * steps, L)."""
    share = torch.linspace(0, 1, steps, device=first.device)[:, None]
    cosine = torch.cosine_similarity(first, last, dim=1).clamp(-1 + 1e-6, 1 - 1e-6)
    angle = cosine.arccos()[:, None, None]
    weights = ((1 - share) * angle).sin() / angle.sin(), (share * angle).sin() / angle.sin()
    return (first[:, None] * weights[0] + last[:, None] * weights[1]).flatten(0, 1)
