"""Two optimizers that take turns in one LightningModule."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from pytorch_lightning import LightningModule
from pytorch_lightning.core.optimizer import LightningOptimizer
from pytorch_lightning.strategies import ParallelStrategy
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo.optimizer.builders import Builder
from ganzoo.optimizer.gathered import Gathered, RealBatch
from ganzoo.optimizer.optimizers import Optimizers
from ganzoo.schedule import Schedule, current, named_schedules


class Alternating(LightningModule):
    """A module whose generator and discriminator each have an optimizer of their own.

    Attributes:
        generator: One player.
        discriminator: The other.
        optimizer: How each of them steps.
        schedules: The numbers of all parts that move, by name.
        n_critic: Batches of a generator step …
        accumulate: … each in so many parts.
    """

    generator: nn.Module
    discriminator: nn.Module
    optimizer: Optimizers
    schedules: Mapping[str, Schedule]
    n_critic: int
    accumulate: int

    def __init__(self, *options: Any, **more: Any) -> None:
        super().__init__(*options, **more)
        self.gathered = Gathered()

    def training_step(self, batch: RealBatch, batch_idx: int) -> None:
        wanted = self.n_critic * self.accumulate
        for step in self.gathered.whole_steps(batch, self.trainer.train_dataloader, wanted):
            self.play(step)

    @abstractmethod
    def play(self, batch: RealBatch) -> None:
        """Let both players step: a generator step's images, and their labels."""

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizers = [
            build_optimizer(self.optimizer.generator, self.generator.parameters()),
            build_optimizer(self.optimizer.discriminator, self.discriminator.parameters()),
        ]
        schedule = self.optimizer.schedule
        return optimizers, [schedule(each) for each in optimizers] if schedule else []

    @property
    def logs_now(self) -> bool:
        """Whether this step's curves are logged; Lightning's 0 is never."""
        every: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        return every > 0 and self.global_step % every == 0

    def step_uncounted(self, optimizer: LightningOptimizer) -> None:
        """Step without moving ``global_step``, which counts the generator's steps alone."""
        self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)

    def gradient_exchange(self, last: bool) -> AbstractContextManager[None]:
        """Let processes exchange gradients in a backward pass only if it is a step's last."""
        strategy = self.trainer.strategy
        if last or not isinstance(strategy, ParallelStrategy):
            return nullcontext()
        return strategy.block_backward_sync()

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        if self.optimizer.clip_norm is not None:  # here, because half precision has unscaled by now
            weights = [weight for group in optimizer.param_groups for weight in group["params"]]
            torch.nn.utils.clip_grad_norm_(weights, self.optimizer.clip_norm)

    def step_learning_rates(self) -> None:
        """Move the learning rates' schedules by one generator step."""
        schedules: Any = self.lr_schedulers() or []
        for schedule in schedules if isinstance(schedules, list) else [schedules]:
            schedule.step()

    def move_schedules(self, images_shown: float) -> None:
        """Move the numbers that are schedules, those among the optimizers' options too."""
        for schedule in self.schedules.values():
            schedule.move(images_shown)
        builders = (self.optimizer.generator, self.optimizer.discriminator)
        for builder, optimizer in zip(builders, self.optimizers(), strict=True):
            for group in optimizer.param_groups:
                group.update(scheduled_options(builder))


def build_optimizer(builder: Builder, parameters: Iterable[Tensor]) -> Optimizer:
    """Build an optimizer at the first values of options that are schedules."""
    return builder(parameters, **scheduled_options(builder))


def scheduled_options(builder: Builder) -> Mapping[str, Any]:
    """The current values of those options of an optimizer that hold a schedule."""
    options = builder.keywords if isinstance(builder, partial) else {}
    return {name: current(value) for name, value in options.items() if any(named_schedules(value))}
