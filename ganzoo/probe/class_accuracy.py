import torch

from ganzoo.condition import ClassLabel
from ganzoo.data.base import Data
from ganzoo.error import refuse_if
from ganzoo.game import Game
from ganzoo.metric import DigitsExtractor
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder


class ClassAccuracy(Probe):
    """The share of conditional samples that a classifier reads as the requested digit.

    The classifier, ``ganzoo.metric.DigitsExtractor``, was trained without the game.

    Measures ``class_accuracy``.

    Args:
        n: Samples of the generator, equally many of every class.
    """

    def __init__(self, n: int = 10_000) -> None:
        self.n = n

    def check(self, game: Game, data: Data) -> None:
        super().check(game, data)
        refuse_if(
            not isinstance(game.condition, ClassLabel) or game.condition.dim != 10,
            "probe=class_accuracy samples digits by their class: choose model=cgan or "
            "model=acgan and data=mnist or data=mnist5k.",
        )

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        classes, classifier = game.condition.labels(self.n), DigitsExtractor()
        samples = torch.split(game.sample(classes), 1000)
        digits = torch.cat([classifier.logits(part)[:, 0].argmax(1) for part in samples])
        return {"class_accuracy": float((digits.cpu() == classes).double().mean())}
