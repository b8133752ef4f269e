"""StyleGAN2's layers against plain ones, and truncation in w."""

from math import sqrt

import pytest
import torch
from hydra.utils import instantiate
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate

import ganzoo
from ganzoo import model
from ganzoo.condition import ClassLabel, Nothing
from ganzoo.draws import Draws
from ganzoo.error import UserError
from ganzoo.head import Projection, Unconditional
from ganzoo.inference.export import export_model
from ganzoo.network import Discriminator, StyleNet
from ganzoo.network.base import MinibatchStd
from ganzoo.network.equalised import equalise, slow_down
from ganzoo.network.modulated import ModulatedConv, Noise
from ganzoo.network.resampling import DownConv, upsampled
from tests.helpers.games import shrink

TINY = StyleNet(width=4, style_dim=6)
FILTER = torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]) / 16


def filtered(maps: Tensor) -> Tensor:
    """Every channel through the filter, without padding."""
    return conv2d(maps, FILTER.expand(maps.shape[1], 1, 3, 3), groups=maps.shape[1])


def spaced(maps: Tensor) -> Tensor:
    """A zero to the right of and below every number."""
    wide = maps.new_zeros(*maps.shape[:2], 2 * maps.shape[2], 2 * maps.shape[3])
    wide[..., ::2, ::2] = maps
    return wide


# Layers


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize(("kernel", "up"), [(3, False), (1, False), (3, True)])
def test_modulation_is_a_convolution_of_each_samples_own(kernel, up, demodulate):
    layer = ModulatedConv(5, 7, 3, kernel, up, demodulate).apply(equalise)
    nn.init.normal_(layer.style.bias)
    maps, style = torch.randn(4, 5, 6, 6), 3 * torch.randn(4, 3)
    for image, told, made in zip(maps, style, layer(maps, style), strict=True):
        weight = layer.convolution.weight * (1 + layer.style(told))[:, None, None]
        if demodulate:
            weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if up:  # by inserting zeros, as a transposed convolution, which turns its kernel around
            expected = 4 * filtered(conv2d(spaced(image[None]), weight.flip(2, 3), padding=2))
        else:
            expected = conv2d(image[None], weight, padding=kernel // 2)
        torch.testing.assert_close(made[None], expected, rtol=1e-4, atol=1e-4)


def test_demodulated_outputs_have_unit_variance_whatever_the_style():
    layer = ModulatedConv(32, 64, 8).apply(equalise)
    made = layer(torch.randn(6, 32, 24, 24), 10 * torch.randn(6, 8))[..., 1:-1, 1:-1]
    assert made.std((1, 2, 3)).tolist() == pytest.approx([1] * 6, rel=0.05)


def test_modulation_has_second_derivatives():
    layer = ModulatedConv(2, 3, 2, up=True).apply(equalise).double()
    maps, style = torch.randn(2, 2, 3, 3).double(), torch.randn(2, 2).double()
    assert torch.autograd.gradgradcheck(layer, (maps.requires_grad_(), style.requires_grad_()))


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [(nn.Linear(50, 400), 50), (nn.Conv2d(10, 200, 3), 90), (DownConv(10, 200, 3), 90)],
)
def test_equalised_layers_are_used_at_hes_scale_and_stored_with_variance_one(layer, fan_in):
    equalise(layer)
    (stored,) = (weight for name, weight in layer.named_parameters() if "weight" in name)
    assert stored.std().item() == pytest.approx(1, rel=0.03)
    assert layer.weight.std().item() == pytest.approx(1 / sqrt(fan_in), rel=0.03)
    before = layer.weight.detach().clone()
    optimizer = torch.optim.Adam([stored], lr=0.1)
    layer.weight.sum().backward()
    optimizer.step()
    moved = before - layer.weight  # Adam's first step is as large as its rate
    assert moved.flatten().tolist() == pytest.approx([0.1 / sqrt(fan_in)] * moved.numel(), rel=1e-3)


