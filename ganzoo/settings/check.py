"""What a user may configure, and sentences for what cannot be."""

import re
from collections.abc import Iterator
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from ganzoo.error import UserError
from ganzoo.settings.compose import compose_config, group_choices
from ganzoo.settings.explain import RENAMED, explain_renamed
from ganzoo.settings.own import running_config_dirs
from ganzoo.settings.types import is_count, type_errors


def check_config(cfg: DictConfig) -> None:
    """Refuse values that no run could use, before anything is built.

    Raises:
        UserError: With the first that is found.
    """
    for complaint in (*type_errors(plain(cfg), plain(unaltered(cfg))), *complaints(cfg)):
        raise UserError(complaint)


def plain(cfg: DictConfig) -> Any:
    return OmegaConf.to_container(cfg, resolve=False)


def unaltered(cfg: DictConfig) -> DictConfig:
    """The configuration with the running command's choices, but none of the values it overrides."""
    if not HydraConfig.initialized():
        return cfg
    folders = running_config_dirs()
    return compose_config(group_choices(HydraConfig.get().overrides.task, folders), folders)


def complaints(cfg: DictConfig) -> Iterator[str]:
    yield from (explain_renamed(key) for key in RENAMED if key in cfg.trainer)
    for key, unit in {
        "n_critic": "discriminator steps per generator step",
        "accumulate": "parts of a batch that are judged before a player steps",
        "val_every": "generator steps between validations",
        "latent.dim": "numbers of the noise",
        "data.batch_size": "images per process and discriminator step",
    }.items():
        value = OmegaConf.select(cfg, key)
        if not is_count(value):
            yield f"{key} counts {unit} and must be at least 1, got {value}: type {key}=1 or more."
    if str(cfg.trainer.precision) in {"16-true", "bf16-true", "64-true", "64", "64-bit"}:
        yield (
            f"trainer.precision={cfg.trainer.precision} changes the weights themselves, and noise "
            "and images are float32: type bf16-mixed, 16-mixed or 32-true."
        )
    yield from about_machine(cfg)
    for key in ("max_steps", "max_images", "val_every_images"):
        if cfg[key] is not None and not is_count(cfg[key]):
            yield f"{key} is a budget of at least 1, got {cfg[key]}: type {key}=1000, or null."
    if not any(cfg[key] for key in ("max_steps", "max_images", "max_time")):
        yield "the run has no end: type max_steps=1000, max_images=100000 or max_time=00:00:10:00."
    if not (cfg.max_steps or cfg.max_images) and "${max_steps}" in str(plain(cfg)):
        yield (
            "a schedule or an annealing runs until max_steps, and the run has only max_time: type "
            "max_steps=… or max_images=… too."
        )
    if str(cfg.trainer.precision).startswith("16") and cfg.optimizer.get("clip_norm"):
        fused = [player for player in ("generator", "discriminator") if fuses(cfg, player)]
        if fused:
            yield (
                "a fused optimizer hides the gradients' scale under trainer.precision=16-mixed, so "
                "that optimizer.clip_norm would clip too much: type "
                + " ".join(f"optimizer.{player}.fused=false" for player in fused)
                + "."
            )
    packing = cfg.network.get("packing", 1)
    if is_count(cfg.data.batch_size) and is_count(packing) and cfg.data.batch_size % packing:
        yield (
            f"network.packing={packing} images are judged together, and data.batch_size="
            f"{cfg.data.batch_size} does not divide by it: type data.batch_size={64 * packing}."
        )
    yield from about_parts(cfg)
    yield from about_words(cfg)


def about_parts(cfg: DictConfig) -> Iterator[str]:
    for group in ("loss", "metric", "callback", "logger", "probe"):
        for name, part in cfg[group].items():
            if isinstance(part, DictConfig) and "_target_" not in part:
                given = ", ".join(map(str, part))
                yield (
                    f"{group}.{name} has settings ({given}) and was not chosen: add {name} to "
                    f"{group}=[…], or type '~{group}.{name}' to leave it out."
                )


def about_words(cfg: DictConfig) -> Iterator[str]:
    if cfg.max_time is not None and not re.fullmatch(r"\d+(:\d\d){3}", str(cfg.max_time)):
        yield f"max_time is DD:HH:MM:SS, got {cfg.max_time}: type max_time=00:00:10:00."
    if cfg.on_nonfinite not in ("stop", "skip", "rewind"):
        yield f"on_nonfinite is stop, skip or rewind, got {cfg.on_nonfinite}: type one of them."
    if not isinstance(cfg.seed, int) or cfg.seed < 0:
        yield f"seed is a whole number from 0 up, got {cfg.seed}: type seed=0."


def about_machine(cfg: DictConfig) -> Iterator[str]:
    from pytorch_lightning.accelerators import CUDAAccelerator, MPSAccelerator  # noqa: PLC0415

    trainer, devices = cfg.trainer, cfg.trainer.devices
    found = CUDAAccelerator.auto_device_count() + MPSAccelerator.is_available()
    on_cpu = trainer.accelerator == "cpu" or not found
    if isinstance(devices, int) and devices != -1 and devices < 1:
        yield f"trainer.devices counts devices of a machine, got {devices}: type trainer.devices=1."
    if trainer.accelerator in {"gpu", "cuda"} and found < (devices if is_count(devices) else 1):
        remedy = f"trainer.devices={found}" if found else "trainer=cpu or trainer=ddp_cpu"
        yield f"trainer.devices={devices} asks for GPUs, and {found} are here: type {remedy}."
    if str(trainer.precision).startswith("16") and on_cpu:
        yield (
            f"trainer.precision={trainer.precision} needs a GPU, which has float16: type "
            "trainer.precision=bf16-mixed or trainer.precision=32-true."
        )
    if trainer.get("sync_batchnorm") and on_cpu:
        yield "trainer.sync_batchnorm works on GPUs only: type trainer.sync_batchnorm=false."
    normalised = trainer.get("sync_batchnorm") and cfg.network.get("batch_norm")
    if normalised and cfg.optimizer.get("unrolled_steps"):
        yield (
            "optimizer.unrolled_steps differentiates batch norm twice, and synchronised batch norm "
            "knows one derivative: type network.batch_norm=false or trainer.sync_batchnorm=false."
        )


def fuses(cfg: DictConfig, player: str) -> bool:
    return bool(OmegaConf.select(cfg, f"optimizer.{player}.fused"))
