"""Losses since 2018 against numbers worked out by hand."""

from math import sqrt

import pytest
import torch
from torch import Tensor, nn

from ganzoo.augmentation import ADA, Augmentation
from ganzoo.condition import ClassLabel
from ganzoo.error import UserError
from ganzoo.game import Game
from ganzoo.head import Projection
from ganzoo.loss import (
    R1,
    R1R2,
    R2,
    BalancedConsistency,
    FeatureMatching,
    GradientNormalisation,
    Hinge,
    LatentConsistency,
    LeastSquares,
    LeCam,
    Loss,
    NonSaturating,
    RelativisticAverage,
    RelativisticPair,
    Turn,
    Wasserstein,
)
from ganzoo.network import MLP, Critique
from ganzoo.optimizer import Optimizers, sgd
from tests.helpers.critics import Critic, facing, pictures, scored
from tests.helpers.games import critique_of, turn_of

REAL, FAKE = torch.tensor([2.0, -1.0]), torch.tensor([0.5, -3.0])  # means 0.5 and -1.25
TINY = MLP(generator_hidden=[8], discriminator_hidden=[8])


RELATIVISTIC = {
    # log(1 + e^-1.5), log(1 + e^-2), and of the opposite signs
    "pair": (RelativisticPair(), (0.201413 + 0.126928) / 2, (1.701413 + 2.126928) / 2),
    # Real scores lie 3.25 and 0.25 above the mean fake, fakes 0 and -3.5 from the mean real.
    "average": (
        RelativisticAverage(NonSaturating()),
        (0.038041 + 0.575939) / 2 + (0.693147 + 0.029750) / 2,
        (0.693147 + 3.529750) / 2 + (3.288041 + 0.825939) / 2,
    ),
    "least squares": (
        RelativisticAverage(LeastSquares(-1, 1, 0)),
        ((2.25**2 + 0.75**2) + (1 + 2.5**2)) / 4,
        ((1 + 4.5**2) + (4.25**2 + 1.25**2)) / 4,
    ),
    "hinge": (
        RelativisticAverage(Hinge()),
        (0 + 0.75) / 2 + (1 + 0) / 2,
        (1 + 4.5) / 2 + (4.25 + 1.25) / 2,
    ),
}


@pytest.mark.parametrize(("loss", "of_d", "of_g"), RELATIVISTIC.values(), ids=RELATIVISTIC.keys())
def test_relativistic_losses_equal_their_formulas(loss, of_d, of_g):
    assert loss.for_discriminator(scored(REAL, FAKE)).item() == pytest.approx(of_d, abs=1e-5)
    assert loss.for_generator(scored(REAL, FAKE)).item() == pytest.approx(of_g, abs=1e-5)


@pytest.mark.parametrize("loss", [row[0] for row in RELATIVISTIC.values()], ids=RELATIVISTIC.keys())
def test_a_constant_in_all_scores_changes_nothing_of_a_relativistic_loss(loss):
    for side in (loss.for_discriminator, loss.for_generator):
        assert side(scored(REAL + 7, FAKE + 7)).item() == pytest.approx(
            side(scored(REAL, FAKE)).item(), abs=1e-5
        )
        assert side(scored(REAL + 7, FAKE)).item() != pytest.approx(
            side(scored(REAL, FAKE)).item(), abs=1e-2
        )


@pytest.mark.parametrize("loss", [row[0] for row in RELATIVISTIC.values()], ids=RELATIVISTIC.keys())
def test_relativistic_losses_judge_several_verdicts_each_on_its_own(loss):
    both = scored(torch.stack([REAL, REAL + 5], 1), torch.stack([FAKE, FAKE + 5], 1))
    alone = scored(REAL, FAKE)
    assert loss.for_discriminator(both).item() == pytest.approx(
        loss.for_discriminator(alone).item(), abs=1e-5
    )


# Slopes


def facing_noise(critic: Critic) -> Turn:
    return facing(critic, pictures(4), pictures(4, seed=1))


