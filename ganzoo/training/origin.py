"""What a run was begun with: its settings, its command, its environment."""

from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from ganzoo.data.base import Data
from ganzoo.files import write_bytes
from ganzoo.runs import RunFolder
from ganzoo.settings.format import FORMAT
from ganzoo.training.changes import record_changes
from ganzoo.training.environment import describe_environment
from ganzoo.training.resume import Start, run_settings, typed_overrides


def write_origin(start: Start, cfg: DictConfig, data: Data) -> None:
    """Write into the run's folder what the run is, before anything else.

    Args:
        start: Where the run begins.
        cfg: Its configuration, with facts.
        data: Its data, to be known again when the run continues.
    """
    run = start.run
    run.remove_partial_files()
    if not start.trained:  # or it would look finished
        run.metrics.remove()
    run.set_aside(start.later, start.step)
    if start.changes:
        record_changes(run, start.step, start.changes)
    write_bytes(run.config.path, OmegaConf.to_yaml(saved_config(cfg)).encode())
    run.failure.remove()
    if not run.origin.exists():
        run.origin.write({**reproduction_info(cfg), "environment": describe_environment()})
    run.origin.update({"data": data.source.identity})


def saved_config(cfg: DictConfig) -> dict[str, Any]:
    """The configuration as plain values without the run's folder, so that the run can be moved."""
    return {**run_settings(cfg, cfg.facts), "format": FORMAT}


def reproduction_info(cfg: DictConfig) -> dict[str, Any]:
    """What it takes to repeat the run: the words of its command, and its seed."""
    searched: list[str] = []
    if HydraConfig.initialized():
        searched = list(HydraConfig.get().job.config.override_dirname.exclude_keys)
    return {"command": typed_overrides(), "seed": cfg.seed, "searched": searched}


def read_reproduction_info(run: RunFolder) -> dict[str, Any]:
    """The same, of a run as it was begun."""
    origin = run.origin.read()
    return {key: origin.get(key) for key in ("command", "seed")}
