"""The players' shapes, first weights and layers, as their papers have them."""

from functools import partial
from math import sqrt

import pytest
import torch
from torch import Tensor, nn

from ganzoo import model
from ganzoo.condition import ClassLabel, LatentCode, Nothing
from ganzoo.draws import Draws
from ganzoo.error import UserError
from ganzoo.head import Concatenation, Projection, Recognition, Unconditional
from ganzoo.network import (
    MLP,
    BottleneckNet,
    BranchedMLP,
    ConvNet,
    Discriminator,
    MaxoutMLP,
    Plane,
    ResNet,
)
from ganzoo.network.base import MinibatchStd
from ganzoo.network.maxout import Maxout
from ganzoo.network.resnet import Block

TINY = {"generator_hidden": [16], "discriminator_hidden": [16]}


def layers(module: nn.Module, *kinds: type[nn.Module]) -> list[nn.Module]:
    return [layer for layer in module.modules() if isinstance(layer, kinds)]


def convolutions(module: nn.Module) -> list[nn.Module]:
    return layers(module, nn.Conv2d, nn.ConvTranspose2d)


# Shapes


@pytest.mark.parametrize(
    ("network", "side"),
    [
        *[(ConvNet(width=2), side) for side in (8, 28, 32, 48, 64, 128)],
        (ConvNet(width=2, hidden=8, batch_norm=False), 28),
        (ResNet(width=2), 32),
        (ResNet(width=2), 64),
        (BottleneckNet(width=2), 28),
        (MLP(**TINY), 11),
        (MaxoutMLP(**TINY), 28),
        (BranchedMLP(**TINY), 28),
    ],
    ids=lambda value: value if isinstance(value, int) else type(value).__name__,
)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("condition", [Nothing(), ClassLabel(10)], ids=["alone", "told"])
def test_networks_make_and_read_images(network, side, channels, condition):
    shape = (channels, side, side)
    generator = network.generator(7, condition.dim, shape)
    told = condition.draw(torch.arange(3), Draws(0))
    images = generator(torch.randn(3, 7), told)
    assert images.shape == (3, *shape)
    assert -1 <= images.min() < 0 < images.max() <= 1
    far = generator(1e4 * torch.randn(3, 7), told)
    assert far.abs().max() <= 1  # tanh, however far the noise
    head = Projection if condition.dim else Unconditional
    verdict = Discriminator(shape, condition, network, head)(images, told)
    assert verdict.score.shape == (3,)
    assert verdict.images is images


def test_the_plane_plays_points_without_a_squash():
    network = Plane()
    generator = network.generator(256, 0, (2,))
    nn.init.constant_(layers(generator, nn.Linear)[-1].bias, 5.0)
    points = generator(torch.randn(4, 256), torch.zeros(4, 0))
    assert points.shape == (4, 2)
    assert points.min() > 1
    widths = [(layer.in_features, layer.out_features) for layer in layers(generator, nn.Linear)]
    assert widths == [(256, 128), (128, 128), (128, 128), (128, 2)]
    for part in (generator[:-2], network.trunk((2,))[1:]):
        assert [type(layer) for layer in part] == [nn.Linear, nn.Tanh] * 3


def test_a_branched_generator_joins_a_layer_of_each():
    generator = BranchedMLP().generator(100, 10, (1, 28, 28))
    widths = [(layer.in_features, layer.out_features) for layer in layers(generator, nn.Linear)]
    assert widths == [(100, 200), (10, 1000), (1200, 1200), (1200, 784)]


@pytest.mark.parametrize(
    ("side", "outwards"), [(28, [128, 64]), (32, [256, 128, 64]), (64, [1024, 512, 256, 128])]
)
def test_dcgan_has_the_papers_widths(side, outwards):
    network = ConvNet()
    with torch.device("meta"):
        generator, trunk = (
            network.generator(100, 0, (3, side, side)),
            network.trunk((3, side, side)),
        )
    made = convolutions(generator)
    assert [layer.in_channels for layer in made] == outwards
    assert [layer.out_channels for layer in made] == [*outwards[1:], 3]
    read = convolutions(trunk)
    assert [layer.in_channels for layer in read] == [3, *outwards[:0:-1]]
    assert [layer.out_channels for layer in read] == outwards[::-1]
    assert all(layer.stride == (2, 2) for layer in made + read)
    assert not layers(trunk, nn.MaxPool2d, nn.AvgPool2d, nn.Linear)
    assert [layer.out_features for layer in layers(generator, nn.Linear)] == [
        outwards[0] * (7 if side == 28 else 4) ** 2
    ]


