import torch

from ganzoo.condition import ClassLabel
from ganzoo.data.base import Data
from ganzoo.error import UserError
from ganzoo.game import Game
from ganzoo.metric import DigitsExtractor
from ganzoo.probe.base import Probe
from ganzoo.runs import RunFolder


class ClassAccuracy(Probe):
    """The share of conditional samples that a classifier takes for the digit that was asked for.

    The classifier, ``ganzoo.metric.DigitsExtractor``, has not seen the game or its samples.

    Measures `class_accuracy`.

    Args:
        n: Samples of the generator, of every class as many.
    """

    def __init__(self, n: int = 10_000) -> None:
        self.n = n

    def check(self, game: Game, data: Data) -> None:
        super().check(game, data)
        if not isinstance(game.condition, ClassLabel) or game.condition.dim != 10:
            raise UserError(
                "probe=class_accuracy asks for digits by their class: choose model=cgan or "
                "model=acgan and data=mnist or data=mnist5k."
            )

    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        asked, classifier = game.condition.labels(self.n), DigitsExtractor()
        samples = torch.split(game.sample(asked), 1000)
        drawn = torch.cat([classifier.logits(part)[:, 0].argmax(1) for part in samples])
        return {"class_accuracy": float((drawn.cpu() == asked).double().mean())}
