from ganzoo import picture
from ganzoo.data.base import Data
from ganzoo.game import Game
from ganzoo.latent.walk import spherical, straight
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder


class Interpolation(Probe):
    """Walks from one noise to another: without memorising, every step looks like the data.

    Goodfellow et al. 2014, figure 3; Radford et al. 2016, section 6.1,
    https://arxiv.org/abs/1511.06434. The condition stays the same. Draws ``interpolation.png``,
    along straight lines, and ``interpolation_spherical.png``, along great circles, on which
    Gaussian noise keeps its typical length (White 2016, https://arxiv.org/abs/1609.04468).

    Args:
        rows: Number of walks.
        columns: Steps of each walk, its ends included.
        seed: Seed of the noise at the ends.
    """

    def __init__(self, rows: int = 8, columns: int = 10, seed: int = 0) -> None:
        self.rows, self.columns, self.seed = rows, columns, seed

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        for name, walk in (("interpolation", straight), ("interpolation_spherical", spherical)):
            images = game.interpolate(self.rows, self.columns, self.seed, walk=walk)
            drawn = picture.draw_samples(images, self.columns)
            picture.save_image(drawn, run.figures / f"{name}.png")
        return {}