def test_dcgan_has_batch_norm_but_for_gs_output_and_ds_input():
    network = ConvNet()
    generator, trunk = network.generator(100, 0, (1, 28, 28)), network.trunk((1, 28, 28))
    assert [layer.num_features for layer in layers(generator, nn.BatchNorm1d)] == [128 * 7 * 7]
    assert [layer.num_features for layer in layers(generator, nn.BatchNorm2d)] == [64]
    assert [type(layer) for layer in generator][-2:] == [nn.ConvTranspose2d, nn.Tanh]
    assert [layer.num_features for layer in layers(trunk, nn.BatchNorm2d)] == [128]
    assert [type(layer) for layer in trunk][:2] == [nn.Conv2d, nn.LeakyReLU]
    assert {layer.negative_slope for layer in layers(trunk, nn.LeakyReLU)} == {0.2}
    assert not layers(generator, nn.LeakyReLU)


def test_what_the_dense_layer_makes_is_normalised_unit_by_unit_or_over_a_channels_places():
    noise, none = torch.rand(64, 9) * torch.arange(1, 10), torch.zeros(64, 0)
    for unit_norm, over in ((True, (0,)), (False, (0, 2, 3))):
        generator = ConvNet(width=4, unit_norm=unit_norm).generator(9, 0, (1, 28, 28))
        maps = generator[:3](noise, none)
        spread = maps.std(over, correction=0)
        assert maps.shape == (64, 8, 7, 7)
        assert spread.shape == (maps.shape[1:] if unit_norm else (8,))
        assert spread.mean().item() == pytest.approx(1, abs=0.05)
        assert len(layers(generator, nn.BatchNorm2d)) == (1 if unit_norm else 2)


def test_the_discriminator_alone_can_do_without_batch_norm():
    network = ConvNet(width=4, hidden=8, discriminator_norm=False)
    assert not layers(network.trunk((1, 28, 28)), nn.BatchNorm1d, nn.BatchNorm2d)
    assert len(layers(network.generator(7, 0, (1, 28, 28)), nn.BatchNorm1d, nn.BatchNorm2d)) == 3


def test_the_first_images_differ_as_much_as_is_asked():
    """The weights are those of the paper, and only their scale differs."""
    stds, pair = (0.02, 0.1), []
    for std in stds:
        torch.manual_seed(0)
        generator = ConvNet(width=4, hidden=8, output_std=std).generator(9, 0, (1, 28, 28))
        pair.append([layer.weight for layer in convolutions(generator)])
    (first, last), (same, scaled) = pair
    assert torch.equal(first, same)
    assert torch.allclose(scaled, last * stds[1] / stds[0])


def test_batch_norm_can_be_left_out():
    network = ConvNet(width=4, hidden=8, batch_norm=False)
    for part in (network.generator(7, 0, (1, 28, 28)), network.trunk((1, 28, 28))):
        assert not layers(part, nn.BatchNorm1d, nn.BatchNorm2d)


def test_infogan_has_a_fully_connected_layer_in_both_players():
    network = ConvNet(width=64, hidden=1024, slope=0.1)
    generator, trunk = network.generator(62, 12, (1, 28, 28)), network.trunk((1, 28, 28))
    made = [(layer.in_features, layer.out_features) for layer in layers(generator, nn.Linear)]
    assert made == [(62 + 10 + 2, 1024), (1024, 128 * 7 * 7)]
    read = [(layer.in_features, layer.out_features) for layer in layers(trunk, nn.Linear)]
    assert read == [(128 * 7 * 7, 1024)]
    units = [layer.num_features for layer in layers(generator, nn.BatchNorm1d)]
    assert units == [1024, 128 * 7 * 7]
    assert [layer.num_features for layer in layers(trunk, nn.BatchNorm1d)] == [1024]
    assert {layer.negative_slope for layer in layers(trunk, nn.LeakyReLU)} == {0.1}


