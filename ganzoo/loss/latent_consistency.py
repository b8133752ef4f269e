import torch
from torch import Tensor

from ganzoo.loss.base import Loss, Turn
from ganzoo.schedule import Number


class LatentConsistency(Loss):
    """A small change of the noise should not matter to D, and should change what G makes.

    zCR: Zhao et al. 2021, section 3.2, https://arxiv.org/abs/2002.04724. G's side is the mean
    squared change over all pixels.

    Args:
        weight_discriminator: The paper's lambda of D.
        weight_generator: The paper's lambda of G.
        noise: Standard deviation of the change.
    """

    def __init__(
        self,
        weight_discriminator: Number = 5.0,
        weight_generator: Number = 0.5,
        noise: float = 0.03,
    ) -> None:
        super().__init__()
        self.weight_discriminator, self.weight_generator = weight_discriminator, weight_generator
        self.noise = noise

    def for_discriminator(self, turn: Turn) -> Tensor:
        again = turn.discriminator(self._nearby(turn), turn.condition)
        change = (turn.fake.score - again.score).square().mean()
        return float(self.weight_discriminator) * change

    def for_generator(self, turn: Turn) -> Tensor:
        change = (turn.generated.float() - self._nearby(turn).float()).square().mean()
        return -float(self.weight_generator) * change

    def _nearby(self, turn: Turn) -> Tensor:
        """Images of nearly the same noise, with a gradient to G where the turn's have one."""
        moved = turn.latent + self.noise * turn.draws.normal(*turn.latent.shape)
        with torch.set_grad_enabled(turn.generated.requires_grad):
            return turn.generator(moved, turn.condition)
