import torch
from torch import Tensor
from torch.nn.functional import relu

from ganzoo.loss.base import Loss, Turn, check_decay
from ganzoo.processes import mean_over_processes
from ganzoo.schedule import Number


class LeCam(Loss):
    """Keeps D's scores of either side from leaving the other side's running mean far behind.

    Tseng et al. 2021, equation 5, https://arxiv.org/abs/2104.03310, one-sided and with unbiased
    running means as in the authors' code. The means are over all processes.

    Args:
        weight: The paper's lambda.
        decay: Share of the running means that an update keeps, in [0, 1).

    Raises:
        UserError: If the share is out of range.
    """

    needs_raw_scores = True
    averages: Tensor  # (2,): of the scores of real and of generated images, biased to 0
    observations: Tensor  # ()

    def __init__(self, weight: Number = 0.3, decay: float = 0.99) -> None:
        super().__init__()
        check_decay("lecam", decay)
        self.weight, self.decay = weight, decay
        self.register_buffer("averages", torch.zeros(2))
        self.register_buffer("observations", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def observe(self, turn: Turn) -> None:
        means = torch.stack([turn.real.score.mean(), turn.fake.score.mean()])
        self.averages.lerp_(mean_over_processes(means).to(self.averages), 1 - self.decay)
        self.observations += 1

    def for_discriminator(self, turn: Turn) -> Tensor:
        real, fake = self.averages / (1 - self.decay**self.observations)
        above = relu(turn.real.score - fake).square().mean()
        below = relu(real - turn.fake.score).square().mean()
        return float(self.weight) * (above + below)
