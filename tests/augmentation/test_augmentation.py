"""What augmentations do to images, against known answers."""

from functools import partial
from math import pi

import pytest
import torch
import torch.distributed as dist
from torch import Tensor

from ganzoo.augmentation import ADA, DiffAugment, InstanceNoise, Mirror, NoAugmentation
from ganzoo.error import UserError
from ganzoo.schedule import LinearSchedule

SHAPES = [(1, 28, 28), (3, 32, 32), (2, 16, 24), (3, 128, 128)]
ADJUSTABLE = [Mirror, InstanceNoise, DiffAugment, ADA]


def seeded(augmentation, images: Tensor, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    return augmentation(images)


def pixel_positions(images: Tensor) -> Tensor:
    """Row and column of the one pixel of each image that is not zero: (N, 2)."""
    assert (images.flatten(1) != 0).sum(1).eq(1).all()
    return images[:, 0].nonzero()[:, 1:]


# What all have in common


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ADJUSTABLE)
def test_images_keep_their_shape_and_are_changed(kind, shape):
    images = torch.rand(16, *shape) * 2 - 1
    changed = kind(strength=0.7)(images)
    assert changed.shape == images.shape
    assert changed.isfinite().all()
    assert not torch.equal(changed, images)


@pytest.mark.parametrize("kind", ADJUSTABLE)
def test_strength_0_changes_nothing(kind):
    images = torch.rand(8, 3, 16, 16) * 2 - 1
    assert torch.allclose(kind(strength=0.0)(images), images, atol=1e-6)


@pytest.mark.parametrize("kind", ADJUSTABLE)
def test_evaluation_changes_nothing(kind):
    images = torch.rand(8, 3, 16, 16)
    assert kind(strength=0.7).eval()(images) is images


@pytest.mark.parametrize("kind", ADJUSTABLE)
def test_gradients_flow_through_twice(kind):
    """A penalty on D's slope differentiates through the augmentation, and then the slope."""
    images = torch.rand(2, 3, 8, 8, dtype=torch.double, requires_grad=True)
    augment = partial(seeded, kind(strength=0.7))
    assert torch.autograd.gradcheck(augment, images)
    assert torch.autograd.gradgradcheck(augment, images)


@pytest.mark.parametrize("kind", ADJUSTABLE)
def test_changes_depend_on_the_random_numbers_and_not_on_the_images(kind):
    """So real and fake images go through changes of one law: here all are affine in the images."""
    augment = partial(seeded, kind(strength=0.7))
    real, fake = torch.rand(4, 3, 16, 16), torch.rand(4, 3, 16, 16)
    between = augment(0.25 * real + 0.75 * fake)
    assert torch.allclose(between, 0.25 * augment(real) + 0.75 * augment(fake), atol=1e-5)


@pytest.mark.parametrize("kind", ADJUSTABLE)
def test_every_image_has_changes_of_its_own(kind):
    images = torch.rand(1, 3, 16, 16).expand(64, -1, -1, -1)
    changed = kind(strength=0.7)(images)
    assert len(changed.unique(dim=0)) > (1 if kind is Mirror else 32)


