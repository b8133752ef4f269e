"""The adversarial game, written once. A variant chooses the parts, and never this file's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from typing import Any, ClassVar, NamedTuple

import torch
import torch.distributed as dist
from pytorch_lightning import LightningModule
from pytorch_lightning.core.optimizer import LightningOptimizer
from pytorch_lightning.strategies import ParallelStrategy
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from typing_extensions import TypedDict, Unpack

from ganzoo.condition import Condition, Nothing
from ganzoo.draws import Draws, Stream, mix
from ganzoo.grad_mode import frozen
from ganzoo.head import Head, Unconditional
from ganzoo.latent import Latent, Uniform
from ganzoo.loss import Loss, NonSaturating, Objective, Turn
from ganzoo.network import DCGAN, Critique, Discriminator, Judge, Network
from ganzoo.optimizer import Optimizers, adam, unrolled
from ganzoo.players import Players
from ganzoo.rules import check_rules
from ganzoo.shape import Shape

Terms = dict[str, Tensor]


class Choices(TypedDict, total=False):
    """What a variant may choose.

    Attributes:
        condition: What the generator is told besides noise.
        latent: The noise.
        network: Builds the generator and the discriminator's trunk.
        head: Builds the discriminator's head from (features, condition width).
        loss: The named terms of the game; the names are those of the logged curves.
        optimizer: How each player steps.
        n_critic: Discriminator steps, each on fresh images, per generator step.
        ema: Decay of the moving average of the generator's weights that is sampled and scored
            (Yazici et al. 2019, https://arxiv.org/abs/1806.04498); None samples the generator.
        accumulate: Parts that a batch is judged in, one after another, before a player steps.
        seed: Of the first weights and of every random number in training.
    """

    condition: Condition
    latent: Latent
    network: Network
    head: Callable[[int, int], Head]
    loss: Mapping[str, Loss]
    optimizer: Optimizers
    n_critic: int
    ema: float | None
    accumulate: int
    seed: int


class View(NamedTuple):
    """What both players are shown at a time: a batch, or a part of it if it is accumulated."""

    images: Tensor  # real, (N, C, H, W) in [-1, 1]
    latent: Tensor  # of as many fakes, (N, L)
    condition: Tensor  # of both, (N, K)
    draws: Draws


class Game(Players, LightningModule):
    """A generator and a discriminator that take turns, each minimising its side of every term.

    One ``training_step`` is one generator step: the batch holds ``n_critic`` batches, the
    discriminator steps on each of them, then the generator steps once. With ``accumulate`` each of
    these batches comes in so many parts. ``global_step``, the
    loggers' axis, schedules and budgets therefore all count generator steps.

    Args:
        image_shape: (C, H, W) of the data; images are in [-1, 1].
        **choices: What to choose differently from the variant's recipe, see ``Choices``.

    Raises:
        UserError: If the choices do not fit each other or the images.
    """

    discriminator: Discriminator  # a game has both players
    device = LightningModule.device  # known, where a plain module looks for a weight to ask
    recipe: ClassVar[Choices] = {
        "condition": Nothing(),
        "latent": Uniform(100),
        "network": DCGAN(),
        "head": Unconditional,
        "loss": {"non_saturating": NonSaturating()},
        "optimizer": Optimizers(adam(), adam()),
        "n_critic": 1,
        "ema": None,
        "accumulate": 1,
        "seed": 0,
    }

    def __init__(self, image_shape: Shape, **choices: Unpack[Choices]) -> None:
        chosen: Choices = {**Game.recipe, **self.recipe, **choices}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(mix(chosen["seed"], Stream.WEIGHTS))
            super().__init__(
                image_shape,
                chosen["condition"],
                chosen["latent"],
                chosen["network"],
                chosen["head"],
                per_sample=any(loss.per_sample for loss in chosen["loss"].values()),
            )
        self.automatic_optimization = False  # two optimizers take turns
        self.losses, self.optimizer = dict(chosen["loss"]), chosen["optimizer"]
        self.n_critic, self.seed = chosen["n_critic"], chosen["seed"]
        self.training_seed = self.seed  # until a run is rewound
        self.accumulate = chosen["accumulate"]
        self.ema_decay = chosen["ema"]
        check_rules(self)
        self.ema = average_of(self.generator, self.ema_decay) if self.ema_decay else None

    @property
    def objective(self) -> Objective:
        """The one adversarial term among the losses."""
        return next(loss for loss in self.losses.values() if isinstance(loss, Objective))

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Generate with the averaged weights if there are any: (N, L), (N, K) -> (N, C, H, W)."""
        generator = self.generator if self.ema is None else self.ema
        images: Tensor = generator(latent, condition)
        return images.float()

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        for_generator, for_discriminator = self.optimizers()  # type: ignore[attr-defined]
        draws = [
            self._draws(Stream.TRAINING, self.global_step, part) for part in range(self.accumulate)
        ]
        for share in zip(*(part.tensor_split(self.n_critic) for part in batch), strict=True):
            views, curves = [], []
            for_discriminator.zero_grad()
            parts = (each.tensor_split(self.accumulate) for each in share)
            for images, labels, own in zip(*parts, draws, strict=True):
                condition = self.condition.draw(labels, own)
                views.append(View(images, self.latent.draw(len(images), own), condition, own))
                fake = self.generator(views[-1].latent, condition)
                with self._exchange(last=len(views) == self.accumulate):
                    curves.append(self._discriminate(views[-1], fake.detach()))
            self._step(for_discriminator, curves, counted=False)
            for loss in self.losses.values():
                loss.constrain(self.discriminator)
        # The last fakes serve both turns, as in the DCGAN authors' code: G has not moved since.
        again = (self.generator(view.latent, view.condition) for view in views[:-1])
        for_generator.zero_grad()
        for view, fakes in zip(views, chain(again, [fake]), strict=True):
            with self._exchange(last=view is views[-1]):
                curves.append(self._generate(view, fakes))
        self._step(for_generator, curves, counted=True)
        self._after_step(len(batch[0]))

    def _discriminate(self, view: View, fake: Tensor) -> Terms:
        """The discriminator's side of one view; returns its curves."""
        turn = turn_of(self.discriminator, view, fake)
        terms = named(self.losses, lambda loss: loss.for_discriminator(turn))
        self._backward(terms)
        opinions = {"real": turn.real.score, "fake": turn.fake.score}
        outputs = {
            f"output_{of}": self.objective.opinion(score.detach()).mean()
            for of, score in opinions.items()
        }
        return {f"discriminator/{name}": value for name, value in (terms | outputs).items()}

    def _generate(self, view: View, fake: Tensor) -> Terms:
        """The generator's side of one view; returns its curves."""

        def answer(discriminator: Judge) -> Tensor:
            turn = turn_of(discriminator, view, fake.float())
            return total(named(self.losses, lambda loss: loss.for_discriminator(turn)))

        with frozen(self.discriminator):
            with torch.autocast(self.device.type, enabled=False):
                opponent = unrolled(
                    self.discriminator,
                    self.optimizers()[1].optimizer,  # type: ignore[index]
                    answer,
                    self.optimizer.unrolled_steps,
                )
            judged: Critique = opponent(fake, view.condition)
            self.judged = Critique(*(each.detach() for each in judged))
            terms = named(self.losses, lambda loss: loss.for_generator(judged))
            self._backward(terms)
        return {f"generator/{name}": value for name, value in terms.items()}

    def _backward(self, terms: Terms) -> None:
        # Autocast would take a penalty's second derivatives in half precision.
        with torch.autocast(self.device.type, enabled=False):
            self.manual_backward(total(terms) / self.accumulate)

    def _exchange(self, last: bool) -> AbstractContextManager[None]:
        """Spare processes the exchange of gradients for all but the last part of a batch."""
        strategy = self.trainer.strategy
        if last or not isinstance(strategy, ParallelStrategy):
            return nullcontext()
        return strategy.block_backward_sync()

    def _step(self, optimizer: LightningOptimizer, curves: Sequence[Terms], counted: bool) -> None:
        """Step down the gradients; only counted steps move ``global_step``."""
        self.curves = means(curves)
        if counted:
            optimizer.step()
        else:
            self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        if self.optimizer.clip_norm is not None:  # here, because half precision has unscaled by now
            weights = [each for group in optimizer.param_groups for each in group["params"]]
            torch.nn.utils.clip_grad_norm_(weights, self.optimizer.clip_norm)

    def _after_step(self, rows: int) -> None:
        moved = any(each.grad is not None for each in self.generator.parameters())
        if self.ema is not None and moved:  # a callback may have taken the gradients away
            self.ema.update_parameters(self.generator)
        for schedule in self._schedules():
            schedule.step()
        if self.global_step % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            images = self.global_step * rows * self.trainer.world_size
            self.log_dict(self.curves)
            self.log_dict({"step": float(self.global_step), "images": float(images)})

    def on_validation_start(self) -> None:
        # DDP gives all processes the first one's running averages only before a training step, and
        # a checkpoint holds the first one's.
        for buffer in self.buffers() if dist.is_initialized() else []:
            dist.broadcast(buffer, src=0)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Terms:
        """As many fakes as reals, under the same labels; the callbacks score and draw them."""
        images, labels = batch
        draws = Draws(
            *(self.seed, Stream.VALIDATION, batch_idx, self.global_rank), device=self.device
        )
        latent = self.latent.draw(len(images), draws)
        condition = self.condition.draw(labels, draws)
        return {"real": images, "fake": self(latent, condition), "condition": condition}

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizers = [
            self.optimizer.generator(self.generator.parameters()),
            self.optimizer.discriminator(self.discriminator.parameters()),
        ]
        schedule = self.optimizer.schedule
        return optimizers, [schedule(each) for each in optimizers] if schedule else []

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        # Dropout and the like read the global generators: what they draw must depend on the step
        # and not on what was drawn before, or a resumed run would differ.
        seed = mix(self.training_seed, Stream.LAYERS, self.global_step, self.global_rank)
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def _draws(self, stream: Stream, step: int, part: int) -> Draws:
        # Accumulated parts share a step's numbers as processes do, part by part and then by rank.
        world = self.trainer.world_size
        share = {"rank": part * world + self.global_rank, "world": self.accumulate * world}
        return Draws(self.training_seed, stream, step, **share, device=self.device)

    def _schedules(self) -> list[Any]:
        schedules = self.lr_schedulers()
        return schedules if isinstance(schedules, list) else [schedules] * (schedules is not None)


def average_of(generator: nn.Module, decay: float) -> AveragedModel:
    """A frozen copy of the generator that follows its weights as an exponential average."""
    follow = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    average = AveragedModel(generator, multi_avg_fn=follow)
    return average.requires_grad_(False)


def named(losses: Mapping[str, Loss], side: Callable[[Loss], Tensor | None]) -> Terms:
    """One player's side of every loss that has one."""
    terms = {name: side(loss) for name, loss in losses.items()}
    return {name: term for name, term in terms.items() if term is not None}


def total(terms: Terms) -> Tensor:
    """The sum of a player's terms, a scalar."""
    return torch.stack(list(terms.values())).sum()


def turn_of(discriminator: Judge, view: View, fake: Tensor) -> Turn:
    """What the discriminator makes of both sides."""
    real = discriminator(view.images, view.condition)
    return Turn(discriminator, real, discriminator(fake, view.condition), view.draws)


def means(curves: Sequence[Terms]) -> Terms:
    """The mean of each curve over the views that have it."""
    names = dict.fromkeys(name for each in curves for name in each)
    values = {name: [each[name].detach() for each in curves if name in each] for name in names}
    # Of one view, which a batch is unless it is accumulated, there is nothing to average.
    return {
        name: torch.stack(found).mean() if len(found) > 1 else found[0]
        for name, found in values.items()
    }
