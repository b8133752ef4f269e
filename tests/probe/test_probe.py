"""Probes, on games whose figures are known."""

from math import log, pi
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ganzoo import CGAN, DCGAN, GAN, InfoGAN, network
from ganzoo.condition import LatentCode
from ganzoo.data import MNIST5k, Ring
from ganzoo.data.mnist5k import DIGITS, read_mnist5k
from ganzoo.data.source import InMemory
from ganzoo.error import UserError
from ganzoo.latent.walk import spherical, straight
from ganzoo.metric import DigitsExtractor
from ganzoo.network import Critique
from ganzoo.probe import (
    Arithmetic,
    ClassAccuracy,
    Codes,
    Critic,
    Curves,
    Decision,
    DigitModes,
    Interpolation,
    LinearSVM,
    Modes,
    Nearest,
    Parzen,
    Transfer,
)
from ganzoo.probe.arithmetic import concept
from ganzoo.probe.linear_svm import balanced, with_copies
from ganzoo.probe.mode_coverage import coverage
from ganzoo.probe.parzen import SIGMAS
from ganzoo.runs import RunFolder


@pytest.fixture(scope="module")
def digits():
    """The real digits in a random order: images (5000, 1, 28, 28) uint8, labels (5000,)."""
    order = torch.randperm(5000, generator=torch.Generator().manual_seed(0))
    pixels, labels = read_mnist5k()
    return pixels[order], labels[order]


@pytest.fixture
def data(digits):
    """3,000 digits to train on, 1,000 to validate on and 1,000 to test on."""
    pixels, labels = digits
    rows = torch.arange(4000)
    return SimpleNamespace(
        source=InMemory(pixels[:4000], labels[:4000], DIGITS),
        test=InMemory(pixels[4000:], labels[4000:], DIGITS),
        split=(rows[:3000], rows[3000:]),
        n_classes=10,
    )


def samples(images, shape=(1, 28, 28), **more):
    """A game that draws these images and no others."""
    game = GAN((1, 28, 28))
    game.image_shape = shape
    game.sample = lambda told, seed=0: images(told) if callable(images) else images
    vars(game).update(more)
    return game


# Parzen


def test_parzen_is_the_mean_log_of_a_mixture_of_gaussians(data, tmp_path):
    data.test.labels = data.test.labels[:50]  # so many samples has the test set
    centres, _ = data.source.read(torch.arange(40))
    found = Parzen(n=40, n_val=100).measure(samples(centres), data, RunFolder(tmp_path))
    to_unit = lambda images: ((images + 1) / 2).flatten(1).double().numpy()  # noqa: E731
    x, mu = to_unit(data.test.read(torch.arange(50))[0]), to_unit(centres)
    sigma = found["parzen_sigma"]
    exponents = -((x[:, None] - mu) ** 2).sum(2) / (2 * sigma**2)
    top = exponents.max(1)
    each = top + np.log(np.exp(exponents - top[:, None]).mean(1))
    each -= 784 / 2 * log(2 * pi * sigma**2)
    assert found["parzen"] == pytest.approx(each.mean(), rel=1e-6)
    assert found["parzen_std_error"] == pytest.approx(each.std(ddof=1) / 50**0.5, rel=1e-6)


def test_parzens_kernel_is_as_wide_as_samples_are_noisy(data, tmp_path):
    """Around the images themselves, kernels fit best that are as wide as the images are far."""
    validation, _ = data.source.read(data.split[1][:100])
    widths = []
    for std in (0.2, 0.6):  # in [-1, 1]: half of it in [0, 1]
        noisy = validation + std * torch.randn(validation.shape)
        found = Parzen(n=100, n_val=100).measure(samples(noisy), data, RunFolder(tmp_path))
        widths.append(found["parzen_sigma"])
    assert widths == [SIGMAS[0], pytest.approx(SIGMAS[4], rel=0.3)]


def test_the_kernel_widths_are_those_of_the_papers_code():
    np.testing.assert_allclose(SIGMAS, np.logspace(-1, 0, 10))


# Modes


