"""One run: from a composed configuration to a trained model, its score and its files."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from math import ceil, nan
from operator import itemgetter
from typing import Any

import pytorch_lightning as pl
import torch
import torch.distributed as dist
from hydra.core.hydra_config import HydraConfig
from hydra.utils import get_class
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.profilers import PassThroughProfiler
from rich.console import Console
from rich.table import Table

from ganzoo.callback import (
    AtomicCheckpointIO,
    DensityCurve,
    Interruption,
    NonFiniteGuard,
    RunMetrics,
    Scores,
)
from ganzoo.data.base import Data
from ganzoo.error import NotFinite, PeerProcessDied, UserError
from ganzoo.files import remove_partial_files, write_bytes
from ganzoo.game import Game
from ganzoo.inference.checkpoint import read_checkpoint
from ganzoo.inference.load import load_weights
from ganzoo.logger import close_logger, continue_logger, log_figures, run_id
from ganzoo.metric import Score
from ganzoo.probe import Probe, run_probes
from ganzoo.runs import RunFolder
from ganzoo.settings.check import check_config
from ganzoo.settings.compose import build_part
from ganzoo.training.environment import describe_environment
from ganzoo.training.resume import (
    Start,
    find_start,
    is_already_finished,
    readable_checkpoints,
    record_changes,
    run_settings,
    typed_overrides,
)


def train(cfg: DictConfig) -> float:
    """Train what the configuration says and return the best monitored score, NaN without one.

    Raises:
        UserError: If the configuration cannot be trained; nothing has been written then.
        NotFinite: If a loss did not stay finite.
        Bereft: If another process of the run has died.
        Interrupted: If the run was told to stop.
    """
    check_config(cfg)
    cfg.max_steps, cfg.val_every = max_generator_steps(cfg), validation_interval(cfg)
    if cfg.resume is None and os.environ.get("SLURM_RESTART_COUNT"):  # a job that was requeued
        cfg.resume = "auto"
    if cfg.resume == "auto" and is_already_finished(cfg):
        return print_result(RunFolder(cfg.run_dir))
    start = find_start(cfg)
    cfg, run = start.cfg, RunFolder(start.cfg.run_dir)
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    data = build_part(cfg.data)
    data.setup("fit")
    if cfg.metric and data.n_val < 2:
        raise UserError("scores need at least 2 held-out samples: raise data.val_size to 1000.")
    set_facts(cfg, data)
    trainer, game = build_game(cfg)
    if data.n_val < trainer.world_size:
        raise UserError(
            f"each of {trainer.world_size} processes validates on samples of its own, and data."
            f"val_size={data.n_val}: type data.val_size={max(1000, trainer.world_size)}."
        )
    probes = list(build_part(cfg.probe).values())
    check_support(trainer, game, data, probes)
    game.save_hyperparameters(saved_config(cfg))
    if start.checkpoint:
        load_weights(game, read_checkpoint(start.checkpoint)["state_dict"], start.checkpoint)
    trained = run.measured().get("steps", 0) >= cfg.max_steps > 0
    open_loggers(trainer, start)  # which may refuse, before anything is written
    try:
        if trainer.is_global_zero:
            write_start(start, trained)
        if not trained:
            trainer, game = fit(start, trainer, game, data)
        if trainer.is_global_zero:
            run_probes(probes, game, data, run)
            log_figures(trainer.loggers, run.figures, run.metrics.read()["steps"])
    finally:
        for logger in trainer.loggers:
            close_logger(logger)
    if not trainer.is_global_zero:
        return nan
    run.metrics.update({**read_reproduction_info(run), "finished": True})
    return print_result(run)


def check_support(trainer: pl.Trainer, game: Game, data: Data, probes: Sequence[Probe]) -> None:
    """Let whatever watches or measures a game refuse it, before training starts.

    Raises:
        UserError: If something does.
    """
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Scores | DensityCurve):
            callback.check(game, data)
    logged = any(isinstance(each, CSVLogger) for each in trainer.loggers)
    for probe in probes:
        probe.check(game, data)
        if probe.reads_log and not logged:
            raise UserError(
                f"probe={type(probe).__name__} reads the csv logger's file: add csv to logger=[…]."
            )


def fit(
    start: Start, trainer: pl.Trainer, game: Game, data: Data, rewound: bool = False
) -> tuple[pl.Trainer, Game]:
    """Train, after a rewind more than once; return the game that was trained, and its trainer.

    Raises:
        NotFinite: If a number is not finite, and there is no checkpoint that has not been tried.
        Bereft: If another process of the run has died.
    """
    try:
        trainer.fit(game, data, ckpt_path=start.checkpoint)
    except NotFinite as trouble:
        cfg, run = start.cfg, RunFolder(start.cfg.run_dir)
        steps = readable_checkpoints(run) if cfg.on_nonfinite == "rewind" else {}
        if not steps or (rewound and max(steps.values()) == start.step):
            raise
        checkpoint, step = max(steps.items(), key=itemgetter(1))
        if trainer.is_global_zero:
            record_changes(run, step, [("rewound", None, str(trouble))])
            Console(stderr=True).print(
                f"rewound to generator step {step}, because {trouble}", soft_wrap=True, markup=False
            )
        for logger in trainer.loggers:
            close_logger(logger)
        trainer, game = build_game(cfg, rewound=True)
        game.save_hyperparameters(saved_config(cfg))
        start = start._replace(checkpoint=checkpoint, step=step)
        open_loggers(trainer, start)
        return fit(start, trainer, game, data, rewound=True)
    except RuntimeError as error:
        if trainer.world_size > 1 and (isinstance(error, dist.DistError) or "gloo" in str(error)):
            raise PeerProcessDied(
                f"another process of the run died by generator step {trainer.global_step}: read "
                "what it said, or give it more memory if it said nothing, and go on with "
                f"resume={start.cfg.run_dir}"
            ) from error
        raise
    return trainer, game


def open_loggers(trainer: pl.Trainer, start: Start) -> None:
    """Begin in every tracker, or go on where it was left if the run goes on as it was.

    Raises:
        UserError: If one cannot be reached.
    """
    trackers = RunFolder(start.cfg.run_dir).trackers
    known = {} if start.changes else trackers.read()  # MLflow refuses other settings for a run
    for logger in trainer.loggers if start.checkpoint else []:
        continue_logger(logger, start.step, known.get(type(logger).__name__))
    if trainer.is_global_zero:
        names = {type(logger).__name__: run_id(logger) for logger in trainer.loggers}
        if given := {kind: name for kind, name in names.items() if name}:
            trackers.write(given)


def write_start(start: Start, trained: bool) -> None:
    """Write into the run's folder what it is, before anything else."""
    cfg, run = start.cfg, RunFolder(start.cfg.run_dir)
    run.path.mkdir(parents=True, exist_ok=True)
    remove_partial_files(run.path)
    if not trained:  # what it said when it had finished before
        run.metrics.remove()
    if start.changes:
        record_changes(run, start.step, start.changes)
    write_bytes(run.config.path, OmegaConf.to_yaml(saved_config(cfg)).encode())
    run.failure.remove()
    if not start.checkpoint:
        run.origin.update({**reproduction_info(cfg), "environment": describe_environment()})