@pytest.mark.parametrize(
    ("side", "made", "read", "last_side"),
    [
        (32, [(4, 4)] * 3, [(0, 2), (2, 2), (2, 2), (2, 2)], 8),
        (64, [(16, 8), (8, 4), (4, 2), (2, 1)], [(0, 1), (1, 2), (2, 4), (4, 8), (8, 16)], 2),
    ],
)
def test_resnets_have_the_papers_blocks(side, made, read, last_side):
    network, width = ResNet(width=2), 2
    generator = network.generator(5, 0, (1, side, side))
    trunk = network.trunk((1, side, side)).apply(network.initialise)
    for blocks, expected in ((layers(generator, Block), made), (layers(trunk, Block), read)):
        ends = [(convs[0].in_channels, convs[-1].out_channels) for convs in map(residual, blocks)]
        assert ends == [(before * width or 1, after * width) for before, after in expected]
    blocks = layers(trunk, Block)
    maps = nn.Sequential(*blocks)(torch.randn(2, 1, side, side))
    assert maps.shape == (2, read[-1][1] * width, last_side, last_side)
    assert torch.equal(trunk(torch.zeros(2, 1, side, side)), torch.zeros(2, maps.shape[1]))
    assert not layers(trunk, nn.BatchNorm2d)


def residual(block: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in block.residual if isinstance(layer, nn.Conv2d)]


def test_a_block_adds_its_input():
    block = Block([nn.ReLU()], [])
    assert block(torch.tensor([-1.0, 2.0])).tolist() == [-1.0, 4.0]


# First weights


def test_dcgan_starts_from_gaussian_weights():
    network = ConvNet()
    trunk = network.trunk((1, 32, 32)).apply(network.initialise)
    for part in (network.generator(100, 0, (1, 32, 32)), trunk):
        for layer in layers(part, nn.Linear, nn.Conv2d, nn.ConvTranspose2d):
            n = layer.weight.numel()
            assert layer.weight.std().item() == pytest.approx(0.02, rel=4 / sqrt(2 * n))
            assert layer.weight.mean().item() == pytest.approx(0, abs=4 * 0.02 / sqrt(n))
            assert layer.bias.abs().max() == 0
        for layer in layers(part, nn.BatchNorm2d):
            assert layer.weight.mean().item() == pytest.approx(1, abs=0.01)
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.3)


@pytest.mark.parametrize("network", [MaxoutMLP(), BranchedMLP()], ids=["gan", "cgan"])
def test_the_first_gans_start_from_uniform_weights(network):
    for part, bound in (
        (network.generator(100, 10, (1, 28, 28)), 0.05),
        (network.trunk((1, 28, 28)).apply(network.initialise), 0.005),
    ):
        for layer in layers(part, nn.Linear):
            assert 0.98 * bound < layer.weight.max().item() <= bound
            assert -bound <= layer.weight.min().item() < -0.98 * bound
            assert layer.weight.std().item() == pytest.approx(bound / sqrt(3), rel=0.03)
            assert layer.bias.abs().max() == 0


def test_resnets_start_from_glorot_weights():
    network = ResNet(width=16)
    trunk = network.trunk((3, 32, 32)).apply(network.initialise)
    for part in (network.generator(100, 0, (3, 32, 32)), trunk):
        for layer in layers(part, nn.Linear, nn.Conv2d):
            fan_out, fan_in = layer.weight.shape[0], layer.weight[0].numel()
            area = layer.weight[0][0].numel()
            gain = 2 if area == 9 else 1
            bound = sqrt(gain * 6 / (fan_in + fan_out * area))
            assert 0.9 * bound < layer.weight.abs().max().item() <= bound * 1.0001
            assert layer.bias.abs().max() == 0


