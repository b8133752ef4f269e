from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from ganzoo.data.base import Data
from ganzoo.error import UserError
from ganzoo.game import Game


class Probe(ABC):
    """A claim about trained games that can be measured on this one.

    Metrics compare samples with data during training; a probe has the whole game, the whole data
    with its test set, and the run's files, and is asked once, at the end.

    Attributes:
        needs_discriminator: It asks the discriminator too, which an exported model may lack.
    """

    needs_discriminator: ClassVar[bool] = False

    def check(self, game: Game, data: Data) -> None:
        """Refuse a game or data that it cannot measure, before training starts.

        Raises:
            UserError: If it cannot; here, if the game can be sampled only with labels from data, or
                lacks a discriminator that it needs.
        """
        if self.needs_discriminator and game.discriminator is None:
            raise UserError(
                f"{type(self).__name__} asks the discriminator, which this model came without: "
                "leave the probe out, or give the run itself."
            )
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
