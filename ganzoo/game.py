"""The adversarial game, written once. A variant chooses the parts, and never this file's order."""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, ClassVar

import torch
from pytorch_lightning import LightningModule
from pytorch_lightning.core.optimizer import LightningOptimizer
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from typing_extensions import TypedDict, Unpack

from ganzoo.condition import Condition, Nothing
from ganzoo.draws import Draws, mix
from ganzoo.head import Head, Unconditional
from ganzoo.latent import Latent, Uniform
from ganzoo.loss import Loss, NonSaturating, Objective, Turn
from ganzoo.modes import evaluating, frozen
from ganzoo.network import DCGAN, Critique, Discriminator, Judge, Network
from ganzoo.network.discriminator import without_batch_norm
from ganzoo.optimizer import Optimizers, adam, unrolled
from ganzoo.rules import check
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
    seed: int


class Stream(IntEnum):
    """Uses of randomness that must not share their numbers."""

    WEIGHTS = 0
    LAYERS = 1
    TRAINING = 2
    VALIDATION = 3
    SAMPLES = 4


class Game(LightningModule):
    """A generator and a discriminator that take turns, each minimising its side of every term.

    One ``training_step`` is one generator step: the batch holds ``n_critic`` micro-batches, the
    discriminator steps on each of them, then the generator steps once. ``global_step``, the
    loggers' axis, schedules and budgets therefore all count generator steps.

    Args:
        image_shape: (C, H, W) of the data; images are in [-1, 1].
        **choices: What to choose differently from the variant's recipe, see ``Choices``.

    Raises:
        UserError: If the choices do not fit each other or the images.
    """

    recipe: ClassVar[Choices] = {
        "condition": Nothing(),
        "latent": Uniform(100),
        "network": DCGAN(),
        "head": Unconditional,
        "loss": {"non_saturating": NonSaturating()},
        "optimizer": Optimizers(adam(), adam()),
        "n_critic": 1,
        "ema": None,
        "seed": 0,
    }

    def __init__(self, image_shape: Shape, **choices: Unpack[Choices]) -> None:
        super().__init__()
        self.automatic_optimization = False  # two optimizers take turns
        chosen: Choices = {**Game.recipe, **self.recipe, **choices}
        self.image_shape = tuple(image_shape)
        self.condition, self.latent = chosen["condition"], chosen["latent"]
        self.losses, self.optimizer = dict(chosen["loss"]), chosen["optimizer"]
        self.n_critic, self.seed = chosen["n_critic"], chosen["seed"]
        network = chosen["network"]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(mix(self.seed, Stream.WEIGHTS))
            self.generator = network.generator(
                self.latent.dim, self.condition.dim, self.image_shape
            )
            self.discriminator = Discriminator(
                self.image_shape, self.condition, network, chosen["head"]
            )
        if any(loss.per_sample for loss in self.losses.values()):
            without_batch_norm(self.discriminator)
        self.ema_decay = chosen["ema"]
        check(self)
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

    def sample(self, labels: int | Tensor, seed: int = 0) -> Tensor:
        """Generate images as after training: (N, C, H, W), in [-1, 1].

        Args:
            labels: How many, or what each is conditioned on: classes (N,) or vectors (N, K).
            seed: Same seed, same images.

        Raises:
            UserError: If the condition comes only with data, and a number is given.
        """
        draws = Draws(seed, Stream.SAMPLES, device=self.device)
        told = self.condition.labels(labels) if isinstance(labels, int) else labels
        latent = self.latent.draw(len(told), draws)
        return self._show(latent, self.condition.draw(told.to(self.device), draws))

    def showcase(self, rows: int, columns: int, seed: int = 0) -> Tensor:
        """Generate a grid that shows what the condition does: (rows * columns, C, H, W).

        Along a row the condition varies and the noise does not; without one, every cell has noise
        of its own.
        """
        draws = Draws(seed, Stream.SAMPLES, device=self.device)
        condition = self.condition.showcase(rows, columns, draws).to(self.device)
        repeats = columns if self.condition.dim else 1
        latent = self.latent.draw(rows * columns // repeats, draws)
        return self._show(latent.repeat_interleave(repeats, dim=0), condition)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        for_generator, for_discriminator = self.optimizers()  # type: ignore[attr-defined]
        draws = self._draws(Stream.TRAINING, self.global_step)
        for images, labels in zip(
            *(part.tensor_split(self.n_critic) for part in batch), strict=True
        ):
            condition = self.condition.draw(labels, draws)
            fake = self.generator(self.latent.draw(len(images), draws), condition)
            curves = self._discriminate(for_discriminator, images, fake.detach(), condition, draws)
        # The last fakes serve both turns, as in the DCGAN authors' code: G has not moved since.
        curves |= self._generate(for_generator, images, fake, condition, draws)
        self._after_step(len(batch[0]), curves)

    def _discriminate(
        self,
        optimizer: LightningOptimizer,
        images: Tensor,
        fake: Tensor,
        condition: Tensor,
        draws: Draws,
    ) -> Terms:
        """The discriminator's turn; returns its curves."""
        turn = turn_of(self.discriminator, images, fake, condition, draws)
        terms = named(self.losses, lambda loss: loss.for_discriminator(turn))
        self._descend(optimizer, terms, counted=False)
        for loss in self.losses.values():
            loss.constrain(self.discriminator)
        opinions = {"real": turn.real.score, "fake": turn.fake.score}
        outputs = {
            f"output_{of}": self.objective.opinion(score.detach()).mean()
            for of, score in opinions.items()
        }
        return {f"discriminator/{name}": value for name, value in (terms | outputs).items()}

    def _generate(
        self,
        optimizer: LightningOptimizer,
        images: Tensor,
        fake: Tensor,
        condition: Tensor,
        draws: Draws,
    ) -> Terms:
        """The generator's turn; returns its curves."""

        def answer(discriminator: Judge) -> Tensor:
            turn = turn_of(discriminator, images, fake, condition, draws)
            return total(named(self.losses, lambda loss: loss.for_discriminator(turn)))

        with frozen(self.discriminator):
            opponent = unrolled(
                self.discriminator,
                self.optimizers()[1].optimizer,  # type: ignore[index]
                answer,
                self.optimizer.unrolled_steps,
            )
            judged: Critique = opponent(fake, condition)
            self.judged = Critique(*(each.detach() for each in judged))
            terms = named(self.losses, lambda loss: loss.for_generator(judged))
            self._descend(optimizer, terms, counted=True)
        return {f"generator/{name}": value for name, value in terms.items()}

    def _descend(self, optimizer: LightningOptimizer, terms: Terms, counted: bool) -> None:
        """Step down the sum of the terms; only counted steps move ``global_step``."""
        optimizer.zero_grad()
        self.manual_backward(total(terms))
        if counted:
            optimizer.step()
        else:
            self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)

    def _after_step(self, rows: int, curves: Terms) -> None:
        if self.ema is not None:
            self.ema.update_parameters(self.generator)
        for schedule in self._schedules():
            schedule.step()
        self.curves = {name: value.detach() for name, value in curves.items()}
        if self.global_step % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            images = self.global_step * rows * self.trainer.world_size
            self.log_dict(self.curves)
            self.log_dict({"step": float(self.global_step), "images": float(images)})

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
        seed = mix(self.seed, Stream.LAYERS, self.global_step, self.global_rank)
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def _draws(self, stream: Stream, step: int) -> Draws:
        share = {"rank": self.global_rank, "world": self.trainer.world_size}
        return Draws(self.seed, stream, step, **share, device=self.device)

    def _schedules(self) -> list[Any]:
        schedules = self.lr_schedulers()
        return schedules if isinstance(schedules, list) else [schedules] * (schedules is not None)

    def _show(self, latent: Tensor, condition: Tensor) -> Tensor:
        parts = zip(latent.split(256), condition.split(256), strict=True)
        with evaluating(self):
            return torch.cat([self(*part) for part in parts])


def average_of(generator: nn.Module, decay: float) -> AveragedModel:
    """A frozen copy of the generator that follows its weights as an exponential average."""
    average = AveragedModel(generator, multi_avg_fn=get_ema_multi_avg_fn(decay))
    return average.requires_grad_(False)


def named(losses: Mapping[str, Loss], side: Callable[[Loss], Tensor | None]) -> Terms:
    """One player's side of every loss that has one."""
    terms = {name: side(loss) for name, loss in losses.items()}
    return {name: term for name, term in terms.items() if term is not None}


def total(terms: Terms) -> Tensor:
    """The sum of a player's terms, a scalar."""
    return torch.stack(list(terms.values())).sum()


def turn_of(
    discriminator: Judge, images: Tensor, fake: Tensor, condition: Tensor, draws: Draws
) -> Turn:
    """What the discriminator makes of both sides."""
    real = discriminator(images, condition)
    return Turn(discriminator, real, discriminator(fake, condition), draws)
