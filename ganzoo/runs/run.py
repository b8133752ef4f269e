"""A run as its files describe it, wherever its folder lies now."""

import csv
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

from ganzoo.runs.folder import RunFolder

Curve = list[tuple[float, float, float]]  # (generator steps, real images, score)
DATA_PATHS = ("data.root", "data.download")  # another machine keeps the same data elsewhere
NO_CHOICE = ("seed", *DATA_PATHS, "resume", "allow_changes", "debug", "run_dir")


@dataclass(frozen=True, eq=False)
class Run:
    """What the files of a run said when they were read.

    Attributes:
        folder: The run's folder.
        settings: The settings that it was trained with.
        origin: The overrides of its command, its seed and its environment.
        metrics: What was measured at the end of training; empty before.
        failure: Why it failed, in one sentence; None if it did not.
        diagnosis: The doctor's findings.
    """

    folder: RunFolder
    settings: dict[str, Any]
    origin: dict[str, Any]
    metrics: dict[str, Any]
    failure: str | None
    diagnosis: list[dict[str, Any]] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether it has been trained and measured to its end."""
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
        """The model and the command's other options, but for the seed and paths."""
        command = self.origin.get("command", [])
        chosen = {"model": "unknown", **dict(word.split("=", 1) for word in command if "=" in word)}
        if "model" in self.settings:  # the class, however the command named it
            chosen["model"] = str(self.settings["model"]["_target_"]).rpartition(".")[2]
        left_out = {*NO_CHOICE, *self.searched}
        return {k: v for k, v in chosen.items() if k not in left_out and not k.startswith("hydra.")}

    @property
    def command(self) -> str:
        """What to type to repeat this run on its own."""
        return command_line(self.origin.get("command", []))

    @cached_property
    def curve(self) -> Curve:
        """The monitored score of every validation."""
        path = self.folder.csv_log
        try:
            return list(read_curve(path, self.monitor)) if path else []
        except (OSError, ValueError, csv.Error):  # damaged
            return []

    @property
    def picture(self) -> Path | None:
        """The newest grid of samples."""
        return max(self.folder.samples.glob("*.png"), default=None)


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
    """The command of a run as one types it, without the sweep that the run was part of."""
    overrides = [word for word in command if not word.startswith("hydra.")]
    sweeping = any(word.startswith(("experiment=", "hparams_search=")) for word in overrides)
    single = ["hydra.mode=RUN"] if sweeping else []
    return " ".join(["python train.py", *map(shlex.quote, [*overrides, *single])])


def variant_names(runs: Sequence[Run]) -> list[str]:
    """A name for each run: its model and the options that differ between the runs, but no seed."""
    chosen = [set(run.choices.items()) for run in runs]
    shared = set().union(*chosen).intersection(*chosen)
    varied = [
        {k: v for k, v in run.choices.items() if k != "model" and (k, v) not in shared}
        for run in runs
    ]
    short = shorten_keys({key for options in varied for key in options})
    return [
        " ".join([run.choices["model"], *(f"{short[k]}={v}" for k, v in options.items())])
        for run, options in zip(runs, varied, strict=True)
    ]


def shorten_keys(keys: Collection[str]) -> dict[str, str]:
    """The shortest unique end of each dotted key, such as ``lr`` of ``optimizer.generator.lr``."""
    ends = {key: list(accumulate(reversed(key.split(".")), "{1}.{0}".format)) for key in keys}
    counts = Counter(chain.from_iterable(ends.values()))
    return {key: next((end for end in ends[key] if counts[end] == 1), key) for key in keys}


def read_run(path: str | Path | RunFolder) -> Run:
    """Read a run; a file that is missing or damaged counts as not yet written."""
    folder = RunFolder(path)
    metrics, failure = folder.measured(), folder.failure.read()
    return Run(
        folder=folder,
        settings=folder.config.read(),
        origin=folder.origin.read() or metrics or failure,
        metrics=metrics,
        failure=failure.get("reason"),
        diagnosis=folder.diagnosis.read().get("findings", []),
    )
