"""A run that was cut off continues from its newest checkpoint, bit for bit."""

from collections.abc import Sequence
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.utilities import rank_zero_warn

from ganzoo.error import UserError, refuse_if
from ganzoo.inference.checkpoint import read_checkpoint
from ganzoo.inference.format import check_resumable
from ganzoo.runs import RunFolder
from ganzoo.settings.trust import check_plain, check_size, check_trusted, plain_settings
from ganzoo.training.changes import Change, check_allowed_changes, differences, flatten
from ganzoo.training.claim import check_unused, is_claimed

# Of a command or a file, and not of the run.
OWN = ("run_dir", "resume", "allow_changes", "trust", "debug", "format")


class Start(NamedTuple):
    """Where a run begins.

    Attributes:
        cfg: The configuration to train.
        run: The folder of the run.
        checkpoint: What to continue from; None to begin.
        step: The generator steps of the checkpoint.
        changes: How the configuration differs from the one that the run was begun with.
        trained: Whether the run has used up its budget, so that only measurements are missing.
        finished: Whether there is nothing left to do.
        rewound: Whether the checkpoint was chosen because training failed after it.
    """

    cfg: DictConfig
    run: RunFolder
    checkpoint: Path | None = None
    step: int = 0
    changes: Sequence[Change] = ()
    trained: bool = False
    finished: bool = False
    rewound: bool = False


def choose_run(cfg: DictConfig) -> RunFolder:
    """The folder to train in: of the run that ``resume`` names or finds, else a new one's.

    Raises:
        UserError: If ``resume`` names no run.
    """
    if cfg.resume in (None, "auto"):
        found = find_unfinished_run(cfg) if cfg.resume else None
        return found or RunFolder(cfg.run_dir)
    run = RunFolder(cfg.resume)
    check_run(run)
    return run


def find_start(cfg: DictConfig, run: RunFolder) -> Start:
    """Find where the run begins; nothing is written.

    ``resume=RUN`` without other options takes the settings that the run was begun with; options
    beside it must agree with them, unless ``allow_changes=true`` lets them differ. ``resume=auto``
    continues the newest unfinished run of the same settings beside the one that would begin, and
    begins a new one if there is none.

    Args:
        cfg: The configuration.
        run: From ``choose_run``, which no other process changes now.

    Raises:
        UserError: If there is nothing to continue from, the settings differ, or the folder of a new
            run holds another.
    """
    same = cfg.resume == "auto" and run.is_run() and has_same_settings(run, cfg)
    if same and run.has_finished():
        return Start(cfg, run, finished=True)
    if same or cfg.resume not in (None, "auto"):
        return continue_run(cfg, run)
    check_unused(run)
    return Start(cfg, run)


def continue_run(cfg: DictConfig, run: RunFolder) -> Start:
    """Continue a run from its newest checkpoint, with the settings that it was begun with.

    One that was stopped before its first checkpoint begins again.
    """
    settings = read_run_settings(run)
    checkpoint, step = newest_checkpoint(run)
    changes = changed_settings(settings, cfg) if typed_overrides() else []
    check_allowed_changes(run, changes, cfg.allow_changes)
    check_unchangeable(run, changes)
    refuse_if(
        run.has_finished() and not changes,
        f"{run} has finished: type a larger budget, such as max_steps=…, and "
        "allow_changes=true beside its other options to train it further.",
    )
    configured = cfg if typed_overrides() else original_config(cfg, settings, run)
    check_resumable(run.config.read(), run.config.path)
    chosen = OmegaConf.merge(configured, {"run_dir": str(run)})
    assert isinstance(chosen, DictConfig)
    trained = run.measured().get("steps", 0) >= chosen.max_steps > 0
    return Start(chosen, run, checkpoint, step, changes, trained)


def original_config(cfg: DictConfig, settings: dict[str, Any], run: RunFolder) -> DictConfig:
    """The configuration that a run was begun with, with the options of this command alone."""
    check_plain(settings, run.config.path)
    check_trusted(settings, run.config.path, cfg.trust)
    own: Any = OmegaConf.to_container(cfg)
    model = {**settings["model"], **own["model"], "_target_": settings["model"]["_target_"]}
    return OmegaConf.create({**own, **settings, "model": model, "facts": own["facts"]})


