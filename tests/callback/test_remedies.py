"""The failure modes of GANs, each made to happen, and each remedy where it helps."""

from dataclasses import dataclass
from math import exp

import pytest
import torch
from torch import nn

from ganzoo.augmentation import InstanceNoise, NoAugmentation
from ganzoo.condition import Nothing
from ganzoo.game import Game
from ganzoo.head import Unconditional
from ganzoo.head.base import Head
from ganzoo.loss import R1, LeastSquares, Minimax, NonSaturating, Wasserstein
from ganzoo.network import Discriminator, Network, Plane
from ganzoo.optimizer import Optimizers, sgd
from tests.helpers.games import turn_of

# The Dirac-GAN of Mescheder et al. 2018 (https://arxiv.org/abs/1801.04406), section 2: the data is
# the point 0, the generator the point theta, the discriminator the line psi x.


class Point(nn.Module):
    def __init__(self):
        super().__init__()
        self.theta = nn.Parameter(torch.ones(1, 1))

    def forward(self, latent, condition):
        return self.theta.expand(len(latent), 1)


@dataclass(frozen=True, kw_only=True)
class Dirac(Network):
    def generator(self, latent_dim, condition_dim, image_shape):
        return Point()

    def trunk(self, image_shape):
        return nn.Flatten()


class Line(Head):
    def __init__(self, features, condition_dim):
        super().__init__()
        self.psi = nn.Parameter(torch.ones(1))

    def forward(self, features, condition):
        return features[:, 0] * self.psi, features.new_zeros(len(features), 0)


RATE = 0.02


def distances(play, steps=1500, rows=4, augmentation=None, **loss):
    """The distance of (theta, psi) from the equilibrium (0, 0), before and after training."""
    game = Game(
        (1,),
        network=Dirac(),
        head=Line,
        augmentation=augmentation or NoAugmentation(),
        loss=loss,
        optimizer=Optimizers(sgd(RATE, momentum=0.0), sgd(RATE, momentum=0.0)),
    )
    here = [game.generator.theta, game.discriminator.head.psi]
    before = torch.cat([each.detach().flatten().clone() for each in here]).norm()
    play(
        game,
        steps=steps,
        batches=[(torch.zeros(rows, 1), torch.zeros(rows))] * steps,
    )
    after = torch.cat([each.detach().flatten() for each in here]).norm()
    return float(before), float(after)


@pytest.mark.slow
@pytest.mark.parametrize("objective", [Minimax(), Wasserstein()])
def test_without_a_penalty_the_players_circle_for_ever(objective, play):
    """The eigenvalues at the equilibrium are imaginary (lemmas 2.2 and 2.3, section 3.1)."""
    before, after = distances(play, objective=objective)
    assert after == pytest.approx(before, rel=0.02)


@pytest.mark.slow
def test_the_non_saturating_players_come_closer_ever_more_slowly(play):
    """Its eigenvalues are imaginary too: slower than any exponential (appendix D.2)."""
    _, early = distances(play, steps=400, objective=NonSaturating())
    _, late = distances(play, steps=1600, objective=NonSaturating())
    assert late == pytest.approx(early / 2, rel=0.15)  # 1 / sqrt(steps), not 1 / steps^4


def test_r1_converges_as_fast_as_its_eigenvalues_say(play):
    """Theirs have the real part -gamma / 2 (lemma D.4, with f'(0) = 1/2, gamma < 1)."""
    gamma, steps = 0.5, 1500
    before, after = distances(play, steps, objective=NonSaturating(), r1=R1(gamma))
    predicted = before * exp(-gamma / 2 * RATE * steps)
    assert predicted / 3 < after < predicted * 3


@pytest.mark.slow
def test_r1_mends_the_wasserstein_game_too(play):
    before, after = distances(play, objective=Wasserstein(), r1=R1(1.0))
    assert after < before / 100


@pytest.mark.slow
def test_instance_noise_converges(play):
    """Section 3.2: the eigenvalues get a real part of about minus the noise's variance / 4."""
    noise = InstanceNoise(strength=1.0)
    before, after = distances(play, rows=64, objective=NonSaturating(), augmentation=noise)
    assert after < before / 10


# Vanishing gradients


def gradient_under(objective, certainty):
    """Norm of the generator's gradient when D scores its samples at minus the certainty."""
    torch.manual_seed(0)
    generator = nn.Linear(3, 2)
    images = generator(torch.ones(8, 3))
    discriminator = Discriminator((2,), Nothing(), Plane(layers=1, hidden=4), Unconditional)
    judged = discriminator(images, torch.zeros(8, 0))
    judged = judged._replace(score=judged.score - judged.score.detach() - certainty)
    objective.for_generator(turn_of(judged, judged)).backward()
    return float(torch.cat([each.grad.flatten() for each in generator.parameters()]).norm())


def test_a_sure_discriminator_stops_the_minimax_generator_and_no_other():
    """Goodfellow et al. 2014, section 3: the slope is D(G(z)), 1 - D(G(z)) unsaturated."""
    full = gradient_under(Wasserstein(), certainty=10.0)
    fooled = 1 / (1 + exp(10.0))
    assert gradient_under(Minimax(), certainty=10.0) == pytest.approx(full * fooled, rel=1e-3)
    assert gradient_under(NonSaturating(), certainty=10.0) == pytest.approx(
        full * (1 - fooled), rel=1e-3
    )
    assert gradient_under(LeastSquares(), certainty=10.0) > full


def test_against_a_strong_discriminator_minimax_gives_the_generator_nothing(play):
    """A D that is trained to the end, on data that no sample is near."""
    norms = {}
    for objective in (Minimax(), NonSaturating(), Wasserstein()):
        game = Game(
            (2,),
            network=Plane(),
            loss={"objective": objective},
            optimizer=Optimizers(sgd(0.0), sgd(0.1)),
            n_critic=10,
        )
        ones = [(torch.ones(40, 2), torch.zeros(40))] * 60
        play(game, steps=60, batches=ones)
        gradients = [each.grad.flatten() for each in game.generator.parameters()]
        norms[type(objective)] = float(torch.cat(gradients).norm())
    assert norms[Minimax] < norms[NonSaturating] / 50
    assert norms[Minimax] < norms[Wasserstein] / 10


# Mode collapse


@pytest.mark.parametrize(("minibatch_std", "least", "most"), [(False, -0.5, 0.5), (True, 0.9, 1)])
def test_minibatch_std_shows_a_collapse_that_no_single_sample_shows(minibatch_std, least, most):
    """Every fake is as good as real, but a batch of them is the same point again and again."""
    torch.manual_seed(0)
    network = Plane(minibatch_std=minibatch_std)
    discriminator = Discriminator((2,), Nothing(), network, Unconditional)
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=1e-2)
    nothing = torch.zeros(64, 0)
    margins = []
    for _ in range(300):
        real, fake = torch.randn(64, 2), torch.randn(1, 2).expand(64, 2)
        judged = [discriminator(images, nothing) for images in (real, fake)]
        optimizer.zero_grad()
        NonSaturating().for_discriminator(turn_of(*judged)).backward()
        optimizer.step()
        margins.append(float((judged[0].score.mean() - judged[1].score.mean()).sign()))
    assert least < sum(margins[-100:]) / 100 <= most  # 1: always right, 0: guessing
