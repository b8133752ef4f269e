"""Hydra's sweeper for ``hparams_search=…``; Hydra looks for sweepers nowhere but here."""

import re
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from ganzoo.error import UserError
from ganzoo.settings.words import check_words

Words = tuple[str, ...]


class Variant(NamedTuple):
    """What the settings of one study have in common.

    Attributes:
        swept: The words that tell it from the other variants.
        words: All words of its runs' commands.
    """

    swept: Words
    words: Words

    def named(self, what: str) -> str:
        """Where a run goes: the name must be the same when the search goes on."""
        values = [word.partition("=")[2] for word in self.swept]
        parts = [re.sub(r"[^\w.]+", "_", value).strip("_") for value in values]
        return f"hydra.sweep.subdir={'-'.join([*parts, what])}"


class Job(NamedTuple):
    """A run that is to be launched, and the trial that its score belongs to."""

    words: Words
    study: Any = None
    trial: int | None = None


class Search(Sweeper):
    """Searches each variant's best setting, and runs it over seeds.

    What the command sweeps (``model=dcgan,wgan loss=…``) makes the variants. Each has a study of
    its own in ``study.db`` of the sweep's folder, with the same number of trials; of ``params`` it
    searches those that it has. Proposals depend on ``seed`` and on the trials so far, so that a
    search that goes on asks for what it would have asked for. A trial whose run failed has no
    score; it counts, and is run again when the search goes on.

    Args:
        params: Option → interval(a, b), tag(log, interval(a, b)) or choice(a, b, …).
        n_trials: Settings tried for each variant.
        n_parallel: How many of them at a time; the launcher decides whether they run in parallel.
        n_seeds: On how many seeds the best setting of each variant runs in the end; none of them
            is that of the search.
        seed: Of the proposals.
        sampler: Makes Optuna's sampler from a seed.

    Raises:
        UserError: If optuna is missing, an option cannot be searched, or no trial has a score.
    """

    config: DictConfig  # set up before anything is asked
    hydra_context: HydraContext
    launcher: Launcher

    def __init__(
        self,
        params: Mapping[str, str],
        n_trials: int,
        n_parallel: int,
        n_seeds: int,
        seed: int,
        sampler: Callable[..., Any],
    ) -> None:
        self.params, self.sampler = dict(params), sampler
        self.n_trials, self.n_parallel, self.n_seeds = n_trials, n_parallel, n_seeds
        self.seed, self.launched = seed, 0

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        # Hydra's plugins import each other.
        from hydra.core.plugins import Plugins  # noqa: PLC0415

        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        studies = {variant: self.study(variant) for variant in variants(self.parsed(arguments))}
        # What was asked for before and has no score is run again, and first.
        self.run([job for each in studies.items() for job in unscored(*each)])
        while jobs := [job for each in studies.items() for job in self.proposals(*each)]:
            self.run(jobs)
        self.run([job for each in studies.items() for job in self.repetitions(*each)])

    def parsed(self, words: list[str]) -> list[Override]:
        return OverridesParser.create(self.hydra_context.config_loader).parse_overrides(words)

    def study(self, variant: Variant) -> Any:
        """The variant's study, with the trials it has from before."""
        try:
            import optuna  # noqa: PLC0415
        except ImportError as error:
            raise UserError(
                "hparams_search needs optuna: type pip install 'ganzoo-lightning[search]'."
            ) from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        study = optuna.create_study(
            storage=f"sqlite:///{folder / 'study.db'}",
            study_name=" ".join(variant.swept) or "all",
            load_if_exists=True,
        )
        words = [word for trial in study.trials for word in setting(trial.params)]
        for word in check_words(words, folder / "study.db"):
            if word.partition("=")[0] not in self.params:
                raise UserError(
                    f"{folder / 'study.db'} sets {word}, which this search does not search: begin "
                    "a search of its own, without sweep.resume=…"
                )
        return study

    def space(self, variant: Variant) -> dict[str, Any]:
        """Optuna's distribution of each searched option that the variant has."""
        cfg = self.hydra_context.config_loader.load_sweep_config(self.config, list(variant.words))
        ranges = self.parsed([f"{key}={what}" for key, what in self.params.items()])
        return {
            each.get_key_element(): distribution(each)
            for each in ranges
            if OmegaConf.select(cfg, each.get_key_element()) is not None
        }

    def proposals(self, variant: Variant, study: Any) -> list[Job]:
        """The next trials; none once there are enough."""
        left = min(self.n_parallel, self.n_trials - len(study.trials))
        space = self.space(variant) if left > 0 else {}
        jobs = []
        for _ in range(left):
            study.sampler = self.sampler(seed=self.seed + len(study.trials))
            jobs.append(trial_job(variant, study, study.ask(space)))
        return jobs

    def repetitions(self, variant: Variant, study: Any) -> list[Job]:
        """The best setting over seeds."""
        if not self.n_seeds:
            return []
        if not any(trial.value is not None for trial in study.trials):
            raise UserError(
                f"no trial of {study.study_name} has a score, so there is no best setting: see why "
                "in the report, or choose a metric such as metric=[fid_digits]."
            )
        words = (*variant.words, *setting(study.best_params))
        first = self.config.seed + 1
        return [
            Job((*words, f"seed={seed}", variant.named(f"best-seed{seed}")))
            for seed in range(first, first + self.n_seeds)
        ]

    def run(self, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        words = [list(job.words) for job in jobs]
        self.validate_batch_is_legal(words)
        results = self.launcher.launch(words, initial_job_idx=self.launched)
        self.launched += len(jobs)
        for job, result in zip(jobs, results, strict=True):
            if job.study is not None and (score := score_of(result)) is not None:
                job.study.tell(job.trial, score)


def variants(overrides: list[Override]) -> list[Variant]:
    """Each combination of what the command sweeps."""
    swept = {each.get_key_element() for each in overrides if each.is_sweep_override()}
    (jobs,) = BasicSweeper.split_arguments(overrides, max_batch_size=None)
    return [
        Variant(tuple(word for word in words if word.partition("=")[0] in swept), tuple(words))
        for words in jobs
    ]


def unscored(variant: Variant, study: Any) -> list[Job]:
    waiting = [trial for trial in study.trials if not trial.state.is_finished()]
    return [trial_job(variant, study, trial) for trial in waiting]


def trial_job(variant: Variant, study: Any, trial: Any) -> Job:
    searched = ",".join(trial.params)
    words = (
        *(*variant.words, *setting(trial.params), variant.named(f"trial{trial.number}")),
        f"hydra.job.config.override_dirname.exclude_keys=[{searched}]",
    )
    return Job(words, study, trial.number)


def setting(params: Mapping[str, Any]) -> Words:
    shown = {
        key: f"{value:.4g}" if isinstance(value, float) else value for key, value in params.items()
    }
    return tuple(f"{key}={value}" for key, value in shown.items())


def distribution(override: Override) -> Any:
    """Optuna's name for a range of Hydra's."""
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


def score_of(result: JobReturn) -> float | None:
    """The score of a run; None if it failed or has none."""
    if result.status != JobStatus.COMPLETED:
        return None
    score = float(result.return_value)  # what ganzoo.cli.job returns
    return None if isnan(score) else score
