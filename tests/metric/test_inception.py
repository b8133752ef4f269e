"""The Inception network from a file, and what is said where there is none."""

import math
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torch import nn
from torch_fidelity import calculate_metrics
from torch_fidelity import feature_extractor_inceptionv3 as fidelity
from torchmetrics.image.fid import FrechetInceptionDistance, NoTrainInceptionV3

from ganzoo import picture
from ganzoo.error import UserError
from ganzoo.inference.compare import compare_folders
from ganzoo.metric import FID, InceptionExtractor, inception


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
    extractor = InceptionExtractor(str(random_inception))
    features = extractor.train()(images)
    assert features.std() > 0.01
    assert torch.allclose(features, torchmetrics, rtol=1e-4)
    assert torch.allclose(features, torch_fidelity, rtol=1e-4)
    score = FID(extractor)
    for some, is_real in zip(features[:, :100].split(4), (True, False), strict=True):
        score.update(some, real=is_real)  # of all 2048, the eigenvalues take ten seconds
    expected = few_sample_fid(*torch_fidelity[:, :100].split(4))
    assert score.compute() == pytest.approx(expected, rel=1e-4)
    assert not any(p.requires_grad for p in extractor.parameters())
    assert not any(module.training for module in extractor.modules())


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
def test_folders_of_pictures_score_as_in_torch_fidelity(random_inception, tmp_path):
    """FID, whose eigenvalues take long, is compared by benchmarks/evaluation.py."""
    real, fake = tmp_path / "real", tmp_path / "fake"
    for folder, top in ((real, 256), (fake, 128)):
        for which, tile in enumerate(torch.randint(0, top, (20, 3, 24, 24), dtype=torch.uint8)):
            picture.save_image(tile, folder / f"{which:02}.png")
    theirs = calculate_metrics(
        **{"input1": str(fake), "input2": str(real), "isc": True, "kid": True, "cuda": False},
        **{"kid_subset_size": 10, "verbose": False, "feature_extractor": "inception-v3-compat"},
        feature_extractor_weights_path=str(random_inception),
    )
    weights = f"extractor.weights={random_inception}"
    found = compare_folders(
        real,
        fake,
        ["metric=[kid,inception_score]", "metric.kid.subset_size=10"]
        + [f"metric.{name}.{weights}" for name in ("kid", "inception_score")],
    )
    assert found["kid"] == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-3)
    assert found["inception_score"] == pytest.approx(theirs["inception_score_mean"], rel=1e-3)


def test_missing_inception_is_one_sentence(offline, tmp_path):
    with pytest.raises(UserError) as standard:
        InceptionExtractor().load()
    with pytest.raises(UserError) as given:
        InceptionExtractor(str(tmp_path / "nowhere.pth")).load()
    for sentence in (str(standard.value), str(given.value)):
        assert "weights-inception-2015-12-05-6726825d.pth" in sentence
        assert "metric.fid.extractor.weights=" in sentence
        assert "metric=[fid_digits]" in sentence
        assert "\n" not in sentence
    assert str(offline) in str(standard.value)
    assert str(tmp_path / "nowhere.pth") in str(given.value)


def test_a_wrong_answer_to_the_download_is_not_kept(offline, monkeypatch):
    monkeypatch.setattr(
        inception, "urlopen", lambda *_, **__: BytesIO(b"<html>log in first</html>")
    )
    with pytest.raises(UserError, match="was not that file"):
        InceptionExtractor().load()
    assert not offline.exists()


def test_damaged_inception_is_refused(offline, tmp_path):
    offline.mkdir(parents=True)
    (offline / inception.NAME).write_bytes(b"half a file")
    with pytest.raises(UserError, match="sha256"):
        InceptionExtractor().load()
    other = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(2)}, other)
    with pytest.raises(UserError, match="does not hold the weights"):
        InceptionExtractor(str(other)).load()
    other.write_bytes(b"not a checkpoint")
    with pytest.raises(UserError, match="does not hold the weights"):
        InceptionExtractor(str(other)).load()


def test_a_pickle_that_runs_code_is_not_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    torch.save({"weight": Bomb()}, tmp_path / "bomb.pth")
    with suppress(UserError):
        InceptionExtractor(str(tmp_path / "bomb.pth")).load()
    assert not (tmp_path / "ran").exists()
