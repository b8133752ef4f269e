from pathlib import Path

import torch
from torch import Tensor

from ganzoo import picture
from ganzoo.data.base import Data
from ganzoo.game import Game
from ganzoo.metric.neighbours import nearest
from ganzoo.probe.base import Probe

ROWS = 10  # of the figure
BATCH = 1000


class Nearest(Probe):
    """Whether the generator memorised: each sample beside its nearest training image.

    Goodfellow et al. 2014, figure 2, https://arxiv.org/abs/1406.2661. Distances are Euclidean, in
    pixels. A model that has memorised is nearer to the training images than held-out real images
    are; those are the validation split. Draws `nearest.png`, pairs of a sample and its neighbour,
    and `nearest_distances.png`.

    Measures `nearest_ratio`, the median distance of samples over that of held-out images: about 1
    is healthy, and 0 a copy.

    Args:
        n: Samples of the generator, and held-out images at most.
    """

    def __init__(self, n: int = 1000) -> None:
        self.n = n

    def measure(self, game: Game, data: Data, folder: Path) -> dict[str, float]:
        training, validation = data.split
        samples = game.sample(self.n).cpu()
        held_out, _ = data.source.read(validation[: self.n])
        own, which = to_training(samples, data, training)
        theirs, _ = to_training(held_out, data, training)
        if samples.ndim == 4:
            neighbours, _ = data.source.read(training[which[: ROWS * 5]])
            pairs = torch.stack([samples[: ROWS * 5], neighbours], dim=1).flatten(0, 1)
            picture.save(picture.picture_of(pairs, 10), folder / "figures" / "nearest.png")
        draw(own, theirs, folder / "figures" / "nearest_distances.png")
        return {"nearest_ratio": float(own.median() / theirs.median())}


def to_training(images: Tensor, data: Data, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Distance to the nearest training image, and its place in the split: (N, …) -> (N,), (N,)."""
    points = images.flatten(1)
    distance = points.new_full((len(points),), torch.inf)
    which = torch.zeros(len(points), dtype=torch.long)
    for start, (others, _) in enumerate(data.source.batches(torch.split(rows, BATCH))):
        found, place = nearest(points, others.flatten(1))
        nearer = found < distance
        distance = torch.where(nearer, found, distance)
        which = torch.where(nearer, place + start * BATCH, which)
    return distance, which


def draw(own: Tensor, theirs: Tensor, path: Path) -> None:
    figure = picture.new_figure(6, 3.5)
    axes = figure.add_subplot(xlabel="distance to the nearest training image", ylabel="density")
    edges = torch.linspace(0, float(torch.cat([own, theirs]).max()), 41).tolist()
    for distances, name in ((own, "samples"), (theirs, "held-out images")):
        axes.hist(distances.numpy(), edges, density=True, alpha=0.5, label=name)
    axes.legend()
    picture.save(picture.rendered(figure), path)
