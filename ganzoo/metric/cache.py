"""Features of the real validation samples, computed once and kept on disk."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ganzoo.files import write_bytes


class FeatureFile:
    """A file with the features (N, d) of one set of samples under one extractor.

    Args:
        folder: Where such files lie.
        key: Everything that the features depend on.
    """

    def __init__(self, folder: Path, *key: object) -> None:
        self.key = repr(key).encode()
        self.path = folder / f"features-{sha256(self.key).hexdigest()[:32]}.safetensors"

    def read(self) -> Tensor:
        """The features; none, of shape (0,), if the file is missing, damaged or has another key."""
        try:
            stored = load(self.path.read_bytes())
            features, checksum = stored["features"], stored["checksum"]
        except (OSError, SafetensorError, KeyError):
            return torch.empty(0)
        return features if checksum.equal(self._checksum(features)) else torch.empty(0)

    def write(self, features: Tensor) -> None:
        """Replace the file.

        Raises:
            OSError: If it cannot be written.
        """
        content = {"features": features, "checksum": self._checksum(features)}
        write_bytes(self.path, save(content))

    def _checksum(self, features: Tensor) -> Tensor:
        digest = sha256(self.key + features.numpy().tobytes()).digest()
        return torch.tensor(list(digest), dtype=torch.uint8)


class RealFeatures:
    """Features of samples that come in the same order in every pass.

    Only batches that are not yet known are computed. At the end of a pass new features are written
    to the file.

    Args:
        extractor: Samples (B, ...) -> features (B, d).
        file: Keeps them between runs; None keeps them for this run only.
    """

    def __init__(self, extractor: Callable[[Tensor], Tensor], file: FeatureFile | None) -> None:
        self.extractor = extractor
        self.file = file
        self.known = file.read() if file else torch.empty(0)
        self.start_pass()

    def start_pass(self) -> None:
        """Start a pass: the next batch is the first."""
        self.position = 0
        self.fresh: list[Tensor] = []

    def __call__(self, samples: Tensor) -> Tensor:
        rows = slice(self.position, self.position + len(samples))
        self.position = rows.stop
        if rows.stop <= len(self.known):
            return self.known[rows].to(samples.device)
        features = self.extractor(samples)
        self.fresh.append(features.cpu())
        return features

    def end_pass(self) -> None:
        """End a pass: keep what was computed, in memory and on disk.

        Raises:
            OSError: If the file cannot be written.
        """
        if not self.fresh:
            return
        n_fresh = sum(map(len, self.fresh))
        self.known = torch.cat([self.known[: self.position - n_fresh], *self.fresh])
        self.fresh = []
        if self.file:
            self.file.write(self.known)
