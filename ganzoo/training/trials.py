"""The runs that a search launches: variants, the trials of each, and their settings."""

import re
from collections.abc import Mapping
from math import isnan
from typing import Any, NamedTuple

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.core.utils import JobReturn, JobStatus

from ganzoo.error import UserError

Overrides = tuple[str, ...]


class SweptVariant(NamedTuple):
    """What the trials of one study have in common.

    Attributes:
        swept: The overrides that tell it from the other variants.
        overrides: All overrides that its runs share.
    """

    swept: Overrides
    overrides: Overrides

    def run_name(self, suffix: str) -> str:
        """The override that names a run's folder, the same when the search continues."""
        values = [override.partition("=")[2] for override in self.swept]
        parts = [re.sub(r"[^\w.]+", "_", value).strip("_") for value in values]
        return f"hydra.sweep.subdir={'-'.join([*parts, suffix])}"


class SearchJob(NamedTuple):
    """A run to launch, and the trial that its score belongs to."""

    overrides: Overrides
    study: Any = None
    trial: int | None = None


def split_variants(overrides: list[Override]) -> list[SweptVariant]:
    """Each combination of what the command sweeps."""
    swept = {override.get_key_element() for override in overrides if override.is_sweep_override()}
    (jobs,) = BasicSweeper.split_arguments(overrides, max_batch_size=None)
    return [
        SweptVariant(tuple(word for word in job if word.partition("=")[0] in swept), tuple(job))
        for job in jobs
    ]


def unscored_jobs(variant: SweptVariant, study: Any) -> list[SearchJob]:
    """The trials that have no score yet."""
    waiting = [trial for trial in study.trials if not trial.state.is_finished()]
    return [trial_job(variant, study, trial) for trial in waiting]


def trial_job(variant: SweptVariant, study: Any, trial: Any) -> SearchJob:
    searched = ",".join(trial.params)
    overrides = (
        *(*variant.overrides, *as_overrides(trial.params)),
        variant.run_name(f"trial{trial.number}"),
        f"hydra.job.config.override_dirname.exclude_keys=[{searched}]",
    )
    return SearchJob(overrides, study, trial.number)


def as_overrides(params: Mapping[str, Any]) -> Overrides:
    """A setting as it is typed, with four digits of every number."""
    texts = {
        key: f"{value:.4g}" if isinstance(value, float) else value for key, value in params.items()
    }
    return tuple(f"{key}={text}" for key, text in texts.items())


def to_distribution(override: Override) -> Any:
    """Optuna's distribution for a range of Hydra's.

    Raises:
        UserError: If the override is no range.
    """
    from optuna.distributions import (  # noqa: PLC0415
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    sweep = override.value()
    if isinstance(sweep, IntervalSweep):
        kind: Any = IntDistribution if isinstance(sweep.start, int) else FloatDistribution
        return kind(sweep.start, sweep.end, log="log" in sweep.tags)
    if not override.is_discrete_sweep():
        raise UserError(
            f"hydra.sweeper.params.{override.get_key_element()} is no range: type "
            "interval(0.1, 1.0) or choice(1, 5)."
        )
    return CategoricalDistribution(list(override.sweep_string_iterator()))


def read_score(result: JobReturn) -> float | None:
    """The score that a job returned; None if it failed or has none."""
    if result.status != JobStatus.COMPLETED:
        return None
    score = float(result.return_value)
    return None if isnan(score) else score