def test_coverage_counts_modes_and_their_distance_from_equal_shares():
    assert coverage(torch.arange(8).repeat(5), 8) == {"modes": 8, "modes_kl": pytest.approx(0)}
    assert coverage(torch.full((9,), 3), 8) == {"modes": 1, "modes_kl": pytest.approx(log(8))}
    uneven = coverage(torch.tensor([0, 0, 0, 1]), 2)["modes_kl"]
    assert uneven == pytest.approx(0.75 * log(1.5) + 0.25 * log(0.5))
    assert coverage(torch.empty(0, dtype=torch.long), 8) == {"modes": 0, "modes_kl": log(8)}


def test_modes_of_a_ring_need_a_sample_within_three_standard_deviations(tmp_path):
    ring = Ring()
    on, beyond = ring.centres[:3], ring.centres[3:5]
    near, far = torch.tensor([2.9 * ring.std, 0.0]), torch.tensor([0.0, 3.1 * ring.std])
    game = samples(torch.cat([on, on + near, beyond + far, torch.zeros(2, 2)]), shape=(2,))
    found = Modes(n=10).measure(game, ring, RunFolder(tmp_path))
    assert found == {"high_quality": 0.6, "modes": 3, "modes_kl": pytest.approx(log(8 / 3))}
    assert (tmp_path / "figures/modes.png").exists()


def test_digit_modes_reads_each_channel(digits, tmp_path):
    pixels, labels = (each[:900] for each in digits)
    images = pixels.float() / 127.5 - 1
    stacked = images.view(300, 3, 28, 28)
    modes = len((labels.view(300, 3) * torch.tensor([100, 10, 1])).sum(1).unique())
    found = DigitModes(n=300).measure(samples(stacked), None, RunFolder(tmp_path))
    assert found["modes"] == pytest.approx(modes, abs=5)
    assert DigitModes(n=900).measure(samples(images), None, RunFolder(tmp_path))["modes"] == 10


def test_class_accuracy_asks_for_classes_and_reads_them(digits, tmp_path):
    pixels, labels = digits
    images = pixels.float() / 127.5 - 1
    of_class = [images[labels == digit] for digit in range(10)]

    def obedient(told, shift=0):
        return torch.stack([of_class[(int(each) + shift) % 10][0] for each in told])

    for shift, accuracy in ((0, 1.0), (3, 0.0)):
        game = CGAN((1, 28, 28))
        game.sample = lambda told, seed=0, shift=shift: obedient(told, shift)
        found = ClassAccuracy(n=50).measure(game, None, RunFolder(tmp_path))
        assert found["class_accuracy"] == pytest.approx(accuracy, abs=0.1)


# What D and Q learned


def labels_of(data):
    """Looks the labels of the data's images up."""
    known = {}
    for source in (data.source, data.test):
        images, labels = source.read(torch.arange(len(source)))
        keys = [each.numpy().tobytes() for each in images]
        known |= dict(zip(keys, labels.tolist(), strict=True))
    return lambda images: torch.tensor([known[each.numpy().tobytes()] for each in images])


def test_few_labels_are_chosen_evenly_and_by_the_seed():
    labels = torch.tensor([0] * 50 + [1] * 30 + [2] * 20)
    chosen = balanced(labels, 30, seed=0)
    assert labels[chosen].bincount().tolist() == [10, 10, 10]
    assert len(chosen.unique()) == 30
    assert torch.equal(chosen, balanced(labels, 30, seed=0))
    assert not torch.equal(chosen, balanced(labels, 30, seed=1))


def test_a_linear_svm_reads_features_that_tell_and_none_that_do_not(data, tmp_path):
    known = labels_of(data)
    game = DCGAN((1, 28, 28), network=network.ConvNet(width=4))
    errors = []
    for noise in (0.1, 100.0):
        game.features = lambda images, layer, noise=noise: (
            F.one_hot(known(images), 10) + noise * torch.randn(len(images), 10)
        )
        errors.append(LinearSVM(n_labels=200).measure(game, data, RunFolder(tmp_path))["svm_error"])
    assert errors[0] < 0.01
    assert errors[1] > 0.8


def test_a_linear_svm_learns_from_moved_copies_what_few_labels_do_not_show(data, tmp_path):
    game = DCGAN((1, 28, 28), network=network.ConvNet(width=4))
    game.features = lambda images, layer: images.flatten(1)
    errors = [
        LinearSVM(n_labels=30, copies=copies).measure(game, data, RunFolder(tmp_path))["svm_error"]
        for copies in (None, 10)
    ]
    assert errors[1] < errors[0] - 0.05


