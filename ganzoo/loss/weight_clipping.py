import torch

from ganzoo.error import refuse_if
from ganzoo.loss.base import Loss
from ganzoo.network import Discriminator


class WeightClipping(Loss):
    """Keeps the critic Lipschitz by keeping every weight in a box; adds nothing to either loss.

    Arjovsky et al. 2017, algorithm 1, https://arxiv.org/abs/1701.07875

    Args:
        bound: c; after every critic step the weights lie in [-c, c].

    Raises:
        UserError: If the bound is not positive.
    """

    def __init__(self, bound: float = 0.01) -> None:
        super().__init__()
        refuse_if(
            bound <= 0,
            f"loss.weight_clipping.bound must be above 0, got {bound}: the paper has 0.01.",
        )
        self.bound = bound

    @torch.no_grad()
    def constrain(self, discriminator: Discriminator) -> None:
        torch._foreach_clamp_min_(list(discriminator.parameters()), -self.bound)
        torch._foreach_clamp_max_(list(discriminator.parameters()), self.bound)