def test_a_slow_layer_starts_alike_and_learns_at_its_share():
    plain = nn.Linear(40, 60)
    equalise(plain)
    before = plain.weight.detach().clone()
    slow = slow_down(plain, 0.01)
    torch.testing.assert_close(slow.weight, before)
    optimizer = torch.optim.Adam(slow.parameters(), lr=0.1)
    (slow.weight.sum() + slow.bias.sum()).backward()
    optimizer.step()
    moved = (before - slow.weight).mean().item()
    assert moved == pytest.approx(0.001 / sqrt(40), rel=1e-2)
    assert slow.bias.mean().item() == pytest.approx(-0.001, rel=1e-2)


def test_upsampling_interpolates_linearly_between_neighbours():
    maps = torch.randn(2, 3, 5, 5)
    torch.testing.assert_close(
        upsampled(maps)[..., :9, :9], interpolate(maps, 9, mode="bilinear", align_corners=True)
    )
    assert upsampled(maps).shape == (2, 3, 10, 10)


def test_a_down_convolution_is_filtered_and_keeps_every_second_number():
    for kernel in (1, 3):
        layer, maps = DownConv(2, 4, kernel), torch.randn(3, 2, 8, 8)
        whole = conv2d(maps, layer.weight, padding=kernel // 2 + 1)
        torch.testing.assert_close(
            layer(maps) - layer.bias[:, None, None], filtered(whole)[..., ::2, ::2]
        )


def test_noise_is_fresh_in_training_and_the_same_in_evaluation():
    layer, maps = Noise(4), torch.zeros(5, 2, 4, 4)
    assert layer(maps).abs().max() == 0  # of no strength at first
    layer.strength.data.fill_(2.0)
    first = layer(maps)
    assert torch.equal(first[:, 0], first[:, 1])
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, layer(maps))
    assert first.std().item() == pytest.approx(2, rel=0.3)
    layer.eval()
    fixed = layer(maps)
    assert torch.equal(fixed, layer(maps))
    assert torch.equal(fixed[0], fixed[1])
    torch.testing.assert_close(fixed[0, 0], 2 * layer.constant[0, 0])