def read_reproduction_info(run: RunFolder) -> dict[str, Any]:
    """What it takes to repeat a run, as it was begun."""
    return {key: run.origin.read().get(key) for key in ("command", "seed")}


def set_facts(cfg: DictConfig, data: pl.LightningDataModule) -> None:
    """Write into the configuration what only the data and the budget know."""
    cfg.facts = {
        "images": cfg.max_steps * images_per_step(cfg),
        "image_shape": list(data.image_shape),  # type: ignore[attr-defined]
        "n_classes": data.n_classes,  # type: ignore[attr-defined]
        "n_features": data.n_features,  # type: ignore[attr-defined]
        "monitor": next(
            (f"val/{name}" for name, node in cfg.metric.items() if lower_is_better(node)), None
        ),
    }


def lower_is_better(metric: DictConfig) -> bool:
    """Whether less of a chosen metric is better, so that the best checkpoint can follow it."""
    kind: type[Score] = get_class(metric._target_)
    return kind.lower_is_better


def build_game(cfg: DictConfig, rewound: bool = False) -> tuple[pl.Trainer, Any]:
    """Build the trainer and the game.

    Args:
        cfg: Of the run.
        rewound: Whether to go on with other data and noise than the checkpoint's run had.
    """
    game = build_part(cfg.model, _convert_="all")
    try:
        game.configure_optimizers()
    except (TypeError, ValueError) as error:
        raise UserError(f"the options of optimizer do not work ({error}): correct them.") from error
    callbacks = [
        NonFiniteGuard(cfg.run_dir, cfg.on_nonfinite, rewound=rewound),
        *build_part(cfg.callback).values(),
        RunMetrics(cfg.run_dir, cfg.facts.monitor),
        Interruption(cfg.run_dir),
    ]
    trainer = build_part(
        cfg.trainer,
        max_steps=cfg.max_steps,
        max_time=cfg.max_time,
        max_epochs=-1,
        val_check_interval=cfg.val_every,
        check_val_every_n_epoch=None,
        callbacks=callbacks,
        logger=list(build_part(cfg.logger).values()),
        profiler=cfg.trainer.get("profiler") or Unwatched(),
        plugins=cluster_plugins(),
        enable_checkpointing=any(isinstance(each, ModelCheckpoint) for each in callbacks),
    )
    count_processes(trainer)
    avoid_nvml_checks()
    trainer.strategy.checkpoint_io = AtomicCheckpointIO()
    return trainer, game


