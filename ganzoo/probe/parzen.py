from math import log, pi
from typing import ClassVar

import torch
from torch import Tensor

from ganzoo.data.base import Data
from ganzoo.game import Game
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder

SIGMAS = tuple(10 ** (step / 9 - 1) for step in range(10))  # of the authors' code


class Parzen(Probe):
    """Log-likelihood of the test set under a Gaussian kernel around every sample, in nats.

    Goodfellow et al. 2014, section 5 and authors' code, https://arxiv.org/abs/1406.2661. Pixels are
    in [0, 1]; the kernel's width is the best of ten between 0.1 and 1 on the validation set. Its
    limits as a score: Theis et al. 2016, section 3.2, https://arxiv.org/abs/1511.01844.

    Measures ``parzen``, its ``parzen_std_error`` over test samples, and ``parzen_sigma``.

    Args:
        n: Samples of the generator.
        n_val: Validation samples by which the kernel's width is chosen.
    """

    reads_test: ClassVar[bool] = True

    def __init__(self, n: int = 10_000, n_val: int = 1000) -> None:
        self.n, self.n_val = n, n_val

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        samples = unit(game.sample(self.n))
        validation, _ = data.source.read(data.split[1][: self.n_val])
        test, _ = data.test.read(torch.arange(len(data.test)))
        distances = squared_distances(unit(validation), samples)
        sigma = max(SIGMAS, key=lambda width: float(log_density(distances, width, samples).mean()))
        densities = torch.cat(
            [
                log_density(squared_distances(part, samples), sigma, samples)
                for part in torch.split(unit(test), 1000)
            ]
        )
        return {
            "parzen": float(densities.mean()),
            "parzen_std_error": float(densities.std()) / len(densities) ** 0.5,
            "parzen_sigma": sigma,
        }


def unit(images: Tensor) -> Tensor:
    """(N, C, H, W) in [-1, 1] -> (N, pixels) in [0, 1], double."""
    return (images.flatten(1).double().cpu() + 1) / 2


def squared_distances(points: Tensor, samples: Tensor) -> Tensor:
    """(M, D), (N, D) -> (M, N)."""
    squares = points.square().sum(1)[:, None] + samples.square().sum(1)
    return (squares - 2 * points @ samples.T).clamp_min(0)


def log_density(distances: Tensor, sigma: float, samples: Tensor) -> Tensor:
    """Log of the mean of Gaussian kernels around the samples, in nats.

    Args:
        distances: Squared distances to the samples, (M, N).
        sigma: Standard deviation of the kernels.
        samples: Their centres, (N, D).
    """
    n, dim = samples.shape
    log_kernels = -distances / (2 * sigma**2) - dim / 2 * log(2 * pi * sigma**2)
    return log_kernels.logsumexp(1) - log(n)
