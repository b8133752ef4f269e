"""The adversarial game, written once. A variant chooses the parts, and never this file's order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, ClassVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.optim import Optimizer
from typing_extensions import Unpack

from ganzoo.draws import Draws, Stream, mix, seed_layers
from ganzoo.grad_mode import frozen
from ganzoo.loss import Losses, Objective, Terms, Turn, View, mean_terms, total_loss
from ganzoo.network import Discriminator, Judge, draw_images
from ganzoo.optimizer import Alternating, moving_average, unrolled
from ganzoo.players import Players
from ganzoo.rules import DEFAULTS, Choices, check_rules
from ganzoo.schedule import named_schedules
from ganzoo.settings.stored import Stored
from ganzoo.shape import Shape

__all__ = ["Choices", "Game"]

Side = Callable[[View, Tensor], Terms]  # a player's gradients over one view, and its curves


class Game(Players, Stored, Alternating):
    """A generator and a discriminator that take turns, each minimising its side of every term.

    One ``play`` is one generator step: the batch holds ``n_critic`` batches, the discriminator
    steps on each of them, then the generator steps once. With ``accumulate`` each of these batches
    comes in so many parts. ``global_step``, loggers, schedules and budgets count generator steps.

    Args:
        image_shape: (C, H, W) of the data; images are in [-1, 1].
        **choices: What to choose differently from the variant's recipe, see ``Choices``.

    Raises:
        UserError: If the choices do not fit each other or the images.
    """

    discriminator: Discriminator  # a game has both players
    device = Stored.device  # known, where a plain module looks for a weight
    recipe: ClassVar[Choices] = {}  # what differs from DEFAULTS

    def __init__(self, image_shape: Shape, **choices: Unpack[Choices]) -> None:
        chosen: Choices = {**DEFAULTS, **self.recipe, **choices}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(mix(chosen["seed"], Stream.WEIGHTS))
            parts = chosen["condition"], chosen["latent"], chosen["network"], chosen["head"]
            super().__init__(
                image_shape,
                *parts,
                per_sample=any(loss.per_sample for loss in chosen["loss"].values()),
                augmentation=chosen["augmentation"],
            )
        check_rules(self.image_shape, chosen, self.discriminator)
        self.record({"image_shape": self.image_shape, **chosen})
        self.automatic_optimization = False  # two optimizers take turns
        self.losses = Losses(chosen["loss"])
        self.optimizer, self.ema_decay = chosen["optimizer"], chosen["ema"]
        self.n_critic, self.accumulate = chosen["n_critic"], chosen["accumulate"]
        self.seed = self.training_seed = chosen["seed"]  # another after a run is rewound
        self.ema = moving_average(self.generator, self.ema_decay) if self.ema_decay else None
        moving = {"loss": self.losses, "augmentation": self.discriminator.augmentation}
        steps = {"optimizer": self.optimizer._asdict(), "ema": self.ema_decay}
        self.schedules = dict(named_schedules({**moving, **steps}))
        self.curves: Terms = {}  # of the last step, by player and term
        self.turn: Turn | None = None  # the generator's last, without gradients

    @property
    def objective(self) -> Objective:
        """The one adversarial term among the losses."""
        return next(loss for loss in self.losses.values() if isinstance(loss, Objective))

    def forward(self, latent: Tensor, condition: Tensor, truncation: float = 1.0) -> Tensor:
        """Generate as ``Players`` do, with the averaged weights if there are any."""
        generator = self.generator if self.ema is None else self.ema.module
        return draw_images(generator, latent, condition, truncation)

    def play(self, batch: tuple[Tensor, Tensor]) -> None:
        for_generator, for_discriminator = self.optimizers()  # type: ignore[attr-defined]
        self.move_schedules(self._images_shown(len(batch[0])))
        self.curves = {}
        draws = [self._draws(part) for part in range(self.accumulate)]
        for share in zip(*(tensor.tensor_split(self.n_critic) for tensor in batch), strict=True):
            views = list(self._views(share, draws))
            for_discriminator.zero_grad()
            fakes = self._play(self._discriminate, views, self._generated(views))
            self.step_uncounted(for_discriminator)
            self.losses.constrain(self.discriminator)
        # The last fakes serve both turns, as in the DCGAN authors' code: G has not moved since.
        for_generator.zero_grad()
        self._play(self._generate, views, chain(self._generated(views[:-1]), [fakes]))
        for_generator.step()
        self._after_step(len(batch[0]))

    def _views(self, batch: Iterable[Tensor], draws: Sequence[Draws]) -> Iterator[View]:
        """The parts of a batch, each with conditions and noise."""
        parts = (tensor.tensor_split(self.accumulate) for tensor in batch)
        for real, known, numbers in zip(*parts, draws, strict=True):
            condition = self.condition.draw(known, numbers)
            yield View(real, self.latent.draw(len(real), numbers), condition, numbers)

    def _generated(self, views: Iterable[View]) -> Iterator[Tensor]:
        return (self.generator(view.latent, view.condition) for view in views)

    def _play(self, side: Side, views: Sequence[View], generated: Iterable[Tensor]) -> Tensor:
        """Sum a player's gradients over the views; return the last generated images."""
        parts = []
        for view, fakes in zip(views, generated, strict=True):
            with self.gradient_exchange(last=view is views[-1]):
                parts.append(side(view, fakes))
        self.curves |= mean_terms(parts)
        return fakes

    def _discriminate(self, view: View, generated: Tensor) -> Terms:
        """The discriminator's side of one view; returns its curves."""
        generated, slopes = generated.detach(), self.losses.slopes
        turn = Turn(self.discriminator, self.generator, generated, *view, slopes)
        outputs = {
            f"output_{of}": self.objective.opinion(critique.score.detach()).mean()
            for of, critique in (("real", turn.real), ("fake", turn.fake))
        }
        self.losses.observe(turn)
        terms = self.losses.for_discriminator(turn)
        self._backward(terms)
        self.discriminator.augmentation.observe(turn.real.score.detach())
        return {f"discriminator/{name}": value for name, value in (terms | outputs).items()}

    def _generate(self, view: View, generated: Tensor) -> Terms:
        """The generator's side of one view; returns its curves."""

        def response(discriminator: Judge) -> Tensor:
            turn = Turn(discriminator, self.generator, generated.float(), *view)
            return total_loss(self.losses.for_discriminator(turn))

        with frozen(self.discriminator):
            with torch.autocast(self.device.type, enabled=False):
                ahead = self.optimizer.unrolled_steps
                optimizer: Optimizer = self.optimizers()[1].optimizer  # type: ignore[index]
                opponent = unrolled(self.discriminator, optimizer, response, ahead)
            turn = Turn(opponent, self.generator, generated, *view)
            terms = self.losses.for_generator(turn)
            self._backward(terms)
        self.turn = turn.detached(self.discriminator)
        return {f"generator/{name}": value for name, value in terms.items()}

    def _backward(self, terms: Terms) -> None:
        # Autocast would take a penalty's second derivatives in half precision.
        with torch.autocast(self.device.type, enabled=False):
            self.manual_backward(total_loss(terms) / self.accumulate)

    def _after_step(self, rows: int) -> None:
        moved = any(weight.grad is not None for weight in self.generator.parameters())
        if self.ema is not None and moved:  # a callback may have taken the gradients away
            self.ema.update_parameters(self.generator)
        self.step_learning_rates()
        if self.logs_now:
            self.log_dict(self.curves | self.discriminator.augmentation.curves())
            self.log_dict({f"schedule/{name}": float(n) for name, n in self.schedules.items()})
            self.log_dict({"step": float(self.global_step), "images": self._images_shown(rows)})

    def _images_shown(self, rows: int) -> float:
        """Real images that the discriminator has seen, with so many rows in a process's batch."""
        return float(self.global_step * rows * self.trainer.world_size)

    def on_validation_start(self) -> None:
        # A checkpoint holds the first process's running averages; DDP shares them in training only.
        for buffer in self.buffers() if dist.is_initialized() else []:
            dist.broadcast(buffer, src=0)

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Terms:
        """As many fakes as reals, under the same labels; the callbacks score and draw them."""
        (images, labels), rank = batch, self.global_rank
        draws = Draws(self.seed, Stream.VALIDATION, batch_idx, rank, device=self.device)
        latent, condition = self.latent.draw(len(images), draws), self.condition.draw(labels, draws)
        return {"real": images, "fake": self(latent, condition), "condition": condition}

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        # Dropout and the like read the global generators: a resumed run must draw the same numbers.
        step, rank = self.global_step, self.global_rank
        seed_layers(self.training_seed, Stream.LAYERS, step, rank, device=self.device)

    def reseed_training(self, attempt: int) -> None:
        """Draw other noise from here on, as after so many rewinds of a run."""
        self.training_seed = mix(self.seed, attempt)

    def _draws(self, part: int) -> Draws:
        # Accumulated parts share a step's numbers as processes do, part by part and then by rank.
        seed, step, world = self.training_seed, self.global_step, self.trainer.world_size
        share = {"rank": part * world + self.global_rank, "world": self.accumulate * world}
        return Draws(seed, Stream.TRAINING, step, **share, device=self.device)