@pytest.mark.parametrize(
    ("network", "std"), [(ConvNet(), 0.02), (MaxoutMLP(), 0.005 / sqrt(3))], ids=["dcgan", "gan"]
)
def test_the_scores_layer_starts_as_the_trunk_does(network, std):
    judges = [Discriminator((1, 28, 28), Nothing(), network, Unconditional) for _ in range(2)]
    weights = torch.cat([judge.head.score.weight for judge in judges])
    assert weights.std().item() == pytest.approx(std, rel=0.1)


# Layers


def test_maxout_takes_the_largest_piece():
    layer = Maxout(2, 2, pieces=3)
    weight = torch.tensor([[1, 0], [0, 1], [0, 0], [-1, 0], [0, -1], [1, 1]]).float()
    layer.pieces.weight.data, layer.pieces.bias.data = weight, torch.tensor([0, 0, 1.5, 0, 0, -9])
    outputs = layer(torch.tensor([[1.0, 2.0], [-3.0, -4.0]]))
    # max(x, y, 1.5) and max(-x, -y, x + y - 9)
    assert outputs.tolist() == [[2, -1], [1.5, 4]]


def test_the_first_gans_drop_out_inputs_and_hidden_units():
    rates = [layer.p for layer in layers(MaxoutMLP().trunk((1, 28, 28)), nn.Dropout)]
    assert rates == [0.2, 0.5, 0.5]
    rates = [layer.p for layer in layers(BranchedMLP().trunk((1, 28, 28)), nn.Dropout)]
    assert rates == [0.5, 0.5]
    units = [
        (layer.pieces.in_features, *layer.unflatten.unflattened_size)
        for layer in layers(MaxoutMLP().trunk((1, 28, 28)), Maxout)
    ]
    assert units == [(784, 240, 5), (240, 240, 5)]


def test_cgans_discriminator_joins_maxout_layers():
    discriminator = Discriminator((1, 28, 28), ClassLabel(10), BranchedMLP(), Concatenation)
    units = [
        (layer.pieces.in_features, *layer.unflatten.unflattened_size)
        for layer in layers(discriminator, Maxout)
    ]
    assert units == [(784, 240, 5), (10, 50, 5), (290, 240, 4)]
    assert [layer.p for layer in layers(discriminator, nn.Dropout)] == [0.5] * 4


def test_minibatch_std_is_the_mean_spread_over_the_batch():
    layer = MinibatchStd()
    alike = layer(torch.ones(3, 2))
    assert alike.tolist() == [[1, 1, 0]] * 3
    spread = layer(torch.tensor([[0.0, 1.0], [2.0, 7.0]]))  # standard deviations 1 and 3
    assert spread.tolist() == [[0, 1, 2], [2, 7, 2]]


def test_minibatch_std_shows_the_head_one_more_feature():
    discriminator = Discriminator(
        (1, 8, 8), Nothing(), MLP(**TINY, minibatch_std=True), Unconditional
    )
    assert discriminator.head.score.in_features == 17
    image = torch.randn(1, 1, 8, 8)
    nn.init.zeros_(discriminator.head.score.weight.data[:, :16])
    nn.init.ones_(discriminator.head.score.weight.data[:, 16:])
    nn.init.zeros_(discriminator.head.score.bias)
    told = torch.zeros(4, 0)
    assert discriminator(image.expand(4, 1, 8, 8), told).score.abs().max() < 1e-6
    assert discriminator(torch.randn(4, 1, 8, 8), told).score.min() > 0.01


@pytest.mark.parametrize("packing", [2, 3])
@pytest.mark.parametrize(
    "network", [MLP, ConvNet, BottleneckNet, Plane], ids=lambda kind: kind.__name__
)
def test_packed_images_are_judged_together(packing, network):
    small = TINY if network is MLP else {} if network is Plane else {"width": 4}
    shape = (2,) if network is Plane else (1, 8, 8)
    judge = Discriminator(shape, Nothing(), network(**small, packing=packing), Unconditional).eval()
    images, told = torch.randn(2 * packing, *shape), torch.zeros(2 * packing, 0)
    scores = judge(images, told).score
    assert scores.shape == (2,)
    for changed in range(2 * packing):
        others = images.clone()
        others[changed] += 1
        moved = judge(others, told).score != scores
        assert moved.tolist() == [changed < packing, changed >= packing]


