from typing import ClassVar

import torch

from ganzoo.condition import ClassLabel
from ganzoo.data.base import Data
from ganzoo.error import refuse_if
from ganzoo.game import Game
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder


class Transfer(Probe):
    """Classification accuracy score: a classifier trained on samples, tested on real images.

    Ravuri & Vinyals 2019, https://arxiv.org/abs/1905.10887; the classifier is the nearest neighbour
    in pixels, as in the DCGAN authors' MNIST code. It falls when classes are confused and when they
    lack variety.

    Measures ``transfer_accuracy``, and ``transfer_accuracy_real`` with as many real training images
    in place of the samples.

    Args:
        n: Samples of the generator, equally many of every class.
    """

    reads_test: ClassVar[bool] = True

    def __init__(self, n: int = 10_000) -> None:
        self.n = n

    def check(self, game: Game, data: Data) -> None:
        refuse_if(
            not isinstance(game.condition, ClassLabel),
            "probe=transfer trains a classifier on samples of each class: choose model=cgan or "
            "model=acgan, or leave it out.",
        )
        super().check(game, data)

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        # Here, because scikit-learn is slow to import and only some runs ask for the probe.
        from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415

        classes = game.condition.labels(self.n)
        training = {
            "transfer_accuracy": (game.sample(classes).cpu(), classes),
            "transfer_accuracy_real": data.source.read(data.split[0][: self.n]),
        }
        images, labels = data.test.read(torch.arange(len(data.test)))
        return {
            name: float(
                KNeighborsClassifier(1)
                .fit(samples.flatten(1).numpy(), targets.numpy())
                .score(images.flatten(1).numpy(), labels.numpy())
            )
            for name, (samples, targets) in training.items()
        }
