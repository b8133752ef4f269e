"""One sentence about what cannot be composed."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf

from ganzoo.error import suggest_names
from ganzoo.settings.compose import (
    COMPOSE_ERRORS,
    CONF,
    compose_config,
    error_chain,
    group_choices,
)
from ganzoo.settings.quoting import shell_word

LEXER, EVALUATED = "LexerNoViableAltException: ", "': "  # in Hydra's messages
NO_REASON = ("See https", "Error parsing", "Available:")  # lines of them that explain nothing
MOVED = {
    "accumulate_grad_batches": "each player steps on its own. Use accumulate=…",
    "gradient_clip_val": "each player has its own gradient. Use optimizer.clip_norm=…",
    "logger": "loggers are a group. Use logger=[…]",
    "callbacks": "callbacks are a group. Use callback=[…]",
    "plugins": "plug-ins follow from the cluster. Leave it out",
    "enable_checkpointing": "checkpoints are a callback. Use callback=[…]",
    "fast_dev_run": "it leaves no run. Use max_steps=1 val_every=1",
    "overfit_batches": "a run reads an endless stream. Use data.train_size=…",
    "check_val_every_n_epoch": "a run counts no epochs. Use val_every=…",
    "min_epochs": "a run is counted in generator steps. Use max_steps=…",
    "min_steps": "it counts both players' steps. Use max_steps=…",
    "reload_dataloaders_every_n_epochs": "a run counts no epochs. Leave it out",
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
    unparsed = [cause for cause in chain if isinstance(cause, OverrideParseException)]
    if unparsed:
        return explain_grammar(unparsed[0])
    missing = [cause for cause in chain if isinstance(cause, MissingConfigException)]
    if missing:
        return explain_choice(str(missing[0].missing_cfg_file), folders)
    keys = {str(getattr(cause, "full_key", None) or ""): str(cause) for cause in reversed(chain)}
    unknown = [key for key, message in keys.items() if key and "not in" in message]
    if unknown:
        return explain_key(unknown[-1], chosen_config(overrides, folders), folders)
    messages = [str(cause) for cause in chain if str(cause) not in {"", "None"}]
    ambiguous = re.search(r"Ambiguous value for argument '(.*)'\n", "\n".join(messages))
    if ambiguous:
        return explain_several(ambiguous.group(1))
    return " ".join(messages[-1].split("\n")[0].split())


def explain_grammar(error: OverrideParseException) -> str:
    """One sentence about a word that Hydra's grammar has no meaning for, and what to type."""
    word, lines = str(error.override), error.message.split("\n")
    reasons = [line for line in lines if line and not line.startswith(NO_REASON)]
    place = [line.index("^") - len(LEXER) for line in lines if line.strip() == "^"]
    cause = [f"at character {column + 1}" for column in place] + reasons
    key, equals, value = word.partition("=")
    unquoted = value.strip("'\"")
    remedy = f"type {shell_word(key, unquoted)}" if equals and key else "options are name=value"
    return f"{word} cannot be read ({cause[0].rpartition(EVALUATED)[2]}): {remedy}."


def explain_several(word: str) -> str:
    """One sentence about a word of several values in a command for one run."""
    key, _, value = word.partition("=")
    return (
        f"{word} names several values: type {shlex.quote(f'{key}=[{value}]')} for a list, "
        f"{shell_word(key, value)} for one text, or -m for a run of each."
    )


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
