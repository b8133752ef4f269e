"""How certain a comparison of a few seeds is."""

from collections.abc import Mapping, Sequence
from math import comb
from typing import NamedTuple

import numpy as np
from scipy.stats import bootstrap, permutation_test

RESAMPLES = 9999


class ScoreSummary(NamedTuple):
    """The scores of one variant over its seeds; lower is better.

    Attributes:
        n: The number of scores.
        mean: Their mean.
        std: Their standard deviation, 0 for a single score.
        low: Lower end of the bootstrap 95 % interval of the mean.
        high: Upper end of that interval.
        best: The lowest score.
    """

    n: int
    mean: float
    std: float
    low: float
    high: float
    best: float

    @property
    def spread(self) -> tuple[str, str]:
        """Standard deviation and interval as text; empty for one score, which has neither."""
        if self.n < 2:
            return "", ""
        return f"{self.std:.3g}", f"{self.low:.4g} … {self.high:.4g}"


def summarise_scores(scores: Sequence[float]) -> ScoreSummary:
    """Summarise scores of which lower is better; the interval is a percentile bootstrap."""
    values = np.asarray(scores, dtype=float)
    low = high = float(values.mean())
    if len(values) > 1 and values.std() > 0:
        interval = bootstrap(
            (values,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=0
        ).confidence_interval
        low, high = float(interval.low), float(interval.high)
    std = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return ScoreSummary(len(values), float(values.mean()), std, low, high, float(values.min()))


def expected_best(scores: Sequence[float]) -> list[float]:
    """The expected lowest of 1, 2, … n of n scores, drawn without replacement.

    Lucic et al. 2018, figure 4, https://arxiv.org/abs/1711.10337
    """
    ordered, n = sorted(scores), len(scores)
    return [
        sum(score * comb(n - rank, k - 1) / comb(n, k) for rank, score in enumerate(ordered, 1))
        for k in range(1, n + 1)
    ]


class SeedComparison(NamedTuple):
    """Two variants compared over the seeds that both have.

    Attributes:
        seeds: The number of common seeds.
        difference: Mean score of the second variant minus that of the first.
        p: Two-sided p-value of the paired permutation test, exact for few seeds.
    """

    seeds: int
    difference: float
    p: float

    @property
    def verdict(self) -> str:
        """The second variant in words, at the 5 % level; lower is better."""
        if self.p < 0.05:
            return f"{'worse' if self.difference > 0 else 'better'} by {abs(self.difference):.3g}"
        return "not distinguishable with these seeds"


def compare_seeds(first: Mapping[int, float], second: Mapping[int, float]) -> SeedComparison | None:
    """Compare scores by seed; None if fewer than two seeds are common.

    Flipping the sign of n differences gives 2^n equally likely sums if the variants do not differ,
    so fewer than six seeds cannot reach p < 0.05.
    """
    seeds = sorted(first.keys() & second.keys())
    if len(seeds) < 2:
        return None
    differences = np.array([second[seed] - first[seed] for seed in seeds])
    test = permutation_test(
        (differences,),
        lambda x, axis: x.mean(axis=axis),
        permutation_type="samples",
        n_resamples=RESAMPLES,
        rng=0,
    )
    return SeedComparison(len(seeds), float(differences.mean()), float(test.pvalue))
