import csv
from math import inf
from pathlib import Path
from typing import Any

from lightning_fabric.loggers.logger import rank_zero_experiment
from pytorch_lightning import loggers
from pytorch_lightning.loggers.csv_logs import ExperimentWriter

from ganzoo.files import replacing


class CSVLogger(loggers.CSVLogger):
    """Lightning's CSV logger with a file that stays whole, and that a resumed run continues.

    Attributes:
        last: The generator step up to which the file's lines are kept; None starts a new file.
    """

    last: int | None = None

    @property
    @rank_zero_experiment
    def experiment(self) -> ExperimentWriter:
        if self._experiment is None:
            self._experiment = Writer(self.log_dir, self.last)
        assert isinstance(self._experiment, Writer)
        return self._experiment


class Writer(ExperimentWriter):
    def __init__(self, log_dir: str, last: int | None) -> None:
        self.last = last
        super().__init__(log_dir)
        if last is not None:
            self.metrics_keys, rows = self.read()
            self.write([row for row in rows if step_of(row) <= last])

    def _check_log_dir_exists(self) -> None:
        if self.last is None:
            super()._check_log_dir_exists()  # which removes the file

    def _rewrite_with_new_header(self, fieldnames: list[str]) -> None:
        self.write(self.read()[1])

    def read(self) -> tuple[list[str], list[dict[str, Any]]]:
        """The columns and the lines of the file."""
        path = Path(self.metrics_file_path)
        text = path.read_text(errors="replace") if path.exists() else ""
        lines = csv.DictReader(text.splitlines())
        return list(lines.fieldnames or []), list(lines)

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Replace the file's lines by these."""
        path = Path(self.metrics_file_path)
        with replacing(path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.metrics_keys, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)


def step_of(row: dict[str, Any]) -> float:
    """The generator step of a line; infinite for an incomplete line."""
    try:
        return float(row["step"])
    except (KeyError, TypeError, ValueError):
        return inf
