"""Frozen networks that turn samples into the features in which scores compare them."""

from abc import ABC, abstractmethod
from functools import cached_property
from hashlib import sha256
from typing import ClassVar

import torch
from torch import Tensor, nn

from ganzoo.error import UserError, refuse_if
from ganzoo.shape import Shape

CHUNK = 32  # images that a large network sees at once


class Extractor(nn.Module, ABC):
    """Maps samples to features: (B, ...) in [-1, 1] -> (B, d), float32, without gradient.

    The network is always in evaluation mode and never under autocast. It follows the device of the
    samples, and is loaded on first use, so an extractor costs nothing until then. A sample that is
    not finite has NaN features, even if the network would hide it.

    Raises:
        UserError: If the weights are missing, or the samples are of another kind.
    """

    sample_dim: ClassVar[int] = 4  # of (B, C, H, W)

    def __init__(self) -> None:
        super().__init__()
        self.network: nn.Module | None = None
        self.named_file: str | None = None  # of weights, by the user

    @property
    def name(self) -> str:
        """Its name in ``conf/metric/extractor`` and in figures."""
        return type(self).__name__.removesuffix("Extractor").lower()

    @abstractmethod
    def build(self) -> nn.Module:
        """Make the network with its weights."""

    @abstractmethod
    def features(self, network: nn.Module, samples: Tensor) -> Tensor:
        """(B, ...) float32 in [-1, 1] -> (B, d)."""

    def logits_of(self, features: Tensor) -> Tensor:
        """Outputs of the network's own classifier for features: (B, d) -> (B, classes).

        Raises:
            UserError: If it has none.
        """
        raise UserError(
            f"{type(self).__name__} has no classes, which the classifier score needs: choose "
            "metric=[classifier_score_digits] for digits or metric=[inception_score] for pictures."
        )

    def load(self) -> nn.Module:
        """Load the weights, once.

        Raises:
            UserError: If they are missing.
        """
        if self.network is None:
            with torch.random.fork_rng(devices=[]):  # the run's random state must not change
                self.network = self.build().requires_grad_(False).eval()
        return self.network

    def train(self, mode: bool = True) -> "Extractor":
        return super().train(False)

    @torch.no_grad()
    def forward(self, samples: Tensor) -> Tensor:
        self.check(samples.shape[1:])
        network = self.load().to(samples.device)
        finite = samples.flatten(1).isfinite().all(dim=1, keepdim=True)
        with torch.autocast(samples.device.type, enabled=False):
            features = self.features(network, samples.float()).float()
        return features.masked_fill(~finite, torch.nan)

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the weights or the preparation of the samples change."""
        self.load()
        digest = sha256(repr(self).encode())
        for tensor in self.state_dict().values():
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def check(self, shape: Shape) -> None:
        """Check that it reads samples of a shape, (C, H, W) or (d,).

        Raises:
            UserError: If it does not.
        """
        refuse_if(
            len(shape) + 1 != self.sample_dim,
            f"{type(self).__name__} reads samples with {self.sample_dim - 1} dimensions, but "
            f"these have the shape {tuple(shape)}: choose metric=[fid_points] for points in "
            "the plane and metric=[fid] or metric=[fid_digits] for pictures.",
        )


def as_bytes(samples: Tensor) -> Tensor:
    """Images in [-1, 1], clipped, as bytes 0 to 255, as in a PNG."""
    return ((samples + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
