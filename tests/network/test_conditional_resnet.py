"""The class-conditional pairs: norms that are told, chunks of noise, first weights, sizes."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from ganzoo import model
from ganzoo.callback import StandingStatistics
from ganzoo.condition import ClassLabel, LatentCode, Nothing
from ganzoo.draws import Draws
from ganzoo.error import UserError
from ganzoo.head import Projection, Unconditional
from ganzoo.network import ConditionalResNet, Discriminator
from ganzoo.network.conditional_norm import ConditionalBatchNorm2d
from ganzoo.network.resnet import Block

BIG = {"embedding": 6, "hierarchical": True, "generator_spectral_norm": True}
KINDS = {
    "pdgan": {},
    "sagan": {"attention": None, "generator_spectral_norm": True},
    "biggan": {**BIG, "attention": None},
}
VARIANTS = [model.PDGAN, model.SAGAN, model.BigGAN]


def layers(module, *kinds):
    return [layer for layer in module.modules() if isinstance(layer, kinds)]


# Norms that are told


def test_a_conditional_norm_of_two_classes_is_two_norms():
    """Each class has a gain and a bias; mean and variance are those of the whole batch."""
    layer, classes = ConditionalBatchNorm2d(4, 2), torch.tensor([0, 1, 1, 0, 1, 0, 0])
    norms = [nn.BatchNorm2d(4) for _ in range(2)]
    for which, norm in enumerate(norms):
        norm.weight.data = 1 + layer.gain.weight[:, which].detach() + layer.gain.bias.detach()
        norm.bias.data = layer.shift.weight[:, which].detach() + layer.shift.bias.detach()
    for training in (True, True, False):
        maps = torch.randn(7, 4, 3, 3) * torch.arange(1, 5)[:, None, None] + 2
        for each in (layer, *norms):
            each.train(training)
        one, other = (norm(maps) for norm in norms)
        expected = torch.where((classes == 0)[:, None, None, None], one, other)
        told = nn.functional.one_hot(classes).float()
        torch.testing.assert_close(layer(maps, told), expected)
        torch.testing.assert_close(layer.norm.running_mean, norms[0].running_mean)
        torch.testing.assert_close(layer.norm.running_var, norms[1].running_var)
    assert not torch.allclose(one, other, atol=0.1)


def recorded(generator):
    """What each conditional norm is told at the next pass, in order."""
    told = []
    for layer in layers(generator, ConditionalBatchNorm2d):
        layer.register_forward_pre_hook(lambda _, inputs: told.append(inputs[1]))
    return told


def test_every_block_is_told_the_embedded_class_and_a_chunk_of_the_noise():
    generator = ConditionalResNet(width=2, embedding=6, hierarchical=True).generator(
        14, 10, (1, 32, 32)
    )
    told, latent, classes = recorded(generator), torch.randn(5, 14), torch.eye(10)[:5]
    generator(latent, classes)
    _, *chunks = latent.split([3, 3, 4, 4], dim=1)  # three blocks, with two norms each
    embedded = classes @ generator.embed.weight.T
    assert len(told) == 6
    for number, given in enumerate(told):
        torch.testing.assert_close(given, torch.cat([embedded, chunks[number // 2]], dim=1))
    assert generator.first[0].in_features == 3
    for layer in layers(generator, ConditionalBatchNorm2d):
        assert (
            layer.gain.in_features == layer.shift.in_features == 6 + layer_chunk(layer, generator)
        )


def layer_chunk(layer, generator):
    """Width of the chunk of the block that a norm lies in."""
    [which] = [n for n, block in enumerate(generator.blocks) if layer in layers(block, type(layer))]
    return generator.chunks[1 + which]


def test_without_a_hierarchy_all_noise_is_read_first_and_norms_read_the_class_as_it_is():
    generator = ConditionalResNet(width=2).generator(14, 10, (1, 28, 28))
    told, classes = recorded(generator), torch.eye(10)[:5]
    generator(torch.randn(5, 14), classes)
    assert len(told) == 4
    assert all(torch.equal(given, classes) for given in told)
    assert generator.first[0].in_features == 14


@pytest.mark.parametrize("hierarchical", [True, False])
def test_without_a_condition_norms_are_plain_or_read_noise_alone(hierarchical):
    network = ConditionalResNet(width=2, embedding=6, hierarchical=hierarchical)
    generator = network.generator(9, 0, (1, 28, 28))
    told, latent = recorded(generator), torch.randn(5, 9)
    generator(latent, torch.zeros(5, 0))
    if hierarchical:
        assert [tuple(given.shape) for given in told] == [(5, 3)] * 4
        assert torch.equal(told[-1], latent[:, 6:])
    assert len(layers(generator, ConditionalBatchNorm2d)) == (4 if hierarchical else 0)
    assert len([each for each in layers(generator, nn.BatchNorm2d) if each.affine]) == (
        1 if hierarchical else 5
    )


# Shapes and sizes


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("side", [8, 28, 32, 48, 64, 128])
@pytest.mark.parametrize("condition", [Nothing(), ClassLabel(10), LatentCode((3,), 2)])
def test_it_makes_and_reads_images(kind, side, condition):
    network, shape = ConditionalResNet(width=1, **kind), (3 if side == 32 else 1, side, side)
    generator = network.generator(9, condition.dim, shape)
    told = condition.draw(torch.arange(3), Draws(0))
    images = generator(torch.randn(3, 9), told)
    assert images.shape == (3, *shape)
    assert images.abs().max() <= 1
    assert images.std(0).max() > 0
    head = Projection if condition.dim and condition.known_of_real else Unconditional
    verdict = Discriminator(shape, condition, network, head)(images, told)
    assert verdict.score.shape == (3,)


def test_at_128_pixels_the_layers_are_biggans():
    """Appendix B, table 4; table 1 counts 158.3 million weights of both players."""
    network = ConditionalResNet(
        width=96, embedding=128, hierarchical=True, attention=64, spectral_norm=True
    )
    shape = (3, 128, 128)
    with torch.device("meta"):
        generator = network.generator(120, 1000, shape)
        trunk = network.trunk(shape)
    outwards = [1536, 1536, 768, 384, 192, 96]
    assert generator.chunks == [20] * 6
    assert generator.first[0].out_features == 4 * 4 * 1536
    shortcuts = [block[0].shortcut[0] for block in generator.blocks]
    assert [layer.in_channels for layer in shortcuts] == outwards[:-1]
    assert [layer.out_channels for layer in shortcuts] == outwards[1:]
    read = [layers(block, nn.Conv2d)[1] for block in layers(trunk, Block)]
    assert [layer.out_channels for layer in read] == [96, 192, 384, 768, 1536, 1536]
    head = 1536 * (1 + 1000) + 1
    count = sum(each.numel() for part in (generator, trunk) for each in part.parameters()) + head
    assert count / 1e6 == pytest.approx(158.3, rel=0.001)


# First weights


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_first_weights_are_orthogonal_and_biases_zero(kind):
    network = ConditionalResNet(width=2, **{**kind, "generator_spectral_norm": False})
    judge = Discriminator((1, 28, 28), ClassLabel(10), network, Projection)
    for part in (network.generator(100, 10, (1, 28, 28)), judge):
        for layer in layers(part, nn.Linear, nn.Conv2d):
            weight = layer.weight.flatten(1)
            tall = weight.shape[0] > weight.shape[1]
            square = weight.T @ weight if tall else weight @ weight.T
            torch.testing.assert_close(square, torch.eye(len(square)), atol=1e-5, rtol=0)
            assert layer.bias is None or layer.bias.abs().max() == 0


@pytest.mark.parametrize("normalised", [True, False])
def test_the_generators_weights_have_spectral_norm_one_if_that_is_asked_for(normalised):
    """But not those of the layers that tell the norms the condition, or classes look alike."""
    network = ConditionalResNet(width=2, **{**BIG, "generator_spectral_norm": normalised})
    generator = network.generator(100, 10, (1, 28, 28))
    weighty = [generator.first[0], *layers(generator, nn.Conv2d)]
    telling = [layer for layer in layers(generator, nn.Linear) if layer not in weighty]
    assert len(telling) == 1 + 2 * len(layers(generator, ConditionalBatchNorm2d))
    assert [is_parametrized(layer) for layer in weighty] == [normalised] * len(weighty)
    assert not any(map(is_parametrized, telling))
    assert not any(map(is_parametrized, network.trunk((1, 28, 28)).modules()))
    for layer in weighty:
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
        assert largest.item() == pytest.approx(1, abs=1e-3)


# Refused


@pytest.mark.parametrize(
    ("options", "latent_dim", "shape", "remedy"),
    [
        ({}, 10, (1, 30, 30), "network=conditional_resnet .*data.image_size=32"),
        ({}, 10, (1, 28, 32), "data.image_size=32"),
        ({}, 10, (2,), "network=mlp"),
        ({"hierarchical": True}, 2, (1, 28, 28), "latent.dim=60"),
        ({"attention": 28}, 10, (1, 28, 28), "network.attention=14"),
    ],
)
def test_what_it_cannot_make_is_refused_with_a_remedy(options, latent_dim, shape, remedy):
    with pytest.raises(UserError, match=remedy):
        ConditionalResNet(width=2, **options).generator(latent_dim, 10, shape)


def test_no_embedding_of_less_than_none():
    with pytest.raises(UserError, match=r"network\.embedding is a size"):
        ConditionalResNet(embedding=-1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_class_conditional_variants_without_classes_are_refused(variant):
    with pytest.raises(UserError, match="needs data with class labels"):
        variant((1, 28, 28), n_classes=0)


# What the rest of the zoo does with them


@pytest.mark.parametrize("variant", VARIANTS)
def test_standing_statistics_reach_the_conditional_norms(variant):
    game = variant((1, 8, 8), ema=None).eval()
    norms = [layer.norm for layer in layers(game.generator, ConditionalBatchNorm2d)]
    before = [norm.running_var.clone() for norm in norms]
    callback = StandingStatistics(batches=20)
    callback.on_validation_start(None, game)
    standing = [norm.running_var for norm in norms]
    latent, classes = torch.rand(500, 100) * 2 - 1, torch.eye(10).repeat(50, 1)
    expected = []
    for norm in norms:
        norm.register_forward_pre_hook(lambda _, maps: expected.append(maps[0].var((0, 2, 3))))
    game(latent, classes)
    assert len(norms) == len(standing) == 2
    for was, now, truth in zip(before, standing, expected, strict=True):
        torch.testing.assert_close(now, truth, rtol=0.25, atol=0)
        assert not torch.allclose(was, truth, rtol=0.25, atol=0)
    callback.on_validation_end(None, game)
    assert all(torch.equal(norm.running_var, was) for norm, was in zip(norms, before, strict=True))
