"""Files that are written whole or not at all, and read without fear of damage."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

PART = ".part"  # of a file that is being written


def write_json(path: Path, content: Any) -> None:
    """Write content as indented JSON, whole or not at all."""
    write_bytes(path, (json.dumps(content, indent=2) + "\n").encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file by a whole new one, or leave the old one; make its folder if needed.

    Raises:
        OSError: If it cannot be written; it names the file.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write a file to, which then replaces the file at once.

    Raises:
        OSError: If it cannot be written; it names the file.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}{PART}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # or a power cut could leave the new name with nothing in it
        temporary.replace(path)
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, str(path)) from problem
    finally:
        temporary.unlink(missing_ok=True)


def default_cache_dir() -> Path:
    """`$GANZOO_CACHE`, else `ganzoo` in `$XDG_CACHE_HOME` or `~/.cache`."""
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("GANZOO_CACHE") or f"{caches}/ganzoo").expanduser()


def read_regular(path: Path) -> bytes:
    """The content of a file; a pipe or a device, which may never end, is refused.

    Raises:
        OSError: If it cannot be read, or is no regular file.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return path.read_bytes()


def remove_partial_files(folder: Path) -> None:
    """Remove the unfinished files that ``replacing`` of a killed process has left in a folder."""
    for path in folder.glob(f".*.{'[0-9a-f]' * 32}{PART}"):
        path.unlink(missing_ok=True)


def read_values(path: Path, otherwise: Any = None) -> Any:
    """The content of a JSON or YAML file; one that cannot be read, or is no such thing, is empty.

    Args:
        path: The file.
        otherwise: What is empty, a mapping by default.
    """
    otherwise = {} if otherwise is None else otherwise
    try:
        text = path.read_text() if path.is_file() else ""  # a pipe would never end
        content = json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return otherwise
    return content if isinstance(content, type(otherwise)) else otherwise


Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where there is libyaml