def test_copies_are_near_their_image_and_the_same_again_whatever_was_drawn_before(digits):
    images = digits[0][:50].float() / 127.5 - 1
    copies = with_copies(images, 2, seed=0)
    assert torch.equal(copies[:50], images)
    assert copies.aminmax() == (-1, 1)
    nearest = torch.cdist(copies[50:].flatten(1), images.flatten(1)).argmin(1)
    assert (nearest == torch.arange(50).repeat(2)).float().mean() > 0.4  # by chance 0.02
    assert not torch.equal(copies[50:100], copies[100:])
    before = torch.get_rng_state()
    torch.rand(1)
    assert torch.equal(with_copies(images, 2, seed=0), copies)
    torch.set_rng_state(before)
    assert torch.equal(with_copies(images, 1, seed=0), copies[:100])
    assert torch.equal(torch.get_rng_state(), before)


def infogan(infer):
    game = InfoGAN((1, 28, 28), network=network.ConvNet(width=4, hidden=16))
    game.infer = infer
    return game


def test_codes_are_matched_to_classes_whatever_their_order(data, tmp_path):
    known, order = labels_of(data), torch.randperm(10)

    def knowing(images):
        return F.one_hot(order[known(images)], 10).float()

    def merging(images):  # takes nines for fours
        told = knowing(images)
        four, nine = order[4], order[9]
        told[:, four] += told[:, nine]
        told[:, nine] = 0
        return told

    nines = float((data.test.labels == 9).double().mean())
    fours = float((data.test.labels == 4).double().mean())
    assert Codes(n=20).measure(infogan(knowing), data, RunFolder(tmp_path))[
        "code_error"
    ] == pytest.approx(0)
    merged = Codes(n=20).measure(infogan(merging), data, RunFolder(tmp_path))["code_error"]
    assert merged in (pytest.approx(nines), pytest.approx(fours))
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        f"codes_{which}.png" for which in range(3)
    }


@pytest.mark.parametrize(("certainty", "nats"), [(0.0, 0.0), (50.0, log(10))])
def test_the_bound_is_the_entropy_of_the_code_when_the_guess_is_perfect(
    certainty, nats, data, tmp_path
):
    game = infogan(lambda images: torch.zeros(len(images), 12))
    condition = game.condition

    def perfect(images, told):
        log_q = condition.log_posterior(certainty * told, told)
        return Critique(images, told, told[:, 0], log_q, condition.log_prior(told), told)

    game.discriminator.forward = perfect
    found = Codes(n=100).measure(game, data, RunFolder(tmp_path))
    assert found["code_bound"] == pytest.approx(nats, abs=1e-5)


@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_the_bound_of_a_continuous_code_is_that_of_a_gaussian_channel(noise, data, tmp_path):
    """H(c) less the entropy of the noise: ln 2 - ln(noise sqrt(2 pi e)) for uniform c."""
    game = infogan(lambda images: torch.zeros(len(images), 12))
    condition = game.condition

    def noisy(images, told):
        guess = torch.cat([told[:, :10], told[:, 10:] + noise * torch.randn(len(told), 2)], dim=1)
        log_q = condition.log_posterior(guess, told)
        return Critique(images, told, told[:, 0], log_q, condition.log_prior(told), told)

    game.discriminator.forward = noisy
    found = Codes(n=4000).measure(game, data, RunFolder(tmp_path))
    expected = log(2) - log(noise * (2 * pi * np.e) ** 0.5)
    for name in ("code_bound_1", "code_bound_2"):
        assert found[name] == pytest.approx(expected, abs=0.05)


# Latent space


def test_a_walk_goes_straight_and_evenly():
    first, last = torch.zeros(2, 3), torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, -4.0]])
    steps = straight(first, last, 5).view(2, 5, 3)
    torch.testing.assert_close(steps[0, :, 2], torch.tensor([0.0, 0.75, 1.5, 2.25, 3.0]))
    torch.testing.assert_close(steps[1, 4], last[1])


