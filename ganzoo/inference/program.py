"""A generator as a program that runs without ganzoo: ONNX and torch.export."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.draws import Draws
from ganzoo.error import UserError
from ganzoo.files import replacing
from ganzoo.players import Players


def write_torch(players: Players, folder: Path) -> tuple[Path, Any]:
    """Write the generator as a program of ``torch.export``, for any batch size.

    Returns:
        The file, and the generator as it was read from it.
    """
    path = folder / "model.pt2"
    with replacing(path) as temporary:
        torch.export.save(trace_generator(players), temporary)
    return path, torch.export.load(path).module()


def write_onnx(players: Players, folder: Path) -> tuple[Path, Callable[[Tensor, Tensor], Tensor]]:
    """Write the generator as ONNX with inputs ``latent`` and ``condition``, for any batch size.

    Returns:
        The file, and the generator as it was read from it.

    Raises:
        UserError: If the packages of ONNX are not installed.
    """
    try:
        import onnxruntime  # noqa: PLC0415
        import onnxscript  # noqa: F401, PLC0415
    except ImportError as error:
        raise UserError(
            "ONNX needs more packages: pip install 'ganzoo-lightning[onnx]'."
        ) from error
    path = folder / "model.onnx"
    program = torch.onnx.export(
        trace_generator(players),
        input_names=["latent", "condition"],
        output_names=["images"],
        external_data=False,
        verbose=False,
    )
    assert program is not None
    with replacing(path) as temporary:
        program.save(temporary)
    session = onnxruntime.InferenceSession(path)

    def generate(latent: Tensor, condition: Tensor) -> Tensor:
        inputs = {"latent": latent.numpy(), "condition": condition.numpy()}
        return torch.from_numpy(session.run(None, inputs)[0])

    return path, generate


def trace_generator(players: Players) -> torch.export.ExportedProgram:
    """Trace the generator: (N, L), (N, K) -> (N, C, H, W) for any N."""
    rows = {0: torch.export.Dim("rows")}
    draws = Draws(0)
    inputs = players.latent.draw(2, draws), draw_conditions(players, 2, draws)
    return torch.export.export(players.generator.eval(), inputs, dynamic_shapes=(rows, rows))


def draw_conditions(players: Players, n: int, draws: Draws) -> Tensor:
    """Draw conditions (N, K) at random, also those that otherwise come only with data."""
    factors = [factor.draw(n, draws) for factor in players.condition.factors]
    return torch.cat([draws.normal(n, 0), *factors], dim=1)
