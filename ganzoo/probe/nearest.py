from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import pad

from ganzoo import picture
from ganzoo.data.base import Data
from ganzoo.game import Game
from ganzoo.metric import Extractor
from ganzoo.metric.neighbours import nearest
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder

FIGURE_ROWS = 10
BATCH_ROWS = 1000


class Nearest(Probe):
    """Whether the generator has memorised: each sample beside its nearest training image.

    Goodfellow et al. 2014, figure 2, https://arxiv.org/abs/1406.2661. Distances are Euclidean, in
    pixels, or in features, in which a shifted copy is nearer. Samples of a model that has memorised
    are nearer to the training images than those of the validation split are. Draws ``nearest.png``,
    pairs of a sample and its neighbour, and ``nearest_distances.png``.

    Measures ``nearest_ratio``, the median distance of samples over that of held-out images: about 1
    is healthy, 0 is a copy. With an extractor all these names end in its name, as in
    ``nearest_ratio_digits``.

    Args:
        n: Samples of the generator, and held-out images at most.
        extractor: Of the features to compare in; None compares pixels.
    """

    def __init__(self, n: int = 1000, extractor: Extractor | None = None) -> None:
        self.n = n
        self.points: Callable[[Tensor], Tensor] = extractor or partial(torch.flatten, start_dim=1)
        self.space = f"_{extractor.name}" if extractor else ""

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        training, validation = data.split
        samples = game.sample(self.n).cpu()
        held_out, _ = data.source.read(validation[: self.n])
        own, which = self.to_training(samples, data, training)
        theirs, _ = self.to_training(held_out, data, training)
        if samples.ndim == 4:
            neighbours, _ = data.source.read(training[which[: FIGURE_ROWS * 5]])
            pairs = torch.cat([samples[: FIGURE_ROWS * 5], neighbours], dim=3)
            separated = pad(pairs, (0, 2), value=0.0)  # a grey line between pairs
            picture.save_image(
                picture.draw_samples(separated, 5), run.figures / f"nearest{self.space}.png"
            )
        draw_distances(
            own,
            theirs,
            self.space.lstrip("_") or "pixels",
            run.figures / f"nearest_distances{self.space}.png",
        )
        return {f"nearest_ratio{self.space}": float(own.median() / theirs.median())}

    def to_training(self, images: Tensor, data: Data, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Distance to the nearest training image, and its place in the split: -> (N,), (N,)."""
        points = torch.cat([self.points(part) for part in torch.split(images, BATCH_ROWS)])
        distance = points.new_full((len(points),), torch.inf)
        which = torch.zeros(len(points), dtype=torch.long)
        for start, (others, _) in enumerate(data.source.batches(torch.split(rows, BATCH_ROWS))):
            candidate, place = nearest(points, self.points(others))
            nearer = candidate < distance
            distance = torch.where(nearer, candidate, distance)
            which = torch.where(nearer, place + start * BATCH_ROWS, which)
        return distance, which


def draw_distances(own: Tensor, theirs: Tensor, space: str, path: Path) -> None:
    figure = picture.new_figure(6, 3.5)
    label = f"distance to the nearest training image, in {space}"
    axes = figure.add_subplot(xlabel=label, ylabel="density")
    edges = torch.linspace(0, float(torch.cat([own, theirs]).max()), 41).tolist()
    for distances, name in ((own, "samples"), (theirs, "held-out images")):
        axes.hist(distances.numpy(), edges, density=True, alpha=0.5, label=name)
    axes.legend()
    picture.save_image(picture.figure_to_image(figure), path)