def count_processes(trainer: pl.Trainer) -> None:
    """Refuse processes that srun or torchrun started and the trainer does not count on.

    Each would train a run of its own into the same folder, or wait for others that never come.
    """
    name = "SLURM_NTASKS" if SLURMEnvironment.detect() else "WORLD_SIZE"
    started = int(os.environ.get(name, trainer.world_size))
    if started != trainer.world_size:
        raise UserError(
            f"srun or torchrun was told to start {started} processes, and trainer.num_nodes="
            f"{trainer.num_nodes} times trainer.devices={trainer.num_devices} are "
            f"{trainer.world_size}: make them equal, as by trainer=ddp trainer.devices={started}."
        )


class Unwatched(PassThroughProfiler):
    """Opens no context around every hook of every callback, of which a step has a hundred."""

    def profile(self, action_name: str) -> AbstractContextManager[None]:  # type: ignore[override]
        return NOTHING


NOTHING = nullcontext()


def avoid_nvml_checks() -> None:
    """Keep torch from looking for an absent driver's library at every step of Adam.

    Lightning has it ask the library, and not the runtime, so that no GPU is touched before a fork.
    """
    if not torch.cuda.is_available():
        os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"


def cluster_plugins() -> list[Any]:
    """How the processes of a run find each other, where Lightning would do too much."""
    # Its own requeueing saves in the middle of a step, and ours after it.
    return [SLURMEnvironment(auto_requeue=False)] if SLURMEnvironment.detect() else []


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
    """Real images that the discriminator sees in a generator step."""
    processes = build_part(cfg.trainer, logger=False).world_size
    return int(cfg.data.batch_size * cfg.accumulate * cfg.n_critic * processes)


def saved_config(cfg: DictConfig) -> dict[str, Any]:
    """The configuration as plain values without the run's folder, so that the run can be moved."""
    return run_settings(cfg, cfg.facts)


def reproduction_info(cfg: DictConfig) -> dict[str, Any]:
    """What it takes to repeat the run: the words of its command, and its seed."""
    searched: list[str] = []
    if HydraConfig.initialized():
        searched = list(HydraConfig.get().job.config.override_dirname.exclude_keys)
    return {"command": typed_overrides(), "seed": cfg.seed, "searched": searched}


def print_result(run: RunFolder) -> float:
    """Print what came out and where it lies; return the best monitored score, NaN without one."""
    metrics = run.measured()
    table = Table("", "result", show_header=False)
    if metrics["best"] is not None:
        samples = f"n = {metrics[metrics['monitor'] + '_n']:.0f}"
        table.add_row(
            f"best {metrics['monitor']}",
            f"{metrics['best']:.4g} at generator step {metrics['best_step']} ({samples})",
        )
    for name, value in metrics.items():
        if name.startswith("probe/"):
            table.add_row(name.removeprefix("probe/"), f"{value:.4g}")
    table.add_row("generator steps", f"{metrics['steps']}")
    table.add_row("real images shown", f"{metrics['images']}")
    table.add_row("images per second", f"{metrics['images_per_second']}")
    for name, path in run.results.items():
        table.add_row(name, os.path.relpath(path))
    Console().print(table)
    return nan if metrics["best"] is None else float(metrics["best"])
