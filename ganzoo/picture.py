"""Pictures that a person looks at."""

import io
from pathlib import Path

from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import pil_to_tensor
from torchvision.utils import make_grid

from ganzoo.files import write_whole


def picture_of(samples: Tensor, columns: int) -> Tensor:
    """Draw samples as one picture, (3, H, W) uint8.

    Args:
        samples: Images (N, C, H, W) or points (N, 2), in [-1, 1].
        columns: Images per row; points are drawn as one scatter plot.
    """
    draw = scatter if samples.ndim == 2 else grid
    return draw(samples.detach().cpu(), columns)


def grid(images: Tensor, columns: int) -> Tensor:
    tiles = make_grid(images.clamp(-1, 1), nrow=columns, normalize=True, value_range=(-1, 1))
    return (tiles * 255).round().byte()


def scatter(points: Tensor, columns: int) -> Tensor:
    # Here, because matplotlib is slow to import and images need none of it.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(4, 4))
    axes = figure.add_axes((0, 0, 1, 1))
    x, y = points.T.numpy()
    axes.scatter(x, y, s=4, alpha=0.5)
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return pil_to_tensor(Image.open(file).convert("RGB"))


def save(picture: Tensor, path: Path) -> None:
    """Write a (3, H, W) uint8 picture as PNG, whole or not at all."""
    file = io.BytesIO()
    Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy()).save(file, format="PNG")
    write_whole(path, file.getvalue())
