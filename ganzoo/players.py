"""The generator and the discriminator, and what they can do once they are trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from numbers import Integral
from types import MappingProxyType

import torch
from torch import Tensor, nn

from ganzoo.condition.base import Condition, Labels
from ganzoo.draws import Draws, Stream
from ganzoo.error import UserError, refuse_if
from ganzoo.grad_mode import eval_mode
from ganzoo.head import Head
from ganzoo.latent import Latent
from ganzoo.latent.walk import Walk, straight
from ganzoo.network import Discriminator, Network, draw_images
from ganzoo.network.discriminator import pooled_features
from ganzoo.shape import Shape

BLOCK = 256  # samples that share their random numbers, and are in memory at a time
FREE: Mapping[int, float] = MappingProxyType({})


class Players(nn.Module):
    """A generator and a discriminator, a plain module: no trainer, no losses, no optimizers.

    Args:
        image_shape: (C, H, W) of the images, in [-1, 1].
        condition: What the generator is told besides noise.
        latent: The noise.
        network: Builds the generator and the discriminator's trunk.
        head: Builds the discriminator's head from (features, condition width); None leaves the
            discriminator out.
        per_sample: Tie no score to other images of the batch: layer norm in the discriminator.
        augmentation: Changes the images that the discriminator judges in training.
    """

    def __init__(
        self,
        image_shape: Shape,
        condition: Condition,
        latent: Latent,
        network: Network,
        head: Callable[[int, int], Head] | None = None,
        per_sample: bool = False,
        augmentation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.image_shape = tuple(image_shape)
        self.condition, self.latent = condition, latent
        self.generator = network.generator(latent.dim, condition.dim, self.image_shape)
        self.discriminator = (
            Discriminator(self.image_shape, condition, network, head, per_sample, augmentation)
            if head
            else None
        )
        self.to(memory_format=torch.channels_last)  # faster: docs/performance.md

    def forward(self, latent: Tensor, condition: Tensor, truncation: float = 1.0) -> Tensor:
        """Generate: (N, L), (N, K) -> (N, C, H, W) float32; for ``truncation`` see ``sample``."""
        return draw_images(self.generator, latent, condition, truncation)

    def sample(
        self,
        labels: Labels = 64,
        seed: int = 0,
        *,
        truncation: float = 1.0,
        fixed: Mapping[int, float] = FREE,
    ) -> Tensor:
        """Generate images as after training: (N, C, H, W), in [-1, 1].

        Args:
            labels: How many, or what each is conditioned on: classes (N,) or vectors (N, K).
            seed: Same seed, same images; the first of many are those of few.
            truncation: Less variety and fewer failures, in (0, 1]: the share of the noise, or of
                StyleGAN2's w beyond its mean, that is kept.
            fixed: Factors of the condition that are set, by number: a category, or a value.

        Raises:
            UserError: If the condition comes only with data and a number is given, or a value is
                out of range.
        """
        return torch.cat(list(self.stream(labels, seed, truncation=truncation, fixed=fixed)))

    def interpolate(
        self,
        rows: int = 8,
        steps: int = 10,
        seed: int = 0,
        *,
        truncation: float = 1.0,
        fixed: Mapping[int, float] = FREE,
        walk: Walk = straight,
    ) -> Tensor:
        """Walk from one noise to another: (rows * steps, C, H, W), row by row.

        A row starts at the image that ``sample`` has in its place, and keeps its condition.
        Arguments: see ``sample``; ``walk`` is one of ``ganzoo.latent.walk``.
        """
        blocks = self.stream(rows, seed, truncation=truncation, fixed=fixed, steps=steps, walk=walk)
        return torch.cat(list(blocks))

    def stream(
        self,
        labels: Labels,
        seed: int = 0,
        *,
        truncation: float = 1.0,
        fixed: Mapping[int, float] = FREE,
        steps: int = 1,
        walk: Walk = straight,
    ) -> Iterator[Tensor]:
        """What ``sample`` and ``interpolate`` return, in parts, so that memory never fills."""
        low, negative = not 0 < truncation <= 1, not (isinstance(seed, Integral) and int(seed) >= 0)
        refuse_if(low, f"truncation lies in (0, 1], got {truncation}: 0.7 is a good start.")
        refuse_if(negative, f"a seed is a whole number from 0 up, got {seed}: type 0.")
        asked = self.condition.asked(labels)
        total = asked if isinstance(asked, int) else len(asked)
        for block, start in enumerate(range(0, total, BLOCK)):
            rows = min(BLOCK, total - start)
            known = self.condition.some(asked, start, BLOCK).to(self.device)
            # Numbers for a whole block, however few are wanted, so that few are the first of many.
            draws = Draws(seed, Stream.SAMPLES, block, device=self.device)
            first = self.latent.draw(BLOCK, draws)
            condition = self.condition.fix(self.condition.draw(known, draws), fixed)[:rows]
            last = self.latent.draw(BLOCK, draws)
            latent = walk(first[:rows], last[:rows], steps)
            yield self._show(latent, condition.repeat_interleave(steps, dim=0), truncation)

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

    def features(self, images: Tensor, layer: int | None = None) -> Tensor:
        """What D learned, for a linear classifier: (N, C, H, W) in [-1, 1] -> (N, F).

        Every convolution's activations, max-pooled to a 4x4 grid and flattened (Radford et al.
        2016, section 5.1, https://arxiv.org/abs/1511.06434); of another trunk, its output.

        Args:
            images: Pictures or points.
            layer: Of one activation alone, counted from the image, 0 first.

        Raises:
            UserError: If the model came without its discriminator, or there is no such layer.
        """
        with eval_mode(self):
            return pooled_features(self._judge(), images, layer)

    def infer(self, images: Tensor) -> Tensor:
        """Read the condition off images: (N, C, H, W) -> (N, K), class probabilities and means.

        Raises:
            UserError: If the discriminator does not guess the condition, or there is none.
        """
        judge = self._judge()
        if not judge.head.guesses:
            raise UserError(
                "this model's discriminator does not guess the condition: take an InfoGAN or an "
                "ACGAN, such as infogan-mnist."
            )
        with eval_mode(self):
            return self.condition.decode(judge.guess(images))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def _judge(self) -> Discriminator:
        if self.discriminator is None:
            raise UserError(
                "this model came without its discriminator, which features and codes are read by: "
                "export the run with it."
            )
        return self.discriminator

    def _show(self, latent: Tensor, condition: Tensor, truncation: float = 1.0) -> Tensor:
        parts = zip(torch.split(latent, BLOCK), torch.split(condition, BLOCK), strict=True)
        with eval_mode(self):
            return torch.cat([self(*part, truncation) for part in parts])
