"""What differs between the settings that a run was begun with and those of a command."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganzoo.error import refuse_if
from ganzoo.runs import RunFolder
from ganzoo.runs.run import DATA_PATHS

FREE, ALLOWED, FIXED = ("freely", "with allow_changes=true", "never")
TABLE = {
    **dict.fromkeys(("max_steps", "max_images", "max_time", "val_every", "val_every_images"), FREE),
    **dict.fromkeys(("on_nonfinite", "trainer", "logger", "callback", "probe"), FREE),
    **dict.fromkeys(("data.root", "data.download", "data.num_workers"), FREE),
    **dict.fromkeys(("data.cache_mb", "data.in_memory_mb"), FREE),
    **dict.fromkeys(("loss", "augmentation", "metric", "data"), ALLOWED),
    **dict.fromkeys(("n_critic", "accumulate", "ema"), ALLOWED),
    **dict.fromkeys(("seed", "model", "condition", "latent", "network", "head"), FIXED),
    "optimizer": FIXED,
}

Change = tuple[str, Any, Any]  # of a key: its value before, and now


def flatten(settings: Any, key: str = "") -> dict[str, Any]:
    """Nested settings by dotted keys."""
    if not isinstance(settings, dict) or not settings:
        return {key: settings}
    parts = [flatten(value, f"{key}.{name}".lstrip(".")) for name, value in settings.items()]
    return {name: value for part in parts for name, value in part.items()}


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[Change]:
    """Options whose values differ, with both values; the path of the data makes no difference."""
    before, now = flatten(without_wiring(before)), flatten(without_wiring(now))
    keys = sorted((before.keys() | now.keys()) - set(DATA_PATHS))
    changes = [(key, before.get(key), now.get(key)) for key in keys]
    return [change for change in changes if change[1] != change[2]]


def without_wiring(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings whose ``model`` does not repeat the parts that have groups of their own."""
    groups = {*settings, "image_shape"}
    model = {key: value for key, value in settings["model"].items() if key not in groups}
    return {**settings, "model": model}


def record_changes(run: RunFolder, step: int, changes: Sequence[Change]) -> None:
    """Record what changed when the run continued from a generator step."""
    changed = {key: {"before": before, "now": now} for key, before, now in changes}
    run.record_change(step, changed)


def check_changes(run: RunFolder, changes: Sequence[Change], allowed: bool) -> None:
    """Refuse changes that the checkpoint cannot follow, or that nobody has allowed.

    Args:
        run: The run that continues.
        changes: What the command changes of its settings.
        allowed: Whether ``allow_changes=true`` was typed.

    Raises:
        UserError: About the options that cannot change; else about those that need the word.
    """
    by_rule = {
        rule: [each for each in changes if rule_of(each[0]) == rule] for rule in (ALLOWED, FIXED)
    }
    fixed, asked = by_rule[FIXED], by_rule[ALLOWED]
    refuse_if(
        fixed,
        f"{run} was begun with {listed_changes(fixed)}, which its checkpoint cannot follow: leave "
        f"{fixed[0][0] if fixed else ''} as it was, or begin a new run.",
    )
    refuse_if(
        asked and not allowed,
        f"{run} was begun with {listed_changes(asked)}: leave that as it was, or add "
        "allow_changes=true to continue with the new settings.",
    )


def check_same_data(run: RunFolder, identity: Mapping[str, Any], allowed: bool) -> None:
    """Refuse data that has changed since the run began.

    Args:
        run: The run; none has begun in a new one.
        identity: Of the data as it is now.
        allowed: Whether ``allow_changes=true`` was typed.

    Raises:
        UserError: With what differs.
    """
    before: dict[str, Any] = dict(run.origin.read().get("data") or {})
    differing = {name for name in before.keys() & identity if before[name] != identity[name]}
    number = f" ({before.get('number')} samples, now {identity['number']})"
    refuse_if(
        differing and not allowed,
        f"the data of {run} is not what it was{number if 'number' in differing else ''}: its "
        f"{', '.join(sorted(differing))} changed. Restore it, type data.root=… if it lies "
        "elsewhere, or add allow_changes=true to continue with the new data.",
    )


def rule_of(key: str) -> str:
    """Whether an option may change when a run continues: docs/resume.md has the table."""
    matching = [each for each in TABLE if key == each or key.startswith(f"{each}.")]
    return TABLE[max(matching, key=len)] if matching else ALLOWED


def listed_changes(changes: Sequence[Change]) -> str:
    """Changes in words."""
    shown = ", ".join(f"{key}={before} (now {now})" for key, before, now in changes[:8])
    return f"{shown}{' …' if changes[8:] else ''}"