@pytest.mark.parametrize("head", [Concatenation, Projection])
def test_a_packs_score_depends_on_all_its_conditions(head):
    judge = Discriminator((1, 4, 4), ClassLabel(3), MLP(**TINY, packing=2), head).eval()
    images, told = torch.randn(4, 1, 4, 4), torch.eye(3)[[0, 1, 2, 0]]
    scores = judge(images, told).score
    for changed in range(4):
        others = told.clone()
        others[changed] = others[changed].roll(1)
        assert (judge(images, others).score != scores).tolist() == [changed < 2, changed >= 2]


def test_packed_images_are_each_guessed():
    judge = Discriminator((1, 4, 4), LatentCode((3,), 1), MLP(**TINY, packing=2), Recognition)
    told = LatentCode((3,), 1).draw(torch.zeros(4), Draws(0))
    verdict = judge(torch.randn(4, 1, 4, 4), told)
    assert verdict.log_q.shape == verdict.log_p.shape == (4, 2)


def test_a_batch_that_makes_no_whole_packs_is_refused_with_a_remedy():
    judge = Discriminator((1, 8, 8), Nothing(), MLP(**TINY, packing=2), Unconditional)
    with pytest.raises(UserError, match=r"data\.batch_size|network\.packing"):
        judge(torch.zeros(5, 1, 8, 8), torch.zeros(5, 0))


def test_no_packing_of_less_than_one():
    with pytest.raises(UserError, match=r"network\.packing=1"):
        MLP(packing=0)


@pytest.mark.parametrize("head", [Unconditional, Concatenation, Projection, Recognition])
@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (MLP(**TINY, spectral_norm=True), (1, 8, 8)),
        (MaxoutMLP(**TINY, spectral_norm=True), (1, 8, 8)),
        (ConvNet(width=4, hidden=8, spectral_norm=True), (1, 8, 8)),
        (ResNet(width=2, spectral_norm=True), (1, 32, 32)),
        (BottleneckNet(width=2, spectral_norm=True), (1, 8, 8)),
        (Plane(hidden=16, spectral_norm=True), (2,)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_weight_of_a_normalised_discriminator_has_spectral_norm_one(network, shape, head):
    condition = Nothing() if head is Unconditional else ClassLabel(5)
    judge = Discriminator(shape, condition, network, head)
    weighty = layers(judge, nn.Linear, nn.Conv2d)
    assert len(weighty) > 1
    with torch.no_grad():
        for layer in weighty * 300:
            _ = layer.weight  # a power iteration each
    judge.eval()
    for layer in weighty:
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
        assert largest.item() == pytest.approx(1, abs=0.02)
    assert any(layer in judge.head.modules() for layer in weighty)
    assert not any(
        "parametrizations" in name for name, _ in network.generator(5, 0, shape).named_modules()
    )


# Heads


def test_heads_that_are_told_score_by_the_condition_and_others_do_not():
    features, told = torch.randn(2, 6), torch.eye(3)[[0, 1]]
    for head in (Concatenation, Projection, Recognition, Unconditional):
        judge = head(6, 3).eval()
        (score, guess), (other, _) = judge(features, told), judge(features, told.roll(1, 1))
        assert score.shape == (2,)
        assert head.is_told == bool((score != other).all())
        assert guess.shape == (2, 3 if head.guesses else 0)


def test_projection_adds_the_agreement_of_features_and_condition():
    head = Projection(2, 3)
    head.score.weight.data, head.score.bias.data = torch.tensor([[1.0, 10.0]]), torch.tensor([0.5])
    head.embed.weight.data = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    score, _ = head(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 1.0, 0.0]]))
    assert score.item() == 1 + 20 + 0.5 + (1 * 2 + 2 * 5)


def test_the_recognition_head_is_infogans_q():
    q = Recognition(1024, 12).guess
    assert [type(layer) for layer in q] == [nn.Linear, nn.BatchNorm1d, nn.LeakyReLU, nn.Linear]
    assert (q[0].out_features, q[2].negative_slope, q[3].out_features) == (128, 0.1, 12)


# Images that a network cannot make


