"""The one place that names a run's files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import nan
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from ganzoo.files import read_values, remove_partial_files, write_json
from ganzoo.runs.values_file import ValuesFile

FINDING = {"failure", "since_step", "evidence", "try"}  # what the doctor says of each
MEASURED = ("best_step", "steps", "images", "train_seconds", "images_per_second")  # numbers


class RunFolder:
    """The folder of a run.

    Attributes:
        path: The folder; it need not exist yet.
        config: The settings that the run was trained with.
        origin: The command, the seed and the environment that began the run.
        metrics: What was measured at the end of training, and by probes.
        failure: Why the run failed.
        diagnosis: The findings of the doctor.
        trackers: The names of the run in its experiment trackers.
        changes: What changed when it was continued.
        lock: Held by the process that trains.
        checkpoints: The folder of checkpoints.
        best, last: The one with the lowest monitored score, and the newest.
        later: Those that were newer than one that was continued.
        samples: The folder of sample grids.
        figures: The folder of what probes draw.
        logs: The folders of the loggers that write files.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        self.config = ValuesFile(self.path / "config.yaml")
        self.origin = ValuesFile(self.path / "origin.json")
        self.metrics = ValuesFile(self.path / "metrics.json")
        self.failure = ValuesFile(self.path / "failure.json")
        self.diagnosis = ValuesFile(self.path / "diagnosis.json")
        self.trackers = ValuesFile(self.path / "trackers.json")
        self.changes = self.path / "changes.json"
        self.lock = self.path / "run.lock"
        self.checkpoints = self.path / "checkpoints"
        self.best = self.checkpoints / "best.ckpt"
        self.last = self.checkpoints / "last.ckpt"
        self.later = self.path / "later"
        self.samples = self.path / "samples"
        self.figures = self.path / "figures"
        self.logs = (self.path / "csv", self.path / "tensorboard")

    @classmethod
    def of_checkpoint(cls, checkpoint: Path) -> RunFolder:
        """The folder of the run that a checkpoint is from; else the folder that it lies in."""
        run = cls(checkpoint.parent.parent)
        return run if run.checkpoints == checkpoint.parent else cls(checkpoint.parent)

    def __fspath__(self) -> str:
        return fspath(self.path)

    def __str__(self) -> str:
        return str(self.path)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def csv_log(self) -> Path | None:
        """The file of the csv logger; None without one."""
        return next(iter(self.path.glob("csv/**/metrics.csv")), None)

    @property
    def results(self) -> dict[str, Path]:
        """The files and folders that a user looks at, by name; those that there are."""
        paths = [self.samples, self.figures, self.checkpoints, *self.logs, self.metrics.path]
        return {path.name: path for path in paths if path.exists()}

    def used(self) -> list[Path]:
        """The files and folders that a run writes here; those that there are."""
        values = (self.config, self.origin, self.metrics, self.diagnosis, self.trackers)
        folders = (self.checkpoints, self.later, self.samples, self.figures, *self.logs)
        paths = (*(file.path for file in values), self.changes, *folders)
        return [path for path in paths if path.exists()]

    def measured(self) -> dict[str, Any]:
        """The metrics of a run that was trained to its end; empty if not, or if damaged."""
        metrics = self.metrics.read()
        return metrics if is_measurement(metrics) else {}

    def findings(self) -> list[dict[str, Any]]:
        """The failures that the doctor has found; none if the file is missing or damaged."""
        findings = self.diagnosis.read().get("findings", [])
        return list(filter(is_finding, findings if isinstance(findings, list) else []))

    def best_score(self) -> float:
        """The best monitored score; NaN without one."""
        score = self.measured().get("best")
        return nan if score is None else float(score)

    def has_finished(self) -> bool:
        """Whether the run has been trained and measured to its end."""
        return bool(self.measured().get("finished"))

    def is_run(self) -> bool:
        """Whether this is the folder of a run, and not of something else."""
        return is_run_config(self.config.read())

    def in_sweep(self) -> bool:
        """Whether the run is part of a sweep."""
        return sweep_record(self.path.parent).exists()

    def remove_partial_files(self) -> None:
        """Remove what a killed process of the run has left unfinished."""
        for folder in (self.path, self.checkpoints, self.samples, self.figures, *self.logs):
            remove_partial_files(folder)

    def set_aside(self, checkpoints: Iterable[Path], step: int) -> None:
        """Move checkpoints to ``later/``, and remove the sample grids after a step."""
        for path in checkpoints:
            self.later.mkdir(exist_ok=True)
            path.replace(self.later / path.name)
        grids = self.samples.glob("step_*.png")
        for grid in [each for each in grids if int(each.stem.removeprefix("step_")) > step]:
            grid.unlink()

    def siblings(self) -> Iterator[RunFolder]:
        """The runs in folders beside this one."""
        paths = self.path.parent.glob(f"*/{self.config.path.name}")
        return (RunFolder(path.parent) for path in paths if path.parent != self.path)

    def record_change(self, step: int, changed: Mapping[str, Any]) -> None:
        """Add to ``changes.json`` what changed when the run continued from a generator step."""
        records = [*self.recorded_changes(), {"step": step, "changed": dict(changed)}]
        write_json(self.changes, records)

    def recorded_changes(self) -> list[Any]:
        """What ``changes.json`` holds, in the order in which it happened."""
        return list(read_values(self.changes, []))

    def changed_keys(self) -> set[str]:
        """The options that have changed since the run began."""
        changes = [
            each.get("changed") for each in self.recorded_changes() if isinstance(each, dict)
        ]
        return {key for changed in changes if isinstance(changed, dict) for key in changed}


def sweep_record(folder: Path) -> ValuesFile:
    """The file with the command of the sweep in a folder."""
    return ValuesFile(folder / "sweep.json")


def is_finding(finding: Any) -> bool:
    """Whether this is something that the doctor could have written."""
    return isinstance(finding, dict) and finding.keys() >= FINDING


def is_run_config(settings: Mapping[str, Any]) -> bool:
    """Whether values are the settings of a run of ganzoo."""
    model = settings.get("model")
    return isinstance(model, dict) and "_target_" in model


def is_measurement(metrics: Mapping[str, Any]) -> bool:
    """Whether everything that training measures is there, with values of the right kind."""
    best, monitor = metrics.get("best"), metrics.get("monitor")
    scores = [] if best is None else [best, metrics.get(f"{monitor}_n")]
    numbers = [*(metrics.get(name) for name in MEASURED), *scores]
    return "best" in metrics and all(isinstance(number, int | float) for number in numbers)
