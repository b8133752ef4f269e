"""Whether D knows its training images by heart, instead of what makes an image real."""

from math import nan

import torch
from torch import Tensor

from ganzoo.callback.batch_statistics import drop_averages, restore_averages
from ganzoo.data.base import Data
from ganzoo.data.order import Order
from ganzoo.draws import Draws, Stream
from ganzoo.game import Game
from ganzoo.grad_mode import eval_mode

IMAGES = 256  # of each split


def memorised_pairs(game: Game, data: Data) -> float:
    """Of all pairs of a training and a held-out image, how many D orders in favour of the first.

    P(D(training image) > D(held-out image)), half of the ties included, is 0.5 if D cannot tell
    them apart and 1 if it knows all training images by heart; the attack of Hayes et al. 2019 goes
    by this order, https://arxiv.org/abs/1705.07663. The units of the scores, which an objective
    chooses, do not matter.

    Images are those of the same rows at every call, as many of either split. D sees them without
    augmentation and dropout, and normalises a batch by its own statistics, as in training: running
    averages are of real and generated images together.

    Args:
        game: Of any condition.
        data: Set up.

    Returns:
        In [0, 1]; NaN if fewer than two packs of images are held out.
    """
    packing = game.discriminator.packing
    packs = min(IMAGES, data.n_train, data.n_val) // packing
    if packs < 2:
        return nan
    averages = drop_averages(game.discriminator)
    try:
        train, held_out = (scores(game, data, split, packs * packing) for split in data.split)
    finally:
        restore_averages(averages)
    above = torch.sign(train[:, None] - held_out)  # of every pair
    return float(0.5 + above.mean() / 2)


def scores(game: Game, data: Data, split: Tensor, n: int) -> Tensor:
    """D's mean verdict on each of n images of a split, or on each pack of them."""
    packing, draws = game.discriminator.packing, Draws(0, Stream.VALIDATION, device=game.device)
    packs = Order(split, data.split_seed).slice(0, n).view(-1, packing)
    batches = packs.tensor_split(max(1, n // data.batch_size))  # none is smaller than in training
    verdicts = []
    with eval_mode(game):
        for images, labels in data.source.batches(batch.flatten() for batch in batches):
            condition = game.condition.draw(labels.to(game.device), draws)
            score = game.discriminator(images.to(game.device), condition).score
            verdicts.append(score.reshape(len(score), -1).mean(1))
    return torch.cat(verdicts)
