"""Leaderboards: which runs may be compared, and in what order they rank."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from ganzoo.report.statistics import (
    ScoreSummary,
    SeedComparison,
    compare_seeds,
    summarise_scores,
)
from ganzoo.runs import Run, variant_names


class Entry(NamedTuple):
    """A line of a leaderboard: a variant and its finished runs, ordered by seed.

    Attributes:
        variant: Its name.
        runs: Its runs.
        scores: The summary of their scores.
        comparison: With the first variant of the board; None for the first, or without two common
            seeds.
    """

    variant: str
    runs: Sequence[Run]
    scores: ScoreSummary
    comparison: SeedComparison | None

    @property
    def best_run(self) -> Run:
        """The run with the lowest score."""
        return min(self.runs, key=lambda run: run.score or 0.0)

    @property
    def alarms(self) -> list[str]:
        """The failure modes that the doctor has found in any of the runs."""
        return sorted({finding["failure"] for run in self.runs for finding in run.diagnosis})

    def mean_metric(self, name: str) -> float:
        """The mean over the runs of something in their metrics."""
        return fmean(run.metrics[name] for run in self.runs)


class Leaderboard(NamedTuple):
    """Runs that may be compared, by variant.

    Attributes:
        title: Data, image shape, score and number of samples.
        score: The name of the score.
        searched: Whether an entry is many settings of a variant, and not one setting over seeds.
        entries: The variants, the lowest mean score first.
        measurements: The names of what probes have measured of every run.
        uneven: Whether the runs have seen different numbers of images.
    """

    title: str
    score: str
    searched: bool
    entries: Sequence[Entry]
    measurements: Sequence[str]
    uneven: bool


def leaderboards(runs: Iterable[Run]) -> list[Leaderboard]:
    """Rank the finished runs with a score, on one board for each kind of data and score."""
    kinds: dict[tuple[str, ...], list[Run]] = defaultdict(list)
    for run in runs:
        if is_ranked(run):
            kinds[run.kind].append(run)
    return [build_board(", ".join(kind), kinds[kind]) for kind in sorted(kinds)]


def is_ranked(run: Run) -> bool:
    """Whether a run has a result that can be compared."""
    return run.finished and run.score is not None and not run.pruned


def build_board(title: str, runs: Sequence[Run]) -> Leaderboard:
    """Rank runs that may be compared."""
    budgets = [run.metrics["images"] for run in runs]
    common = set.intersection(*[set(run.metrics) for run in runs])
    return Leaderboard(
        title,
        score=runs[0].monitor,
        searched=bool(runs[0].searched),
        entries=rank_variants(group_by_variant(runs)),
        measurements=sorted(name for name in common if name.startswith("probe/")),
        uneven=max(budgets) > 1.01 * min(budgets),
    )


def group_by_variant(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs of each variant, ordered by seed."""
    groups: dict[str, list[Run]] = defaultdict(list)
    named = zip(variant_names(runs), runs, strict=True)
    for name, run in sorted(named, key=lambda pair: pair[1].seed):
        groups[name].append(run)
    return groups


def rank_variants(groups: Mapping[str, Sequence[Run]]) -> list[Entry]:
    """Rank variants by their mean scores, and compare each with the first."""
    first, *others = sorted(groups, key=lambda name: fmean(score_list(groups[name])))
    reference = scores_by_seed(groups[first])
    comparisons = {name: compare_seeds(reference, scores_by_seed(groups[name])) for name in others}
    return [
        Entry(name, groups[name], summarise_scores(score_list(groups[name])), comparisons.get(name))
        for name in (first, *others)
    ]


def score_list(runs: Iterable[Run]) -> list[float]:
    """The scores of runs that have one."""
    return [run.score for run in runs if run.score is not None]


def scores_by_seed(runs: Iterable[Run]) -> dict[int, float]:
    """The scores of runs that have one, by seed."""
    return {run.seed: run.score for run in runs if run.score is not None}


def find_duplicates(runs: Iterable[Run]) -> dict[Run, Run]:
    """Find finished runs that a mean must not count twice.

    Returns:
        Each run that repeats the settings and the seed of an earlier one, with the earlier one.
    """
    first: dict[str, Run] = {}
    finished = [run for run in runs if run.finished]
    originals = {
        run: first.setdefault(repr((run.settings, run.seed, run.origin.get("command"))), run)
        for run in finished
    }
    return {run: original for run, original in originals.items() if run is not original}


class Exclusion(NamedTuple):
    """A run that is on no leaderboard.

    Attributes:
        run: Its variant and seed.
        reason: Why, in one sentence.
    """

    run: str
    reason: str


def list_exclusions(runs: Iterable[Run], duplicates: Mapping[Run, Run]) -> list[Exclusion]:
    """Say of every run that is on no leaderboard why it is not."""
    runs = list(runs)
    named = zip(variant_names(runs), runs, strict=True)
    left_out = [(name, run) for name, run in named if not is_ranked(run) or run in duplicates]
    excluded = [run for _, run in left_out]
    names = [name.replace("unknown", run.folder.name, 1) for name, run in left_out]
    reasons = [
        exclusion_of_duplicate(duplicates[run]) if run in duplicates else missing_result(run)
        for run in excluded
    ]
    return [
        Exclusion(f"{name}, seed {run.seed}", reason)
        for name, run, reason in zip(names, excluded, reasons, strict=True)
    ]


def list_unreadable(unreadable: Mapping[Run, str]) -> list[Exclusion]:
    """The runs whose files hold what no run wrote."""
    return [
        Exclusion(run.folder.name, unreadable_reason(wrong)) for run, wrong in unreadable.items()
    ]


def unreadable_reason(wrong: str) -> str:
    """Why the files of a run are not read, some parts of which are wrong."""
    return f"unreadable: its {wrong} cannot be what a run wrote"


def exclusion_of_duplicate(original: Run) -> str:
    """Why a run is left out that repeats another."""
    return f"left out: the run in {original.folder.name} has the same settings and seed"


def missing_result(run: Run) -> str:
    """Why a run has no result."""
    unfinished = "unfinished: still running, or killed; continue with resume=… or sweep.resume=…"
    unscored = (
        "finished without a score, because none was chosen or its weights were missing: ganzoo "
        "evaluate scores it"
    )
    return run.pruned or run.failure or {True: unscored, False: unfinished}[run.finished]
