"""A run that was cut off goes on from its last checkpoint as if nothing had happened."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_warn

from ganzoo.checkpoint import TRUSTED, read, refuse_strangers
from ganzoo.error import UserError
from ganzoo.files import write_whole

TRUSTED_OF_RUNS = (*TRUSTED, "pytorch_lightning.Trainer", "pytorch_lightning.loggers.")
OWN = ("run_dir", "resume", "allow_changes", "debug", "facts")  # of this command, not of the run


def resumed(cfg: DictConfig) -> tuple[DictConfig, Path | None]:
    """The configuration to train, and the checkpoint to go on from, None to begin.

    ``resume=RUN`` alone takes the run as it was configured; whatever is typed beside it must say
    the same, unless ``allow_changes=true`` lets it differ. ``resume=auto`` is the newest unfinished
    run of the same settings beside the one that would begin, else a new one: a sweep that is
    started again with it and the same ``hydra.sweep.dir=…`` runs what is missing or failed.

    Raises:
        UserError: If there is nothing to go on from, or the settings differ.
    """
    if not cfg.resume:
        return cfg, None
    folder = newest(cfg) if cfg.resume == "auto" else Path(cfg.resume)
    if folder is None:
        return cfg, None
    checkpoint, began = newest_intact(folder), configuration(folder)
    changes = list(differences(flat(began), flat(settings(cfg)))) if typed() else []
    if changes and not cfg.allow_changes:
        listed = ", ".join(f"{key}={before} (now {now})" for key, before, now in changes[:8])
        raise UserError(
            f"{folder} was begun with {listed}{' …' if changes[8:] else ''}: type nothing but "
            "resume=…, or add allow_changes=true to go on with the new settings."
        )
    if (folder / "metrics.json").exists() and not changes:
        raise UserError(
            f"{folder} has finished: type a larger budget, such as max_steps=…, and "
            "allow_changes=true beside its other options to train it further."
        )
    own = OmegaConf.to_container(cfg)
    assert isinstance(own, dict)
    chosen = OmegaConf.create({**own, **({} if changes else began), "run_dir": str(folder)})
    if changes:
        record(folder, read(checkpoint)["global_step"], changes)
    return chosen, checkpoint


def finished(cfg: DictConfig) -> bool:
    """Whether the run that would begin has been here before, with these settings, to its end."""
    folder = Path(cfg.run_dir)
    done = (folder / "metrics.json").exists() and (folder / "config.yaml").exists()
    return done and flat(configuration(folder)) == flat(settings(cfg))


def typed() -> list[str]:
    """The words of the command that could change what the run is."""
    words = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    return [word for word in words if word.lstrip("+~").split("=")[0].split(".")[0] not in OWN]


def settings(cfg: DictConfig) -> dict[str, Any]:
    """A configuration as plain values, without what is of the command alone."""
    container = OmegaConf.to_container(cfg)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items() if key not in OWN}


def configuration(folder: Path) -> dict[str, Any]:
    """The settings that a run was begun with."""
    try:
        began = OmegaConf.load(folder / "config.yaml")
    except OSError as error:
        raise UserError(
            f"{folder} holds no config.yaml, so it is no run that could go on: give the folder "
            "that training named, such as resume=runs/dcgan-mnist5k/…"
        ) from error
    assert isinstance(began, DictConfig)
    refuse_strangers(OmegaConf.to_container(began), TRUSTED_OF_RUNS)
    return settings(began)


def newest_intact(folder: Path) -> Path:
    """The run's newest checkpoint that can be read."""
    found = sorted(
        folder.glob("checkpoints/*.ckpt"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    for path in found:
        try:
            read(path)
        except UserError as problem:
            rank_zero_warn(f"An older checkpoint is taken, because {problem}")
        else:
            return path
    raise UserError(
        f"{folder} holds no checkpoint that could be gone on from: leave resume out to begin anew, "
        "or give the folder that training named, such as resume=runs/dcgan-mnist5k/…"
    )


def newest(cfg: DictConfig) -> Path | None:
    """The newest unfinished run of the same settings, in this run's folder or beside it."""
    here = Path(cfg.run_dir)
    for folder in sorted(here.parent.glob("*/"), key=lambda each: each.stat().st_mtime)[::-1]:
        unfinished = not (folder / "metrics.json").exists() and (folder / "config.yaml").exists()
        begun = unfinished and any(folder.glob("checkpoints/*.ckpt"))
        if begun and flat(configuration(folder)) == flat(settings(cfg)):
            return folder
    return None


def flat(settings: Any, key: str = "") -> dict[str, Any]:
    """Nested settings by dotted keys."""
    if not isinstance(settings, dict) or not settings:
        return {key: settings}
    parts = [flat(value, f"{key}.{name}".lstrip(".")) for name, value in settings.items()]
    return {name: value for part in parts for name, value in part.items()}


def differences(before: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Keys whose values differ, with both."""
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            yield key, before.get(key), now.get(key)


def record(folder: Path, step: int, changes: list[tuple[str, Any, Any]]) -> None:
    """Write into ``changes.json`` of the run what changed, and at which step."""
    path = folder / "changes.json"
    known = json.loads(path.read_text()) if path.exists() else []
    changed = {key: {"before": before, "now": now} for key, before, now in changes}
    write_whole(path, (json.dumps([*known, {"step": step, "changed": changed}], indent=2)).encode())
