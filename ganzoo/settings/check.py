"""Values that no run could use, each refused with a sentence before anything is built."""

import re
from collections.abc import Iterator
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, ListConfig, OmegaConf

from ganzoo.error import UserError
from ganzoo.settings.compose import LISTED_GROUPS, compose_config, group_choices
from ganzoo.settings.explain import MOVED, explain_moved
from ganzoo.settings.limits import (
    fact_complaints,
    limit_complaints,
    trainer_complaints,
    unknown_complaints,
)
from ganzoo.settings.machine import machine_complaints
from ganzoo.settings.own import running_config_dirs
from ganzoo.settings.types import broken_rules, is_count, type_errors

COUNTS = {
    "val_every": "generator steps between validations",
    "latent.dim": "the numbers of the noise",
    "data.batch_size": "images per process and discriminator step",
}
BUDGETS = ("max_steps", "max_images", "val_every_images")
WHOLE_PRECISION = {"16-true", "bf16-true", "64-true", "64", "64-bit"}


def check_config(cfg: DictConfig, before: DictConfig | None = None) -> None:
    """Refuse values that no run could use, before anything is built.

    Args:
        cfg: The configuration.
        before: The same before its values were overridden; that of the present command by default.

    Raises:
        UserError: About the first of them.
    """
    before = before or unaltered(cfg)
    for complaint in (
        *unknown_complaints(cfg, before),
        *fact_complaints(cfg.facts, before.facts),
        *type_errors(plain(cfg), plain(before)),
        *(explain_moved(key) for key in MOVED if key in cfg.trainer),
        *trainer_complaints(cfg.trainer),
        *limit_complaints(cfg),
        *count_complaints(cfg),
        *precision_complaints(cfg),
        *machine_complaints(cfg),
        *budget_complaints(cfg),
        *part_complaints(cfg),
        *value_complaints(cfg),
    ):
        raise UserError(complaint)


def plain(cfg: DictConfig) -> Any:
    """A configuration as plain values, with its interpolations unresolved."""
    return OmegaConf.to_container(cfg, resolve=False)


def unaltered(cfg: DictConfig) -> DictConfig:
    """The configuration with the command's choices of parts, before it overrides values."""
    if not HydraConfig.initialized() or cfg.resume not in (None, "auto"):
        return cfg  # that of a run holds no choices
    folders = running_config_dirs()
    return compose_config(group_choices(HydraConfig.get().overrides.task, folders), folders)


def count_complaints(cfg: DictConfig) -> list[str]:
    values = {key: OmegaConf.select(cfg, key) for key in COUNTS}
    packing, batch_size = cfg.network.get("packing", 1), cfg.data.batch_size
    known = is_count(packing) and is_count(batch_size)
    divides, multiple = (batch_size % packing == 0, 64 * packing) if known else (True, 64)
    return broken_rules(
        {
            **{
                f"{key} counts {COUNTS[key]} and must be at least 1, got {value}: type "
                f"{key}=1 or more.": not is_count(value)
                for key, value in values.items()
            },
            f"network.packing={packing} images are judged together, and data.batch_size="
            f"{batch_size} is no multiple of it: type data.batch_size={multiple}.": not divides,
        }
    )


def precision_complaints(cfg: DictConfig) -> list[str]:
    precision, trainer, optimizer = str(cfg.trainer.precision), cfg.trainer, cfg.optimizer
    players = [player for player in ("generator", "discriminator") if is_fused(cfg, player)]
    fused = " ".join(f"optimizer.{player}.fused=false" for player in players)
    clips = precision.startswith("16") and optimizer.get("clip_norm")
    normalises = trainer.get("sync_batchnorm") and cfg.network.get("batch_norm")
    return broken_rules(
        {
            f"trainer.precision={precision} changes the weights themselves, and noise and images "
            "are float32: type bf16-mixed, 16-mixed or 32-true.": precision in WHOLE_PRECISION,
            "a fused optimizer hides the scale of the gradients under trainer.precision=16-mixed, "
            f"so optimizer.clip_norm would clip too much: type {fused}.": clips and fused,
            "optimizer.unrolled_steps differentiates batch norm twice, and synchronised batch norm "
            "has one derivative only: type network.batch_norm=false or "
            "trainer.sync_batchnorm=false.": normalises and optimizer.get("unrolled_steps"),
        }
    )


def is_fused(cfg: DictConfig, player: str) -> bool:
    return bool(OmegaConf.select(cfg, f"optimizer.{player}.fused"))


def budget_complaints(cfg: DictConfig) -> list[str]:
    budgets = {key: cfg[key] for key in BUDGETS}
    counted = bool(cfg.max_steps or cfg.max_images)
    text = str(plain(cfg))
    scheduled = "${max_steps}" in text or "${facts.images}" in text
    return broken_rules(
        {
            **{
                f"{key} is a budget of at least 1, got {value}: type {key}=1000, or null.": not (
                    value is None or is_count(value)
                )
                for key, value in budgets.items()
            },
            "the run has no end: type max_steps=1000, max_images=100000 or "
            "max_time=00:00:10:00.": not (counted or cfg.max_time),
            "a schedule or an annealing lasts until max_steps, and the run has only max_time: type "
            "max_steps=… or max_images=… too.": scheduled and not counted,
        }
    )


def part_complaints(cfg: DictConfig) -> Iterator[str]:
    """About options of parts that were not chosen."""
    for group in LISTED_GROUPS:
        for name, part in cfg[group].items():
            if isinstance(part, DictConfig) and "_target_" not in part:
                options = ", ".join(map(str, part))
                yield (
                    f"{group}.{name} has options ({options}) but was not chosen: add {name} to "
                    f"{group}=[…], or type '~{group}.{name}' to leave it out."
                )


def value_complaints(cfg: DictConfig) -> list[str]:
    is_time = cfg.max_time is None or re.fullmatch(r"\d+(:\d\d){3}", str(cfg.max_time))
    is_trusted = isinstance(cfg.trust, str | ListConfig | None)
    return broken_rules(
        {
            f"resume is the folder of a run, or auto, got {cfg.resume}: type its path, as in "
            "resume=runs/dcgan-mnist5k/…": not is_text(cfg.resume, or_none=True),
            f"run_dir is a folder, got {cfg.run_dir}: type run_dir=runs/mine.": not is_text(
                cfg.run_dir
            ),
            f"trust names a module of yours, or several, got {cfg.trust}: type trust=mine.": (
                not is_trusted
            ),
            f"max_time is DD:HH:MM:SS, got {cfg.max_time}: type max_time=00:00:10:00.": not is_time,
            f"on_nonfinite is stop, skip or rewind, got {cfg.on_nonfinite}: type one of "
            "them.": cfg.on_nonfinite not in ("stop", "skip", "rewind"),
        }
    )


def is_text(value: Any, or_none: bool = False) -> bool:
    """Whether a value is a text that is not empty, or None where that may be."""
    return (or_none and value is None) or (isinstance(value, str) and bool(value.strip()))
