import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn

from ganzoo.error import UserError


class InstanceNoise(Callback):
    """Gaussian noise on everything the discriminator sees in training, annealed to none.

    Real and generated distributions then overlap, and D cannot be perfect (Sonderby et al. 2017,
    section 3, https://arxiv.org/abs/1610.04490; Arjovsky & Bottou 2017, section 3).

    Args:
        std: Standard deviation at the first step; images are in [-1, 1].
        anneal_steps: Generator steps over which it falls linearly to 0.

    Raises:
        UserError: If either is out of range.
    """

    def __init__(self, std: float = 0.1, anneal_steps: int = 10_000) -> None:
        if std < 0 or anneal_steps < 1:
            raise UserError(
                "callback.instance_noise needs std at least 0 and anneal_steps (generator steps) "
                f"at least 1, got std={std} and anneal_steps={anneal_steps}."
            )
        self.std, self.anneal_steps = std, anneal_steps

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        def disturb(trunk: nn.Module, inputs: tuple[Tensor]) -> Tensor:
            std = self.std_at(trainer.global_step) * trunk.training
            return inputs[0] + std * torch.randn_like(inputs[0])

        # On the trunk: the images that the losses see, and penalise D at, stay undisturbed.
        trunk: nn.Module = pl_module.discriminator.trunk  # type: ignore[union-attr, assignment]
        self.handle = trunk.register_forward_pre_hook(disturb)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.handle.remove()

    def std_at(self, step: int) -> float:
        """The standard deviation after so many generator steps."""
        return self.std * max(0.0, 1 - step / self.anneal_steps)
