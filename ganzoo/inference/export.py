"""A trained model in the formats that others read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
import torch
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from ganzoo.draws import Draws
from ganzoo.error import UserError
from ganzoo.files import replacing, write_bytes, write_json
from ganzoo.grad_mode import eval_mode
from ganzoo.inference.card import write_card
from ganzoo.inference.checkpoint import CONFIG, WEIGHTS, has_discriminator, read_model, run_folder
from ganzoo.inference.load import load, sampling_weights
from ganzoo.players import Players
from ganzoo.probe import Probe
from ganzoo.runs import read_run
from ganzoo.settings.trust import Modules, check_trusted

Generator = Callable[[Tensor, Tensor], Tensor]  # (N, L), (N, K) -> (N, C, H, W)
TOLERANCE = 1e-4  # between pixels of the same noise, in [-1, 1]


class Exported(NamedTuple):
    """A file that was written, and how far its pictures are from the model's.

    Attributes:
        path: The file.
        difference: The largest between two pixels of the same noise, in [-1, 1].
    """

    path: Path
    difference: float


def export(
    run: str | Path,
    to: Path,
    formats: Sequence[str] = ("safetensors",),
    half: bool = False,
    with_discriminator: bool = True,
    trust: Modules = None,
) -> list[Exported]:
    """Write a model, and read every file back to see that it makes the same pictures.

    Args:
        run: What ``ganzoo.load`` takes.
        to: The folder that receives the files.
        formats: ``safetensors`` is a folder as the Hugging Face Hub has it, with a card, which
            ``ganzoo.load`` takes; ``onnx`` and ``torch`` are the generator as ``model.onnx`` and
            ``model.pt2`` (``torch.export``), (N, L), (N, K) -> (N, C, H, W).
        half: Round the weights to half precision, which the pictures then differ by.
        with_discriminator: Keep it in ``safetensors``, for features and codes.
        trust: Modules of the user whose classes may be built.

    Raises:
        UserError: If the model cannot be loaded, the folder cannot be written, or what was written
            does not make the model's pictures.
    """
    players = load(run, trust)
    written = []
    for name in formats:
        try:
            if name == "safetensors":
                path = write_folder(run, to, half, with_discriminator, trust)
                again: Generator = load(to, trust)
            else:
                path, again = {"onnx": write_onnx, "torch": write_torch}[name](players, to)
        except OSError as error:
            raise UserError(f"cannot write {to}: {error.strerror}; set --to elsewhere.") from error
        found = difference(players, again)
        if found > TOLERANCE and not (half and name == "safetensors"):
            path.unlink()
            raise UserError(
                f"{path} was removed, because its pictures differ by {found:.2g} from the model's: "
                "report it with what ganzoo doctor prints."
            )
        written.append(Exported(path, found))
    return written


def difference(players: Players, again: Generator, n: int = 16) -> float:
    """The largest difference between n pictures and their copies, in [-1, 1]."""
    draws = Draws(0)
    latent, condition = players.latent.draw(n, draws), some_conditions(players, n, draws)
    with eval_mode(players):
        return float((players(latent, condition) - again(latent, condition)).abs().max())


def some_conditions(players: Players, n: int, draws: Draws) -> Tensor:
    """Conditions that a generator can be tried with, also where they come only with data."""
    return torch.cat(
        [draws.normal(n, 0), *[factor.draw(n, draws) for factor in players.condition.factors]],
        dim=1,
    )


def write_folder(
    run: str | Path, to: Path, half: bool, with_discriminator: bool, trust: Modules = None
) -> Path:
    """Weights, configuration, card and a grid of samples."""
    path, cfg, every = read_model(run, trust)
    check_trusted({"probe": OmegaConf.to_container(cfg.get("probe", {}))}, path, trust)
    precision = torch.float16 if half else torch.float32
    weights = {
        name: each.to(precision) if each.is_floating_point() else each
        for name, each in sampling_weights(every).items()
        if with_discriminator or name.startswith("generator.")
    }
    save(weights, configuration(cfg, path, has_discriminator(weights)), to, trust)
    return to / WEIGHTS


def save(
    weights: Mapping[str, Tensor], told: Mapping[str, Any], to: Path, trust: Modules = None
) -> None:
    """Write weights as they are, with what is told of them."""
    content = safetensors.torch.save({name: each.contiguous() for name, each in weights.items()})
    told = {**told, "sha256": sha256(content).hexdigest()}
    write_bytes(to / WEIGHTS, content)
    write_json(to / CONFIG, told)
    write_card(to, told, load(to, trust), precision=str(next(iter(weights.values())).dtype)[6:])


def configuration(cfg: DictConfig, path: Path, with_discriminator: bool) -> dict[str, Any]:
    """What it takes to build the model again, to score it, and to repeat the run."""
    kept = ("model", "data", "metric", "probe", "facts")
    told: dict[str, Any] = {
        name: OmegaConf.to_container(cfg[name], resolve=True) if name in cfg else {}
        for name in kept
    }
    told["model"]["ema"] = None  # the average has become the generator
    told["probe"] = {
        name: probe
        for name, probe in told["probe"].items()
        if with_discriminator or not get_probe(probe).needs_discriminator
    }
    told["data"] |= {"root": "data"} if "root" in told["data"] else {}
    run = read_run(run_folder(path))
    words = cfg.get("command") or run.origin.get("command", [])
    return {
        **told,
        "seed": cfg.seed,
        "command": ["data.root=data" if word.startswith("data.root=") else word for word in words],
        "steps": cfg.get("steps") or run.metrics.get("best_step"),
        "scores": dict(cfg.get("scores") or best_of(run.metrics)),
    }


def get_probe(node: Mapping[str, Any]) -> type[Probe]:
    probe: type[Probe] = get_class(node["_target_"])
    return probe


def best_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The score that the best checkpoint was chosen by, and its number of samples."""
    if metrics.get("best") is None:
        return {}
    monitor = metrics["monitor"]
    return {monitor: metrics["best"], f"{monitor}_n": metrics[f"{monitor}_n"]}


def write_torch(players: Players, to: Path) -> tuple[Path, Generator]:
    """The generator as an exported program, for any batch size."""
    path = to / "model.pt2"
    with replacing(path) as temporary:
        torch.export.save(program(players), temporary)
    again: Any = torch.export.load(path).module()
    return path, again


def write_onnx(players: Players, to: Path) -> tuple[Path, Generator]:
    """The generator as ONNX with the inputs ``latent`` and ``condition``, for any batch size."""
    try:
        import onnxruntime  # noqa: PLC0415
        import onnxscript  # noqa: F401, PLC0415
    except ImportError as error:
        raise UserError(
            "ONNX needs additional packages: type pip install 'ganzoo-lightning[onnx]'."
        ) from error
    path = to / "model.onnx"
    exported = torch.onnx.export(
        program(players),
        input_names=["latent", "condition"],
        output_names=["images"],
        external_data=False,
        verbose=False,
    )
    assert exported is not None
    with replacing(path) as temporary:
        exported.save(temporary)
    session = onnxruntime.InferenceSession(path)

    def again(latent: Tensor, condition: Tensor) -> Tensor:
        fed = {"latent": latent.numpy(), "condition": condition.numpy()}
        return torch.from_numpy(session.run(None, fed)[0])

    return path, again


def program(players: Players) -> torch.export.ExportedProgram:
    rows = {0: torch.export.Dim("rows")}
    draws = Draws(0)
    tried = players.latent.draw(2, draws), some_conditions(players, 2, draws)
    return torch.export.export(players.generator.eval(), tried, dynamic_shapes=(rows, rows))
