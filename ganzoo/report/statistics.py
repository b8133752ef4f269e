"""How certain a comparison of a few seeds is."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


class ScoreSummary(NamedTuple):
    """The scores of one variant over its seeds; lower is better.

    Attributes:
        n: The number of scores.
        mean: Their mean.
        std: Their standard deviation, 0 for a single score.
        low: Lower end of the 95 % interval of the mean, by Student's t.
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
    """Summarise scores of which lower is better.

    The interval is Student's, because that of a bootstrap is too narrow for a few seeds.
    """
    values = np.asarray(scores, dtype=float)
    n, mean, best = len(values), float(values.mean()), float(values.min())
    std = float(values.std(ddof=1)) if n > 1 else 0.0
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * std / n**0.5 if std else 0.0
    return ScoreSummary(n, mean, std, mean - reach, mean + reach, best)


def expected_best(scores: Sequence[float]) -> list[float]:
    """The expected lowest of 1, 2, … n of n scores, drawn without replacement.

    Lucic et al. 2018, figure 4, https://arxiv.org/abs/1711.10337
    """
    ordered, n = np.sort(np.asarray(scores, dtype=float)), len(scores)
    ranks = np.arange(1, n)
    # C(n - rank, k - 1) / C(n, k) for every rank, each from the one before.
    factors = [np.maximum(n - ranks - k + 1, 0) / (n - ranks) for k in range(1, n + 1)]
    weights = [np.cumprod([k / n, *factor]) for k, factor in enumerate(factors, 1)]
    return [float(ordered @ each) for each in weights]


class SeedComparison(NamedTuple):
    """Two variants compared over the seeds that both have.

    Attributes:
        seeds: The number of common seeds.
        difference: Mean score of the second variant minus that of the first.
        p: Two-sided p-value of the paired t-test.
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
    """Compare scores by seed; None if fewer than two seeds are common."""
    seeds = sorted(first.keys() & second.keys())
    if len(seeds) < 2:
        return None
    differences = np.array([second[seed] - first[seed] for seed in seeds])
    mean = float(differences.mean())
    # The test divides by the spread of the differences.
    spread = float(np.ptp(differences))
    p = float(stats.ttest_1samp(differences, 0.0).pvalue) if spread else float(not mean)
    return SeedComparison(len(seeds), mean, p)
