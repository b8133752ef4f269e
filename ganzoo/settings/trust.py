"""What a file may name: whoever wrote a file does not decide what this machine executes.

Settings from a file (config.yaml, config.json, a checkpoint) are plain values. They may build the
classes that the folders of ganzoo export, torch's optimizers and schedules, the trainer and the
loggers of ``conf/``, and classes of modules that the user trusts by name: never a function.
"""

from collections.abc import Collection, Sequence
from importlib import import_module
from inspect import isclass
from pathlib import Path, PurePath
from typing import Any

from omegaconf import OmegaConf

from ganzoo.error import UserError, refuse_if
from ganzoo.settings.allowed import Keys, every_value, is_part

Modules = str | Sequence[str] | None  # of the user: "mine", ["mine", "other"]

RUN_DIR = "${run_dir}"  # stands in a file for the run's folder, so that the folder can be moved
WRITERS = ("callback", "logger", "trainer", "probe")  # groups whose parts write files
FOLDERS = ("folder", "dirpath", "save_dir", "default_root_dir", "cache_dir", "dir")
READ = ("weights", "checkpoint_path", "tracking_uri")  # options that may lie elsewhere


def check_plain(settings: Any, source: str | Path) -> None:
    """Refuse settings from a file that are no plain values or lead out of the run's folder.

    Args:
        settings: What the file holds.
        source: The file's path.

    Raises:
        UserError: At the first value that is neither a name, a number, a list nor a mapping, that
            refers to another value, or that is a path to write to outside the run's folder.
    """
    for keys, value in every_value(settings, source):
        if isinstance(value, str) and keys[0] != "command":  # which is only shown
            check_text(value, keys, source)
        elif not is_plain(value):
            raise UserError(
                f"{source} holds a {type(value).__name__} at {'.'.join(keys)}, and settings are "
                "plain values: get the file again from whoever made it."
            )


def is_plain(value: Any) -> bool:
    """Whether a value is one that JSON has, the values within it aside."""
    named = not isinstance(value, dict) or all(isinstance(key, str) for key in value)
    return value is None or (isinstance(value, str | bool | int | float | list | dict) and named)


def check_trusted(
    settings: Any, source: str | Path, trust: Modules = None, typed: Collection[str] = ()
) -> None:
    """Refuse settings from a file that would build what nobody trusts, before it is imported.

    Args:
        settings: What the file holds, or those of its parts that will be built.
        source: The file's path.
        trust: Modules of the user whose classes may be built.
        typed: Names that the present command itself asks for.

    Raises:
        UserError: At the first ``_target_`` that is not on the allow list.
    """
    modules = (trust,) if isinstance(trust, str) else tuple(trust or ())
    for keys, target in every_value(settings, source):
        if keys[-1] == "_target_" and not (is_part(target) or target in list(typed)):
            check_own_class(target, f"{source} asks for {target} at {'.'.join(keys)}", modules)


def check_size(settings: Any, source: str | Path) -> None:
    """Refuse a file of more values, or deeper ones, than any run has.

    Raises:
        UserError: If it is one.
    """
    for _ in every_value(settings, source):
        pass


def check_own_class(target: Any, request: str, modules: tuple[str, ...]) -> None:
    """Refuse a name, unless it is of a class that is defined in a module of the user's."""
    home, _, name = str(target).rpartition(".")
    refuse_if(
        not in_modules(home, modules),
        f"{request}, which is no part of ganzoo: if you trust the module {home}, type "
        f"trust={home} with ganzoo train, --trust {home} with the other commands, or "
        f'trust=["{home}"] in Python.',
    )
    try:
        found = getattr(import_module(home), name)
    except Exception as error:  # whatever a user's module raises when it is imported
        cause = " ".join(str(error.__cause__ or error).split())
        raise UserError(
            f"{request}, which is no class that can be imported ({cause}): type the command in "
            f"the folder that holds {home.partition('.')[0]}.py, or install it."
        ) from error
    refuse_if(
        not (isclass(found) and in_modules(found.__module__, modules)),
        f"{request}, which is no class that {home} defines: it is not built.",
    )


def in_modules(name: str, modules: tuple[str, ...]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def check_text(text: str, keys: Keys, source: str | Path) -> None:
    """Refuse a reference to another value, and a path outside the run's folder."""
    writes, climbs = keys[0] in WRITERS, ".." in PurePath(text).parts
    inside = writes and text.startswith(RUN_DIR) and not climbs
    outside = keys[-1] in FOLDERS or climbs or text.startswith(("/", "~"))
    refuse_if(
        writes and outside and not inside and keys[-1] not in READ,
        f"{source} names {text} at {'.'.join(keys)}, and a run writes into its own folder: "
        f"write {RUN_DIR} in its place, or type the run's whole command again.",
    )
    refuse_if(
        "${" in (text.removeprefix(RUN_DIR) if inside else text),
        f"{source} holds {text} at {'.'.join(keys)}, and settings in a file are plain values: "
        "write the value itself.",
    )


def plain_settings(cfg: Any, facts: Any) -> dict[str, Any]:
    """A configuration as a file holds it, with ``${run_dir}`` for the run's folder.

    Args:
        cfg: The configuration.
        facts: What the data says of itself, which the configuration refers to.
    """
    escaped = {"run_dir": f"\\{RUN_DIR}", "facts": facts}
    values: Any = OmegaConf.to_container(OmegaConf.merge(cfg, escaped), resolve=True)
    return {str(key): value for key, value in values.items()}
