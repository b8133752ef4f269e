"""R3GAN's players: blocks, resampling, first weights, ends, and the paper's widths."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from ganzoo.condition import ClassLabel, Nothing
from ganzoo.draws import Draws
from ganzoo.error import UserError
from ganzoo.head import Projection, Unconditional
from ganzoo.network import BottleneckNet, Discriminator
from ganzoo.network.r3gan import Basis, InvertedBottleneck

SIDES = (8, 28, 32, 64, 128)


def blocks_of(module):
    return [each for each in module.modules() if isinstance(each, InvertedBottleneck)]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("condition", [Nothing(), ClassLabel(10)], ids=["alone", "told"])
def test_both_players_exist_from_8_to_128_pixels(side, channels, condition):
    network, shape = BottleneckNet(width=2, max_width=4), (channels, side, side)
    told = condition.draw(torch.arange(3), Draws(0))
    generator = network.generator(7, condition.dim, shape)
    images = generator(torch.randn(3, 7), told)
    assert images.shape == (3, *shape)
    assert images.std(0).mean() > 0.01  # the first images differ
    assert generator(1e4 * torch.randn(3, 7), told).abs().max() <= 1
    head = Projection if condition.dim else Unconditional
    verdict = Discriminator(shape, condition, network, head)(images, told)
    assert verdict.score.shape == (3,)
    assert verdict.features.shape[1] == 4 - 2 * (side == 8)
    assert len(blocks_of(generator)) == {8: 1, 28: 2, 32: 3, 64: 4, 128: 5}[side]


def test_a_block_adds_nothing_at_first_and_something_after_a_step():
    network = BottleneckNet(width=4, blocks=2)
    judge = Discriminator((1, 28, 28), Nothing(), network, Unconditional)
    for player in (network.generator(5, 0, (1, 28, 28)), judge.trunk):
        for block in blocks_of(player):
            maps = torch.randn(2, block.widen.in_channels, 6, 6)
            assert torch.equal(block(maps), maps)
            (2 * block(maps)).square().sum().backward()
            block.narrow.weight.data -= block.narrow.weight.grad
            assert (block(maps) != maps).any(dim=1).all()


def test_a_block_is_three_convolutions_with_leaky_relus_between_them():
    block = InvertedBottleneck(4, 8, group_size=2, slope=0.2, depth=1)
    assert (block.widen.kernel_size, block.mix.kernel_size) == ((1, 1), (3, 3))
    assert (block.narrow.kernel_size, block.mix.groups) == ((1, 1), 4)
    nn.init.ones_(block.widen.weight)
    nn.init.zeros_(block.widen.bias)
    nn.init.zeros_(block.mix.weight)
    block.mix.weight.data[:, :, 1, 1] = torch.tensor([1.0, -1.0])  # of equal channels: nothing
    nn.init.constant_(block.mix.bias, -1.0)
    nn.init.ones_(block.narrow.weight)
    maps = torch.rand(1, 4, 3, 3)
    torch.testing.assert_close(block(maps), maps - 8 * 0.2)
    block.mix.weight.data[:, :, 1, 1] = torch.tensor([1.0, 0.0])
    nn.init.zeros_(block.mix.bias)
    torch.testing.assert_close(block(-maps), -maps - 8 * 0.04 * maps.sum(1, keepdim=True))


@pytest.mark.parametrize(
    ("width", "expansion", "size", "groups"),
    [(32, 2, 16, 4), (4, 2, 16, 1), (12, 2, 16, 3), (16, 2, 1, 32)],
)
def test_a_3x3_convolution_mixes_as_many_channels_as_is_asked_or_fit(
    width, expansion, size, groups
):
    network = BottleneckNet(width=width, expansion=expansion, group_size=size)
    first, *_ = blocks_of(network.trunk((1, 28, 28)))
    assert first.mix.in_channels == width * expansion
    assert first.mix.groups == groups


def test_resampling_is_bilinear():
    network, maps = BottleneckNet(width=2), torch.randn(2, 3, 6, 6)
    for player, factor in (
        (network.generator(5, 0, (1, 64, 64)), 2),
        (network.trunk((1, 64, 64)), 0.5),
    ):
        resample = [each for each in player if isinstance(each, nn.Upsample | nn.AvgPool2d)]
        assert len(resample) == 3
        expected = interpolate(maps, scale_factor=factor, mode="bilinear")
        assert all(torch.allclose(each(maps), expected, atol=1e-6) for each in resample)


def test_a_fold_reads_and_draws_2x2_pixels_as_one_place():
    for fold, side, channels in ((True, 14, 12), (False, 28, 3)):
        network = BottleneckNet(width=4, fold=fold)
        generator, trunk = network.generator(5, 0, (3, 28, 28)), network.trunk((3, 28, 28))
        assert generator[-3].out_channels == trunk[1].in_channels == channels
        places = trunk[0](torch.arange(28.0 * 28 * 3).view(1, 3, 28, 28))
        assert places.shape == (1, channels, side, side)
        assert torch.equal(generator[-2](places), torch.arange(28.0 * 28 * 3).view(1, 3, 28, 28))
        corner = [0, 1, 28, 29] if fold else [0]
        assert places[0, : len(corner), 0, 0].tolist() == corner
        assert len(blocks_of(trunk)) == len(blocks_of(generator)) == 2 + (not fold)


def test_the_generator_starts_from_pictures_times_a_map_of_the_noise():
    basis = Basis(2, 3, 4)
    basis.scale.weight.data = torch.tensor([[1.0, 0], [0, 1], [1, 1]])
    nn.init.zeros_(basis.scale.bias)
    maps = basis(torch.tensor([[2.0, -1.0]]))
    torch.testing.assert_close(
        maps[0], basis.pictures[0] * torch.tensor([2.0, -1, 1])[:, None, None]
    )
    generator = BottleneckNet(width=4).generator(5, 0, (1, 28, 28))
    assert generator[0].pictures.shape == (1, 8, 7, 7)
    assert sum(each is generator[0].pictures for each in generator.parameters()) == 1


def test_the_trunk_ends_in_a_weight_for_each_place_and_channel():
    trunk = BottleneckNet(width=4).trunk((1, 28, 28))
    last, flatten = trunk[-2:]
    assert (last.weight.shape, last.groups, last.bias) == ((8, 1, 7, 7), 8, None)
    maps = torch.randn(2, 8, 7, 7)
    torch.testing.assert_close(flatten(last(maps)), (maps * last.weight[:, 0]).sum((2, 3)))


@pytest.mark.parametrize(("side", "depth"), [(28, 4), (64, 8)])
def test_first_weights_keep_variances_and_shrink_with_depth(side, depth):
    network = BottleneckNet(width=64, max_width=64, blocks=2, group_size=64)
    judge = Discriminator((64, side, side), Nothing(), network, Unconditional)
    gain = (2 / (1 + 0.2**2)) ** 0.5 / depth**0.25
    for player in (network.generator(64, 0, (64, side, side)), judge.trunk):
        assert len(blocks_of(player)) == depth
        for block in blocks_of(player):
            assert block.widen.weight.std().item() == pytest.approx(gain / 8, rel=0.05)
            assert block.mix.weight.std().item() == pytest.approx(gain / 24, rel=0.05)
    assert judge.trunk[1].weight.std().item() == pytest.approx(1 / 16, rel=0.05)
    core = judge.trunk[-2].kernel_size[0]
    assert judge.trunk[-2].weight.std().item() == pytest.approx(1 / core, rel=0.05)
    assert judge.head.score.weight.std().item() == pytest.approx(1 / 8, rel=0.3)


def test_the_papers_widths_are_one_override():
    """768 channels at 4, 8, 16 and 32 px, 96 groups of 16: 20.7 million weights in G."""
    network = BottleneckNet(width=768, max_width=768, blocks=2, fold=False)
    with torch.device("meta"):
        generator, trunk = network.generator(64, 0, (3, 32, 32)), network.trunk((3, 32, 32))
    for player in (generator, trunk):
        blocks = blocks_of(player)
        assert [(each.widen.in_channels, each.mix.in_channels) for each in blocks] == [
            (768, 1536)
        ] * 8
        assert {each.mix.groups for each in blocks} == {96}
        convolutions = [each for each in player.modules() if isinstance(each, nn.Conv2d)]
        assert len(convolutions) == 3 * 8 + (1 if player is generator else 2)
    assert sum(each.numel() for each in generator.parameters()) == pytest.approx(20.7e6, rel=0.005)


def test_widths_double_up_to_the_largest():
    network = BottleneckNet(width=4, max_width=12, fold=False)
    outwards = [each.widen.in_channels for each in blocks_of(network.generator(5, 0, (1, 64, 64)))]
    inwards = [each.widen.in_channels for each in blocks_of(network.trunk((1, 64, 64)))]
    assert inwards == outwards[::-1] == [4, 8, 12, 12, 12]
    assert all(before <= after for before, after in pairwise(inwards))


@pytest.mark.parametrize(
    ("shape", "remedy"),
    [
        ((1, 30, 30), "data.image_size=32"),
        ((1, 28, 32), "data.image_size=32"),
        ((2,), "network=mlp"),
    ],
)
def test_images_that_it_cannot_make_are_refused_in_its_own_name(shape, remedy):
    network = BottleneckNet()
    for build in (lambda: network.generator(10, 0, shape), lambda: network.trunk(shape)):
        with pytest.raises(UserError, match=f"network=r3gan.*{remedy}"):
            build()
