"""The page that draws from trained models: its controls, its pictures and its curves."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from secrets import randbelow
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo import picture
from ganzoo.condition import ClassLabel
from ganzoo.error import UserError, refuse_if
from ganzoo.inference.find import find_weights
from ganzoo.inference.info import score_line
from ganzoo.inference.load import load
from ganzoo.latent import Categorical, Latent
from ganzoo.players import Players
from ganzoo.probe.curves import figure_of, read_curves
from ganzoo.runs import RunFolder
from ganzoo.settings.trust import Modules
from ganzoo.settings.types import is_number

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # gradio reads it when it is imported
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
try:
    import gradio as gr
except ImportError as error:
    raise UserError("explore needs gradio: pip install 'ganzoo-lightning[explore]'.") from error

if TYPE_CHECKING:
    from gradio.components import Component

# Fonts of the system, because others would have to be downloaded.
THEME = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"])
Drawing = Callable[..., np.ndarray]

HEADING = """# ganzoo
Drawn on this machine, each picture from its own noise, which the seed decides. *Truncation* below 1
means fewer failures and less variety; a row of *walks* goes from one noise to another."""
ALL_CLASSES = -1  # the class picker's "every class in turn"
MOST_IMAGES, LARGEST_SEED = 100, 2**53  # whole numbers that a browser can hold
SMALLEST_NOISE = 0.1
WALK_STEPS = 8  # images of a walk
MIN_WIDTH = 600  # pixels that a grid is enlarged to
IMAGE_BUTTONS: Any = ["download", "fullscreen"]  # and none that uploads an image
REFRESH_SECONDS = 5  # between two readings of a run's curves


def build_page(models: Sequence[str | Path], trust: Modules = None) -> gr.Blocks:
    """Build the page: shared controls, a column for each model, and the curves of runs.

    Raises:
        UserError: If a model cannot be loaded, or draws only with data.
    """
    logs = {str(name): log for name in models if (log := RunFolder(name).csv_log) is not None}
    trained = {str(name): load(name, trust) for name in models if is_trained(name, logs)}
    for players in trained.values():
        players.condition.labels(1)  # raises if the model draws only with data
    page: gr.Blocks
    with gr.Blocks(title="ganzoo", analytics_enabled=False) as page:
        gr.Markdown(HEADING)
        with gr.Row():
            seed = gr.Number(0, label="seed", precision=0, minimum=0)
            gr.Button("new noise").click(
                lambda: randbelow(10**6), None, seed, api_visibility="private"
            )
            controls = [
                seed,
                gr.Slider(1, MOST_IMAGES, 16, step=1, label="images, or walks"),
                gr.Slider(SMALLEST_NOISE, 1.0, 1.0, step=0.05, label="truncation"),
                gr.Radio(["samples", "walks"], value="samples", label="show"),
            ]
        with gr.Row():
            for name, players in trained.items():
                with gr.Column():
                    gr.Markdown(f"### {name}\n{score_line(name, trust)}")
                    add_model(page, name, players, controls)
        for name, log in logs.items():
            add_curves(page, name, log)
    return page


def is_trained(model: str | Path, logs: Mapping[str, Path]) -> bool:
    """Whether a model has weights.

    Args:
        model: What ``ganzoo.load`` takes.
        logs: The logs of runs by name; a run need not have weights yet.

    Raises:
        UserError: If there are neither weights nor a log.
    """
    try:
        return bool(find_weights(model))
    except UserError:
        if str(model) in logs:
            return False
        raise


def add_model(
    page: gr.Blocks, name: str, players: Players, shared_controls: Sequence[Component]
) -> None:
    """Add a model: the controls of its condition, and its images."""
    has_classes = isinstance(players.condition, ClassLabel)
    label = "class" if has_classes else "code"
    own_controls = [
        factor_control(factor, f"{label} {number}", has_classes)
        for number, factor in enumerate(players.condition.factors)
    ]
    image = gr.Image(
        show_label=False, format="png", buttons=IMAGE_BUTTONS, elem_id=f"pictures-{name}"
    )

    @explained
    def draw(seed: Any, n: Any, truncation: Any, show: Any, *values: Any) -> np.ndarray:
        check_number("the seed", seed, 0, LARGEST_SEED)
        check_number("the number of images", n, 1, MOST_IMAGES)
        check_number("truncation", truncation, SMALLEST_NOISE, 1.0)
        refuse_if(show not in ("samples", "walks"), "shown are samples or walks: choose one.")
        refuse_if(not all(map(is_number, values)), f"a {label} is a number: set it by its control.")
        fixed = {
            number: value
            for number, value in enumerate(values)
            if value != ALL_CLASSES or not has_classes
        }
        steps = WALK_STEPS if show == "walks" else 1
        images = players.interpolate(int(n), steps, int(seed), truncation=truncation, fixed=fixed)
        columns = steps if steps > 1 else max(1, round(n**0.5))
        return enlarge(picture.draw_samples(images, columns).permute(1, 2, 0).numpy())

    controls: list[Any] = [*shared_controls, *own_controls]
    # Without gradio's own checks, which have tracebacks for values that no control has.
    page.load(draw, controls, image, api_name="draw", preprocess=False)
    quiet = {"show_progress": "hidden", "trigger_mode": "always_last", "api_visibility": "private"}
    for control in controls:
        control.change(draw, controls, image, preprocess=False, **quiet)


def explained(draw: Drawing) -> Drawing:
    """Let the page show what is wrong with a value, in place of a traceback in the terminal."""

    @wraps(draw)
    def draw_or_explain(*values: Any) -> np.ndarray:
        try:
            return draw(*values)
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return draw_or_explain


def check_number(name: str, value: Any, low: float, high: float) -> None:
    """Refuse what is no number, or outside the range of its control.

    Raises:
        UserError: If it is that.
    """
    refuse_if(
        not is_number(value) or not low <= value <= high,
        f"{name} is a number from {low} to {high}: set it by its control.",
    )


def factor_control(factor: Latent, label: str, has_classes: bool) -> Component:
    """A picker of classes, or a slider along a factor of the code."""
    if has_classes:
        numbers = [(str(number), number) for number in range(factor.dim)]
        return gr.Radio([("all", ALL_CLASSES), *numbers], value=ALL_CLASSES, label=label)
    if isinstance(factor, Categorical):
        return gr.Slider(0, factor.dim - 1, 0, step=1, label=label)
    # Twice the range of training, as in the figures of the InfoGAN paper.
    return gr.Slider(-2.0, 2.0, 0.0, step=0.05, label=label)


def add_curves(page: gr.Blocks, name: str, log: Path) -> None:
    """Add the curves of a run, which are read again every few seconds."""
    gr.Markdown(f"curves of {name}")
    image = gr.Image(show_label=False, format="png", buttons=IMAGE_BUTTONS)

    def draw() -> np.ndarray:
        drawn = picture.figure_to_image(figure_of(read_curves(log)))
        pixels: np.ndarray = drawn.permute(1, 2, 0).numpy()
        return pixels

    page.load(draw, None, image, api_name="curves")
    timer = gr.Timer(REFRESH_SECONDS)
    timer.tick(draw, None, image, show_progress="hidden", api_visibility="private")


def enlarge(pixels: np.ndarray) -> np.ndarray:
    """Repeat the pixels of an image a whole number of times, so that it stays sharp."""
    times = max(1, MIN_WIDTH // pixels.shape[1])
    return pixels.repeat(times, axis=0).repeat(times, axis=1)
