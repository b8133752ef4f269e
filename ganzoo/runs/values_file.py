from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.files import read_values, write_json


@dataclass(frozen=True)
class ValuesFile:
    """A file of values by name, in JSON or YAML.

    Attributes:
        path: Its path; there need not be a file yet.
    """

    path: Path

    def read(self) -> dict[str, Any]:
        """The values; none if the file is missing or damaged."""
        values: dict[str, Any] = read_values(self.path)
        return values

    def write(self, values: Mapping[str, Any]) -> None:
        """Replace the whole file by these values as JSON."""
        write_json(self.path, dict(values))

    def update(self, values: Mapping[str, Any]) -> None:
        """Add values, or replace those of the same names."""
        self.write(self.read() | dict(values))

    def exists(self) -> bool:
        return self.path.exists()

    def remove(self) -> None:
        """Remove the file if there is one."""
        self.path.unlink(missing_ok=True)