def test_a_spherical_walk_keeps_the_length_and_turns_evenly():
    first, last = torch.tensor([[3.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.0, 3.0], [1.0, 0.0]])
    quarter, still = spherical(first, last, 4).view(2, 4, 2)
    torch.testing.assert_close(quarter.norm(dim=1), torch.full((4,), 3.0))
    angles = torch.atan2(quarter[:, 1], quarter[:, 0]).rad2deg()
    torch.testing.assert_close(angles, torch.tensor([0.0, 30.0, 60.0, 90.0]))
    torch.testing.assert_close(still, first[1:].expand(4, -1), atol=1e-3, rtol=0)


def test_a_concept_is_the_mean_noise_of_the_extremes_among_its_members():
    latent = torch.arange(100.0)[:, None]
    ink = torch.arange(100.0)
    thick, thin = concept(latent, ink, member=torch.arange(100) < 50)
    assert (float(thick), float(thin)) == (44.5, 4.5)


def test_pictures_of_the_latent_space(tmp_path):
    game = DCGAN((1, 28, 28), network=network.ConvNet(width=4))
    assert Interpolation().measure(game, None, RunFolder(tmp_path)) == {}
    found = Arithmetic(n=3000).measure(samples_of_every_digit(game), None, RunFolder(tmp_path))
    assert found == {"arithmetic_class": 1.0, "arithmetic_ink": pytest.approx(42, rel=0.2)}
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {"arithmetic.png", "interpolation.png", "interpolation_spherical.png"}


def samples_of_every_digit(game):
    """A generator that is linear where it matters: noise 0 to 9 the digit, noise 10 its ink.

    Ink varies by 2 x 0.3 of the 100 pixels that a digit covers, which are 0.7 full.
    """
    pixels, labels = read_mnist5k()
    digit = torch.stack([pixels[labels == each][0] for each in range(10)]).float() / 255

    def draw(latent, condition):
        shown = digit[latent[:, :10].argmax(1)] * (1 + 0.3 * latent[:, 10, None, None, None])
        return (shown * 1.4 - 1).clamp(-1, 2)

    game.forward = draw
    return game


# The critic's curve


@pytest.mark.parametrize(("sign", "correlation"), [(1, 1.0), (-1, -1.0)])
def test_the_critics_estimate_is_ranked_against_the_score(sign, correlation, tmp_path):
    lines = ["discriminator/wasserstein,step,val/fid_digits"]
    for check in range(1, 6):
        for step in (0, 50):  # D minimises minus the estimate; a mean over both is read
            lines.append(f"{-(6 - check) - step / 50},{100 * check + step - 100},")
        lines.append(f",{100 * check},{(10 - check) * sign}")
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "metrics.csv").write_text("\n".join(lines))
    found = Critic().measure(None, None, RunFolder(tmp_path))
    assert found == {"critic_spearman": pytest.approx(correlation)}
    assert (tmp_path / "figures/critic.png").exists()


# What cannot be measured is refused before training