def check_unchangeable(run: RunFolder, changes: Sequence[Change]) -> None:
    """Refuse other optimizers and schedules, which would be overwritten by the checkpoint's."""
    frozen = [key for key, *_ in changes if key.startswith("optimizer.")]
    if frozen:
        raise UserError(
            f"{frozen[0]} of {run} cannot change, because its checkpoint holds the optimizers "
            "and their schedules: leave it as it was, or begin a new run."
        )


def has_same_settings(run: RunFolder, cfg: DictConfig) -> bool:
    """Whether a run was begun with these settings."""
    return not changed_settings(read_run_settings(run), cfg)


def changed_settings(settings: dict[str, Any], cfg: DictConfig) -> list[Change]:
    """How a configuration differs from the settings that a run was begun with."""
    now = run_settings(cfg, settings.get("facts", {}))
    return differences(flatten(without_wiring(settings)), flatten(without_wiring(now)))


def without_wiring(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings whose ``model`` does not repeat the parts that have groups of their own."""
    groups = {*settings, "image_shape"}
    model = {key: value for key, value in settings["model"].items() if key not in groups}
    return {**settings, "model": model}


def typed_overrides() -> list[str]:
    """The command's overrides, but for those that cannot change what the run is."""
    overrides = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    return [text for text in overrides if text.lstrip("+~").split("=")[0].split(".")[0] not in OWN]


def run_settings(cfg: DictConfig, facts: Any) -> dict[str, Any]:
    """A configuration as plain values, without what belongs only to the present command."""
    settings = plain_settings(cfg, facts)
    return {key: value for key, value in settings.items() if key not in OWN}


def check_run(run: RunFolder) -> None:
    """Refuse what is no folder of a run.

    Raises:
        UserError: If it is none.
    """
    refuse_if(
        not run.is_run(),
        f"{run} holds no {run.config.path.name} that can be read, so it is no run that could "
        "continue: give the folder that training named, such as resume=runs/dcgan-mnist5k/…",
    )


def read_run_settings(run: RunFolder) -> dict[str, Any]:
    """The settings that a run was begun with."""
    settings = run.config.read()
    check_size(settings, run.config.path)
    return {key: value for key, value in settings.items() if key not in OWN}


def readable_checkpoints(run: RunFolder) -> dict[Path, int]:
    """The run's checkpoints that can be read, and the generator steps of each."""
    steps: dict[Path, int] = {}
    for path in sorted(run.checkpoints.glob("*.ckpt"), reverse=True):  # last before best
        try:
            steps[path] = read_checkpoint(path)["global_step"]
        except (UserError, KeyError) as problem:
            rank_zero_warn(f"Another checkpoint is used, because {problem}")
    return steps


def newest_checkpoint(run: RunFolder) -> tuple[Path | None, int]:
    """The run's checkpoint with the most steps, of those that can be read, and its steps.

    Returns:
        None and 0 for a run that was stopped before its first checkpoint.

    Raises:
        UserError: If there are some, and all are damaged.
    """
    steps = readable_checkpoints(run)
    refuse_if(
        not steps and any(run.checkpoints.glob("*.ckpt")),
        f"{run} holds no checkpoint to continue from that can be read: begin a new run, or give "
        "another folder that training named, such as resume=runs/dcgan-mnist5k/…",
    )
    found: Sequence[tuple[Path | None, int]] = [*steps.items()]
    return max(found, key=itemgetter(1), default=(None, 0))


def find_unfinished_run(cfg: DictConfig) -> RunFolder | None:
    """The unfinished run of the same settings in this run's folder, or the newest beside it.

    It passes by what is no run, is damaged or may not be read, and what another process trains.
    """
    own = RunFolder(cfg.run_dir)
    siblings = sorted(own.siblings(), key=modified, reverse=True)
    return next((run for run in [own, *siblings] if can_continue(run, cfg)), None)


def modified(run: RunFolder) -> float:
    """When the run's folder was changed; 0 if that is unknown."""
    with suppress(OSError):
        return run.path.stat().st_mtime
    return 0.0


def can_continue(run: RunFolder, cfg: DictConfig) -> bool:
    """Whether a run is an unfinished one of these settings that nobody trains."""
    with suppress(UserError, OSError, TypeError, AttributeError):  # of files that say anything
        return (
            run.is_run()
            and not run.has_finished()
            and has_same_settings(run, cfg)
            and newest_checkpoint(run)[0] is not None
            and not is_claimed(run)
        )
    return False
