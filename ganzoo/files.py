"""Files that are there whole or not at all."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4


def write_json(path: Path, content: Any) -> None:
    """Write content as indented JSON, whole or not at all."""
    write_whole(path, (json.dumps(content, indent=2) + "\n").encode())


def write_whole(path: Path, content: bytes) -> None:
    """Let either the whole file appear under its name or none; makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
