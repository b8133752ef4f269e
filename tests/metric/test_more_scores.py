"""The field's other scores against reference implementations and known answers."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torchmetrics.image.mifid import MemorizationInformedFrechetInceptionDistance

from ganzoo.error import UserError
from ganzoo.metric import (
    FID,
    KID,
    PRDC,
    ClassifierScore,
    DigitsExtractor,
    FIDPerClass,
    MiFID,
    PointsExtractor,
    PooledScore,
)
from ganzoo.metric.neighbours import nearest, radii


def scored(score, real, fake, condition=None):
    """The score as a validation of several uneven batches computes it."""
    for samples, is_real in ((real, True), (fake, False)):
        for rows in torch.arange(len(samples)).split(130):
            told = None if condition is None else condition[rows]
            score.update(samples[rows], is_real, told)
    return score.compute()


@pytest.fixture
def clouds():
    random = torch.Generator().manual_seed(0)
    return torch.randn(300, 8, generator=random), torch.randn(250, 8, generator=random) * 1.2 + 0.3


# KID


def test_kid_of_whole_sets_is_the_unbiased_mmd(clouds):
    """Binkowski et al. 2018, equations 2 and 4, written out."""
    real, fake = (cloud.double()[:250] for cloud in clouds)
    kernel = lambda x, y: (x @ y.T / 8 + 1) ** 3  # noqa: E731
    n = 250
    within = sum((kernel(x, x).sum() - kernel(x, x).trace()) / (n * (n - 1)) for x in (real, fake))
    expected = within - 2 * kernel(real, fake).mean()
    found = scored(KID(PointsExtractor(), subsets=2, subset_size=n), real, fake)
    assert found == pytest.approx(float(expected), rel=1e-6)


def test_kid_is_torch_fidelitys_on_the_same_subsets(clouds):
    real, fake = clouds
    theirs = kid_features_to_metric(
        fake.double(), real.double(), kid_subsets=20, kid_subset_size=50, verbose=False
    )
    found = scored(KID(PointsExtractor(), subsets=20, subset_size=50), real, fake)
    assert found == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-9)


def test_kid_of_one_distribution_is_none():
    random = torch.Generator().manual_seed(1)
    one, two = (torch.randn(1000, 4, generator=random) for _ in range(2))
    assert abs(scored(KID(PointsExtractor(), subsets=20, subset_size=500), one, two)) < 0.05


# Precision, recall, density, coverage


def reference(real, fake, k):
    """The formulas of Naeem et al. 2020 over whole distance matrices, in numpy."""
    between = lambda x, y: np.sqrt(((x[:, None] - y[None]) ** 2).sum(2))  # noqa: E731
    reach = lambda x: np.sort(between(x, x), axis=1)[:, k]  # noqa: E731
    distances = between(real, fake)
    return {
        "precision": (distances < reach(real)[:, None]).any(0).mean(),
        "recall": (distances < reach(fake)[None]).any(1).mean(),
        "density": (distances < reach(real)[:, None]).sum(0).mean() / k,
        "coverage": (distances.min(1) < reach(real)).mean(),
    }


def test_prdc_are_the_references_numbers(clouds):
    real, fake = clouds
    found = scored(PRDC(PointsExtractor()), real, fake)
    pairs = {3: ("precision", "recall"), 5: ("density", "coverage")}
    for k, names in pairs.items():
        expected = reference(real.double().numpy(), fake.double().numpy(), k)
        for name in names:
            assert found[name] == pytest.approx(expected[name], abs=1e-6), name


def test_dropped_modes_cost_recall_and_stray_samples_precision():
    """The two cannot be exchanged unnoticed."""
    random = torch.Generator().manual_seed(0)
    near, far = torch.randn(200, 2, generator=random), torch.randn(200, 2, generator=random) + 50
    dropped = scored(PRDC(PointsExtractor()), torch.cat([near, far]), near + 0.01)
    assert dropped["precision"] > 0.9
    assert dropped["recall"] == pytest.approx(0.5, abs=0.05)
    assert dropped["coverage"] == pytest.approx(0.5, abs=0.05)
    stray = scored(PRDC(PointsExtractor()), near, torch.cat([near + 0.01, far]))
    assert stray["precision"] == pytest.approx(0.5, abs=0.05)
    assert stray["recall"] > 0.9


def test_neighbours_are_found_in_chunks(clouds):
    real, fake = clouds
    distances = torch.cdist(real, fake)
    found = nearest(real, fake)
    torch.testing.assert_close(found[0], distances.min(1).values)
    assert torch.equal(found[1], distances.argmin(1))
    own = torch.cdist(real, real).sort(1).values
    torch.testing.assert_close(radii(real, 4), own[:, 1:5])


# Classifier score


def test_the_classifier_score_is_torch_fidelitys():
    logits = torch.randn(1000, 10, generator=torch.Generator().manual_seed(0)) * 2
    theirs = isc_features_to_metric(logits.double(), splits=10)["inception_score_mean"]
    found = scored(ClassifierScore(LogitsThemselves()), logits, logits)
    assert found == pytest.approx(theirs, rel=1e-6)


class LogitsThemselves(PointsExtractor):
    def logits_of(self, features):
        return features


@pytest.mark.parametrize(("classes", "best"), [(10, 10.0), (1, 1.0)])
def test_the_classifier_score_counts_sure_and_even_classes(classes, best):
    logits = nn.functional.one_hot(torch.arange(1000) % classes, 10).float() * 100
    assert scored(ClassifierScore(LogitsThemselves()), logits, logits) == pytest.approx(
        best, rel=0.05
    )


def test_digits_read_their_own_features():
    images = torch.rand(5, 1, 28, 28) * 2 - 1
    digits = DigitsExtractor()
    torch.testing.assert_close(digits.logits_of(digits(images)), digits.logits(images)[:, 0])
    with pytest.raises(UserError, match="digit_modes"):
        digits.logits_of(digits(images.expand(-1, 3, -1, -1)))


# Memorising


def test_mifid_is_fid_unless_samples_are_copies(clouds):
    real, fake = clouds
    plain = scored(FID(PointsExtractor()), real, fake)
    assert scored(MiFID(PointsExtractor()), real, fake) == pytest.approx(plain, rel=1e-3)
    almost = real.clone()
    almost[:, 0] *= 1.05
    assert scored(MiFID(PointsExtractor()), real, almost) > 10 * scored(
        FID(PointsExtractor()), real, almost
    )


def test_mifid_is_torchmetrics_with_the_mean_over_samples(clouds):
    """torchmetrics averages over what it is told is real, so it is told the other way round."""
    real, _ = clouds
    few = real[:20].repeat(5, 1) + 1e-3 * torch.randn(100, 8)  # of 300 real ones, 20 are copied
    theirs = MemorizationInformedFrechetInceptionDistance(nn.Identity())
    theirs.update(few.double(), real=True)
    theirs.update(real.double(), real=False)
    found = scored(MiFID(PointsExtractor()), real, few)
    assert found == pytest.approx(float(theirs.compute()), rel=1e-6)
    assert found > 100 * scored(FID(PointsExtractor()), real, few)


# Class by class


def test_fid_per_class_sees_exchanged_classes_that_fid_does_not():
    random = torch.Generator().manual_seed(0)
    kinds = torch.arange(400) % 2
    real = torch.randn(400, 3, generator=random) + 10 * kinds[:, None]
    fake = torch.randn(400, 3, generator=random) + 10 * kinds[:, None]
    told = nn.functional.one_hot(kinds, 2).float()
    assert scored(FIDPerClass(PointsExtractor()), real, fake, told) < 0.5
    score = FIDPerClass(PointsExtractor())
    score.update(real, True, told)
    score.update(fake, False, told.flip(1))
    assert score.compute() == pytest.approx(300, rel=0.05)  # three coordinates, 10 apart
    assert scored(FID(PointsExtractor()), real, fake) < 0.5


def test_fid_per_class_is_the_mean_of_the_classes_fids(clouds):
    real, fake = clouds
    kinds = torch.arange(300) % 3
    told = nn.functional.one_hot(kinds, 3).float()
    found = scored(FIDPerClass(PointsExtractor()), real, fake, told)
    own = [
        scored(FID(PointsExtractor()), real[kinds == kind], fake[kinds[:250] == kind])
        for kind in range(3)
    ]
    assert found == pytest.approx(np.mean(own), rel=1e-6)


# What cannot be scored


@pytest.mark.parametrize(
    "score",
    [KID(PointsExtractor(), 10, 5), MiFID(PointsExtractor()), PRDC(PointsExtractor())],
    ids=lambda s: type(s).__name__,
)
def test_samples_that_are_not_finite_have_no_score(score: PooledScore, clouds):
    real, fake = clouds
    fake[3, 2] = torch.nan
    assert math.isnan(scored(score, real, fake))


@pytest.mark.parametrize(
    ("score", "remedy"),
    [
        (KID(PointsExtractor()), r"type metric\.…\.subset_size=5"),
        (PRDC(PointsExtractor()), "raise data.val_size"),
        (ClassifierScore(PointsExtractor()), "raise data.val_size"),
    ],
)
def test_too_few_samples_are_refused(score, remedy):
    few = torch.randn(5, 3)
    with pytest.raises(UserError, match=remedy):
        scored(score, few, few)


def test_a_classifier_is_needed_for_the_classifier_score(clouds):
    with pytest.raises(UserError, match="classifier_score_digits"):
        scored(ClassifierScore(PointsExtractor()), *clouds)


def test_a_model_without_classes_has_no_score_per_class(clouds):
    with pytest.raises(UserError, match="model=cgan"):
        scored(FIDPerClass(PointsExtractor()), *clouds)


@pytest.mark.parametrize(
    "make",
    [
        lambda: KID(PointsExtractor(), subsets=1),
        lambda: KID(PointsExtractor(), subset_size=0),
        lambda: PRDC(PointsExtractor(), k_manifold=0),
        lambda: PRDC(PointsExtractor(), k_neighbourhood=10),
    ],
)
def test_numbers_that_make_no_score_are_refused(make):
    with pytest.raises(UserError, match=r"the paper has|metric\.prdc"):
        make()
