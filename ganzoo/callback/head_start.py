from pytorch_lightning import Callback, LightningModule, Trainer
from torch.optim import Optimizer

from ganzoo.error import UserError


class HeadStart(Callback):
    """Lets the discriminator play alone at first: the generator does not step.

    A critic's estimate means something only near its optimum (Arjovsky et al. 2017, section 3,
    https://arxiv.org/abs/1701.07875). Their code takes 100 critic steps in each of the first 25
    generator steps, and 5 later: 500 steps of 5 are as many.

    Args:
        steps: Generator steps, each with its ``n_critic`` discriminator steps.

    Raises:
        UserError: If they are negative.
    """

    def __init__(self, steps: int = 500) -> None:
        if steps < 0:
            raise UserError(
                "callback.head_start.steps counts generator steps and must be at least 0, got "
                f"{steps}: type callback.head_start.steps=500."
            )
        self.steps = steps

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        if optimizer is trainer.optimizers[0] and trainer.global_step < self.steps:
            optimizer.zero_grad()  # what has no gradient is not moved, nor are its moments
