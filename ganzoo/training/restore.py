"""``resume=RUN x=y``: the run's own configuration, changed by the words of the command."""

import re
from collections.abc import Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from ganzoo.error import refuse_if
from ganzoo.runs import RunFolder
from ganzoo.settings.allowed import every_value
from ganzoo.settings.explain import explain_key
from ganzoo.settings.format import upgrade
from ganzoo.settings.trust import check_plain, check_size, check_trusted

Settings = dict[str, Any]

# Of a command or a file, and not of the run.
OWN = ("run_dir", "resume", "allow_changes", "trust", "debug", "format")
# An option that is typed, and the one that would stand against it.
REPLACED = {
    "max_steps": "max_images",
    "max_images": "max_steps",
    "val_every": "val_every_images",
}
REFERENCE = re.compile(r"\$\{([\w.]+)\}")


def loosen(words: Sequence[str], flags: Sequence[str]) -> list[str]:
    """Words that Hydra can compose where ``resume=RUN`` stands among them.

    They set options of the run's parts, which need not be the default ones.

    Raises:
        UserError: If several runs are to continue one.
    """
    values = [override.value() for override in parsed(words) if override.key_or_group == "resume"]
    if not values or values[-1] in (None, "auto"):
        return list(words)
    refuse_if(
        {"-m", "--multirun"} & set(flags),
        "resume=… continues one run, and -m begins several: leave -m out, or type "
        "sweep.resume=… with the folder of a sweep.",
    )
    settings = named_run(values[-1])[0].config.read()
    keys = [word.partition("=")[0] for word in words]
    return [
        f"++{word}" if "." in key and select(settings, key) is not None else word
        for key, word in zip(keys, words, strict=True)
    ]


def parsed(words: Sequence[str]) -> list[Override]:
    """The words as Hydra reads them; none where it cannot, which it says itself."""
    try:
        return list(OverridesParser.create().parse_overrides(list(words)))
    except HydraException:
        return []


def named_run(resume: Any) -> tuple[RunFolder, Path | None]:
    """The run that ``resume`` names, and the checkpoint if it names one.

    Raises:
        UserError: If it is no name of a folder or a file.
    """
    refuse_if(
        not isinstance(resume, str) or not resume,
        f"resume is the folder of a run or one of its checkpoints, got {resume}: type "
        "resume=runs/dcgan-mnist5k/…, or resume=auto.",
    )
    path = Path(resume)
    named = path.suffix == ".ckpt"
    return (RunFolder.of_checkpoint(path), path) if named else (RunFolder(path), None)


def restore(cfg: DictConfig) -> DictConfig:
    """The configuration of the run that ``resume`` names, changed by the command; else the same.

    Raises:
        UserError: If there is no such run, its file asks for what nobody trusts, or the command
            sets an option that the run does not have.
    """
    if cfg.resume in (None, "auto"):
        return cfg
    run, _ = named_run(cfg.resume)
    own: Any = OmegaConf.to_container(cfg)
    settings = read_run_settings(run)
    check_plain(settings, run.config.path)
    typed = [value for keys, value in every_value(own, "the command") if keys[-1] == "_target_"]
    check_trusted(settings, run.config.path, cfg.trust, [str(name) for name in typed])
    model = {**settings["model"], **own["model"], "_target_": settings["model"]["_target_"]}
    kept = {name: own[name] for name in (*OWN, "facts") if name in own}
    restored = {**wire(settings, own, settings), **kept, "model": model, "run_dir": str(run)}
    overrides = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    return OmegaConf.create(changed(restored, own, parsed(overrides)))


def wire(settings: Any, own: Any, root: Settings) -> Any:
    """Settings that refer to each other again where ``conf/`` lets them and they agree."""
    match settings, own:
        case dict(), dict():
            return {name: wire(value, own.get(name), root) for name, value in settings.items()}
        case _, str() if (found := REFERENCE.fullmatch(own)) and select(root, found[1]) == settings:
            return own
    return settings


def changed(settings: Settings, own: Settings, overrides: Sequence[Override]) -> Settings:
    """Settings of a run with what the command sets.

    Args:
        settings: Those of the run.
        own: What Hydra composed of the command.
        overrides: The command's words.
    """
    found = {path_of(override): override for override in overrides}
    paths = {path: each for path, each in found.items() if path.split(".")[0] not in OWN}
    everything = {"experiment": [name for name in own if name not in OWN]}
    for path, override in paths.items():
        for name in everything.get(path, [path]):
            change(settings, name, own, override)
    obsolete = {REPLACED[path] for path in paths if path in REPLACED} - paths.keys()
    endless = {name for name in ("max_steps",) if settings[name] == -1}  # by max_time alone
    return {**settings, **dict.fromkeys(obsolete | endless)}


def change(settings: Settings, path: str, own: Settings, override: Override) -> None:
    """Set or remove one option of a run's settings as the command does."""
    *groups, name = path.split(".")
    known = override.is_add() or override.is_force_add() or has(settings, path)
    refuse_if(not known, explain_key(path, OmegaConf.create(settings)))
    node = settings
    for group in groups:
        node = node.setdefault(group, {})
    value = select(own, path)
    node.pop(name, None)
    node |= {} if override.is_delete() else {name: value}


def path_of(override: Override) -> str:
    """Where in the configuration an override sets something."""
    return str(override.package or override.key_or_group).replace("/", ".")


def has(settings: Any, path: str) -> bool:
    """Whether there is an option, null included."""
    group, _, name = path.rpartition(".")
    node = select(settings, group) if group else settings
    return isinstance(node, dict) and name in node


def select(settings: Any, path: str) -> Any:
    """The value at a dotted path of nested settings; None if there is none."""
    try:
        return reduce(getitem, path.split("."), settings)
    except (KeyError, TypeError):  # what is no mapping has no options
        return None


def check_run(run: RunFolder) -> None:
    """Refuse what is no folder of a run.

    Raises:
        UserError: If it is none.
    """
    refuse_if(
        not run.is_run(),
        f"{run} holds no {run.config.path.name} that can be read, so it is no run that could "
        "continue: give the folder that training named, such as resume=runs/dcgan-mnist5k/…",
    )


def read_run_settings(run: RunFolder) -> Settings:
    """The settings that a run was begun with, in the present format.

    Raises:
        UserError: If it is no run, or of a later format.
    """
    check_run(run)
    written = run.config.read()
    check_size(written, run.config.path)
    settings = upgrade(written, run.config.path)
    return {key: value for key, value in settings.items() if key not in OWN}
