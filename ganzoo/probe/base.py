from abc import ABC, abstractmethod
from typing import ClassVar

from ganzoo.data.base import Data
from ganzoo.error import refuse_if
from ganzoo.game import Game
from ganzoo.runs import RunFolder


class Probe(ABC):
    """A measurement of a trained game.

    Metrics compare samples with data during training. A probe measures once, at the end, and has
    the whole game, the data with its test set, and the run's files.

    Attributes:
        needs_discriminator: Whether it uses the discriminator, which an exported model may lack.
        reads_test: Whether it measures on the test set.
        reads_log: Whether it reads the csv logger's file.
    """

    needs_discriminator: ClassVar[bool] = False
    reads_test: ClassVar[bool] = False
    reads_log: ClassVar[bool] = False

    def check(self, game: Game, data: Data) -> None:
        """Check before training that it can measure this game and data.

        Raises:
            UserError: If it cannot: the game can be sampled only with labels from data, or lacks a
                discriminator that the probe needs; a count is below 1; or the data has no test set
                that the probe needs.
        """
        refuse_if(
            self.needs_discriminator and game.discriminator is None,
            f"{type(self).__name__} needs the discriminator, which this model lacks: leave the "
            "probe out, or give the run itself.",
        )
        game.condition.labels(1)
        for name, count in vars(self).items():
            refuse_if(
                name not in ("seed", "layer") and isinstance(count, int) and count < 1,
                f"probe={type(self).__name__} has {name}={count}, and a count must be at least "
                f"1: type for example {name}=100.",
            )
        if self.reads_test:
            data.load_test()

    @abstractmethod
    def measure(self, game: Game, data: Data, run: RunFolder) -> dict[str, float]:
        """Measure, and draw figures.

        Args:
            game: Trained.
            data: What it was trained on, set up.
            run: The run's folder, with ``figures`` for pictures.

        Returns:
            Every figure by its name.
        """
