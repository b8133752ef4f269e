"""Pictures that a person looks at; what needs torch imports it, because a report needs none."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import Image

from ganzoo.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor


def picture_of(samples: Tensor, columns: int) -> Tensor:
    """Draw samples as one picture, (3, H, W) uint8.

    Args:
        samples: Images (N, C, H, W), or points (N, 2) or (N, 1), in [-1, 1].
        columns: Images per row; points are drawn as one scatter plot.
    """
    draw = scatter if samples.ndim == 2 else grid
    return draw(samples.detach().cpu(), columns)


def spacing(step: int, every: int, most: int) -> int:
    """Steps between pictures worth keeping, so that there are at most so many however long a run.

    It depends on nothing but the step, and a resumed run keeps the same ones.

    Args:
        step: Generator steps so far.
        every: Generator steps between the pictures that are drawn.
        most: How many to keep; as this would be exceeded, every second one is given up.
    """
    while step > every * most:
        every *= 2
    return every


def grid(images: Tensor, columns: int) -> Tensor:
    from torchvision.utils import make_grid  # noqa: PLC0415

    tiles = make_grid(images.clamp(-1, 1), nrow=columns, normalize=True, value_range=(-1, 1))
    picture: Tensor = (tiles * 255).round().byte()
    return picture


def scatter(points: Tensor, columns: int) -> Tensor:
    figure = new_figure(4, 4, layout=None)
    axes = figure.add_axes((0, 0, 1, 1))
    x, y = points[:, 0].numpy(), points[:, -1].numpy()
    axes.scatter(x, y, s=4, alpha=0.5)
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
    return rendered(figure)


def new_figure(
    width: float, height: float, layout: Literal["constrained"] | None = "constrained"
) -> Figure:
    """An empty figure, in inches; its layout is matplotlib's, None where axes have fixed places."""
    # Here, because matplotlib is slow to import and images need none of it.
    from matplotlib.figure import Figure  # noqa: PLC0415

    return Figure(figsize=(width, height), layout=layout)


def rendered(figure: Figure) -> Tensor:
    """A figure as a (3, H, W) uint8 picture."""
    return tensor_of(Image.open(io.BytesIO(png_of(figure))))


def png_of(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return file.getvalue()


def read(file: Path) -> Tensor:
    """A PNG as a (3, H, W) uint8 picture."""
    return tensor_of(Image.open(file))


def tensor_of(image: Image.Image) -> Tensor:
    """An image as a (3, H, W) uint8 picture."""
    from torchvision.transforms.functional import pil_to_tensor  # noqa: PLC0415

    picture: Tensor = pil_to_tensor(image.convert("RGB"))
    return picture


def save_animation(frames: Sequence[Tensor], path: Path, seconds: float = 10.0) -> None:
    """Write (3, H, W) uint8 pictures as an endless GIF, whole or not at all."""
    first, *rest = [Image.fromarray(each.permute(1, 2, 0).numpy()) for each in frames]
    file = io.BytesIO()
    each_ms = round(1000 * seconds / len(frames))
    first.save(file, "GIF", save_all=True, append_images=rest, duration=each_ms, loop=0)
    write_bytes(path, file.getvalue())


def save(picture: Tensor, path: Path) -> None:
    """Write a (3, H, W) uint8 picture as PNG, whole or not at all."""
    file = io.BytesIO()
    Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy()).save(file, format="PNG")
    write_bytes(path, file.getvalue())
