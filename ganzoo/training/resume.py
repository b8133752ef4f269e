"""A run that was cut off goes on from its last checkpoint as if nothing had happened."""

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_warn

from ganzoo.error import UserError
from ganzoo.files import read_values, write_json
from ganzoo.inference.checkpoint import TRUSTED, check_trusted, read_checkpoint
from ganzoo.runs import PLACES, is_run_config

TRUSTED_OF_RUNS = rf"{TRUSTED}|ganzoo\.logger\.CSVLogger|pytorch_lightning\.(Trainer|loggers\.\w+)"
OWN = ("run_dir", "resume", "allow_changes", "debug", "facts")  # of this command, not of the run


Change = tuple[str, Any, Any]  # of a key: its value before, and now


class Start(NamedTuple):
    """Where a run begins.

    Attributes:
        cfg: The configuration to train.
        checkpoint: What to go on from; None to begin.
        step: Its generator steps.
        changes: How the configuration differs from the one that the run was begun with.
    """

    cfg: DictConfig
    checkpoint: Path | None
    step: int
    changes: list[Change]


def find_start(cfg: DictConfig) -> Start:
    """Find where the run begins; nothing is written.

    ``resume=RUN`` alone takes the run as it was configured; whatever is typed beside it must say
    the same, unless ``allow_changes=true`` lets it differ. ``resume=auto`` is the newest unfinished
    run of the same settings beside the one that would begin, else a new one.

    Raises:
        UserError: If there is nothing to go on from, or the settings differ.
    """
    if not cfg.resume:
        return Start(cfg, None, 0, [])
    folder = find_unfinished_run(cfg) if cfg.resume == "auto" else Path(cfg.resume)
    if folder is None:
        return Start(cfg, None, 0, [])
    (checkpoint, step), began = newest_checkpoint(folder), read_run_settings(folder)
    changes = (
        list(differences(flatten(began), flatten(run_settings(cfg)))) if typed_overrides() else []
    )
    if changes and not cfg.allow_changes:
        listed = ", ".join(f"{key}={before} (now {now})" for key, before, now in changes[:8])
        raise UserError(
            f"{folder} was begun with {listed}{' …' if changes[8:] else ''}: type nothing but "
            "resume=…, or add allow_changes=true to go on with the new settings."
        )
    check_unchangeable(folder, changes, began)
    if has_finished(folder) and not changes:
        raise UserError(
            f"{folder} has finished: type a larger budget, such as max_steps=…, and "
            "allow_changes=true beside its other options to train it further."
        )
    own = OmegaConf.to_container(cfg)
    assert isinstance(own, dict)
    chosen = OmegaConf.create(
        {**own, **({} if typed_overrides() else began), "run_dir": str(folder)}
    )
    return Start(chosen, checkpoint, step, changes)


def check_unchangeable(folder: Path, changes: list[Change], began: dict[str, Any]) -> None:
    """How the players step is part of a checkpoint, and a change of it would be without effect."""
    scheduled = "${max_steps}" in str(began.get("optimizer"))
    frozen = [
        key
        for key, *_ in changes
        if key.startswith("optimizer.") or (key == "max_steps" and scheduled)
    ]
    if frozen:
        raise UserError(
            f"{frozen[0]} of {folder} cannot change, because its checkpoint holds the optimizers "
            "and their schedules: begin a new run, or leave it as it was."
        )


def has_finished(folder: Path) -> bool:
    """Whether a run has come to its end, measurements and all."""
    return bool(read_values(folder / "metrics.json").get("finished"))


def is_already_finished(cfg: DictConfig) -> bool:
    """Whether the run that would begin has been here before, with these settings, to its end."""
    folder = Path(cfg.run_dir)
    done = has_finished(folder) and (folder / "config.yaml").exists()
    return done and has_same_settings(folder, cfg)


def has_same_settings(folder: Path, cfg: DictConfig) -> bool:
    """Whether a run was begun with these settings."""
    return not any(differences(flatten(read_run_settings(folder)), flatten(run_settings(cfg))))


def typed_overrides() -> list[str]:
    """The words of the command that could change what the run is."""
    words = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    return [word for word in words if word.lstrip("+~").split("=")[0].split(".")[0] not in OWN]


def run_settings(cfg: DictConfig) -> dict[str, Any]:
    """A configuration as plain values, without what is of the command alone."""
    container = OmegaConf.to_container(cfg)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items() if key not in OWN}


def read_run_settings(folder: Path) -> dict[str, Any]:
    """The settings that a run was begun with."""
    if not is_run_config(read_values(folder / "config.yaml")):
        raise UserError(
            f"{folder} holds no config.yaml that can be read, so it is no run that could go on: "
            "give the folder that training named, such as resume=runs/dcgan-mnist5k/…"
        )
    began = OmegaConf.load(folder / "config.yaml")
    assert isinstance(began, DictConfig)
    check_trusted(OmegaConf.to_container(began), TRUSTED_OF_RUNS)
    return run_settings(began)


def readable_checkpoints(folder: Path) -> dict[Path, int]:
    """The run's checkpoints that can be read, and the generator steps of each."""
    steps: dict[Path, int] = {}
    for path in sorted(folder.glob("checkpoints/*.ckpt"), reverse=True):  # last before best
        try:
            steps[path] = read_checkpoint(path)["global_step"]
        except (UserError, KeyError) as problem:
            rank_zero_warn(f"Another checkpoint is taken, because {problem}")
    return steps


def newest_checkpoint(folder: Path) -> tuple[Path, int]:
    """The run's checkpoint with the most steps, of those that can be read, and its steps."""
    steps = readable_checkpoints(folder)
    if not steps:
        raise UserError(
            f"{folder} holds no checkpoint that could be gone on from: leave resume out to begin "
            "anew, or give the folder that training named, such as resume=runs/dcgan-mnist5k/…"
        )
    return max(steps.items(), key=itemgetter(1))


def find_unfinished_run(cfg: DictConfig) -> Path | None:
    """The unfinished run of the same settings in this run's folder, or the newest beside it."""
    here = Path(cfg.run_dir)
    beside = sorted(here.parent.glob("*/"), key=lambda each: each.stat().st_mtime, reverse=True)
    for folder in [here, *beside]:
        unfinished = not has_finished(folder) and (folder / "config.yaml").exists()
        begun = unfinished and any(folder.glob("checkpoints/*.ckpt"))
        if begun and has_same_settings(folder, cfg):
            return folder
    return None


def flatten(run_settings: Any, key: str = "") -> dict[str, Any]:
    """Nested settings by dotted keys."""
    if not isinstance(run_settings, dict) or not run_settings:
        return {key: run_settings}
    parts = [flatten(value, f"{key}.{name}".lstrip(".")) for name, value in run_settings.items()]
    return {name: value for part in parts for name, value in part.items()}


def differences(before: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    """Keys whose values differ, with both; where the data lies makes no difference."""
    for key in sorted((before.keys() | now.keys()) - set(PLACES)):
        if before.get(key) != now.get(key):
            yield key, before.get(key), now.get(key)


def record_changes(folder: Path, step: int, changes: list[Change]) -> None:
    """Write into ``changes.json`` of the run what changed, and at which step."""
    path = folder / "changes.json"
    changed = {key: {"before": before, "now": now} for key, before, now in changes}
    write_json(path, [*read_values(path, []), {"step": step, "changed": changed}])