@pytest.mark.parametrize(
    ("network", "shape", "remedy"),
    [
        (ConvNet(), (1, 30, 30), "data.image_size=32"),
        (ConvNet(), (1, 4, 4), "network=mlp"),
        (ConvNet(), (1, 28, 32), "data.image_size=32"),
        (ConvNet(), (2,), "network=mlp"),
        (ResNet(), (1, 28, 28), "data.image_size=32"),
        (ResNet(), (3, 128, 128), "network=dcgan"),
        (ResNet(), (2,), "network=dcgan"),
    ],
)
def test_images_that_a_network_cannot_make_are_refused_with_a_remedy(network, shape, remedy):
    for build in (lambda: network.generator(10, 0, shape), lambda: network.trunk(shape)):
        with pytest.raises(UserError, match=remedy):
            build()


# What only one variant can do


def test_variants_are_built_from_python_with_their_defaults():
    for variant in model.__all__:
        game = getattr(model, variant)(image_shape=(1, 28, 28))
        images = game.sample(2)
        assert images.shape == (2, 1, 28, 28)
        assert images.abs().max() <= 1


def test_dcgans_features_are_its_pooled_activations():
    game = model.DCGAN((1, 32, 32), network=ConvNet(width=4))
    images = torch.randn(3, 1, 32, 32)
    features = game.features(images)
    assert features.shape == (3, (4 + 8 + 16) * 16)
    game.eval()
    with torch.no_grad():
        first = nn.functional.leaky_relu(game.discriminator.trunk[0](images), 0.2)
        pooled = first.unflatten(2, (4, 4)).unflatten(4, (4, 4)).amax((3, 5))
    torch.testing.assert_close(features[:, :64], pooled.flatten(1))
    torch.testing.assert_close(game.features(images, layer=0), pooled.flatten(1))
    torch.testing.assert_close(game.features(images, layer=2), features[:, 12 * 16 :])
    with pytest.raises(UserError, match="has 3 activations"):
        game.features(images, layer=3)
    assert game.train().features(images).shape == features.shape
    assert game.training


@pytest.mark.parametrize("variant", [model.GAN, model.CGAN, model.InfoGAN, model.SNGAN])
def test_every_variants_discriminator_has_features(variant):
    game = variant((1, 32, 32))
    assert game.features(torch.zeros(2, 1, 32, 32)).ndim == 2


def test_wgans_distance_is_the_critics_difference():
    game = model.WGAN((1, 8, 8), network=MLP(**TINY))
    images = torch.randn(5, 1, 8, 8)
    told = torch.zeros(5, 0)
    real, fake = (game.discriminator(each, told).score for each in (images, game.sample(5, seed=3)))
    assert game.distance(images, seed=3).item() == pytest.approx((real.mean() - fake.mean()).item())


def test_infogan_infers_probabilities_and_means():
    game = model.InfoGAN((1, 8, 8), network=ConvNet(width=4, hidden=8))
    codes = game.infer(torch.randn(3, 1, 8, 8))
    assert codes.shape == (3, 12)
    assert codes[:, :10].sum(1).tolist() == pytest.approx([1, 1, 1])
    assert codes[:, :10].min() > 0
    with torch.no_grad():
        guesses: Tensor = game.eval().discriminator.guess(torch.zeros(1, 1, 8, 8))
        means = game.infer(torch.zeros(1, 1, 8, 8))[:, 10:]
    assert means.tolist() == guesses[:, 10:].tolist()


def test_an_aloof_guess_shapes_neither_the_trunk_nor_the_images():
    """InfoGAN's control (figure 1): Q learns to read, and nobody learns to be read."""
    images = torch.randn(6, 1, 4, 4, requires_grad=True)
    code = LatentCode((3,), 1)
    told = torch.eye(4)[[0, 1, 2, 0, 1, 2]]
    for aloof in (False, True):
        head = partial(Recognition, aloof=aloof)
        judge = Discriminator((1, 4, 4), code, MLP(**TINY), head)
        images.grad = None
        judge(images, told).log_q.sum().backward()
        reached = [each.grad is not None for each in (images, *judge.trunk.parameters())]
        assert set(reached) == {not aloof}
        assert all(each.grad is not None for each in judge.head.guess.parameters())
