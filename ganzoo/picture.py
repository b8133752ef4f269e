"""Pictures as PNG and GIF files; what needs torch imports it, because a report needs none."""

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

# What PIL raises on a file that is damaged or is no picture.
DECODING_ERRORS = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def draw_samples(samples: Tensor, columns: int) -> Tensor:
    """Draw samples as one picture: a grid of images, or a scatter plot of points.

    Args:
        samples: Images (N, C, H, W), or points (N, 2) or (N, 1), in [-1, 1].
        columns: Images per row of the grid.

    Returns:
        The picture, (3, H, W) uint8.
    """
    samples = samples.detach().cpu()
    return scatter_plot(samples) if samples.ndim == 2 else image_grid(samples, columns)


def image_grid(images: Tensor, columns: int) -> Tensor:
    """Lay out images (N, C, H, W) in [-1, 1] as one picture, (3, H, W) uint8."""
    from torchvision.utils import make_grid  # noqa: PLC0415

    tiles = make_grid(images.clamp(-1, 1), nrow=columns, normalize=True, value_range=(-1, 1))
    picture: Tensor = (tiles * 255).round().byte()
    return picture


def scatter_plot(points: Tensor) -> Tensor:
    """Plot points (N, 2), or (N, 1) on the diagonal, as one picture, (3, H, W) uint8."""
    figure = new_figure(4, 4, layout=None)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.scatter(points[:, 0].numpy(), points[:, -1].numpy(), s=4, alpha=0.5)
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
    return figure_to_image(figure)


def picture_interval(step: int, every: int, most: int) -> int:
    """Compute the number of steps between the pictures of a run that are kept.

    The number of kept pictures stays bounded however long the run: whenever it would exceed
    ``most``, every second picture is dropped. The interval depends on the step alone, so a resumed
    run keeps the same pictures.

    Args:
        step: Generator steps so far.
        every: Generator steps between the pictures that are drawn.
        most: How many pictures to keep.
    """
    while step > every * most:
        every *= 2
    return every


def new_figure(
    width: float, height: float, layout: Literal["constrained"] | None = "constrained"
) -> Figure:
    """Create an empty matplotlib figure.

    Args:
        width: In inches.
        height: In inches.
        layout: matplotlib's layout engine; None if the axes have fixed positions.
    """
    # Imported here because matplotlib is slow to import and grids of images do not need it.
    from matplotlib.figure import Figure  # noqa: PLC0415

    return Figure(figsize=(width, height), layout=layout)


def figure_to_image(figure: Figure) -> Tensor:
    """Render a figure as a picture, (3, H, W) uint8."""
    return pil_to_image(Image.open(io.BytesIO(figure_to_png(figure))))


def figure_to_png(figure: Figure) -> bytes:
    """Render a figure as the bytes of a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return file.getvalue()


def pil_to_image(image: Image.Image) -> Tensor:
    """Convert a PIL image into a picture, (3, H, W) uint8."""
    from torchvision.transforms.functional import pil_to_tensor  # noqa: PLC0415

    picture: Tensor = pil_to_tensor(image.convert("RGB"))
    return picture


def read_image(file: Path) -> Tensor:
    """Read a PNG file as a picture, (3, H, W) uint8.

    Raises:
        OSError: If the file cannot be read; see ``DECODING_ERRORS`` for what else.
    """
    return pil_to_image(Image.open(file))


def save_image(picture: Tensor, path: Path) -> None:
    """Write a picture, (3, H, W) uint8, as a PNG file, atomically."""
    file = io.BytesIO()
    Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy()).save(file, format="PNG")
    write_bytes(path, file.getvalue())


def save_animation(frames: Sequence[Tensor], path: Path, seconds: float = 10.0) -> None:
    """Write pictures, (3, H, W) uint8, as an endless GIF, atomically.

    Args:
        frames: The pictures, all of one size.
        path: The file.
        seconds: How long one pass takes.
    """
    first, *rest = [Image.fromarray(frame.permute(1, 2, 0).numpy()) for frame in frames]
    file = io.BytesIO()
    frame_ms = round(1000 * seconds / len(frames))
    first.save(file, "GIF", save_all=True, append_images=rest, duration=frame_ms, loop=0)
    write_bytes(path, file.getvalue())
