"""Hydra's sweeper for ``hparams_search=…``, which ``hydra_plugins`` makes known to Hydra."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from ganzoo.error import UserError, refuse_if
from ganzoo.settings.words import check_words
from ganzoo.training.trials import (
    SearchJob,
    SweptVariant,
    as_overrides,
    read_score,
    split_variants,
    to_distribution,
    trial_job,
    unscored_jobs,
)


class Search(Sweeper):
    """Searches each variant's best setting, and runs it over seeds.

    What the command sweeps (``model=dcgan,wgan loss=…``) makes the variants. Each has a study in
    ``study.db`` of the sweep's folder, with the same number of trials; of ``params`` it searches
    those that it has. Proposals depend on ``seed`` and on the trials so far, so a search that
    continues proposes what it would have proposed. A trial whose run failed has no score; it
    counts, and is run again when the search continues.

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

    config: DictConfig  # Hydra sets these up before it sweeps
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
        variants = split_variants(self.parse(arguments))
        studies = {variant: self.load_study(variant) for variant in variants}
        # Trials of before that have no score are run again, and first.
        self.run([job for pair in studies.items() for job in unscored_jobs(*pair)])
        while jobs := [job for pair in studies.items() for job in self.propose(*pair)]:
            self.run(jobs)
        self.run([job for pair in studies.items() for job in self.repeat_best(*pair)])

    def parse(self, overrides: list[str]) -> list[Override]:
        parser = OverridesParser.create(self.hydra_context.config_loader)
        return parser.parse_overrides(overrides)

    def load_study(self, variant: SweptVariant) -> Any:
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
        path = folder / "study.db"
        study = optuna.create_study(
            storage=f"sqlite:///{path}",
            study_name=" ".join(variant.swept) or "all",
            load_if_exists=True,
        )
        self.check_study(study, path)
        return study

    def check_study(self, study: Any, path: Path) -> None:
        """Refuse trials from a file that set other options than the search does."""
        overrides = [override for trial in study.trials for override in as_overrides(trial.params)]
        for override in check_words(overrides, path):
            refuse_if(
                override.partition("=")[0] not in self.params,
                f"{path} sets {override}, which this search does not search: begin another "
                "search, without sweep.resume=…",
            )

    def search_space(self, variant: SweptVariant) -> dict[str, Any]:
        """Optuna's distribution of each searched option that the variant has."""
        loader = self.hydra_context.config_loader
        cfg = loader.load_sweep_config(self.config, list(variant.overrides))
        ranges = self.parse([f"{key}={values}" for key, values in self.params.items()])
        return {
            searched.get_key_element(): to_distribution(searched)
            for searched in ranges
            if OmegaConf.select(cfg, searched.get_key_element()) is not None
        }

    def propose(self, variant: SweptVariant, study: Any) -> list[SearchJob]:
        """The next trials; none once there are enough."""
        left = min(self.n_parallel, self.n_trials - len(study.trials))
        space = self.search_space(variant) if left > 0 else {}
        jobs = []
        for _ in range(left):
            study.sampler = self.sampler(seed=self.seed + len(study.trials))
            jobs.append(trial_job(variant, study, study.ask(space)))
        return jobs

    def repeat_best(self, variant: SweptVariant, study: Any) -> list[SearchJob]:
        """The best setting, on each seed."""
        if not self.n_seeds:
            return []
        refuse_if(
            not any(trial.value is not None for trial in study.trials),
            f"no trial of {study.study_name} has a score, so there is no best setting: see why "
            "in the report, or choose a metric such as metric=[fid_digits].",
        )
        setting = (*variant.overrides, *as_overrides(study.best_params))
        first = self.config.seed + 1
        return [
            SearchJob((*setting, f"seed={seed}", variant.run_name(f"best-seed{seed}")))
            for seed in range(first, first + self.n_seeds)
        ]

    def run(self, jobs: Sequence[SearchJob]) -> None:
        if not jobs:
            return
        overrides = [list(job.overrides) for job in jobs]
        self.validate_batch_is_legal(overrides)
        results = self.launcher.launch(overrides, initial_job_idx=self.launched)
        self.launched += len(jobs)
        for job, result in zip(jobs, results, strict=True):
            score = read_score(result)
            if job.study is not None and score is not None:
                job.study.tell(job.trial, score)
