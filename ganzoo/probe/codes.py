from math import log, pi
from typing import ClassVar

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ganzoo import picture
from ganzoo.condition import LatentCode
from ganzoo.data.base import Data
from ganzoo.data.source import Source
from ganzoo.draws import Draws
from ganzoo.error import refuse_if
from ganzoo.game import Game
from ganzoo.grad_mode import eval_mode
from ganzoo.latent import Categorical
from ganzoo.model import InfoGAN
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder


class Codes(Probe):
    """What the code of InfoGAN has learned to mean.

    Chen et al. 2016, section 7.2, https://arxiv.org/abs/1606.03657. Categories of the first
    categorical factor are matched to classes on the training set so that most images agree
    (Hungarian method), and the error is counted on the test set. The bound on the mutual
    information of a factor and the image is over samples of the generator: E log q + H (section 5,
    equation 4); with ten categories, a perfect guess has ln 10. For a continuous factor q is a
    Gaussian around the guess whose variance is the guess's mean squared error, which gives the
    highest bound; with the unit variance of the loss, a perfect guess and none differ by only half
    a nat.

    Measures ``code_error`` and the bounds in nats: ``code_bound`` of the first factor,
    ``code_bound_1`` of the next and so on. Draws ``codes_<factor>.png``: the factor varies from
    left to right, and the rows differ in everything else.

    Args:
        n: Samples of the generator for the bounds.
    """

    needs_discriminator: ClassVar[bool] = True
    reads_test: ClassVar[bool] = True

    def __init__(self, n: int = 10_000) -> None:
        self.n = n

    def check(self, game: Game, data: Data) -> None:
        refuse_if(
            not isinstance(game, InfoGAN) or not isinstance(game.condition, LatentCode),
            "probe=codes reads the code of an InfoGAN: choose model=infogan.",
        )
        first = game.condition.factors[0]
        refuse_if(
            not isinstance(first, Categorical) or first.dim != data.n_classes,
            f"probe=codes matches categories to the {data.n_classes} classes of the data: "
            f"type condition.categorical=[{data.n_classes}] and choose data with classes.",
        )
        super().check(game, data)
        refuse_if(
            game.discriminator.packing > 1,
            "probe=codes reads single images: type network.packing=1.",
        )

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        assert isinstance(game, InfoGAN)
        assert isinstance(game.condition, LatentCode)
        for which in range(len(game.condition.factors)):
            drawn = picture.draw_samples(traversal(game, which), 10)
            picture.save_image(drawn, run.figures / f"codes_{which}.png")
        classes = data.n_classes
        training = confusion(game, data.source, data.split[0], classes)
        match = linear_sum_assignment(training.numpy(), maximize=True)
        test = confusion(game, data.test, torch.arange(len(data.test)), classes)
        return {
            "code_error": 1 - float(test[match].sum() / test.sum()),
            **{
                f"code_bound_{k}".removesuffix("_0"): nats
                for k, nats in enumerate(bounds(game, self.n))
            },
        }


def confusion(game: InfoGAN, source: Source, rows: Tensor, classes: int) -> Tensor:
    """How often images of each class (row) are read as each category (column)."""
    counts = torch.zeros(classes * classes, dtype=torch.long)
    for images, labels in source.batches(torch.split(rows, 1000)):
        category = game.infer(images.to(game.device))[:, :classes].argmax(1).cpu()
        counts += torch.bincount(labels * classes + category, minlength=classes * classes)
    return counts.view(classes, classes)


def bounds(game: InfoGAN, n: int) -> list[float]:
    """A lower bound on the mutual information of each factor with the image, in nats."""
    assert isinstance(game.condition, LatentCode)
    log_q, log_p = [], []
    for step, rows in enumerate(torch.split(torch.arange(n), 1000)):
        draws = Draws(0, step, device=game.device)
        latent = game.latent.draw(len(rows), draws)
        condition = game.condition.draw(game.condition.labels(len(rows)), draws)
        with eval_mode(game):
            seen = game.discriminator(game(latent, condition), condition)
        log_q.append(seen.log_q)
        log_p.append(seen.log_p)
    posterior, prior = (torch.cat(each).double().mean(0) for each in (log_q, log_p))
    categorical = [isinstance(factor, Categorical) for factor in game.condition.factors]
    is_categorical = torch.tensor(categorical, device=posterior.device)
    best = torch.where(is_categorical, posterior, at_best_variance(posterior))
    return (best - prior).tolist()


def at_best_variance(log_q: Tensor) -> Tensor:
    """E log q of a Gaussian around the guess, from that of unit variance, in nats."""
    squared_error = -2 * log_q - log(2 * pi)
    return -0.5 * ((2 * pi * squared_error).log() + 1)


def traversal(game: InfoGAN, which: int, rows: int = 8, columns: int = 10) -> Tensor:
    """Images in which one factor varies along the row, a continuous one from -2 to 2.

    That is the paper's range. In row r the first factor is category r, unless it is the one that
    varies.
    """
    assert isinstance(game.condition, LatentCode)
    factors, draws = game.condition.factors, Draws(0, device=game.device)
    latent = game.latent.draw(rows, draws).repeat_interleave(columns, dim=0)
    kept = [factor.draw(rows, draws).repeat_interleave(columns, dim=0) for factor in factors]
    kept[0] = factors[0].sweep(rows).repeat_interleave(columns, dim=0)
    varied = isinstance(factors[which], Categorical)
    sweep = factors[which].sweep(columns) if varied else torch.linspace(-2, 2, columns)[:, None]
    kept[which] = sweep.repeat(rows, 1)
    condition = torch.cat([each.to(game.device) for each in kept], dim=1)
    with eval_mode(game):
        images: Tensor = game(latent, condition)
    return images
