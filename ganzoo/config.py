"""What a user may configure, and sentences for what cannot be."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from inspect import signature
from math import isfinite
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    InstantiationException,
    MissingConfigException,
)
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ganzoo.error import UserError

PACKAGE = Path(__file__).parent
CONF = next(folder for folder in (PACKAGE / "conf", PACKAGE.parent / "conf") if folder.is_dir())
RENAMED = {
    "accumulate_grad_batches": "each player has its own steps: type accumulate=… at the top level",
    "gradient_clip_val": "each player has its own gradient: type optimizer.clip_norm=…",
    "max_steps": "it would count both players' steps: type max_steps=… at the top level, which "
    "counts generator steps",
    "max_epochs": "a run is counted in generator steps: type max_steps=… at the top level",
    "max_time": "type max_time=… at the top level",
    "val_check_interval": "type val_every=…, which counts generator steps",
}


def check(cfg: DictConfig) -> None:
    """Refuse values that no run could use, before anything is built.

    Raises:
        UserError: With the first that is found.
    """
    for complaint in (*mistyped(plain(cfg), plain(unaltered(cfg))), *complaints(cfg)):
        raise UserError(complaint)


def plain(cfg: DictConfig) -> Any:
    return OmegaConf.to_container(cfg, resolve=False)


def unaltered(cfg: DictConfig) -> DictConfig:
    """The configuration with the running command's choices, but none of the values it overrides."""
    if not HydraConfig.initialized():
        return cfg
    command = HydraConfig.get()
    words = command.overrides.task
    chosen = [each for each in words if (CONF / each.lstrip("+~").split("=")[0]).is_dir()]
    try:
        return base(chosen)
    except HydraException:  # a choice from the user's own --config-dir
        return cfg


def complaints(cfg: DictConfig) -> Iterator[str]:
    yield from (renamed(key) for key in RENAMED if key in cfg.trainer)
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


def renamed(key: str) -> str:
    return f"trainer.{key} is not for you to set, because {RENAMED[key]}."


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def mistyped(cfg: Any, like: Any, key: str = "") -> Iterator[str]:
    """Complaints about values of another kind than the one they replace, such as a word for a rate.

    Args:
        cfg: The configuration, as plain values.
        like: The same before its values were overridden.
        key: Where in the configuration the two stand.
    """
    if isinstance(cfg, dict) and isinstance(like, dict):
        for name in sorted(cfg.keys() & like.keys()):
            own = f"{key}.{name}".lstrip(".")
            yield from mistyped(cfg[name], like[name], own)
            if is_number(like[name]) and cfg[name] is None and not optional(cfg, name):
                yield f"{own} is a number and cannot be null: type {own}={like[name]}."
            if name.endswith("seed") and is_number(cfg[name]) and cfg[name] < 0:
                yield f"{own} is a whole number from 0 up, got {cfg[name]}: type {own}=0."
    elif isinstance(like, bool | list) and not isinstance(cfg, type(like)):
        kind = "a list" if isinstance(like, list) else "true or false"
        if "${" not in str(cfg):
            yield f"{key} is {kind} such as {like}, got {cfg}: type {key}={like}."
    elif is_number(like) and not (cfg is None or "${" in str(cfg)):
        whole = isinstance(like, int)
        if not is_number(cfg) or not isfinite(cfg) or (whole and not isinstance(cfg, int)):
            kind = "whole number" if whole else "number"
            yield f"{key} is a {kind} such as {like}, got {cfg}: type {key}={like}."


def optional(node: Mapping[str, Any], name: str) -> bool:
    """Whether the class that a node builds takes None for an option."""
    if "_target_" not in node:
        return True
    parameters = signature(get_object(node["_target_"])).parameters
    kind = str(parameters[name].annotation) if name in parameters else "None"
    return "None" in kind or "Optional" in kind


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def make(node: Any, **given: Any) -> Any:
    """Instantiate a part of the configuration.

    Raises:
        UserError: If its options do not make the part.
    """
    try:
        return instantiate(node, **given)
    except InstantiationException as error:
        chain = list(causes(error))
        said = next((str(each) for each in chain if isinstance(each, UserError)), None)
        made = str(node.get("_target_", "a part")).rpartition(".")[2]
        key = str(getattr(error, "full_key", "")) or made
        cause = " ".join(str(chain[-1]).split()).rstrip(".")
        raise UserError(
            said or f"the options of {key} do not work ({cause}): --cfg job shows what they are."
        ) from error


def explain(error: Exception) -> str:
    """One sentence about an error that Hydra or OmegaConf raised while composing.

    Args:
        error: What was raised.
    """
    chain = list(causes(error))
    missing = next((e for e in chain if isinstance(e, MissingConfigException)), None)
    if missing is not None:
        group, _, name = str(missing.missing_cfg_file).rpartition("/")
        if group == "hydra/launcher":
            return f"{group}={name} is not there: pip install 'ganzoo[slurm,sweep]' has launchers."
        options = [path.stem for path in (CONF / group).glob("*.yaml")]
        return f"{group}={name} is not there: {closest(name, missing.options or options)}"
    keyed = next((e for e in chain if getattr(e, "full_key", None)), None)
    if keyed is not None and "not in" in str(keyed):
        return about_key(str(keyed.full_key))  # type: ignore[attr-defined]
    spoken = [str(each) for each in chain if str(each) not in {"", "None"}]
    return " ".join(spoken[-1].split("\n")[0].split())


def about_key(full_key: str) -> str:
    """One sentence about a key that the configuration does not have."""
    parent, _, key = full_key.rpartition(".")
    if parent == "trainer" and key in RENAMED:
        return renamed(key)
    if (CONF / parent / f"{key}.yaml").exists():
        return f"{full_key} is not among what was chosen: add {key} to {parent}=[…] first."
    siblings = OmegaConf.select(base(), parent) if parent else base()
    if siblings is None and (path := CONF / f"{parent.replace('.', '/')}.yaml").exists():
        part = OmegaConf.load(path)  # that the default has not chosen
        siblings = OmegaConf.select(part, path.stem)
    if siblings is None:
        return about_key(parent)
    if not isinstance(siblings, DictConfig):
        return f"there is no option {full_key}: {parent} is a value, type {parent}={siblings}."
    names = [str(name) for name in siblings]
    return f"there is no option {full_key}: {closest(key, names, parent)}"


def base(choices: Sequence[str] = ()) -> DictConfig:
    """The configuration as it is before any value is overridden."""
    # Hydra's own run holds the global state that composing needs for itself.
    outer = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return compose("train", overrides=list(choices))
    finally:
        GlobalHydra.instance().hydra = outer


def closest(name: str, options: Sequence[str], parent: str = "") -> str:
    """The names that a user may have meant, or all of them."""
    near = get_close_matches(name, options, n=3, cutoff=0.5)
    names = [f"{parent}.{option}" if parent else option for option in near or sorted(options)]
    return f"{'did you mean' if near else 'type one of'} {', '.join(names)}{'?' if near else '.'}"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


COMPOSING = (ConfigCompositionException, HydraException, OmegaConfBaseException)
