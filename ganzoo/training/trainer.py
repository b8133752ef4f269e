"""Lightning's trainer, with what every run of ganzoo needs around a game."""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from omegaconf import DictConfig
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.profilers import PassThroughProfiler

from ganzoo.callback import AtomicCheckpointIO, Interruption, NonFiniteGuard, RunMetrics
from ganzoo.error import refuse_if
from ganzoo.settings.compose import build_part
from ganzoo.settings.machine import num_processes


def build_trainer(cfg: DictConfig, rewound: bool) -> pl.Trainer:
    callbacks = [
        NonFiniteGuard(cfg.run_dir, cfg.on_nonfinite, rewound=rewound),
        *build_part(cfg.callback).values(),
        RunMetrics(cfg.run_dir, cfg.facts.monitor),
        Interruption(cfg.run_dir),
    ]
    trainer: pl.Trainer = build_part(
        cfg.trainer,
        max_steps=cfg.max_steps,
        max_time=cfg.max_time,
        max_epochs=-1,
        val_check_interval=cfg.val_every,
        check_val_every_n_epoch=None,
        strategy=strategy_of(cfg),
        sync_batchnorm=bool(cfg.trainer.get("sync_batchnorm")),
        callbacks=callbacks,
        logger=list(build_part(cfg.logger).values()),
        profiler=cfg.trainer.get("profiler") or NoProfiler(),
        plugins=cluster_plugins(),
        enable_checkpointing=any(isinstance(callback, ModelCheckpoint) for callback in callbacks),
    )
    check_started_processes(trainer)
    avoid_nvml_checks()
    trainer.strategy.checkpoint_io = AtomicCheckpointIO()
    return trainer


def strategy_of(cfg: DictConfig) -> Any:
    """The strategy that was chosen; for several devices the one that suits two players."""
    chosen: Any = cfg.trainer.strategy
    # Each backward reaches one of the players only, which plain DDP takes for an error.
    plain = chosen in ("auto", "ddp") and num_processes(cfg) > 1
    return {True: "ddp_find_unused_parameters_true"}.get(plain, chosen)


def check_started_processes(trainer: pl.Trainer) -> None:
    """Refuse processes that srun or torchrun started and the trainer does not count on.

    Each would train a run of its own into the same folder, or wait for others that never come.
    """
    name = "SLURM_NTASKS" if SLURMEnvironment.detect() else "WORLD_SIZE"
    started = int(os.environ.get(name, trainer.world_size))
    refuse_if(
        started != trainer.world_size,
        f"srun or torchrun was told to start {started} processes, and trainer.num_nodes="
        f"{trainer.num_nodes} times trainer.devices={trainer.num_devices} are "
        f"{trainer.world_size}: make them equal, as by trainer=ddp trainer.devices={started}.",
    )


class NoProfiler(PassThroughProfiler):
    """Opens no context around the hooks of callbacks, of which a step has a hundred."""

    def profile(self, action_name: str) -> AbstractContextManager[None]:  # type: ignore[override]
        return NO_CONTEXT


NO_CONTEXT = nullcontext()


def avoid_nvml_checks() -> None:
    """Keep torch from looking for an absent driver's library at every step of Adam.

    Lightning makes it look for the library instead of the runtime, to touch no GPU before a fork.
    """
    if not torch.cuda.is_available():
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"


def cluster_plugins() -> list[Any]:
    """How the processes of a run find each other, where Lightning's own way would do too much."""
    # Lightning's requeueing saves in the middle of a step, and callback.Interruption after it.
    return [SLURMEnvironment(auto_requeue=False)] if SLURMEnvironment.detect() else []
