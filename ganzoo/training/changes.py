"""What differs between the settings that a run was begun with and those of a command."""

from collections.abc import Sequence
from typing import Any

from ganzoo.error import UserError
from ganzoo.runs import RunFolder
from ganzoo.runs.run import DATA_PATHS

Change = tuple[str, Any, Any]  # of a key: its value before, and now


def flatten(settings: Any, key: str = "") -> dict[str, Any]:
    """Nested settings by dotted keys."""
    if not isinstance(settings, dict) or not settings:
        return {key: settings}
    parts = [flatten(value, f"{key}.{name}".lstrip(".")) for name, value in settings.items()]
    return {name: value for part in parts for name, value in part.items()}


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[Change]:
    """Keys whose values differ, with both values; the path of the data makes no difference."""
    keys = sorted((before.keys() | now.keys()) - set(DATA_PATHS))
    changes = [(key, before.get(key), now.get(key)) for key in keys]
    return [change for change in changes if change[1] != change[2]]


def record_changes(run: RunFolder, step: int, changes: Sequence[Change]) -> None:
    """Record what changed when the run continued from a generator step."""
    changed = {key: {"before": before, "now": now} for key, before, now in changes}
    run.record_change(step, changed)


def check_allowed_changes(run: RunFolder, changes: Sequence[Change], allowed: bool) -> None:
    """Refuse other settings than the run was begun with, where they are not allowed."""
    if changes and not allowed:
        listed = ", ".join(f"{key}={before} (now {now})" for key, before, now in changes[:8])
        raise UserError(
            f"{run} was begun with {listed}{' …' if changes[8:] else ''}: type only resume=…, or "
            "add allow_changes=true to continue with the new settings."
        )
