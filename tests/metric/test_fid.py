"""The Fréchet distance against known answers."""

import math
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import nn
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

from ganzoo.error import UserError
from ganzoo.metric import (
    FID,
    DigitsExtractor,
    Extractor,
    InceptionExtractor,
    PointsExtractor,
    Score,
)
from ganzoo.settings.compose import compose_config
from tests.helpers.conf import read_conf

ROOT = Path(__file__).parents[2]
DIGITS_FILE = ROOT / "ganzoo/metric/digits.safetensors"


def fid(real: torch.Tensor, fake: torch.Tensor, extractor: Extractor | None = None) -> float:
    """The score as a validation of several batches computes it."""
    score = FID(extractor or PointsExtractor())
    for samples, is_real in ((real, True), (fake, False)):
        for batch in samples.split(300):
            score.update(score.extractor(batch), real=is_real)
    return score.compute()


def standardised(n: int, d: int, seed: int) -> torch.Tensor:
    """Samples whose own mean is exactly 0 and covariance exactly 1."""
    x = torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    x = x - x.mean(0)
    return x @ torch.linalg.inv(torch.linalg.cholesky(x.T.cov()).mT)


def test_fid_is_the_closed_form_of_two_gaussians():
    """d² = |m1 - m2|² + Σ (s1 - s2)² where both covariances have the same axes."""
    turn, _ = torch.linalg.qr(torch.randn(2, 2, dtype=torch.float64))
    s1, s2 = torch.tensor([0.5, 0.1]).double(), torch.tensor([0.2, 0.4]).double()
    m1, m2 = torch.tensor([0.3, -0.2]).double(), torch.tensor([-0.1, 0.6]).double()
    real = standardised(1000, 2, seed=0) * s1 @ turn + m1
    fake = standardised(700, 2, seed=1) * s2 @ turn + m2
    expected = (m1 - m2).square().sum() + (s1 - s2).square().sum()
    assert fid(real, fake) == pytest.approx(expected.item(), rel=1e-4)


def test_fid_is_torch_fidelitys_on_the_same_features():
    real, fake = (torch.randn(400, 64), torch.rand(300, 64) @ torch.rand(64, 64))
    statistics = [fid_features_to_statistics(x.double()) for x in (real, fake)]
    expected = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert fid(real, fake) == pytest.approx(expected, rel=1e-6)


def test_fid_is_symmetric_and_zero_on_the_same_samples():
    real, fake = torch.randn(500, 5), torch.randn(400, 5) * 2 + 1
    assert fid(real, fake) == pytest.approx(fid(fake, real), rel=1e-6)
    assert fid(real, real.flip(0)) == pytest.approx(0, abs=1e-6)


def test_reset_forgets_everything():
    score = FID(PointsExtractor())
    for _ in range(2):
        score.update(torch.zeros(10, 2), real=True)
        score.update(torch.ones(10, 2), real=False)
        assert score.compute() == pytest.approx(2)
        score.reset()


def test_fid_needs_two_of_each():
    with pytest.raises(UserError, match=r"at least 2 real and 2 generated .* 5 and 1"):
        fid(torch.randn(5, 2), torch.randn(1, 2))
    with pytest.raises(UserError, match="0 and 0"):
        FID(PointsExtractor()).compute()


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_fid_of_samples_that_are_not_finite_is_nan(broken):
    class Hiding(PointsExtractor):
        """As Inception does, which reads whole numbers."""

        def features(self, network: nn.Module, samples: torch.Tensor) -> torch.Tensor:
            return samples.nan_to_num()

    fake = torch.randn(50, 2)
    fake[3, 1] = broken
    assert math.isnan(fid(torch.randn(50, 2), fake, Hiding()))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "conf/metric").glob("*.yaml")), ids=lambda p: p.stem
)
def test_every_metric_is_one_key_named_like_its_file(path):
    config = read_conf(path)
    assert list(config) == [path.stem]
    assert isinstance(instantiate(config, _convert_="all")[path.stem], Score)


@pytest.mark.parametrize(
    ("words", "key", "extractor"),
    [
        ("metric/extractor@metric.fid.extractor=digits", "metric.fid", DigitsExtractor),
        ("metric/extractor@metric.fid.extractor=points", "metric.fid", PointsExtractor),
        ("+metric/extractor@probe.nearest.extractor=digits", "probe.nearest", DigitsExtractor),
        ("metric.fid.extractor.antialias=true", "metric.fid", InceptionExtractor),
    ],
)
def test_an_extractor_is_chosen_and_set_on_the_command_line(words, key, extractor):
    cfg = compose_config(["metric=[fid]", "probe=[nearest]", words])
    built = instantiate(OmegaConf.select(cfg, f"{key}.extractor"))
    assert isinstance(built, extractor)
    assert getattr(built, "antialias", False) == ("antialias" in words)
