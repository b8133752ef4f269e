"""How long a run trains and how often it validates, in generator steps."""

import os
from math import ceil

from omegaconf import DictConfig, OmegaConf

from ganzoo.rules import check_counts
from ganzoo.settings.check import check_config
from ganzoo.settings.machine import num_processes


def settle(cfg: DictConfig) -> DictConfig:
    """Check a configuration, and express its budget in generator steps.

    A SLURM job that was requeued continues its run, as by ``resume=auto``.

    Raises:
        UserError: If no run could use the configuration.
    """
    check_config(cfg)
    check_counts(cfg.n_critic, cfg.accumulate)  # the budget is in images of these steps
    requeued = cfg.resume is None and "SLURM_RESTART_COUNT" in os.environ
    settled = OmegaConf.merge(
        cfg,
        {
            "max_steps": max_generator_steps(cfg),
            "val_every": validation_interval(cfg),
            "resume": "auto" if requeued else cfg.resume,
        },
    )
    assert isinstance(settled, DictConfig)
    return settled


def max_generator_steps(cfg: DictConfig) -> int:
    """Generator steps until the first of max_steps and max_images is reached; -1 for no limit."""
    limits = [cfg.max_steps]
    if cfg.max_images:
        limits.append(ceil(cfg.max_images / images_per_step(cfg)))
    return min((limit for limit in limits if limit), default=-1)


def validation_interval(cfg: DictConfig) -> int:
    """Generator steps between validations."""
    if not cfg.val_every_images:
        return int(cfg.val_every)
    return max(1, int(cfg.val_every_images) // images_per_step(cfg))


def images_per_step(cfg: DictConfig) -> int:
    """Real images that the discriminator sees in a generator step, in all processes."""
    return int(cfg.data.batch_size * cfg.accumulate * cfg.n_critic) * num_processes(cfg)