@pytest.mark.parametrize(
    ("probe", "game", "remedy"),
    [
        (Modes(), DCGAN((1, 8, 8)), "data=ring"),
        (ClassAccuracy(), DCGAN((1, 8, 8)), "model=cgan"),
        (ClassAccuracy(), CGAN((1, 8, 8), n_classes=7), "data=mnist"),
        (LinearSVM(), DCGAN((1, 8, 8)), "data=mnist"),
        (Parzen(), DCGAN((1, 8, 8)), "data=mnist"),
        (Codes(), DCGAN((1, 8, 8)), "model=infogan"),
        (Codes(), InfoGAN((1, 8, 8)), "data=mnist"),
        (
            Codes(),
            InfoGAN((1, 8, 8), condition=LatentCode((7,), 0, 0)),
            r"condition.categorical=\[10\]",
        ),
        (Arithmetic(), CGAN((1, 8, 8)), "model=dcgan"),
        (Decision(), DCGAN((1, 8, 8)), "data=ring"),
        (Transfer(), DCGAN((1, 8, 8)), "model=cgan"),
        (Transfer(), CGAN((1, 8, 8)), "data=mnist"),
        (Critic(), DCGAN((1, 8, 8)), "model=wgan"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, object) else value,
)
def test_what_cannot_be_measured_is_refused_with_a_remedy(probe, game, remedy):
    with pytest.raises(UserError, match=remedy):
        probe.check(game, MNIST5k())


def test_without_the_csv_logger_the_critics_curve_is_nowhere(tmp_path):
    with pytest.raises(UserError, match="add csv to logger"):
        Critic().measure(None, None, RunFolder(tmp_path))


# Memorising


def test_a_generator_that_copies_is_told_from_one_that_does_not(data, tmp_path):
    training, _ = data.source.read(data.split[0][:200])
    unseen, _ = data.test.read(torch.arange(200))
    copies = Nearest(n=200).measure(samples(training), data, RunFolder(tmp_path))["nearest_ratio"]
    other = Nearest(n=200).measure(samples(unseen), data, RunFolder(tmp_path))["nearest_ratio"]
    assert copies < 0.01
    assert other == pytest.approx(1, abs=0.1)
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {"nearest.png", "nearest_distances.png"}


def test_copies_that_are_moved_are_nearer_in_features_than_in_pixels(data, tmp_path):
    training, _ = data.source.read(data.split[0][:200])
    moved = samples(training.roll((1, 1), dims=(2, 3)))
    in_pixels = Nearest(n=200).measure(moved, data, RunFolder(tmp_path))
    in_features = Nearest(n=200, extractor=DigitsExtractor()).measure(
        moved, data, RunFolder(tmp_path)
    )
    assert in_features["nearest_ratio_digits"] < 0.9 < in_pixels["nearest_ratio"]
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {"nearest_digits.png", "nearest_distances_digits.png"} <= names


def test_the_nearest_training_image_is_found_across_batches(data):
    images, _ = data.source.read(data.split[0][[5, 1500, 2999]])
    distance, which = Nearest().to_training(images + 0.1, data, data.split[0])
    assert which.tolist() == [5, 1500, 2999]
    torch.testing.assert_close(distance, torch.full((3,), 0.1 * 28), rtol=1e-3, atol=0)


def test_what_a_classifier_learns_from_samples_it_knows_of_real_images(digits, data, tmp_path):
    pixels, labels = digits
    images = pixels[:3000].float() / 127.5 - 1
    of_class = [images[labels[:3000] == digit] for digit in range(10)]
    accuracy = []
    for variety in (10**9, 1):  # as various as the data, and the same digit again and again

        def draw(told, seed=0, variety=variety):
            seen = [0] * 10
            drawn = []
            for each in told.tolist():
                kind = of_class[each]
                drawn.append(kind[seen[each] % min(variety, len(kind))])
                seen[each] += 1
            return torch.stack(drawn)

        game = CGAN((1, 28, 28))
        game.sample = draw
        accuracy.append(Transfer(n=2000).measure(game, data, RunFolder(tmp_path)))
    assert accuracy[0]["transfer_accuracy"] > 0.85
    assert accuracy[0]["transfer_accuracy_real"] == pytest.approx(
        accuracy[0]["transfer_accuracy"], abs=0.05
    )
    assert accuracy[1]["transfer_accuracy"] < 0.6


def test_curves_and_the_decision_surface_are_drawn(tmp_path):
    (tmp_path / "csv").mkdir()
    lines = ["discriminator/wasserstein,discriminator/output_real,step,val/fid,val/fid_n"]
    lines += [f"{step},{step},{step},," for step in range(5)]
    (tmp_path / "csv" / "metrics.csv").write_text("\n".join([*lines, ",,4,3.5,10"]))
    assert Curves().measure(None, None, RunFolder(tmp_path)) == {}
    ring = Ring(val_size=100)
    ring.setup()
    game = GAN((2,), network=network.Plane())
    Decision(n=50, side=20).check(game, ring)
    assert Decision(n=50, side=20).measure(game, ring, RunFolder(tmp_path)) == {}
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {"curves.png", "decision.png"}


def test_digits_that_the_generator_never_draws_count_as_misread(monkeypatch, tmp_path):
    one = read_mnist5k()[0][500:501] / 127.5 - 1

    def draw(game, latent):
        return one.expand(len(latent), 1, 28, 28)

    monkeypatch.setattr("ganzoo.probe.arithmetic.generate", draw)
    game = DCGAN((1, 28, 28), network=network.ConvNet(width=4))
    assert Arithmetic(n=20).measure(game, None, RunFolder(tmp_path)) == {"arithmetic_class": 0.0}
