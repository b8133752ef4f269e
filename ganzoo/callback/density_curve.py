from os import PathLike
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from ganzoo import picture
from ganzoo.data import Mixture
from ganzoo.error import refuse_if
from ganzoo.game import Game
from ganzoo.grad_mode import eval_mode
from ganzoo.loss import Minimax
from ganzoo.runs import RunFolder

MAX_FRAMES = 60  # of the animation


class DensityCurve(Callback):
    """Draws the densities of the data and of the generator, and D, as an animation.

    Goodfellow et al. 2014, figure 1, https://arxiv.org/abs/1406.2661. At every validation it
    logs ``val/discriminator_gap``, the mean of |D(x) - p_data / (p_data + p_g)| over real and
    generated x (proposition 1), and ``val/value``, V(D, G), which is -log 4 at the optimum (theorem
    1).

    Args:
        folder: The run's folder; ``densities.gif`` and its last frame ``densities.png`` go to
            ``figures/`` in it.
        bins: Bins of the histogram that estimates the generator's density, from -1 to 1.5.
        n: Samples of the generator in the histogram.
    """

    def __init__(self, folder: str | PathLike[str], bins: int = 100, n: int = 100_000) -> None:
        self.folder, self.bins, self.n = RunFolder(folder).figures, bins, n
        self.frames: dict[int, Tensor] = {}  # by generator step

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, Game)
        self.check(pl_module, trainer.datamodule)  # type: ignore[attr-defined]

    def check(self, game: Game, data: Any) -> None:
        """Check before training that this game and data can be drawn.

        Raises:
            UserError: If the data is not on the line, or D's output is no probability.
        """
        refuse_if(
            not isinstance(data, Mixture) or data.image_shape != (1,),
            "callback=density_curve draws densities on the line: choose data=gaussian_1d, or "
            "leave it out.",
        )
        refuse_if(
            not isinstance(game.objective, Minimax) or game.discriminator.packing > 1,
            "callback=density_curve draws D(x) as a probability: choose loss=[minimax] or "
            "loss=[non_saturating] and network.packing=1, or leave it out.",
        )

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, Game)
        edges = torch.linspace(-1, 1.5, self.bins + 1)
        middles = (edges[:-1] + edges[1:]) / 2
        width = float(edges[1] - edges[0])
        samples = pl_module.sample(self.n).flatten().cpu()
        p_data = trainer.datamodule.density(middles[:, None])  # type: ignore[attr-defined]
        p_g = torch.histogram(samples, edges).hist / (self.n * width)
        judged = opinion(pl_module, middles)
        optimal = p_data / (p_data + p_g)
        known = p_data + p_g > 0
        gap = ((judged - optimal).abs() * (p_data + p_g) / 2)[known].sum() * width
        value = (p_data * judged.log() + p_g * (1 - judged).log()).sum() * width
        pl_module.log_dict({"val/discriminator_gap": gap, "val/value": value}, sync_dist=True)
        title = f"step {trainer.global_step}: gap {gap:.3f}, V {value:.3f}"
        step = trainer.global_step
        kept = picture.picture_interval(step, int(trainer.val_check_batch or 1), MAX_FRAMES)
        self.frames = {taken: each for taken, each in self.frames.items() if taken % kept == 0}
        self.frames[step] = draw_densities(middles, p_data, p_g, judged, title)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero and self.frames:
            frames = list(self.frames.values())
            picture.save_animation(frames, self.folder / "densities.gif")
            picture.save_image(frames[-1], self.folder / "densities.png")


def opinion(game: Game, points: Tensor) -> Tensor:
    """D(x) at each point: (N,) -> (N,)."""
    images = points[:, None].to(game.device)
    with eval_mode(game):
        score = game.discriminator(images, images.new_zeros(len(images), game.condition.dim)).score
    return game.objective.opinion(score).cpu()


def draw_densities(x: Tensor, p_data: Tensor, p_g: Tensor, judged: Tensor, title: str) -> Tensor:
    """One frame, with the paper's line styles."""
    figure = picture.new_figure(6, 4)
    axes = figure.add_subplot(xlabel="x", title=title, ylim=(0, 2.5))
    axes.plot(x, p_data, "k:", label="p_data")
    axes.plot(x, p_g, "g-", label="p_g")
    axes.plot(x, judged, "b--", label="D")
    axes.legend(loc="upper left")
    return picture.figure_to_image(figure)
