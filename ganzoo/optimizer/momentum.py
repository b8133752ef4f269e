from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class MomentumSchedule(LRScheduler):
    """The first GAN's schedule: the learning rate decays to a floor while momentum rises.

    Goodfellow et al. 2014, authors' code for MNIST, https://arxiv.org/abs/1406.2661

    Args:
        optimizer: Momentum SGD.
        decay: The learning rate is divided by this at every generator step …
        min_lr: … down to this.
        momentum: The momentum at the first step; it rises linearly to …
        final_momentum: … this.
        ramp_steps: Generator steps until then; 250 epochs of 500 batches in the code.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        decay: float = 1.000004,
        min_lr: float = 1e-6,
        momentum: float = 0.5,
        final_momentum: float = 0.7,
        ramp_steps: int = 125_000,
    ) -> None:
        self.decay, self.min_lr = decay, min_lr
        self.momentum, self.final_momentum, self.ramp_steps = momentum, final_momentum, ramp_steps
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """The learning rates at this step; sets the momentum on the way, as torch's cycles do."""
        risen = min(self.last_epoch / self.ramp_steps, 1.0)
        for group in self.optimizer.param_groups:
            group["momentum"] = self.momentum + risen * (self.final_momentum - self.momentum)
        decayed = self.decay**self.last_epoch
        return [max(float(lr) / decayed, self.min_lr) for lr in self.base_lrs]
