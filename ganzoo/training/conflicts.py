"""Words of a command of which one would be ignored in silence."""

import os
from collections.abc import Iterator, Sequence

from hydra._internal.utils import get_args_parser

from ganzoo.error import UserError, refuse_if
from ganzoo.settings.compose import CONF, LISTED_GROUPS
from ganzoo.training.restore import parsed
from ganzoo.training.sweep import RESUME, option_name

PLACES = ("hydra.run.dir", "run_dir")
SWEEPING = ("hydra.mode", "experiment", "hparams_search")  # which may begin several runs themselves
NONE_OF = {  # what to type for a group's null
    **{group: f"type {group}=[]" for group in LISTED_GROUPS},
    **dict.fromkeys(("experiment", "hparams_search"), "leave the word out"),
    "optimizer/schedule": "type ~optimizer/schedule",
    "condition": "type condition=nothing",
    "augmentation": "type augmentation=none",
}
CHOOSE = "a run needs one, and without the word it has the default"


def check_all_heard(words: Sequence[str], flags: Sequence[str]) -> None:
    """Refuse a command that would obey only one of two of its words.

    Args:
        words: What it sets.
        flags: Hydra's own, such as ``-m``.

    Raises:
        UserError: About the first two.
    """
    if os.environ.get("LOCAL_RANK", "0") != "0":  # of a command to which Lightning has added words
        return
    values = {option_name(word): word.partition("=")[2] for word in words}
    given = get_args_parser().parse_intermixed_args(list(flags))
    refuse_if(
        given.experimental_rerun,
        "--experimental-rerun executes what a file holds: type resume=… with the folder of a run.",
    )
    refuse_if(
        given.shell_completion and values.keys().isdisjoint(("install", "uninstall", "query")),
        "--shell-completion goes with install=bash, uninstall=bash or query=bash: add one.",
    )
    refuse_if(
        (given.package or given.resolve) and not given.cfg,
        "--package and --resolve are about --cfg job: add that, or leave them out.",
    )
    for complaint in conflict_complaints(values, bool(given.multirun)):
        raise UserError(complaint)


def conflict_complaints(values: dict[str, str], several: bool) -> Iterator[str]:
    """What would be ignored.

    Args:
        values: What the command sets.
        several: Whether it begins several runs.
    """
    placed = [name for name in PLACES if name in values]
    resumed = values.get("resume", "null") not in ("null", "auto")
    sweeps = several or not values.keys().isdisjoint((RESUME, *SWEEPING))
    if values.get("hydra.run.dir") == "":
        yield "hydra.run.dir is the folder of the run: type hydra.run.dir=runs/mine."
    if placed and several:
        yield (
            f"{placed[0]} is the folder of one run, and -m begins several: type hydra.sweep.dir=… "
            "for the folder that holds theirs."
        )
    if placed and resumed:
        yield (
            f"resume=… continues in the run's own folder: leave {placed[0]} out, or move the "
            "folder first."
        )
    if "hydra.sweep.dir" in values and not sweeps:
        yield "hydra.sweep.dir is the folder of several runs: add -m, or type hydra.run.dir=…"
    if "resume" in values and RESUME in values:
        yield f"{RESUME}=… continues every run of its sweep: leave resume out."
    if values.get("allow_changes") == "true" and values.get("resume", "null") == "null":
        yield "allow_changes=true is about a run that continues: add resume=…, or leave it out."
    if {"val_every", "val_every_images"} <= values.keys() and "null" not in (
        values["val_every"],
        values["val_every_images"],
    ):
        yield "val_every and val_every_images are two ways to say one thing: leave one of them out."


def check_group_choices(arguments: Sequence[str]) -> None:
    """Refuse ``GROUP=null``, ``GROUP=3`` and ``=3``, for which Hydra has a traceback."""
    for argument in arguments:
        group, _, choice = argument.partition("=")
        refuse_if(
            group.strip("+~").startswith(("@", ":")) or not group.strip("+~ "),
            f"{argument} names no option: options are name=value, such as seed=1.",
        )
        refuse_if(
            choice == "null" and (CONF / group).is_dir(),
            f"{argument} is not how a group is left out: {NONE_OF.get(group, CHOOSE)}.",
        )
    for override in parsed(arguments):
        named = isinstance(override.value(), str | list | None) or override.is_sweep_override()
        refuse_if(
            not named and (CONF / str(override.key_or_group)).is_dir(),
            f"{override.input_line} is no name: ganzoo list {override.key_or_group} shows them.",
        )
