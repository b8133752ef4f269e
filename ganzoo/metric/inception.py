"""The Inception network of the Fréchet Inception Distance, from a file or a download."""

from hashlib import sha256
from http.client import HTTPException
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import torch
from pytorch_lightning.utilities import rank_zero_info
from torch import Tensor, nn
from torchmetrics.image.fid import NoTrainInceptionV3

from ganzoo.error import UserError, refuse_if
from ganzoo.files import read_regular, write_bytes
from ganzoo.metric.extractor import CHUNK, Extractor, as_bytes

HASH = "6726825d"
NAME = f"weights-inception-2015-12-05-{HASH}.pth"
URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{NAME}"
TIMEOUT = 5.0  # seconds
REMEDY = (
    "put that file there, name another place by metric.fid.extractor.weights=PATH, "
    "or score without it by metric=[fid_digits]."
)


class InceptionExtractor(Extractor):
    """Last pooling layer of the 2015 TensorFlow Inception: (B, 1 or 3, H, W) -> (B, 2048).

    Images are rounded to 0 ... 255 as in a PNG and resized as TensorFlow 1 did, so the numbers
    compare with Heusel et al. 2017 (https://arxiv.org/abs/1706.08500), pytorch-fid and
    torch-fidelity. Grey images are repeated to three channels.

    Args:
        weights: File with the weights. None takes the standard file in torch.hub's folder
            (``$TORCH_HOME/hub/checkpoints``), which is downloaded if it is missing.
        antialias: Whether images are smoothed before they are made smaller. torchmetrics does;
            TensorFlow 1 did not, and neither must numbers that are compared with the literature.

    Raises:
        UserError: On first use, if the file is missing or damaged.
    """

    def __init__(self, weights: str | None = None, antialias: bool = False) -> None:
        super().__init__()
        self.weights, self.antialias = weights, antialias
        self.named_file = weights

    def extra_repr(self) -> str:
        return f"antialias={self.antialias}"

    def build(self) -> nn.Module:
        path = _standard_file() if self.weights is None else Path(self.weights).expanduser()
        content = _content(path)
        try:
            weights = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
            return _network(weights, self.antialias)
        except Exception as problem:
            raise UserError(
                f"{path} does not hold the weights of the Inception network "
                f"({_first_line(problem)}); replace it by {NAME} or {REMEDY}"
            ) from problem

    def features(self, network: nn.Module, samples: Tensor) -> Tensor:
        rgb = as_bytes(samples).expand(-1, 3, -1, -1)
        return torch.cat([network(chunk) for chunk in torch.split(rgb, CHUNK)])

    @torch.no_grad()
    def logits_of(self, features: Tensor) -> Tensor:
        """(B, 2048) -> (B, 1008), without the last layer's bias, as the Inception Score has it."""
        network = self.load().to(features.device)
        return features @ network.fc.weight.T  # type: ignore[union-attr, operator]


def _network(weights: dict[str, Any], antialias: bool) -> NoTrainInceptionV3:
    """Build the network; torch-fidelity unpickles its file, so it gets one that we have written."""
    safe = BytesIO()
    torch.save(weights, safe)
    safe.seek(0)
    return NoTrainInceptionV3("inception-v3-compat", ["2048"], safe, antialias)  # type: ignore[arg-type]


def _content(path: Path) -> bytes:
    try:
        content = read_regular(path)
    except OSError as problem:
        raise UserError(
            f"The Inception weights {NAME} were looked for at {path}, but cannot be read "
            f"({problem.strerror}); {REMEDY}"
        ) from problem
    refuse_if(
        path.name == NAME and not _genuine(content),
        f"{path} is damaged: its sha256 does not start with {HASH}; delete it and {REMEDY}",
    )
    return content


def _standard_file() -> Path:
    path = Path(torch.hub.get_dir()) / "checkpoints" / NAME
    if not path.exists():
        _download(path)
    return path


def _download(path: Path) -> None:
    rank_zero_info(f"Downloading {NAME} (96 MB) to {path.parent}")
    try:
        with urlopen(URL, timeout=TIMEOUT) as answer:
            content = answer.read()
        if not _genuine(content):
            raise URLError("the answer was not that file")
        write_bytes(path, content)
    except (OSError, HTTPException) as problem:
        raise UserError(
            f"The Inception weights {NAME} are not in {path.parent} and could not be downloaded "
            f"({_first_line(problem)}); {REMEDY}"
        ) from problem


def _genuine(content: bytes) -> bool:
    return sha256(content).hexdigest().startswith(HASH)


def _first_line(problem: Exception) -> str:
    return str(problem).partition("\n")[0]
