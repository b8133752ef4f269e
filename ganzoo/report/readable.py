"""Which runs a report can count: files that others wrote may hold anything."""

from collections.abc import Iterable, Mapping
from typing import Any

from ganzoo.runs import Run
from ganzoo.runs.folder import is_finding

HUGE = 1e30  # of a number that can still be squared and summed


def split_unreadable(runs: Iterable[Run]) -> tuple[list[Run], dict[Run, str]]:
    """Divide runs into those that a report can read, and others with the reason."""
    reasons = {run: damage(run) for run in runs}
    unreadable = {run: reason for run, reason in reasons.items() if reason}
    return [run for run in reasons if run not in unreadable], unreadable


def damage(run: Run) -> str:
    """What is wrong in the files of a run, in words; empty if nothing is."""
    settings, origin = run.settings, run.origin
    environment, target = origin.get("environment", {}), {"_target_": ""}
    groups = [settings.get(name, target) for name in ("facts", "data", "model")]
    sound = {
        "settings": all(isinstance(group, dict) for group in groups) and "_target_" in groups[-1],
        "environment": isinstance(environment, dict) and are_texts([*environment.values()]),
        "command": are_texts(origin.get("command", [])),
        "searched options": are_texts(origin.get("searched", [])),
        "seed": isinstance(origin.get("seed", settings.get("seed", 0)), int),
        "numbers": are_numbers(run.metrics),
        "diagnosis": isinstance(run.diagnosis, list) and all(map(is_finding, run.diagnosis)),
        "reason": isinstance(run.failure, str | None),
    }
    return ", ".join(name for name, is_sound in sound.items() if not is_sound)


def are_texts(values: Any) -> bool:
    """Whether values are a list of texts."""
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def are_numbers(metrics: Mapping[str, Any]) -> bool:
    """Whether every number of a run's metrics is finite, and none of another kind."""
    names = (name for name in metrics if "/" in name)
    more = ("best", "best_step", "images", "train_seconds", "images_per_second")
    values = [metrics[name] for name in (*names, *more) if metrics.get(name) is not None]
    texts = [metrics.get(name) for name in ("monitor", "pruned")]
    # No isfinite, which whole numbers may be too large for.
    return all(isinstance(text, str | None) for text in texts) and all(
        isinstance(value, int | float) and -HUGE < value < HUGE for value in values
    )
