"""How large an option may be, and which of Lightning's options a run has in another place."""

from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ganzoo.settings.types import broken_rules, is_count, is_number

SEEDS = 2**32  # numpy's generators take no more
UPPER = {  # beyond which a run would not end, or no memory would hold it
    "n_critic": 1000,
    "accumulate": 10_000,
    "max_steps": 10**12,
    "max_images": 10**15,
    "val_every": 10**12,
    "latent.dim": 100_000,
    "data.batch_size": 10**6,
    "data.image_size": 4096,
    "network.width": 10_000,
    "optimizer.unrolled_steps": 1000,
    "callback.sample_grid.rows": 1000,
    "callback.sample_grid.columns": 1000,
}
LOWER = {
    "callback.doctor.patience": 1,
    "callback.doctor.warmup": 0,
    "callback.prune.patience": 1,
    "callback.prune.warmup": 0,
    "callback.density_curve.bins": 1,
    "callback.density_curve.n": 1,
    "callback.standing_statistics.batches": 1,
    "callback.standing_statistics.batch_size": 1,
    "trainer.log_every_n_steps": 0,
    "trainer.num_sanity_val_steps": -1,
    "trainer.num_nodes": 1,
}


def limit_complaints(cfg: DictConfig) -> list[str]:
    """About options that are out of their range."""
    large = {key: OmegaConf.select(cfg, key) for key in UPPER}
    small = {key: OmegaConf.select(cfg, key) for key in LOWER}
    is_seed = isinstance(cfg.seed, int) and 0 <= cfg.seed < SEEDS
    return broken_rules(
        {
            **{
                f"{key} is at most {UPPER[key]:,}, got {value}: type a smaller {key}.": is_number(
                    value
                )
                and value > UPPER[key]
                for key, value in large.items()
            },
            **{
                f"{key} is at least {LOWER[key]}, got {value}: type {key}="
                f"{max(LOWER[key], 1)}.": is_number(value) and value < LOWER[key]
                for key, value in small.items()
            },
            f"seed is a whole number from 0 to {SEEDS - 1}, got {cfg.seed}: type seed=0.": (
                not is_seed
            ),
        }
    )


def trainer_complaints(trainer: DictConfig) -> Iterator[str]:
    """About options of Lightning's Trainer that would make a run train nothing."""
    batches = trainer.get("limit_train_batches", 1.0)
    if not (batches == 1.0 or is_count(batches)):
        yield (
            f"trainer.limit_train_batches={batches} leaves nothing to train on, or a share of an "
            "endless stream: type max_steps=… for a shorter run, or data.train_size=… for less "
            "data."
        )


def fact_complaints(facts: Any, before: Any) -> Iterator[str]:
    """About facts that were typed, which only the data and the budget can know."""
    unknown = [key for key in before if OmegaConf.is_missing(before, key)]
    typed = [key for key in facts if key in unknown and not OmegaConf.is_missing(facts, key)]
    if typed:
        yield (
            f"facts.{typed[0]} is what the data, the metrics and the budget say of themselves: "
            f"leave it out, and choose other data, as by data=mnist5k."
        )


def unknown_complaints(cfg: DictConfig, like: DictConfig) -> Iterator[str]:
    """About options that nothing reads, added by a ``+``."""
    unknown = sorted({str(key) for key in cfg} - {str(key) for key in like})
    if unknown:
        yield f"nothing reads the option {unknown[0]}: leave it out, or type it without a +."
