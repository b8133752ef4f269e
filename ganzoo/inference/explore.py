"""A page on this machine that draws from trained models, and follows runs while they train."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo import picture
from ganzoo.condition import ClassLabel
from ganzoo.error import UserError
from ganzoo.inference.checkpoint import find_weights
from ganzoo.inference.load import load
from ganzoo.latent import Categorical, Latent
from ganzoo.players import Players
from ganzoo.probe.curves import figure_of, read
from ganzoo.runs import RunFolder
from ganzoo.settings.trust import Modules

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # gradio reads it when it is imported
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
try:
    import gradio as gr
except ImportError as error:
    raise UserError("explore needs gradio: pip install 'ganzoo-lightning[explore]'.") from error

if TYPE_CHECKING:
    from gradio.components import Component

ALL = -1  # the class picker's "every class in turn"
STEPS = 8  # pictures of a walk
WIDE = 600  # pixels that a grid is enlarged to, so that its pictures can be seen
BUTTONS: Any = ["download", "fullscreen"]  # and none that shares a picture with others
SECONDS = 5  # between two looks at a run's curves


def explore(
    models: Sequence[str | Path],
    host: str = "127.0.0.1",
    port: int = 7860,
    trust: Modules = None,
) -> None:
    """Serve the page until it is interrupted. Nothing leaves the machine.

    Args:
        models: What ``ganzoo.load`` takes, side by side; of a run's folder the curves are shown
            too, also before it has a checkpoint.
        host: The address to listen at; any other than the default lets others in.
        port: Of the page.
        trust: Modules of the user whose classes may be built.

    Raises:
        UserError: If a model cannot be loaded, or the port is in use.
    """
    serve(page(models, trust), host, port)


def serve(blocks: gr.Blocks, host: str, port: int, **options: Any) -> str:
    """Start the page and return its address."""
    # Fonts that need not be fetched from anywhere.
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    try:
        _, address, _ = blocks.launch(
            server_name=host,
            server_port=port,
            share=False,
            ssr_mode=False,
            theme=theme,
            **options,
        )
    except OSError as error:
        raise UserError(f"port {port} of {host} is in use: type --port {port + 1}.") from error
    return str(address)


def page(models: Sequence[str | Path], trust: Modules = None) -> gr.Blocks:
    """The page: what all models share above, then a column for each, then the runs' curves."""
    runs = {str(each): logs for each in models if (logs := RunFolder(each).csv_log) is not None}
    trained = {
        str(each): load(each, trust) for each in models if is_trained(each, in_training=runs)
    }
    for players in trained.values():
        players.condition.labels(1)  # refuses models that draw only with data
    blocks: gr.Blocks
    with gr.Blocks(title="ganzoo", analytics_enabled=False) as blocks:
        with gr.Row():
            shared = [
                gr.Number(0, label="seed", precision=0, minimum=0),
                gr.Slider(1, 100, 16, step=1, label="pictures, or walks"),
                gr.Slider(0.1, 1.0, 1.0, step=0.05, label="truncation"),
                gr.Radio(["samples", "walks"], value="samples", label="show"),
            ]
        with gr.Row():
            for name, players in trained.items():
                with gr.Column():
                    column(blocks, name, players, shared)
        for name, path in runs.items():
            curves(blocks, name, path)
    return blocks


def is_trained(model: str | Path, in_training: Mapping[str, Path]) -> bool:
    """Whether there are weights; a run may have none yet, of anything else they are expected."""
    try:
        return bool(find_weights(model))
    except UserError:
        if str(model) in in_training:
            return False
        raise


def column(blocks: gr.Blocks, name: str, players: Players, shared: Sequence[Component]) -> None:
    """One model: what can be set of its condition, and its pictures."""
    classes = isinstance(players.condition, ClassLabel)
    own = [
        control(factor, f"{'class' if classes else 'code'} {which}", classes)
        for which, factor in enumerate(players.condition.factors)
    ]
    shown = gr.Image(label=name, format="png", buttons=BUTTONS, elem_id=f"pictures-{name}")

    def draw(seed: int, n: int, truncation: float, show: str, *values: float) -> np.ndarray:
        fixed = {which: value for which, value in enumerate(values) if value != ALL or not classes}
        steps = STEPS if show == "walks" else 1
        images = players.interpolate(int(n), steps, int(seed), truncation=truncation, fixed=fixed)
        columns = steps if steps > 1 else max(1, round(n**0.5))
        return enlarged(picture.draw_samples(images, columns).permute(1, 2, 0).numpy())

    inputs: list[Any] = [*shared, *own]
    blocks.load(draw, inputs, shown, api_name="draw")
    quiet = {"show_progress": "hidden", "trigger_mode": "always_last", "api_visibility": "private"}
    for each in inputs:
        each.change(draw, inputs, shown, **quiet)


def control(factor: Latent, label: str, classes: bool) -> Component:
    """A picker of classes, or a slider along a factor of the code."""
    if classes:
        numbers = [(str(number), number) for number in range(factor.dim)]
        return gr.Radio([("all", ALL), *numbers], value=ALL, label=label)
    if isinstance(factor, Categorical):
        return gr.Slider(0, factor.dim - 1, 0, step=1, label=label)
    # Twice what it was trained with, as in the InfoGAN paper's figures.
    return gr.Slider(-2.0, 2.0, 0.0, step=0.05, label=label)


def curves(blocks: gr.Blocks, name: str, path: Path) -> None:
    """The curves of a run as they are, again and again."""
    gr.Markdown(f"curves of {name}")
    shown = gr.Image(show_label=False, format="png", buttons=BUTTONS)

    def draw() -> np.ndarray:
        drawn: np.ndarray = picture.figure_to_image(figure_of(read(path))).permute(1, 2, 0).numpy()
        return drawn

    blocks.load(draw, None, shown, api_name="curves")
    gr.Timer(SECONDS).tick(draw, None, shown, show_progress="hidden", api_visibility="private")


def enlarged(pixels: np.ndarray) -> np.ndarray:
    """Whole multiples of a picture's pixels, so that none is blurred."""
    times = max(1, WIDE // pixels.shape[1])
    return pixels.repeat(times, axis=0).repeat(times, axis=1)
