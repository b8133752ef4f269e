"""A run that was cut off continues from its newest checkpoint, bit for bit."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from ganzoo.error import UserError, refuse_if
from ganzoo.runs import RunFolder
from ganzoo.settings.format import check_resumable
from ganzoo.settings.trust import plain_settings
from ganzoo.training.changes import Change, check_changes, differences
from ganzoo.training.checkpoints import (
    check_checkpoint,
    later_checkpoints,
    named_checkpoint,
    newest_checkpoint,
)
from ganzoo.training.claim import check_unused, is_claimed
from ganzoo.training.restore import OWN, named_run, read_run_settings


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
        later: Checkpoints of more steps, which are set aside.
        rewound: Whether the checkpoint was chosen because training failed after it.
    """

    cfg: DictConfig
    run: RunFolder
    checkpoint: Path | None = None
    step: int = 0
    changes: Sequence[Change] = ()
    trained: bool = False
    finished: bool = False
    later: Sequence[Path] = ()
    rewound: bool = False


def choose_run(cfg: DictConfig) -> RunFolder:
    """The folder to train in: of the run that ``resume`` names or finds, else a new one's."""
    found = find_unfinished_run(cfg) if cfg.resume == "auto" else None
    return found or RunFolder(cfg.run_dir)


def find_start(cfg: DictConfig, run: RunFolder) -> Start:
    """Find where the run begins; nothing is written.

    ``resume=RUN`` continues that run with its own settings and what the command changes of them.
    ``resume=auto`` continues the newest unfinished run of the same settings beside the one that
    would begin, and begins a new one if there is none.

    Args:
        cfg: The configuration.
        run: From ``choose_run``, which no other process changes now.

    Raises:
        UserError: If there is nothing to continue from, a setting cannot change, or the folder of a
            new run holds another.
    """
    same = cfg.resume == "auto" and run.is_run() and has_same_settings(run, cfg)
    if same and run.has_finished():
        return Start(cfg, run, finished=True)
    if same or cfg.resume not in (None, "auto"):
        return continue_run(cfg, run)
    check_unused(run)
    return Start(cfg, run)


def continue_run(cfg: DictConfig, run: RunFolder) -> Start:
    """Continue a run from its newest checkpoint, or the one that ``resume`` names.

    One that was stopped before its first checkpoint begins again.
    """
    settings = read_run_settings(run)
    check_resumable(run.config.read(), run.config.path)
    named = None if cfg.resume == "auto" else named_run(cfg.resume)[1]
    checkpoint, step = named_checkpoint(named) if named else newest_checkpoint(run)
    check_checkpoint(run, checkpoint, settings)
    changes = changed_settings(settings, cfg)
    check_changes(run, changes, cfg.allow_changes)
    refuse_if(
        run.has_finished() and not (changes or named),
        f"{run} has finished: type a larger budget, such as max_steps=…, to train it further.",
    )
    refuse_if(
        0 < cfg.max_steps < step,
        f"{run} has trained {step} generator steps already, and max_steps={cfg.max_steps}: type "
        f"max_steps={step} or more.",
    )
    chosen = OmegaConf.merge(cfg, {"run_dir": str(run)})
    assert isinstance(chosen, DictConfig)
    reached = step if named else run.measured().get("steps", 0)
    trained = reached >= chosen.max_steps > 0
    later = later_checkpoints(run, step) if named else []
    return Start(chosen, run, checkpoint, step, changes, trained, later=later)


def has_same_settings(run: RunFolder, cfg: DictConfig) -> bool:
    """Whether a run was begun with these settings."""
    return not changed_settings(read_run_settings(run), cfg)


def changed_settings(settings: dict[str, Any], cfg: DictConfig) -> list[Change]:
    """How a configuration differs from the settings that a run was begun with."""
    now = run_settings(cfg, settings.get("facts", {}))
    return differences(settings, now)


def typed_overrides() -> list[str]:
    """The command's overrides, but for those that cannot change what the run is."""
    overrides = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    return [text for text in overrides if text.lstrip("+~").split("=")[0].split(".")[0] not in OWN]


def run_settings(cfg: DictConfig, facts: Any) -> dict[str, Any]:
    """A configuration as plain values, without what belongs only to the present command."""
    settings = plain_settings(cfg, facts)
    return {key: value for key, value in settings.items() if key not in OWN}


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
