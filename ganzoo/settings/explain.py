"""One sentence about what cannot be composed."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from hydra.errors import MissingConfigException
from omegaconf import DictConfig, OmegaConf

from ganzoo.settings.compose import (
    COMPOSE_ERRORS,
    CONF,
    compose_config,
    error_chain,
    group_choices,
)

RENAMED = {
    "accumulate_grad_batches": "each player has its own steps: type accumulate=… at the top level",
    "gradient_clip_val": "each player has its own gradient: type optimizer.clip_norm=…",
    "max_steps": "it would count both players' steps: type max_steps=… at the top level, which "
    "counts generator steps",
    "max_epochs": "a run is counted in generator steps: type max_steps=… at the top level",
    "max_time": "type max_time=… at the top level",
    "val_check_interval": "type val_every=…, which counts generator steps",
}


def explain_error(
    error: Exception, overrides: Sequence[str] = (), folders: Sequence[Path] = ()
) -> str:
    """One sentence about an error that Hydra or OmegaConf raised while composing.

    Args:
        error: What was raised.
        overrides: The words of the command.
        folders: Folders of yamls beside ``conf/``.
    """
    chain = list(error_chain(error))
    missing = next((e for e in chain if isinstance(e, MissingConfigException)), None)
    if missing is not None:
        group, _, name = str(missing.missing_cfg_file).rpartition("/")
        if group == "hydra/launcher":
            return (
                f"there is no {group}={name}: type pip install 'ganzoo-lightning[slurm,sweep]' for "
                "launchers."
            )
        places = [folder / group for folder in (CONF, *folders)]
        options = [path.stem for place in places for path in place.glob("*.yaml")]
        return f"there is no {group}={name}: {suggest_names(name, options)}"
    keyed = next((e for e in chain if getattr(e, "full_key", None)), None)
    if keyed is not None and "not in" in str(keyed):
        key = str(keyed.full_key)  # type: ignore[attr-defined]
        return explain_key(key, chosen_config(overrides, folders), folders)
    spoken = [str(each) for each in chain if str(each) not in {"", "None"}]
    return " ".join(spoken[-1].split("\n")[0].split())


def chosen_config(overrides: Sequence[str], folders: Sequence[Path]) -> DictConfig:
    """The configuration of what a command chooses; the default one where that does not compose."""
    try:
        return compose_config(group_choices(overrides, folders), folders)
    except COMPOSE_ERRORS:
        return compose_config()


def explain_key(full_key: str, cfg: DictConfig, folders: Sequence[Path] = ()) -> str:
    """One sentence about a key that a configuration does not have."""
    parent, _, key = full_key.rpartition(".")
    if parent == "trainer" and key in RENAMED:
        return explain_renamed(key)
    if any((folder / parent / f"{key}.yaml").exists() for folder in (CONF, *folders)):
        return f"{full_key} is not among what was chosen: add {key} to {parent}=[…] first."
    siblings = OmegaConf.select(cfg, parent) if parent else cfg
    if siblings is None:
        return explain_key(parent, cfg, folders)
    if not isinstance(siblings, DictConfig):
        return f"there is no option {full_key}: {parent} is a value, type {parent}={siblings}."
    names = [str(name) for name in siblings]
    return f"there is no option {full_key}: {suggest_names(key, names, parent)}"


def explain_renamed(key: str) -> str:
    return f"trainer.{key} is not for you to set, because {RENAMED[key]}."


def suggest_names(name: str, options: Sequence[str], parent: str = "") -> str:
    """The names that a user may have meant, or all of them."""
    near = get_close_matches(name, options, n=3, cutoff=0.5)
    names = [f"{parent}.{option}" if parent else option for option in near or sorted(options)]
    return f"{'did you mean' if near else 'type one of'} {', '.join(names)}{'?' if near else '.'}"