def test_the_deviation_of_images_that_are_alike_has_first_and_second_derivatives():
    features = torch.ones(3, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(
        MinibatchStd()(features)[:, 2].sum(), features, create_graph=True
    )
    slope.square().sum().backward()
    assert slope.isfinite().all()
    assert features.grad.isfinite().all()


# Players


@pytest.mark.parametrize("side", [8, 28, 32, 48, 64, 128])
@pytest.mark.parametrize(("channels", "condition"), [(1, Nothing()), (3, ClassLabel(10))])
def test_players_make_and_read_images(side, channels, condition):
    shape, told = (channels, side, side), condition.draw(torch.arange(3), Draws(0))
    generator = TINY.generator(7, condition.dim, shape)
    images = generator(100 * torch.randn(3, 7), told)
    assert images.shape == (3, *shape)
    assert images.abs().max() <= 1
    head = Projection if condition.dim else Unconditional
    judge = Discriminator(shape, condition, TINY, head)
    assert judge(images, told).score.shape == (3,)
    assert judge.head.score.in_features == judge.features(images).shape[1] + 1
    if condition.dim:
        assert not torch.equal(generator.eval()(torch.ones(3, 7), told)[0], images[1])


def test_the_class_and_not_the_length_of_the_noise_decides_the_style():
    mapping = TINY.generator(7, 10, (1, 8, 8)).mapping
    noise, classes = torch.randn(1, 7).expand(3, 7), torch.eye(10)[[0, 1, 1]]
    zero, one, far = mapping(noise * torch.tensor([[1.0], [1.0], [9.0]]), classes)
    torch.testing.assert_close(one, far)
    assert (zero - one).abs().max() > 0.01


@pytest.mark.parametrize(
    ("side", "inwards"), [(32, [512] * 4), (64, [512] * 5), (128, [256, *[512] * 5])]
)
def test_the_papers_widths_are_one_word_away(side, inwards, compose):
    with torch.device("meta"):
        network = instantiate(compose("network=stylegan2_paper").network)
        trunk = network.trunk((3, side, side))
        generator = network.generator(512, 0, (3, side, side))
    read = [layer.in_channels for layer in trunk.modules() if isinstance(layer, DownConv)]
    assert read == [width for width in inwards[:-1] for _ in range(2)]
    assert [layer.convolution.convolution.in_channels for layer in generator.synthesis.draw] == (
        inwards[::-1]
    )
    assert len([part for part in generator.mapping.layers if isinstance(part, nn.Linear)]) == 8


def test_a_side_that_does_not_halve_is_refused():
    with pytest.raises(UserError, match=r"network=stylegan2 makes square .* data.image_size=32"):
        TINY.generator(7, 0, (1, 30, 30))


# Truncation


def styled(play, **choices):
    game = model.StyleGAN2((1, 8, 8), network=TINY, **choices)
    play(game, steps=3)
    return game


def test_w_has_a_running_mean_of_its_batches():
    mapping = TINY.generator(7, 0, (1, 8, 8)).mapping
    batches = torch.randn(3, 4, 7)
    means = [mapping(batch, batch[:, :0]).mean(0) for batch in batches]
    torch.testing.assert_close(mapping.mean, torch.stack(means).mean(0))
    mapping.eval()
    mapping(batches[0], batches[0][:, :0])
    assert mapping.observations == 3
    mapping.train().observations.fill_(10**6)
    before = mapping.mean.clone()
    mapping(batches[0], batches[0][:, :0])
    torch.testing.assert_close(mapping.mean, before.lerp(means[0], 0.005))


@pytest.mark.parametrize("ema", [None, 0.5])
def test_truncation_pulls_w_to_its_mean_and_not_the_noise_to_zero(ema, play):
    game = styled(play, ema=ema)
    generator = (game.ema.module if ema else game.generator).eval()
    mean = generator.mapping.mean
    assert torch.equal(mean, game.generator.mapping.mean)
    assert mean.abs().max() > 0
    (center,) = generator.synthesis(mean[None]).detach()
    near = game.sample(4, truncation=1e-6)
    torch.testing.assert_close(near, center.expand(4, *center.shape), rtol=0, atol=1e-4)
    assert torch.equal(game.sample(4, truncation=1.0), game.sample(4))
    drawn = []
    generator.synthesis.register_forward_pre_hook(lambda _, given: drawn.append(given[0]))
    game.sample(4, truncation=0.5), game.sample(4)
    torch.testing.assert_close(drawn[0], (mean + drawn[1]) / 2)


def test_a_sample_is_the_same_at_every_call_and_after_saving(run, tmp_path):
    folder, game = run("model=stylegan2")
    for part in (game.generator, game.ema):
        for name, weight in part.named_parameters():
            if name.endswith("strength"):
                weight.data.fill_(0.5)
        part.get_buffer(
            next(name for name, _ in part.named_buffers() if name.endswith("mapping.mean"))
        ).fill_(0.3)
    torch.save(
        torch.load(folder / "checkpoints/best.ckpt", weights_only=True)
        | {"state_dict": game.state_dict()},
        folder / "checkpoints/best.ckpt",
    )
    loaded = ganzoo.load(folder)
    for truncation in (1.0, 0.7):
        pictures = game.sample(3, 5, truncation=truncation)
        assert torch.equal(pictures, game.sample(3, 5, truncation=truncation))
        assert torch.equal(pictures, loaded.sample(3, 5, truncation=truncation))
    exported = export_model(folder, tmp_path / "out", ["safetensors", "onnx", "torch"])
    assert max(each.difference for each in exported) < 1e-4
    kept = ganzoo.load(tmp_path / "out").sample(3, 5, truncation=0.7)
    torch.testing.assert_close(kept, pictures, rtol=0, atol=1e-6)


# The paper's setting


def test_the_papers_setting_has_its_numbers(compose):
    cfg = compose("experiment=paper/stylegan2", image_shape=(3, 32, 32))
    assert (cfg.network.mapping_layers, cfg.network.style_dim, cfg.network.width) == (2, 512, None)
    assert (cfg.data.batch_size, cfg.data.image_size, cfg.latent.dim) == (64, 32, 512)
    assert pytest.approx(cfg.ema ** (500_000 / 64), rel=0.02) == 0.5
    game = instantiate(shrink(cfg).model, _convert_="all")
    assert game.losses.keys() == {"non_saturating", "r1"}
    assert game.losses["r1"].weight == 0.01
    for optimizer in game.configure_optimizers()[0]:
        assert optimizer.defaults["lr"] == 2.5e-3
        assert list(optimizer.defaults["betas"]) == [0.0, 0.99]