@pytest.mark.parametrize(("loss", "value"), [(R1(2.0), 9), (R2(2.0), 9), (R1R2(2.0), 18)])
def test_zero_centred_penalties_of_a_linear_critic(loss, value):
    critic = Critic()
    term = loss.for_discriminator(facing_noise(critic))  # gamma / 2 times the squared slope, 9
    assert term.item() == pytest.approx(value, rel=1e-5)
    term.backward()
    slope = 2 * value / 3  # by the norm, along the unit vector (0.6, 0.8)
    assert critic.weight.grad.tolist() == pytest.approx([0.6 * slope, 0.8 * slope], rel=1e-5)
    assert loss.for_generator(facing_noise(critic)) is None


def test_zero_centred_penalties_look_at_their_places_in_one_pass_if_they_need_another():
    critic = Critic()
    turn = facing_noise(critic)
    for loss, expected in (
        (R1(), turn.images),
        (R2(), turn.generated),
        (R1R2(), torch.cat([turn.images, turn.generated])),
    ):
        critic.seen.clear()
        loss.for_discriminator(turn)
        (seen,) = critic.seen
        assert torch.equal(seen, expected)


@pytest.mark.parametrize("packing", [1, 2])
@pytest.mark.parametrize("loss", [R1(2.0), R2(2.0), R1R2(2.0)])
def test_slopes_of_the_objectives_own_passes_are_those_of_another_pass(loss, packing):
    network = MLP(discriminator_hidden=[8, 8], packing=packing)
    told = Game((1, 4, 4), network=network, condition=ClassLabel(3), head=Projection)
    parts = [torch.rand(6, 1, 4, 4), torch.rand(6, 1, 4, 4), torch.zeros(6, 0)]
    condition = torch.eye(3).repeat(2, 1)
    terms, gradients = [], []
    for slopes in (False, True):
        turn = Turn(told.discriminator, None, *parts, condition, None, slopes=slopes)
        term = loss.for_discriminator(turn)
        (NonSaturating().for_discriminator(turn) + term).backward()
        terms.append(term.item())
        gradients.append([each.grad.clone() for each in told.discriminator.parameters()])
        told.discriminator.zero_grad()
    assert terms[1] == pytest.approx(terms[0], rel=1e-5)
    for own, anew in zip(*gradients, strict=True):
        torch.testing.assert_close(own, anew, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", [R1(), R2(), R1R2()])
def test_zero_centred_penalties_cost_no_pass_of_d_in_single_precision(loss, play):
    for precision, passes in (("32-true", 3), ("bf16-mixed", 4)):
        game = Game((1, 8, 8), network=TINY, loss={"pair": NonSaturating(), "penalty": loss})
        calls = []
        game.discriminator.register_forward_hook(lambda *_, calls=calls: calls.append(1))
        play(game, steps=1, precision=precision)
        assert len(calls) == passes


@pytest.mark.parametrize("side", ["for_discriminator", "for_generator"])
def test_gradient_normalisation_of_a_linear_critic(side):
    turn = facing_noise(Critic())
    normalised = [
        critique._replace(score=critique.score / (3 + critique.score.abs()))
        for critique in (turn.real, turn.fake)
    ]
    for objective in (Wasserstein(), Hinge(), RelativisticPair()):
        expected = getattr(objective, side)(turn.judged(real=normalised[0], fake=normalised[1]))
        actual = getattr(GradientNormalisation(objective), side)(turn)
        assert actual.item() == pytest.approx(expected.item(), rel=1e-5)


def test_gradient_normalisation_bounds_scores_of_a_critic_without_slope():
    critic = Critic()
    nn.init.zeros_(critic.weight)
    assert GradientNormalisation(Wasserstein()).for_discriminator(facing_noise(critic)).item() == 0


def test_gradient_normalisation_reports_the_score_of_the_critic():
    assert GradientNormalisation(Wasserstein()).opinion(torch.tensor([2.0])).item() == 2


def test_gradient_normalisation_reaches_the_generator_through_score_and_slope():
    """Of f = x^2 / 2 at x: f / (x + f) = x / (2 + x), whose derivative is 2 / (2 + x)^2."""

    def square(images: Tensor, condition: Tensor) -> Critique:
        return critique_of(images[:, 0].square() / 2, images=images, condition=condition)

    generated = torch.tensor([[3.0]], requires_grad=True)
    nothing = torch.zeros(1, 0)
    turn = Turn(square, None, generated, generated.detach(), nothing, nothing, None)
    GradientNormalisation(Wasserstein()).for_generator(turn).backward()
    assert generated.grad.item() == pytest.approx(-2 / 25)


# LeCam


def test_lecam_compares_scores_with_the_other_sides_running_mean():
    loss = LeCam(weight=0.3, decay=0.8)
    loss.observe(scored(torch.tensor([0.0, 2.0]), torch.tensor([-2.0, 0.0])))  # means 1 and -1
    loss.observe(scored(torch.tensor([3.0]), torch.tensor([1.0])))
    # An update takes a fifth of what is new, and two of them have taken 0.36 of it all.
    assert loss.averages.tolist() == pytest.approx([0.8 * 0.2 + 0.2 * 3, -0.8 * 0.2 + 0.2 * 1])
    real, fake = 0.76 / 0.36, 0.04 / 0.36
    term = loss.for_discriminator(scored(torch.tensor([2.0, -4.0]), torch.tensor([0.0, 4.0])))
    assert term.item() == pytest.approx(0.3 * ((2 - fake) ** 2 / 2 + real**2 / 2), rel=1e-5)
    assert loss.for_generator(scored(REAL, FAKE)) is None


def test_lecams_running_means_are_saved_and_each_game_has_its_own(play):
    loss = LeCam()
    game = Game((1, 8, 8), network=TINY, loss={"non_saturating": NonSaturating(), "lecam": loss})
    play(game, steps=3)
    assert game.state_dict()["losses.lecam.observations"] == 3
    assert loss.observations == 0
    curves = [game.curves[f"discriminator/output_{of}"] for of in ("real", "fake")]
    assert all(curve.isfinite() for curve in curves)


@pytest.mark.parametrize(
    "objective",
    [RelativisticPair(), RelativisticAverage(Hinge()), GradientNormalisation(Hinge())],
)
def test_losses_of_single_scores_are_refused_beside_relative_ones(objective):
    losses = {"objective": objective, "lecam": LeCam()}
    with pytest.raises(UserError, match=r"loss=lecam compares single scores"):
        Game((1, 8, 8), network=TINY, loss=losses)
    with pytest.raises(UserError, match=r"sign of D's scores"):
        Game(
            (1, 16, 16),
            network=TINY,
            augmentation=ADA(),
            loss={"objective": RelativisticAverage(Hinge())},
        )


def test_two_relativistic_wrappers_are_refused():
    with pytest.raises(UserError, match="single scores"):
        RelativisticAverage(RelativisticPair())


# Consistency


class Tripled(Augmentation):
    def transform(self, images: Tensor) -> Tensor:
        return images * 3


def test_balanced_consistency_is_the_squared_change_of_scores():
    turn = facing_noise(Critic())
    loss = BalancedConsistency(weight_real=2.0, weight_fake=3.0, augmentation=Tripled())
    real, fake = (critique.score.square().mean() for critique in (turn.real, turn.fake))
    term = loss.for_discriminator(turn)  # three times the image has three times the score
    assert term.item() == pytest.approx(4 * (2 * real + 3 * fake).item(), rel=1e-5)
    assert loss.for_generator(turn) is None


def test_balanced_consistency_of_points_is_refused():
    losses = {"non_saturating": NonSaturating(), "bcr": BalancedConsistency()}
    with pytest.raises(UserError, match="balanced_consistency"):
        Game((2,), network=TINY, loss=losses)


def test_latent_consistency_is_the_squared_change_under_moved_noise():
    """A linear generator and critic: the change is the noise's, times 2 and times 3 more."""
    factor = torch.tensor(2.0, requires_grad=True)
    turn = facing_noise(Critic())
    turn.latent, turn.condition = torch.ones(4, 2), torch.zeros(4, 0)
    turn.generator = lambda latent, _: factor * latent.view(4, 1, 1, 2)
    turn.generated = turn.generator(turn.latent, turn.condition).detach()
    turn.fake = turn.discriminator(turn.generated, turn.condition)
    noise = turn.draws.normal(4, 2)
    expected = 5 * (2 * 0.1 * noise @ turn.discriminator.weight.detach()).square().mean()
    loss = LatentConsistency(noise=0.1)
    turn.draws.generator.manual_seed(turn.draws.generator.initial_seed())
    term = loss.for_discriminator(turn)
    assert term.item() == pytest.approx(expected.item(), rel=1e-5)
    term.backward()
    assert factor.grad is None  # D's side does not reach G

    turn.generated = turn.generator(turn.latent, turn.condition)
    turn.draws.generator.manual_seed(turn.draws.generator.initial_seed())
    term = loss.for_generator(turn)
    assert term.item() == pytest.approx(-0.5 * (0.2 * noise).square().mean().item(), rel=1e-5)
    term.backward()
    assert factor.grad.item() == pytest.approx(term.item(), rel=1e-5)  # quadratic: 2 / 2 of it


def test_feature_matching_is_the_squared_distance_of_mean_features():
    real = critique_of(REAL, features=torch.tensor([[1.0, 0.0], [3.0, 0.0]]))
    fake = critique_of(FAKE, features=torch.tensor([[0.0, 1.0], [0.0, 3.0]]))
    turn = turn_of(real, fake)
    assert FeatureMatching(0.5).for_generator(turn).item() == pytest.approx(0.5 * sqrt(8) ** 2)
    assert FeatureMatching().for_discriminator(turn) is None


# In the game


@pytest.mark.parametrize(
    "losses",
    [
        {"pair": RelativisticPair(), "r1_r2": R1R2(0.1)},
        {"average": RelativisticAverage(Hinge()), "features": FeatureMatching()},
        {"normalised": GradientNormalisation(RelativisticPair())},
        {"ns": NonSaturating(), "lecam": LeCam(), "bcr": BalancedConsistency()},
        {"ls": LeastSquares(), "zcr": LatentConsistency()},
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("how", [{}, {"accumulate": 2, "n_critic": 2}, {"unrolled": True}], ids=str)
def test_games_with_the_newer_losses_take_two_steps(losses, how, play):
    optimizer = Optimizers(sgd(), sgd(), unrolled_steps=2 * how.get("unrolled", 0))
    counts = {name: value for name, value in how.items() if name != "unrolled"}
    game = Game((1, 8, 8), network=TINY, loss=losses, optimizer=optimizer, **counts)
    play(game, steps=2)
    assert all(value.isfinite() for value in game.curves.values())
    sides = {
        f"{player}/{name}"
        for name, loss in game.losses.items()
        for player in ("generator", "discriminator")
        if getattr(type(loss), f"for_{player}") is not getattr(Loss, f"for_{player}")
    }
    assert sides <= game.curves.keys()


def test_real_images_are_judged_without_a_graph_in_the_generators_turn(play):
    graphs = []

    class Watching(RelativisticPair):
        def for_generator(self, turn: Turn) -> Tensor:
            graphs.append((turn.real.score.requires_grad, turn.fake.score.requires_grad))
            return super().for_generator(turn)

    play(Game((1, 8, 8), network=TINY, loss={"pair": Watching()}), steps=1)
    assert graphs == [(False, True)]


def test_a_loss_that_reads_no_real_images_costs_no_pass_in_the_generators_turn(play):
    passes = []
    for loss in (NonSaturating(), RelativisticPair()):
        game = Game((1, 8, 8), network=TINY, loss={"objective": loss})
        calls = []
        game.discriminator.register_forward_hook(lambda *_, calls=calls: calls.append(1))
        play(game, steps=1)
        passes.append(len(calls))
    assert passes == [3, 4]
