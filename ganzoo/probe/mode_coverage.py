from math import log

import torch
from torch import Tensor

from ganzoo import picture
from ganzoo.data.base import Data
from ganzoo.data.mixture import Mixture
from ganzoo.error import refuse_if
from ganzoo.game import Game
from ganzoo.metric import DigitsExtractor
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder


class Modes(Probe):
    """How many Gaussians of a mixture the samples cover, and how many samples lie on one.

    A sample is of high quality within three standard deviations of the nearest centre; a mode is
    covered if a sample of high quality falls on it (Srivastava et al. 2017, VEEGAN, section 4.1,
    https://arxiv.org/abs/1705.07761).

    Measures ``modes``, the share ``high_quality``, and ``modes_kl``, the divergence of the samples'
    modes from the data's, which are equally likely, in nats.

    Args:
        n: Samples of the generator.
    """

    def __init__(self, n: int = 2500) -> None:
        self.n = n

    def check(self, game: Game, data: Data) -> None:
        super().check(game, data)
        refuse_if(
            not isinstance(data, Mixture),
            "probe=modes counts the Gaussians of a mixture: choose data=ring or data=grid, or "
            "probe=[digit_modes] for digits.",
        )

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        assert isinstance(data, Mixture)
        samples = game.sample(self.n).cpu()
        picture.save_image(picture.draw_samples(samples, 1), run.figures / "modes.png")
        distance, nearest = torch.cdist(samples, data.centres).min(1)
        good = nearest[distance <= 3 * data.std]
        return {"high_quality": len(good) / self.n, **coverage(good, len(data.centres))}


class DigitModes(Probe):
    """How many modes of (stacked) MNIST the samples cover, according to a digit classifier.

    With C channels there are 10^C modes (Metz et al. 2017, section 3.3.1,
    https://arxiv.org/abs/1611.02163); the classifier is ``ganzoo.metric.DigitsExtractor``,
    which reads 99.59 % of MNIST's test digits.

    Measures ``modes`` and ``modes_kl``, the divergence of the modes' frequencies from equal ones,
    in nats.

    Args:
        n: Samples of the generator.
    """

    def __init__(self, n: int = 25_600) -> None:
        self.n = n

    def check(self, game: Game, data: Data) -> None:
        super().check(game, data)
        refuse_if(
            len(game.image_shape) != 3 or game.image_shape[0] not in (1, 3),
            "probe=digit_modes reads pictures of digits: choose data=mnist, data=mnist5k or "
            "data=stacked_mnist, or probe=[modes] for points.",
        )

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        samples, classifier = game.sample(self.n), DigitsExtractor()
        digits = torch.cat(
            [classifier.logits(part).argmax(2) for part in torch.split(samples, 1000)]
        )
        channels = digits.shape[1]
        places = 10 ** torch.arange(channels - 1, -1, -1)
        return coverage((digits.cpu() * places).sum(1), 10**channels)


def coverage(modes: Tensor, n_modes: int) -> dict[str, float]:
    """Count the modes that occur, and their divergence from equally likely ones.

    Args:
        modes: The mode of every sample, (N,) int64.
        n_modes: Number of modes.
    """
    counts = torch.bincount(modes, minlength=n_modes)
    shares = counts[counts > 0].double() / max(len(modes), 1)
    kl = float((shares * (shares * n_modes).log()).sum()) if len(modes) else log(n_modes)
    return {"modes": int((counts > 0).sum()), "modes_kl": kl}
