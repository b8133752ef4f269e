import torch

from ganzoo import picture
from ganzoo.data.base import Data
from ganzoo.error import refuse_if
from ganzoo.game import Game
from ganzoo.grad_mode import eval_mode
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder


class Decision(Probe):
    """Samples in the plane on D's decision surface; draws ``decision.png``.

    Args:
        n: Samples of the generator, and as many real points.
        bound: The figure shows [-bound, bound]^2.
        side: Points along each axis at which D is evaluated.
    """

    needs_discriminator = True

    def __init__(self, n: int = 500, bound: float = 1.2, side: int = 100) -> None:
        self.n, self.bound, self.side = n, bound, side

    def check(self, game: Game, data: Data) -> None:
        super().check(game, data)
        refuse_if(
            tuple(game.image_shape) != (2,) or game.condition.dim,
            "probe=decision draws an unconditional model of points in the plane: choose "
            "data=ring or data=grid, or leave it out.",
        )

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        line = torch.linspace(-self.bound, self.bound, self.side, device=game.device)
        places = torch.cartesian_prod(line, line)
        places = places[: len(places) // game.discriminator.packing * game.discriminator.packing]
        with eval_mode(game):
            score = game.discriminator(places, places.new_zeros(len(places), 0)).score
        surface = game.objective.opinion(score).repeat_interleave(game.discriminator.packing)
        real, _ = data.source.read(data.split[1][: self.n])
        figure = picture.new_figure(5, 4)
        axes = figure.add_subplot(aspect="equal", xlim=(-self.bound, self.bound))
        x, y = places.T.cpu()
        shown = axes.tricontourf(x, y, surface.cpu(), levels=20, cmap="RdBu")
        figure.colorbar(shown, label="D")
        for points, name, colour in ((real, "real", "k"), (game.sample(self.n).cpu(), "G", "lime")):
            axes.scatter(points[:, 0], points[:, 1], s=3, c=colour, label=name)
        axes.legend(fontsize=7)
        picture.save_image(picture.figure_to_image(figure), run.figures / "decision.png")
        return {}
