"""Files that are there whole or not at all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

PART = ".part"  # of a file that is being written


def write_json(path: Path, content: Any) -> None:
    """Write content as indented JSON, whole or not at all."""
    write_whole(path, (json.dumps(content, indent=2) + "\n").encode())


def write_whole(path: Path, content: bytes) -> None:
    """Let either the whole file appear under its name or leave the one before; makes its folder.

    Raises:
        OSError: If it cannot be written; it names the file.
    """
    with whole(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Hand out another name to write the file under, and give it its own once it is whole.

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


def clear(folder: Path) -> None:
    """Remove what a process that was killed while it wrote has left in a folder of its own."""
    for each in folder.rglob(f".*{PART}"):
        each.unlink(missing_ok=True)
