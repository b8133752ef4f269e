from abc import ABC, abstractmethod
from pathlib import Path

from ganzoo.data.base import Data
from ganzoo.game import Game


class Probe(ABC):
    """A claim about trained games that can be measured on this one.

    Metrics compare samples with data during training; a probe has the whole game, the whole data
    with its test set, and the run's files, and is asked once, at the end.
    """

    def check(self, game: Game, data: Data) -> None:
        """Refuse a game or data that it cannot measure, before training starts.

        Raises:
            UserError: If it cannot; here, if the game can be sampled only with labels from data.
        """
        game.condition.labels(1)

    @abstractmethod
    def measure(self, game: Game, data: Data, folder: Path) -> dict[str, float]:
        """Measure, and draw figures.

        Args:
            game: Trained.
            data: What it was trained on, set up.
            folder: The run's; figures go to ``figures/`` in it.

        Returns:
            Every figure by its name.
        """
