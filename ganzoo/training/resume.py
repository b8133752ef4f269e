"""A run that was cut off goes on from its last checkpoint as if nothing had happened."""

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_warn

from ganzoo.error import UserError
from ganzoo.inference.checkpoint import TRUSTED, check_trusted, read_checkpoint
from ganzoo.runs import RunFolder
from ganzoo.runs.run import DATA_PATHS

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
    run = find_unfinished_run(cfg) if cfg.resume == "auto" else RunFolder(cfg.resume)
    if run is None:
        return Start(cfg, None, 0, [])
    (checkpoint, step), began = newest_checkpoint(run), read_run_settings(run)
    changes = (
        list(differences(flatten(began), flatten(run_settings(cfg)))) if typed_overrides() else []
    )
    if changes and not cfg.allow_changes:
        listed = ", ".join(f"{key}={before} (now {now})" for key, before, now in changes[:8])
        raise UserError(
            f"{run} was begun with {listed}{' …' if changes[8:] else ''}: type nothing but "
            "resume=…, or add allow_changes=true to go on with the new settings."
        )
    check_unchangeable(run, changes, began)
    if run.has_finished() and not changes:
        raise UserError(
            f"{run} has finished: type a larger budget, such as max_steps=…, and "
            "allow_changes=true beside its other options to train it further."
        )
    own = OmegaConf.to_container(cfg)
    assert isinstance(own, dict)
    chosen = OmegaConf.create({**own, **({} if typed_overrides() else began), "run_dir": str(run)})
    return Start(chosen, checkpoint, step, changes)


def check_unchangeable(run: RunFolder, changes: list[Change], began: dict[str, Any]) -> None:
    """How the players step is part of a checkpoint, and a change of it would be without effect."""
    scheduled = "${max_steps}" in str(began.get("optimizer"))
    frozen = [
        key
        for key, *_ in changes
        if key.startswith("optimizer.") or (key == "max_steps" and scheduled)
    ]
    if frozen:
        raise UserError(
            f"{frozen[0]} of {run} cannot change, because its checkpoint holds the optimizers "
            "and their schedules: begin a new run, or leave it as it was."
        )


def is_already_finished(cfg: DictConfig) -> bool:
    """Whether the run that would begin has been here before, with these settings, to its end."""
    run = RunFolder(cfg.run_dir)
    return run.has_finished() and run.config.exists() and has_same_settings(run, cfg)


def has_same_settings(run: RunFolder, cfg: DictConfig) -> bool:
    """Whether a run was begun with these settings."""
    return not any(differences(flatten(read_run_settings(run)), flatten(run_settings(cfg))))


def typed_overrides() -> list[str]:
    """The words of the command that could change what the run is."""
    words = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    return [word for word in words if word.lstrip("+~").split("=")[0].split(".")[0] not in OWN]


def run_settings(cfg: DictConfig) -> dict[str, Any]:
    """A configuration as plain values, without what is of the command alone."""
    container = OmegaConf.to_container(cfg)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items() if key not in OWN}


def read_run_settings(run: RunFolder) -> dict[str, Any]:
    """The settings that a run was begun with."""
    if not run.is_run():
        raise UserError(
            f"{run} holds no {run.config.path.name} that can be read, so it is no run that could "
            "go on: give the folder that training named, such as resume=runs/dcgan-mnist5k/…"
        )
    began = OmegaConf.load(run.config.path)
    assert isinstance(began, DictConfig)
    check_trusted(OmegaConf.to_container(began), TRUSTED_OF_RUNS)
    return run_settings(began)


def readable_checkpoints(run: RunFolder) -> dict[Path, int]:
    """The run's checkpoints that can be read, and the generator steps of each."""
    steps: dict[Path, int] = {}
    for path in sorted(run.checkpoints.glob("*.ckpt"), reverse=True):  # last before best
        try:
            steps[path] = read_checkpoint(path)["global_step"]
        except (UserError, KeyError) as problem:
            rank_zero_warn(f"Another checkpoint is taken, because {problem}")
    return steps


def newest_checkpoint(run: RunFolder) -> tuple[Path, int]:
    """The run's checkpoint with the most steps, of those that can be read, and its steps."""
    steps = readable_checkpoints(run)
    if not steps:
        raise UserError(
            f"{run} holds no checkpoint that could be gone on from: leave resume out to begin "
            "anew, or give the folder that training named, such as resume=runs/dcgan-mnist5k/…"
        )
    return max(steps.items(), key=itemgetter(1))


def find_unfinished_run(cfg: DictConfig) -> RunFolder | None:
    """The unfinished run of the same settings in this run's folder, or the newest beside it."""
    own = RunFolder(cfg.run_dir)
    siblings = sorted(own.siblings(), key=lambda run: run.path.stat().st_mtime, reverse=True)
    candidates = (
        run
        for run in [own, *siblings]
        if run.config.exists() and not run.has_finished() and any(run.checkpoints.glob("*.ckpt"))
    )
    return next((run for run in candidates if has_same_settings(run, cfg)), None)


def flatten(run_settings: Any, key: str = "") -> dict[str, Any]:
    """Nested settings by dotted keys."""
    if not isinstance(run_settings, dict) or not run_settings:
        return {key: run_settings}
    parts = [flatten(value, f"{key}.{name}".lstrip(".")) for name, value in run_settings.items()]
    return {name: value for part in parts for name, value in part.items()}


def differences(before: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    """Keys whose values differ, with both; where the data lies makes no difference."""
    for key in sorted((before.keys() | now.keys()) - set(DATA_PATHS)):
        if before.get(key) != now.get(key):
            yield key, before.get(key), now.get(key)


def record_changes(run: RunFolder, step: int, changes: list[Change]) -> None:
    """Record what changed when the run continued from a generator step."""
    changed = {key: {"before": before, "now": now} for key, before, now in changes}
    run.record_change(step, changed)
