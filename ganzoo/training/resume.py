"""A run that was cut off goes on from its last checkpoint as if nothing had happened."""

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_warn

from ganzoo.error import UserError
from ganzoo.inference.checkpoint import read_checkpoint
from ganzoo.runs import RunFolder
from ganzoo.runs.run import DATA_PATHS
from ganzoo.settings.trust import check_plain, check_size, check_trusted, plain_settings

OWN = ("run_dir", "resume", "allow_changes", "trust", "debug")  # of this command, not of the run


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
    changes = list(changed_settings(began, cfg)) if typed_overrides() else []
    if changes and not cfg.allow_changes:
        listed = ", ".join(f"{key}={before} (now {now})" for key, before, now in changes[:8])
        raise UserError(
            f"{run} was begun with {listed}{' …' if changes[8:] else ''}: type nothing but "
            "resume=…, or add allow_changes=true to go on with the new settings."
        )
    check_unchangeable(run, changes)
    if run.has_finished() and not changes:
        raise UserError(
            f"{run} has finished: type a larger budget, such as max_steps=…, and "
            "allow_changes=true beside its other options to train it further."
        )
    chosen = cfg.copy() if typed_overrides() else begun_config(cfg, began, run)
    chosen.run_dir = str(run)
    return Start(chosen, checkpoint, step, changes)


def begun_config(cfg: DictConfig, began: dict[str, Any], run: RunFolder) -> DictConfig:
    """The configuration that a run was begun with, with this command's own options."""
    check_plain(began, run.config.path)
    check_trusted(began, run.config.path, cfg.trust)
    own: Any = OmegaConf.to_container(cfg)
    model = {**began["model"], **own["model"], "_target_": began["model"]["_target_"]}
    return OmegaConf.create({**own, **began, "model": model, "facts": own["facts"]})


def check_unchangeable(run: RunFolder, changes: list[Change]) -> None:
    """How the players step is part of a checkpoint, and a change of it would be without effect."""
    frozen = [key for key, *_ in changes if key.startswith("optimizer.")]
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
    return not any(changed_settings(read_run_settings(run), cfg))


def typed_overrides() -> list[str]:
    """The words of the command that could change what the run is."""
    words = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    return [word for word in words if word.lstrip("+~").split("=")[0].split(".")[0] not in OWN]


def run_settings(cfg: DictConfig, facts: Any) -> dict[str, Any]:
    """A configuration as plain values, without what is of the command alone."""
    settings = plain_settings(cfg, facts)
    return {key: value for key, value in settings.items() if key not in OWN}


def changed_settings(began: dict[str, Any], cfg: DictConfig) -> Iterator[Change]:
    """How a configuration differs from the settings that a run was begun with."""
    now = run_settings(cfg, began.get("facts", {}))
    return differences(flatten(without_wiring(began)), flatten(without_wiring(now)))


def without_wiring(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings whose ``model`` does not repeat the parts that have groups of their own."""
    groups = {*settings, "image_shape"}
    model = {key: value for key, value in settings["model"].items() if key not in groups}
    return {**settings, "model": model}


def read_run_settings(run: RunFolder) -> dict[str, Any]:
    """The settings that a run was begun with."""
    if not run.is_run():
        raise UserError(
            f"{run} holds no {run.config.path.name} that can be read, so it is no run that could "
            "go on: give the folder that training named, such as resume=runs/dcgan-mnist5k/…"
        )
    began = run.config.read()
    check_size(began, run.config.path)
    return {key: value for key, value in began.items() if key not in OWN}


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
