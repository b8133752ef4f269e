"""Self-attention: what it computes, where networks have it, and that penalties can pass it."""

from math import exp

import pytest
import torch

from ganzoo.condition import Nothing
from ganzoo.error import UserError
from ganzoo.game import Game
from ganzoo.head import Unconditional
from ganzoo.loss import GradientPenalty, Wasserstein
from ganzoo.network import ConditionalResNet, ConvNet, Discriminator, ResNet
from ganzoo.network.attention import SelfAttention

NETWORKS = [
    (ConvNet(width=2, attention=7), 28, 7),
    (ConvNet(width=2, attention=14), 28, 14),
    (ConvNet(width=2, attention=None), 48, 12),
    (ResNet(width=2, attention=8), 32, 8),
    (ResNet(width=2, attention=None), 32, 8),
    (ResNet(width=2, attention=16), 64, 16),
    (ConditionalResNet(width=2, attention=7), 28, 7),
    (ConditionalResNet(width=2, attention=14), 28, 14),
    (ConditionalResNet(width=2, attention=None), 28, 7),
    (ConditionalResNet(width=2, attention=None), 8, 4),
    (ConditionalResNet(width=2, attention=None), 128, 32),
    (ConditionalResNet(width=2, attention=8), 64, 8),
]


def test_a_gate_of_zero_is_the_identity():
    layer = SelfAttention(16)
    maps = torch.randn(2, 16, 3, 5)
    assert layer.gate.item() == 0
    assert torch.equal(layer(maps), maps)


def test_it_adds_to_a_place_the_values_of_all_places_weighed_by_a_softmax():
    layer, maps = SelfAttention(16), torch.randn(2, 16, 3, 2)
    layer.gate.data.fill_(0.7)
    layer.requires_grad_(False)
    weights = [part.weight[:, :, 0, 0] for part in (layer.query, layer.key, layer.value, layer.out)]
    query, key, value, out = weights
    assert [tuple(each.shape) for each in weights] == [(2, 16)] * 3 + [(16, 2)]
    places = maps.flatten(2).unbind(2)  # of both samples
    expected = []
    for here in places:
        moved = here.clone()
        for sample in range(2):
            likeness = [(query @ here[sample]) @ (key @ there[sample]) for there in places]
            powers = [exp(float(each)) for each in likeness]
            seen = [value @ there[sample] for there in places]
            mean = sum(p * v for p, v in zip(powers, seen, strict=True)) / sum(powers)
            moved[sample] += 0.7 * (out @ mean)
        expected.append(moved)
    torch.testing.assert_close(layer(maps).flatten(2), torch.stack(expected, dim=2))


def sides_of_attention(part, *inputs):
    """The sides of the maps that pass a player's attention."""
    sides = []
    for layer in part.modules():
        if isinstance(layer, SelfAttention):
            layer.register_forward_hook(lambda *call: sides.append(tuple(call[2].shape[2:])))
    part(*inputs)
    return sides


@pytest.mark.parametrize(("network", "side", "place"), NETWORKS)
def test_both_players_have_it_once_at_the_map_of_the_side_that_is_asked_for(network, side, place):
    shape = (1, side, side)
    generator, trunk = network.generator(9, 0, shape), network.trunk(shape)
    assert sides_of_attention(generator, torch.randn(2, 9), torch.zeros(2, 0)) == [(place, place)]
    assert sides_of_attention(trunk, torch.randn(2, *shape)) == [(place, place)]


@pytest.mark.parametrize("kind", [ConvNet, ResNet, ConditionalResNet])
def test_a_side_that_no_map_has_is_refused_with_one_that_does(kind):
    network = kind(width=2, attention=13)
    for build in (lambda: network.generator(9, 0, (1, 32, 32)), lambda: network.trunk((1, 32, 32))):
        with pytest.raises(UserError, match=r"are .*8, 16: type network\.attention=16, or 0"):
            build()


def test_penalties_differentiate_through_it(play):
    network = ConvNet(width=8, attention=4)
    loss = {"wasserstein": Wasserstein(), "gradient_penalty": GradientPenalty()}
    game = Game((1, 8, 8), network=network, loss=loss)
    [layer] = [each for each in game.discriminator.modules() if isinstance(each, SelfAttention)]
    layer.gate.data.fill_(1.0)
    before = layer.query.weight.clone()
    play(game, steps=2)
    assert not torch.equal(layer.query.weight, before)
    assert all(value.isfinite() for value in game.curves.values())


def test_its_convolutions_are_spectrally_normalised_with_those_of_the_discriminator():
    network = ConvNet(width=8, attention=None, spectral_norm=True)
    judge = Discriminator((1, 28, 28), Nothing(), network, Unconditional)
    [layer] = [each for each in judge.modules() if isinstance(each, SelfAttention)]
    for part in (layer.query, layer.key, layer.value, layer.out):
        for _ in range(100):
            _ = part.weight  # a power iteration each
        largest = torch.linalg.matrix_norm(part.eval().weight.flatten(1), ord=2)
        assert largest.item() == pytest.approx(1, abs=0.01)
