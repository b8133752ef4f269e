"""The checkpoints of a run: the newest, those that can be read, and whether they are the run's."""

from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from pytorch_lightning.utilities import rank_zero_warn

from ganzoo.error import UserError, refuse_if
from ganzoo.inference.checkpoint import read_checkpoint
from ganzoo.runs import RunFolder
from ganzoo.settings.format import upgrade
from ganzoo.training.changes import differences
from ganzoo.training.restore import OWN


def readable_checkpoints(run: RunFolder) -> dict[Path, int]:
    """The run's checkpoints that can be read, and the generator steps of each."""
    steps: dict[Path, int] = {}
    for path in sorted(run.checkpoints.glob("*.ckpt"), reverse=True):  # last before best
        try:
            steps[path] = read_checkpoint(path)["global_step"]
        except (UserError, KeyError) as problem:
            rank_zero_warn(f"Another checkpoint is used, because {problem}")
    return steps


def named_checkpoint(path: Path) -> tuple[Path, int]:
    """A checkpoint and its generator steps."""
    return path, int(read_checkpoint(path)["global_step"])


def check_checkpoint(run: RunFolder, checkpoint: Path | None, settings: dict[str, Any]) -> None:
    """Refuse a checkpoint that was not trained with the run's settings, or settings edited since.

    Raises:
        UserError: If they differ in more than what ``changes.json`` records.
    """
    stored = read_settings(checkpoint) if checkpoint else settings
    trained = {key: value for key, value in stored.items() if key not in OWN}
    known = run.changed_keys()  # and facts follow from the others
    changed = [each for each in differences(trained, settings) if each[0] not in known]
    for key, value, edited in [each for each in changed if not each[0].startswith("facts.")]:
        raise UserError(
            f"{checkpoint} was trained with {key}={value}, and {run.config.path} says {edited}: "
            "one of them is another run's or was edited; restore it, and type what is to change "
            "beside resume=…"
        )


def read_settings(checkpoint: Path) -> dict[str, Any]:
    """The settings that a checkpoint was trained with, in the present format."""
    return upgrade(read_checkpoint(checkpoint).get("hyper_parameters", {}), checkpoint)


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


def later_checkpoints(run: RunFolder, step: int) -> list[Path]:
    """Those with more steps than so many."""
    return [path for path, steps in readable_checkpoints(run).items() if steps > step]
