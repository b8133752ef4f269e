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

MOVED = {
    "accumulate_grad_batches": "each player steps on its own. Use accumulate=…",
    "gradient_clip_val": "each player has its own gradient. Use optimizer.clip_norm=…",
    "max_steps": "it counts both players' steps. Use max_steps=…, which counts generator steps",
    "max_epochs": "a run is counted in generator steps. Use max_steps=…",
    "max_time": "the budget is one group of options. Use max_time=…",
    "val_check_interval": "it counts batches. Use val_every=…, which counts generator steps",
}


def explain_error(
    error: Exception, overrides: Sequence[str] = (), folders: Sequence[Path] = ()
) -> str:
    """One sentence about an error that Hydra or OmegaConf raised while composing.

    Args:
        error: What was raised.
        overrides: Those of the command.
        folders: Folders of yamls beside ``conf/``.
    """
    chain = list(error_chain(error))
    missing = [cause for cause in chain if isinstance(cause, MissingConfigException)]
    if missing:
        return explain_choice(str(missing[0].missing_cfg_file), folders)
    keys = {str(getattr(cause, "full_key", None) or ""): str(cause) for cause in reversed(chain)}
    unknown = [key for key, message in keys.items() if key and "not in" in message]
    if unknown:
        return explain_key(unknown[-1], chosen_config(overrides, folders), folders)
    messages = [str(cause) for cause in chain if str(cause) not in {"", "None"}]
    return " ".join(messages[-1].split("\n")[0].split())


def explain_choice(missing: str, folders: Sequence[Path]) -> str:
    """One sentence about a choice, GROUP/NAME, for which there is no yaml."""
    group, _, name = missing.rpartition("/")
    if group == "hydra/launcher":
        return (
            f"there is no {group}={name}: type pip install 'ganzoo-lightning[slurm,sweep]' for "
            "launchers."
        )
    groups = [folder / group for folder in (CONF, *folders)]
    options = [path.stem for folder in groups for path in folder.glob("*.yaml")]
    return f"there is no {group}={name}: {suggest_names(name, options)}"


def chosen_config(overrides: Sequence[str], folders: Sequence[Path]) -> DictConfig:
    """The configuration of what a command chooses; the default one where that does not compose."""
    try:
        return compose_config(group_choices(overrides, folders), folders)
    except COMPOSE_ERRORS:
        return compose_config()


def explain_key(full_key: str, cfg: DictConfig, folders: Sequence[Path] = ()) -> str:
    """One sentence about a key that a configuration does not have."""
    parent, _, key = full_key.rpartition(".")
    if parent == "trainer" and key in MOVED:
        return explain_moved(key)
    if any((folder / parent / f"{key}.yaml").exists() for folder in (CONF, *folders)):
        return f"{full_key} was not chosen: add {key} to {parent}=[…] first."
    siblings = OmegaConf.select(cfg, parent) if parent else cfg
    if siblings is None:
        return explain_key(parent, cfg, folders)
    if not isinstance(siblings, DictConfig):
        return f"there is no option {full_key}: {parent} is a value, type {parent}={siblings}."
    names = [str(name) for name in siblings]
    return f"there is no option {full_key}: {suggest_names(key, names, parent)}"


def explain_moved(key: str) -> str:
    """One sentence about an option of the trainer that ganzoo has elsewhere."""
    return f"trainer.{key} cannot be set: {MOVED[key]}."


def suggest_names(name: str, options: Sequence[str], parent: str = "") -> str:
    """The names that a user may have meant, or all of them."""
    near = get_close_matches(name, options, n=3, cutoff=0.5)
    names = [f"{parent}.{option}" if parent else option for option in near or sorted(options)]
    return f"{'did you mean' if near else 'type one of'} {', '.join(names)}{'?' if near else '.'}"
