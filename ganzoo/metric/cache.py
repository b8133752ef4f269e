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
    """The features (N, d) of one set of samples under one extractor, if they are on disk.

    Args:
        folder: Where such files lie.
        key: Names everything that the features depend on.
    """

    def __init__(self, folder: Path, *key: object) -> None:
        self.key = repr(key).encode()
        self.path = folder / f"features-{sha256(self.key).hexdigest()[:32]}.safetensors"

    def read(self) -> Tensor:
        """Return nothing, a tensor of shape (0,), unless the file is the one that was written."""
        try:
            stored = load(self.path.read_bytes())
            features, seal = stored["features"], stored["seal"]
        except (OSError, SafetensorError, KeyError):
            return torch.empty(0)
        return features if seal.equal(self._seal(features)) else torch.empty(0)

    def write(self, features: Tensor) -> None:
        """Replace the file; raises OSError where nothing can be written."""
        write_bytes(self.path, save({"features": features, "seal": self._seal(features)}))

    def _seal(self, features: Tensor) -> Tensor:
        digest = sha256(self.key + features.numpy().tobytes()).digest()
        return torch.tensor(list(digest), dtype=torch.uint8)


class RealFeatures:
    """Features of a sequence of samples that comes in the same order every time.

    A batch is given the rows that are due; only rows not yet known are computed. What
    one pass added is written when it ends.

    Args:
        extractor: Samples (B, ...) -> features (B, d).
        file: Where they are kept between runs; None keeps them for this run alone.
    """

    def __init__(self, extractor: Callable[[Tensor], Tensor], file: FeatureFile | None) -> None:
        self.extractor = extractor
        self.file = file
        self.known = file.read() if file else torch.empty(0)
        self.begin()

    def begin(self) -> None:
        """Expect the first batch next."""
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

    def end(self) -> None:
        """Keep what was computed in memory and on disk; raises OSError where the disk refuses."""
        if not self.fresh:
            return
        n_fresh = sum(map(len, self.fresh))
        self.known = torch.cat([self.known[: self.position - n_fresh], *self.fresh])
        self.fresh = []
        if self.file:
            self.file.write(self.known)
