"""Any image network as an extractor."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ganzoo.error import UserError, refuse_if
from ganzoo.metric.extractor import CHUNK, Extractor, as_bytes


class NetworkExtractor(Extractor):
    """Features of any image network: (B, 1 or 3, H, W) -> (B, d).

    Images are rounded to 0 ... 255 as in a PNG, resized with antialias and normalised; grey ones
    are repeated to three channels.

    Args:
        network: Makes an ``nn.Module`` with its weights, (B, 3, S, S) -> (B, d): in a yaml any
            ``_target_`` with ``_partial_: true``, such as ``ganzoo.metric.TimmNetwork``.
        size: The side S.
        resize: torch's name of the method: bicubic or bilinear.
        mean: Mean of each channel in the network's training, in [0, 1].
        std: Standard deviation of each channel.

    Raises:
        UserError: On first use, if the network cannot be made or does not return (B, d).
    """

    def __init__(
        self,
        network: Callable[[], nn.Module],
        size: int = 224,
        resize: str = "bicubic",
        mean: Sequence[float] = (0.485, 0.456, 0.406),
        std: Sequence[float] = (0.229, 0.224, 0.225),
    ) -> None:
        super().__init__()
        refuse_if(
            not 1 <= size <= 4096,
            f"an extractor's pictures have a side of 1 to 4096, got size={size}: type size=224.",
        )
        refuse_if(
            resize not in {"bicubic", "bilinear"},
            f"resize is bicubic or bilinear, got {resize}: type resize=bicubic.",
        )
        self.make, self.size, self.resize = network, size, resize
        self.mean, self.std = tuple(mean), tuple(std)

    def extra_repr(self) -> str:
        return f"size={self.size}, resize={self.resize}, mean={self.mean}, std={self.std}"

    def build(self) -> nn.Module:
        try:
            return self.make()
        except Exception as problem:  # every library has its own
            raise UserError(
                f"the extractor's network cannot be made ({str(problem).splitlines()[0]}): correct "
                "the options of metric.….extractor.network; for timm without a network connection, "
                "pretrained=false and checkpoint_path=… name a file with weights."
            ) from problem

    def features(self, network: nn.Module, samples: Tensor) -> Tensor:
        parts = torch.split(samples, CHUNK)
        features = torch.cat([network(self._prepare(part)) for part in parts])
        refuse_if(
            features.ndim != 2,
            f"the extractor's network returns {tuple(features.shape)} and not one vector per "
            "picture: for timm, set num_classes=0 in metric.….extractor.network.",
        )
        return features

    def _prepare(self, samples: Tensor) -> Tensor:
        rgb = as_bytes(samples).expand(-1, 3, -1, -1).float() / 255
        sides = (self.size, self.size)
        resized = interpolate(rgb, sides, mode=self.resize, antialias=True).clamp(0, 1)
        mean, std = (resized.new_tensor(each)[:, None, None] for each in (self.mean, self.std))
        return (resized - mean) / std