@pytest.mark.parametrize("side", [28, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ADJUSTABLE)
def test_half_precision_is_kept_and_the_change_is_that_of_full_precision(kind, channels, side):
    images = torch.rand(8, channels, side, side).bfloat16()
    augment = partial(seeded, kind(strength=0.7))
    with torch.autocast("cpu", torch.bfloat16):
        half = augment(images)
    assert half.dtype == torch.bfloat16
    assert half.isfinite().all()
    assert not torch.equal(half, images)
    assert torch.equal(half, augment(images.float()).bfloat16())


@pytest.mark.parametrize("kind", ADJUSTABLE)
def test_a_schedule_moves_the_strength(kind):
    schedule = LinearSchedule(0.8, 0.0, images=100)
    augmentation = kind(strength=schedule)
    for images, strength in {0: 0.8, 25: 0.6, 100: 0.0}.items():
        schedule.move(images)
        assert augmentation.chance == pytest.approx(strength)
    assert schedule in augmentation.modules()


@pytest.mark.parametrize("strength", [-0.1, 1.5, LinearSchedule(0.0, 2.0, images=10)])
@pytest.mark.parametrize("kind", [Mirror, DiffAugment, ADA])
def test_a_strength_that_is_no_probability_is_refused(kind, strength):
    with pytest.raises(UserError, match=r"between 0 and 1.*augmentation\.strength=0\.5"):
        kind(strength=strength)


def test_noise_may_be_strong_but_not_negative():
    InstanceNoise(strength=2.0)
    with pytest.raises(UserError, match=r"augmentation\.strength=0\.5"):
        InstanceNoise(strength=-0.1)


@pytest.mark.parametrize(
    ("build", "remedy"),
    [
        (lambda: DiffAugment(policy=["colour", "blur"]), "policy=.colour,translation,cutout"),
        (lambda: DiffAugment(policy=[]), "got none"),
        (lambda: ADA(categories=["noise"]), "categories=.blit,geometry,colour"),
        (lambda: ADA(target=1.0), r"target=0\.6"),
        (lambda: ADA(rise=0), "rise=50000"),
    ],
)
def test_options_that_say_nothing_are_refused(build, remedy):
    with pytest.raises(UserError, match=remedy):
        build()


def test_points_can_be_noisy_and_nothing_else():
    for augmentation in (NoAugmentation(), InstanceNoise()):
        augmentation.check_support((2,))
    for augmentation in (Mirror(), DiffAugment(), ADA()):
        augmentation.check_support((1, 8, 8))
        with pytest.raises(UserError, match="augmentation=none"):
            augmentation.check_support((2,))


def test_no_augmentation_has_no_state():
    images = torch.rand(2, 1, 4, 4)
    assert NoAugmentation()(images) is images
    assert not NoAugmentation().state_dict()


# Mirror and instance noise


def test_half_of_all_images_are_mirrored():
    images = torch.rand(2000, 1, 2, 2)
    mirrored = Mirror()(images)
    same = (mirrored == images).flatten(1).all(1)
    flipped = (mirrored == images.flip(-1)).flatten(1).all(1)
    assert (same | flipped).all()
    assert flipped.float().mean().item() == pytest.approx(0.5, abs=0.05)


def test_noise_has_the_strength_as_its_standard_deviation():
    noise = InstanceNoise(strength=0.3)(torch.zeros(100, 1, 16, 16))
    assert noise.std().item() == pytest.approx(0.3, rel=0.02)
    assert noise.mean().item() == pytest.approx(0, abs=0.01)


# DiffAugment


@pytest.mark.parametrize("side", [8, 28, 64])
def test_translation_is_by_whole_pixels_up_to_an_eighth(side):
    images = torch.zeros(2000, 1, side, side)
    images[:, 0, side // 2, side // 2] = 1.0
    moved = pixel_positions(DiffAugment(policy=["translation"])(images)) - side // 2
    assert set(moved.flatten().tolist()) == set(range(-(side // 8), side // 8 + 1))


def test_translation_moves_the_whole_image_and_pads_with_zeros():
    images = torch.rand(50, 2, 8, 8) + 1
    moved = DiffAugment(policy=["translation"])(images)
    for before, after in zip(images, moved, strict=True):
        shifts = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
        assert sum(torch.equal(after, shifted(before, dy, dx)) for dy, dx in shifts) == 1


def shifted(image: Tensor, dy: int, dx: int) -> Tensor:
    """Down and to the right by up to one pixel."""
    padded = torch.nn.functional.pad(image, (1, 1, 1, 1))
    return padded[:, 1 - dy : 9 - dy, 1 - dx : 9 - dx]


def test_cutout_zeroes_a_square_of_half_the_sides_around_any_pixel():
    images = torch.ones(2000, 3, 16, 16)
    holes = 1 - DiffAugment(policy=["cutout"])(images)
    assert set(holes.unique().tolist()) == {0.0, 1.0}
    rows, columns = holes.amax((1, 3)), holes.amax((1, 2))
    assert torch.equal(holes, (rows[:, None, :, None] * columns[:, None, None, :]).expand_as(holes))
    for sides in (rows.sum(1), columns.sum(1)):
        assert sides.max() == 8  # inside
        assert sides.min() == 4  # around a pixel of the border
    everywhere = holes.mean((0, 1))
    assert everywhere[8, 8] > everywhere[0, 0] > 0


def test_colour_of_a_flat_image_changes_by_brightness_alone():
    flat = torch.full((2000, 1, 4, 4), 0.25)
    brightness = DiffAugment(policy=["colour"])(flat)[:, 0, 0, 0] - 0.25
    assert -0.5 <= brightness.min() < -0.49
    assert 0.49 < brightness.max() <= 0.5


def test_contrast_spreads_a_grey_image_around_its_mean():
    images = torch.tensor([-0.5, 1.0]).view(1, 1, 1, 2).expand(2000, -1, -1, -1)
    changed = DiffAugment(policy=["colour"])(images).flatten(1)
    contrast = (changed[:, 1] - changed[:, 0]) / 1.5
    assert 0.5 <= contrast.min() < 0.51
    assert 1.49 < contrast.max() <= 1.5


def test_saturation_spreads_the_channels_around_their_grey():
    """Of one pixel, contrast spreads them too: the product is between 0 and 3, 1 on average."""
    images = torch.tensor([-0.3, 0.0, 0.6]).view(1, 3, 1, 1).expand(5000, -1, -1, -1)
    changed = DiffAugment(policy=["colour"])(images).flatten(1)
    factor = (changed[:, 2] - changed[:, 0]) / 0.9
    assert torch.allclose(changed[:, 1] - changed[:, 0], 0.3 * factor, atol=1e-6)
    assert 0 <= factor.min() < 0.02
    assert 2.5 < factor.max() <= 3
    assert factor.mean().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("policy", ["translation", "cutout"])
def test_the_strength_of_diff_augment_is_the_share_of_changed_images(policy):
    images = torch.ones(4000, 1, 64, 64)
    changed = DiffAugment(policy=[policy], strength=0.3)(images)
    share = (changed != images).flatten(1).any(1).float().mean().item()
    alone = {"translation": 1 - (0.7 + 0.3 / 17) ** 2, "cutout": 0.3}[policy]
    assert share == pytest.approx(alone, abs=0.03)


# ADA


def test_blitting_moves_whole_pixels_with_its_probability():
    motion = ADA(categories=["blit"], strength=0.5).draw_motion(torch.empty(20_000, 1, 16, 16))
    linear, offset = motion[:, :, :2], motion[:, :, 2] * 8  # in pixels
    assert torch.allclose(linear, linear.round(), atol=1e-6)
    assert torch.allclose(offset, offset.round(), atol=1e-5)
    assert offset.abs().max() == 2
    mirrored = torch.linalg.det(linear) < 0
    assert mirrored.float().mean().item() == pytest.approx(0.25, abs=0.01)
    upright = linear[:, 1, 1].round() == 1
    assert upright.float().mean().item() == pytest.approx(0.5 + 0.5 / 4, abs=0.01)


def test_a_blitted_image_has_the_pixels_of_the_original():
    images = torch.rand(200, 2, 6, 6)
    blitted = ADA(categories=["blit"], strength=0.9)(images)
    turned = torch.stack(
        [torch.rot90(side, k, (2, 3)) for side in (images, images.flip(-1)) for k in range(4)]
    )
    inner = (..., slice(1, 5), slice(1, 5))  # a shift is by up to 1 pixel: 6 / 8
    candidates = [turned.roll((dy, dx), (-2, -1))[inner] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    difference = torch.stack([(each - blitted[inner]).abs().amax((2, 3, 4)) for each in candidates])
    assert difference.amin((0, 1)).max() < 1e-5
    assert len(difference.flatten(0, 1).argmin(0).unique()) > 30  # of 72


def test_geometry_scales_stretches_and_turns_with_its_probability():
    motion = ADA(categories=["geometry"], strength=0.5).draw_motion(
        torch.empty(40_000, 1, 16, 16, dtype=torch.double)
    )
    linear = motion[:, :, :2]
    scale = -torch.linalg.det(linear).log2() / 2  # of the change, not its inverse
    changed = scale.abs() > 1e-9
    assert changed.double().mean().item() == pytest.approx(0.5, abs=0.01)
    assert scale[changed].std().item() == pytest.approx(0.2, abs=0.01)
    wide = torch.linalg.svdvals(linear)
    stretch = (wide[:, 0] / wide[:, 1]).log2() / 2
    assert (stretch > 1e-6).double().mean().item() == pytest.approx(0.5, abs=0.01)
    assert stretch[stretch > 1e-6].square().mean().sqrt().item() == pytest.approx(0.2, abs=0.01)
    turned = (linear[:, 0, 1].abs() > 1e-9) | (linear[:, 1, 0].abs() > 1e-9)
    assert turned.double().mean().item() == pytest.approx(0.5, abs=0.01)


def test_a_translation_is_a_share_of_the_image():
    ada = ADA(categories=["geometry"], strength=1.0)
    motion = ada.draw_motion(torch.empty(40_000, 1, 16, 32, dtype=torch.double))
    scaled = torch.linalg.solve(motion[:, :, :2], motion[:, :, 2])  # coordinates span 2
    assert (scaled.std(0) / 2).tolist() == pytest.approx([0.125, 0.125], abs=0.002)


def test_a_turned_image_keeps_its_proportions():
    """In pixels, not in shares of the sides, which differ here."""
    ada = ADA(categories=["geometry"], strength=1.0)
    linear = ada.draw_motion(torch.empty(100, 1, 16, 32, dtype=torch.double))[:, :, :2]
    pixels = linear * torch.tensor([[1.0, 2.0], [0.5, 1.0]])
    wide = torch.linalg.svdvals(pixels)
    assert (wide[:, 0] / wide[:, 1]).log2().median() < 0.5  # stretching alone


def test_colours_of_grey_images_change_by_brightness_contrast_and_inversion():
    levels = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2).expand(40_000, -1, -1, -1).double()
    dark, light = ADA(categories=["colour"], strength=0.5)(levels).flatten(1).T
    slope = light - dark
    assert (slope < 0).double().mean().item() == pytest.approx(0.25, abs=0.01)
    contrast = slope.abs().log2()
    changed = contrast.abs() > 1e-9
    assert changed.double().mean().item() == pytest.approx(0.5, abs=0.01)
    assert contrast[changed].std().item() == pytest.approx(0.5, abs=0.01)
    brightness = dark / slope
    assert (brightness != 0).double().mean().item() == pytest.approx(0.5, abs=0.01)
    assert brightness[brightness != 0].std().item() == pytest.approx(0.2, abs=0.01)


def test_hue_turns_and_saturation_stretches_around_the_grey_axis():
    matrix, _ = ADA(strength=0.5).draw_colours(torch.empty(40_000, 3, 1, 1, dtype=torch.double))
    luma = matrix.mean((1, 2)) * 3
    across = torch.tensor([[3**0.5, -(3**0.5), 0], [1, 1, -2]], dtype=torch.double) / 6**0.5
    chroma = across @ matrix @ across.T / luma.abs()[:, None, None]  # contrast is in both
    saturation = torch.linalg.det(chroma).log2() / 2
    assert (saturation.abs() > 1e-9).double().mean().item() == pytest.approx(0.5, abs=0.01)
    assert saturation[saturation.abs() > 1e-9].std().item() == pytest.approx(1, abs=0.03)
    hue = torch.atan2(chroma[:, 1, 0], chroma[:, 0, 0])
    turned = hue.abs() > 1e-9
    assert turned.double().mean().item() == pytest.approx(0.5, abs=0.01)
    assert hue[turned].std().item() == pytest.approx(pi / 3**0.5, abs=0.03)  # uniform


# ADA's controller


def scores(mean_sign: float, n: int = 100) -> Tensor:
    """Scores whose signs have about this mean."""
    return torch.linspace(-1, 1, n) + mean_sign


@pytest.mark.parametrize("target", [0.6, 0.3])
def test_the_controller_settles_where_d_is_as_sure_as_the_target(target):
    """A D that is surer the less its images are changed: the mean of its signs is 1 - p."""
    ada = ADA(target=target, rise=20_000)
    for _ in range(600):
        ada.observe(scores(1 - float(ada.chance)))
    assert float(ada.chance) == pytest.approx(1 - target, abs=0.05)


def test_the_controller_needs_as_many_images_as_were_said_and_stops_short_of_leaking():
    ada = ADA(rise=4000)
    values = []
    for _ in range(40):
        ada.observe(torch.ones(100))
        values.append(float(ada.chance))
    assert values[:8] == pytest.approx([0, 0, 0, 0.1, 0.1, 0.1, 0.1, 0.2])
    assert values[31] == pytest.approx(0.8)
    assert values[-1] == pytest.approx(0.8)
    for _ in range(40):
        ada.observe(-torch.ones(100))
    assert float(ada.chance) == 0


def test_scores_that_are_not_finite_move_nothing_for_good():
    ada = ADA()
    for _ in range(8):
        ada.observe(torch.full((10,), float("nan")))
    assert float(ada.chance) == 0


def test_a_fixed_strength_is_not_adjusted():
    ada = ADA(strength=0.5)
    for _ in range(8):
        ada.observe(torch.ones(10))
    assert float(ada.chance) == 0.5
    assert not ada.needs_calibrated_scores
    assert not ada.curves()


def test_the_controller_continues_bit_for_bit():
    whole, first, second = ADA(rise=1000), ADA(rise=1000), ADA(rise=1000)
    script = [scores(0.9 - 0.02 * step, n=30) for step in range(30)]
    for step in script:
        whole.observe(step)
    for step in script[:14]:  # between two corrections
        first.observe(step)
    second.load_state_dict(first.state_dict())
    for step in script[14:]:
        second.observe(step)
    assert float(whole.chance) > 0
    assert all(torch.equal(a, b) for a, b in zip(whole.buffers(), second.buffers(), strict=True))


@pytest.mark.parametrize(("others", "strength"), [(-1.0, 0.0), (1.0, 0.8)])
def test_the_controller_hears_all_processes(others, strength, monkeypatch):
    """Another process has as many images, and is as sure of them or as sure of the contrary."""
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(
        dist, "all_reduce", lambda value: value.add_(torch.tensor([others * 100, 100.0]))
    )
    ada = ADA(rise=1000)
    for _ in range(4):
        ada.observe(torch.ones(100))
    assert float(ada.chance) == pytest.approx(strength)
