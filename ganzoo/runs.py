"""Runs as their files tell them, wherever their folders lie now."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ganzoo.error import UserError
from ganzoo.files import read_values

Curve = list[tuple[float, float, float]]  # (generator steps, real images, score)
PLACES = ("data.root", "data.download")  # another machine keeps the same data elsewhere
ASIDE = ("seed", *PLACES, "resume", "allow_changes", "debug", "run_dir")


@dataclass(frozen=True, eq=False)
class Run:
    """A run's folder, read as far as it has got.

    Attributes:
        folder: Where it lies.
        settings: Its config.yaml.
        origin: The words of its command, its seed and its environment.
        metrics: Its metrics.json; empty before it has finished.
        failure: Why it failed, in one sentence; None if it did not.
        diagnosis: The doctor's findings.
    """

    folder: Path
    settings: dict[str, Any]
    origin: dict[str, Any]
    metrics: dict[str, Any]
    failure: str | None
    diagnosis: list[dict[str, Any]] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether it has come to its end, measurements and all."""
        return bool(self.metrics.get("finished"))

    @property
    def seed(self) -> int:
        return int(self.origin.get("seed", self.settings.get("seed", 0)))

    @property
    def score(self) -> float | None:
        """The best monitored score; None without one."""
        return self.metrics.get("best")

    @property
    def monitor(self) -> str:
        """The score of which less is better."""
        return str(self.settings.get("facts", {}).get("monitor"))

    @property
    def pruned(self) -> str | None:
        """Why it was stopped early, in one sentence; None if it was not."""
        return self.metrics.get("pruned")

    @property
    def searched(self) -> list[str]:
        """The options that a search chose for this run, one of many settings that it tried."""
        return list(self.origin.get("searched", []))

    @property
    def kind(self) -> tuple[str, ...]:
        """What runs must share to be compared: data, shape, score, number of samples, purpose."""
        facts, data = self.settings.get("facts", {}), self.settings.get("data", {})
        n = self.metrics.get(f"{self.monitor}_n")
        name = str(data.get("_target_", "?")).rpartition(".")[2]
        shown = f"n = {n:.0f}" if n else "no score"
        searched = ["settings of a search"] if self.searched else []
        return name, str(facts.get("image_shape")), self.monitor, shown, *searched

    @property
    def choices(self) -> dict[str, str]:
        """The model, and whatever else the command chose but the seed and where things lie."""
        words = dict(word.split("=", 1) for word in self.origin.get("command", []) if "=" in word)
        if "model" in self.settings:  # the class, however the command named it
            words["model"] = str(self.settings["model"]["_target_"]).rpartition(".")[2]
        chosen = {"model": "unknown", **words}
        aside = {*ASIDE, *self.searched}
        return {k: v for k, v in chosen.items() if k not in aside and not k.startswith("hydra.")}

    @property
    def command(self) -> str:
        """What to type to have this run again, alone."""
        return command_line(self.origin.get("command", []))

    @cached_property
    def curve(self) -> Curve:
        """The monitored score of every validation."""
        path = csv_log(self.folder)
        try:
            return list(read_curve(path, self.monitor)) if path else []
        except (OSError, ValueError, csv.Error):  # damaged
            return []

    @property
    def picture(self) -> Path | None:
        """The last grid of samples."""
        return max(self.folder.glob("samples/*.png"), default=None)


def read_curve(path: Path, score: str) -> Iterator[tuple[float, float, float]]:
    with path.open(newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if not {"step", "images", score} <= set(header):
            return
        at_step, at_images, at_score = (header.index(name) for name in ("step", "images", score))
        images_per_step = 0.0
        for row in reader:
            if len(row) < len(header):  # the line that a running job is writing
                continue
            if row[at_images]:
                images_per_step = float(row[at_images]) / max(float(row[at_step]), 1.0)
            if row[at_score]:
                step = float(row[at_step])
                yield step, step * images_per_step, float(row[at_score])


def command_line(command: Iterable[str]) -> str:
    """The words of a run's command as one types them, without the sweep that it was part of."""
    words = [word for word in command if not word.startswith("hydra.")]
    sweeping = any(word.startswith(("experiment=", "hparams_search=")) for word in words)
    alone = ["hydra.mode=RUN"] if sweeping else []
    return " ".join(["python train.py", *map(quoted, [*words, *alone])])


def quoted(word: str) -> str:
    return f"'{word}'" if set(word) & set("[](){}*$ ") else word


def variant_names(runs: Sequence[Run]) -> list[str]:
    """A name for each run that tells by what the runs differ, besides their seeds."""
    shared = set.intersection(*[set(run.choices.items()) for run in runs])
    names = []
    for run in runs:
        choices = run.choices
        model = choices.pop("model")
        varied = [f"{key}={value}" for key, value in choices.items() if (key, value) not in shared]
        names.append(" ".join([model, *varied]))
    return names


def find_runs(folders: Iterable[Path]) -> list[Run]:
    """Every run in or below the folders, each once.

    Raises:
        UserError: If a folder is not there, or there is no run at all.
    """
    found: dict[Path, Run] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder} is no folder: give the folder of a sweep or of runs.")
        marks = {
            path.parent.resolve()
            for name in ("config.yaml", "failure.json")
            for path in folder.rglob(name)
            if name == "failure.json" or is_run_config(read_values(path))
        }
        found |= {mark: read_run(mark) for mark in sorted(marks - found.keys())}
    if not found:
        raise UserError(
            f"there is no run in {', '.join(map(str, folders))}: give the folder of a sweep, such "
            "as runs/sweep/…, or of runs."
        )
    return list(found.values())


def is_run_config(settings: dict[str, Any]) -> bool:
    """Whether a config.yaml is one of ours."""
    model = settings.get("model")
    return isinstance(model, dict) and "_target_" in model


def csv_log(folder: Path) -> Path | None:
    """The csv logger's file of a run; None if there is none."""
    return next(iter(folder.glob("csv/**/metrics.csv")), None)


def read_run(folder: Path) -> Run:
    """One run; a file that is missing or half-written counts as not yet there."""
    failure = read_values(folder / "failure.json")
    return Run(
        folder=folder,
        settings=read_values(folder / "config.yaml"),
        origin=read_values(folder / "origin.json")
        or read_values(folder / "metrics.json")
        or failure,
        metrics=read_values(folder / "metrics.json"),
        failure=failure.get("reason"),
        diagnosis=read_values(folder / "diagnosis.json").get("findings", []),
    )
