"""Every term of the game against numbers worked out by hand."""

from math import log, pi, sqrt

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.condition import ClassLabel, LatentCode, Nothing
from ganzoo.draws import Draws
from ganzoo.error import UserError
from ganzoo.game import Game
from ganzoo.head import Head, Projection, Recognition, Unconditional
from ganzoo.loss import (
    DRAGAN,
    R1,
    AuxiliaryClassification,
    GradientPenalty,
    Hinge,
    LeastSquares,
    Loss,
    Minimax,
    MutualInformation,
    NonSaturating,
    Wasserstein,
    WeightClipping,
)
from ganzoo.loss.gradient_penalty import slope
from ganzoo.loss.mutual_information import bound
from ganzoo.network import MLP, ConvNet, Critique, Discriminator
from ganzoo.optimizer import Optimizers, sgd
from tests.helpers.critics import Critic, facing, pictures, scored
from tests.helpers.games import critique_of, turn_of

# D(x) = 3/4 and 1/5 of two real images, D(G(z)) = 1/4 and 2/3 of two fakes.
REAL_ODDS, FAKE_ODDS = torch.tensor([3.0, 1 / 4]).log(), torch.tensor([1 / 3, 2.0]).log()
REAL, FAKE = torch.tensor([2.0, -1.0]), torch.tensor([0.5, -3.0])
D_OF_FAKE = -(log(3 / 4) + log(1 / 3)) / 2
HAND_COMPUTED = [
    # loss, real scores, fake scores, the discriminator's side, the generator's side
    (Minimax(), REAL_ODDS, FAKE_ODDS, -(log(3 / 4) + log(1 / 5)) / 2 + D_OF_FAKE, -D_OF_FAKE),
    (
        NonSaturating(),
        *(REAL_ODDS, FAKE_ODDS),
        -(log(3 / 4) + log(1 / 5)) / 2 + D_OF_FAKE,
        -(log(1 / 4) + log(2 / 3)) / 2,
    ),
    (
        NonSaturating(real_target=0.9),
        *(REAL_ODDS, FAKE_ODDS),
        -(0.9 * log(3 / 4) + 0.1 * log(1 / 4) + 0.9 * log(1 / 5) + 0.1 * log(4 / 5)) / 2
        + D_OF_FAKE,
        -(log(1 / 4) + log(2 / 3)) / 2,  # one-sided: G is promised nothing else
    ),
    (LeastSquares(), REAL, FAKE, (1 + 4) / 4 + (0.25 + 9) / 4, (0.25 + 16) / 4),
    (LeastSquares(-1, 1, 0), REAL, FAKE, (1 + 4) / 4 + (2.25 + 4) / 4, (0.25 + 9) / 4),
    (LeastSquares(a=2, b=3, c=-1), REAL, FAKE, (1 + 16) / 4 + (2.25 + 25) / 4, (2.25 + 4) / 4),
    (Wasserstein(), REAL, FAKE, -1.25 - 0.5, 1.25),
    (Hinge(), torch.tensor([3.0, -1.0]), FAKE, (0 + 2) / 2 + (1.5 + 0) / 2, 1.25),
]


def name_of(value: object) -> str | None:
    return type(value).__name__ if isinstance(value, Loss) else None


@pytest.mark.parametrize(
    ("loss", "real", "fake", "discriminators", "generators"),
    HAND_COMPUTED,
    ids=[name_of(row[0]) for row in HAND_COMPUTED],
)
def test_objectives_equal_their_formulas(loss, real, fake, discriminators, generators):
    assert loss.for_discriminator(scored(real, fake)).item() == pytest.approx(discriminators)
    assert loss.for_generator(scored(real, fake)).item() == pytest.approx(generators)


@pytest.mark.parametrize("loss", [row[0] for row in HAND_COMPUTED], ids=name_of)
def test_gradients_of_objectives_equal_finite_differences(loss):
    scores = [each.double().requires_grad_() for each in (REAL_ODDS, FAKE_ODDS * 0.7)]
    assert torch.autograd.gradcheck(lambda *both: loss.for_discriminator(scored(*both)), scores)
    assert torch.autograd.gradcheck(lambda *both: loss.for_generator(scored(*both)), scores)


@pytest.mark.parametrize("loss", [row[0] for row in HAND_COMPUTED], ids=name_of)
def test_losses_of_extreme_scores_are_finite(loss):
    extreme = torch.tensor([-1e4, 1e4])
    assert loss.for_discriminator(scored(extreme, extreme)).isfinite()
    assert loss.for_generator(scored(extreme, extreme)).isfinite()


def test_the_opinion_is_a_probability_only_in_the_minimax_game():
    scores = torch.tensor([0.0, log(3)])
    for loss in (Minimax(), NonSaturating()):
        assert loss.opinion(scores).tolist() == pytest.approx([0.5, 0.75])
    for loss in (LeastSquares(), Wasserstein(), Hinge()):
        assert loss.opinion(scores).tolist() == scores.tolist()


@pytest.mark.parametrize("loss", [GradientPenalty(), DRAGAN(), R1(), WeightClipping()], ids=name_of)
def test_penalties_and_constraints_leave_the_generators_side_out(loss):
    assert loss.for_generator(scored(REAL, FAKE)) is None


def test_weight_clipping_adds_to_neither_side():
    assert WeightClipping().for_discriminator(scored(REAL, FAKE)) is None


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Minimax(real_target=0),
        lambda: NonSaturating(real_target=1.1),
        lambda: WeightClipping(0),
    ],
)
def test_impossible_numbers_are_refused(broken):
    with pytest.raises(UserError, match=r"real_target|loss.weight_clipping.bound"):
        broken()


# The optimum of the game, on an alphabet of four symbols with one free score per symbol.

P_DATA = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.double)
P_G = torch.tensor([0.4, 0.3, 0.3, 0.0], dtype=torch.double)


def sample_of(p: Tensor) -> Tensor:
    """Ten symbols in exactly these proportions."""
    return torch.arange(4).repeat_interleave((p * 10).round().long())


def best_response(loss: Loss, p_g: Tensor) -> tuple[Tensor, Tensor]:
    """The scores of the four symbols that minimise the discriminator's side, and its value."""
    scores = torch.zeros(4, dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.LBFGS([scores], max_iter=500, tolerance_grad=1e-12)

    def value() -> Tensor:
        return loss.for_discriminator(scored(scores[sample_of(P_DATA)], scores[sample_of(p_g)]))

    def closure() -> Tensor:
        optimizer.zero_grad()
        (term := value()).backward()
        return term

    for _ in range(5):
        optimizer.step(closure)
    return scores.detach(), value().detach()


def test_the_optimal_discriminator_cannot_tell_a_perfect_generator():
    loss = Minimax()
    scores, term = best_response(loss, P_DATA)
    assert loss.opinion(scores).tolist() == pytest.approx([0.5] * 4)
    assert -term.item() == pytest.approx(-log(4))


def test_the_optimal_discriminator_is_the_ratio_of_densities():
    loss = Minimax()
    scores, term = best_response(loss, P_G)
    ratio = P_DATA / (P_DATA + P_G)
    assert loss.opinion(scores).tolist() == pytest.approx(ratio.tolist(), abs=1e-4)
    divergence = torch.xlogy(P_DATA, 2 * ratio).sum() + torch.xlogy(P_G, 2 * (1 - ratio)).sum()
    assert -term.item() == pytest.approx(-log(4) + divergence.item(), abs=1e-4)
    assert -term.item() > -log(4) + 0.1


def test_label_smoothing_scales_the_data_side_of_the_ratio():
    loss = NonSaturating(real_target=0.9)
    scores, _ = best_response(loss, P_G)
    expected = 0.9 * P_DATA / (P_DATA + P_G)
    assert loss.opinion(scores).tolist() == pytest.approx(expected.tolist(), abs=1e-4)


def test_the_least_squares_generator_minimises_pearsons_chi_squared():
    loss = LeastSquares(a=-1, b=1, c=0)
    scores, _ = best_response(loss, P_G)
    assert scores.tolist() == pytest.approx(((P_DATA - P_G) / (P_DATA + P_G)).tolist(), abs=1e-6)
    real, fake = scores[sample_of(P_DATA)], scores[sample_of(P_G)]
    of_fakes, of_reals = (loss.for_generator(scored(real, each)) for each in (fake, real))
    chi_squared = ((P_DATA + P_G - 2 * P_G).square() / (P_DATA + P_G)).sum()
    assert 2 * (of_fakes + of_reals).item() == pytest.approx(chi_squared.item(), abs=1e-6)


# Penalties: critics whose slope is known at every image.


@pytest.mark.parametrize(
    ("penalty", "value", "by_norm"),
    [
        # of a slope of norm 3, and its derivative by that norm
        (GradientPenalty(), 10 * (3 - 1) ** 2, 2 * 10 * (3 - 1)),
        (GradientPenalty(0.5), 0.5 * (3 - 1) ** 2, 2 * 0.5 * (3 - 1)),
        (DRAGAN(), 10 * (3 - 1) ** 2, 2 * 10 * (3 - 1)),
        (R1(), 10 / 2 * 3**2, 10 * 3),
        (R1(0.1), 0.1 / 2 * 3**2, 0.1 * 3),
    ],
    ids=lambda value: name_of(value) or str(value),
)
def test_penalties_of_a_linear_critic(penalty, value, by_norm):
    critic = Critic()  # norm 3
    term = penalty.for_discriminator(facing(critic, pictures(), pictures(seed=1)))
    assert term.item() == pytest.approx(value, rel=1e-5)
    term.backward()
    assert critic.weight.grad.tolist() == pytest.approx([by_norm * 0.6, by_norm * 0.8], rel=1e-5)


@pytest.mark.parametrize("penalty", [GradientPenalty(), DRAGAN(), R1()], ids=name_of)
def test_penalties_of_a_conditional_critic_see_each_images_own_condition(penalty):
    critic = Critic(score_of=lambda images, told, weight: images @ weight * told[:, 0])
    told = torch.tensor([[0.0], [1.0], [2.0]])  # slopes 0, 3, 6
    term = penalty.for_discriminator(facing(critic, pictures(3), pictures(3, seed=1), told))
    expected = {
        GradientPenalty: 10 * (1 + 4 + 25) / 3,
        DRAGAN: 10 * (1 + 4 + 25) / 3,
        R1: 5 * (0 + 9 + 36) / 3,
    }
    assert term.item() == pytest.approx(expected[type(penalty)], rel=1e-5)


def places(penalty: Loss, real: Tensor, fake: Tensor) -> Tensor:
    """Where the penalty asked for the slope."""
    critic = Critic()
    penalty.for_discriminator(facing(critic, real, fake))
    (seen,) = critic.seen
    return seen.flatten(1)


def test_the_gradient_penalty_looks_between_real_and_fake():
    real, fake = pictures(64).flatten(1), pictures(64, seed=1).flatten(1)
    between = places(GradientPenalty(), real[:, None, None], fake[:, None, None])
    share = (between - fake) / (real - fake)
    assert share[:, 0].tolist() == pytest.approx(share[:, 1].tolist(), abs=1e-3)  # on the line
    assert 0 <= share.min() < 0.1
    assert 0.9 < share.max() <= 1.001
    assert 0.4 < share.mean() < 0.6


def test_dragan_looks_around_real_images():
    real = pictures(4000).flatten(1) * 3 - 1
    around = places(DRAGAN(), real[:, None, None], real[:, None, None] + 100)
    away = (around - real) / (0.5 * real.std())  # alpha * u: one alpha per image, one u per pixel
    assert away.min() > -1e-5
    assert 0.9 < away.max() <= 1.001
    assert away.mean().item() == pytest.approx(1 / 4, abs=0.01)
    assert away.square().mean().item() == pytest.approx(1 / 9, abs=0.01)
    assert away.prod(1).mean().item() == pytest.approx(1 / 12, abs=0.005)  # 1/16 if independent


def test_r1_looks_at_real_images():
    real = pictures()
    assert torch.equal(places(R1(), real, pictures(seed=1)), real.flatten(1))


def test_penalties_give_the_discriminator_no_hold_on_the_generator():
    fake = pictures(seed=1).requires_grad_()
    GradientPenalty().for_discriminator(facing(Critic(), pictures(), fake)).backward()
    assert fake.grad is None


def test_slopes_stay_in_single_precision_under_autocast():
    discriminator = Discriminator((1, 8, 8), Nothing(), ConvNet(width=4), Unconditional).eval()
    images, told = torch.randn(4, 1, 8, 8), torch.zeros(4, 0)
    with torch.autocast("cpu", torch.bfloat16):
        assert discriminator.trunk(images).dtype == torch.bfloat16
        half = slope(discriminator, images.bfloat16(), told)
    assert half.dtype == torch.float32
    assert torch.equal(half, slope(discriminator, images.bfloat16().float(), told))


def batch_norms(module: nn.Module) -> list[nn.Module]:
    return [each for each in module.modules() if isinstance(each, nn.BatchNorm1d | nn.BatchNorm2d)]


@pytest.mark.parametrize("penalty", [GradientPenalty(), DRAGAN(), R1()], ids=name_of)
@pytest.mark.parametrize("head", [Projection, Recognition])
def test_penalties_on_single_images_swap_batch_norm_for_layer_norm(penalty, head):
    extra = {"guess": AuxiliaryClassification()} if head.guesses else {}
    choices = {"condition": ClassLabel(10), "head": head, "network": ConvNet(width=4, hidden=8)}
    usual = Game((1, 16, 16), **choices, loss={"objective": Wasserstein(), **extra})
    game = Game((1, 16, 16), **choices, loss={"objective": Wasserstein(), "p": penalty, **extra})
    assert not batch_norms(game.discriminator)
    norms = [each for each in game.discriminator.modules() if isinstance(each, nn.GroupNorm)]
    assert len(norms) == len(batch_norms(usual.discriminator)) == (3 if head.guesses else 2)
    assert all(each.num_groups == 1 for each in norms)
    assert batch_norms(game.generator)
    images, told = torch.randn(4, 1, 16, 16), F.one_hot(torch.arange(4), 10).float()
    alone = torch.cat([game.discriminator(images[i : i + 1], told[:1]).score for i in range(4)])
    together = game.discriminator(images, told[:1].expand(4, 10)).score
    assert together.tolist() == pytest.approx(alone.tolist(), abs=1e-4)


def test_clipping_holds_after_every_discriminator_step(play):
    bound = 0.05
    largest = []

    def measure(discriminator: nn.Module, _: object) -> None:
        weights = torch.cat([each.detach().flatten() for each in discriminator.parameters()])
        largest.append(weights.abs().max().item())

    game = Game(
        (1, 8, 8),
        network=ConvNet(width=4),
        loss={"wasserstein": Wasserstein(), "weight_clipping": WeightClipping(bound)},
        optimizer=Optimizers(sgd(1.0), sgd(10.0)),
        n_critic=3,
    )
    game.discriminator.register_forward_pre_hook(measure)
    play(game, steps=2)
    assert len(largest) == 2 * (3 * 2 + 1)  # real and fake in each of D's turns, fake in G's
    assert largest[0] > bound  # batch norm starts at one
    assert largest[2:] == pytest.approx([bound] * 12)  # reached, so something had to be clipped


# Reading the condition back.


class Oracle(Head):
    """Guesses every code right."""

    guesses = True

    def __init__(self, features: int, condition_dim: int) -> None:
        super().__init__()
        self.score = nn.Linear(features, 1)

    def forward(self, features: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        sure = torch.where(condition == 1, 1000.0, condition)  # the logit of a category
        return self.score(features).squeeze(1), sure


@pytest.mark.parametrize("packing", [1, 2])
@pytest.mark.parametrize("categorical", [(10,), (2, 5), (2, 2, 7)], ids=str)
@pytest.mark.parametrize(("uniform", "gaussian"), [(0, 0), (2, 0), (0, 1), (1, 3)])
def test_the_information_bound_is_the_codes_entropy_when_the_guess_is_perfect(
    categorical, uniform, gaussian, packing
):
    code = LatentCode(categorical, uniform, gaussian)
    network = MLP(generator_hidden=[8], discriminator_hidden=[8], packing=packing)
    discriminator = Discriminator((1, 2, 2), code, network, Oracle)
    drawn = code.draw(torch.zeros(64), Draws(0))
    information = bound(discriminator(torch.randn(64, 1, 2, 2), drawn))
    of_numbers = torch.distributions.Normal(0, 1).log_prob(drawn[:, sum(categorical) + uniform :])
    # A guess of unit variance has density 1 / sqrt(2 pi) where it is right.
    expected = (
        sum(log(categories) for categories in categorical)
        + uniform * (log(2) - 0.5 * log(2 * pi))
        - of_numbers.sum(1).mean().item()
        - gaussian * 0.5 * log(2 * pi)
    )
    assert information.item() == pytest.approx(expected, abs=1e-4)


def read_back(log_q: list[float], log_p: list[float]) -> Critique:
    """One image per two factors."""
    log_q, log_p = (torch.tensor(each).view(-1, 2) for each in (log_q, log_p))
    return critique_of(torch.zeros(len(log_q)), log_q=log_q, log_p=log_p)


def test_mutual_information_rewards_both_players_for_the_fakes_code():
    fake = read_back([-1, -2, -0.5, -0.25], [-3, -3, -4, -4])  # bounds 3 and 7.25
    real = read_back([-9, -9, -9, -9], [-1, -1, -1, -1])
    loss = MutualInformation(weight=0.1)
    assert loss.for_discriminator(turn_of(real, fake)).item() == pytest.approx(-0.1 * 5.125)
    assert loss.for_generator(turn_of(real, fake)).item() == pytest.approx(-0.1 * 5.125)


@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_auxiliary_classification_is_cross_entropy_of_real_and_fake(weight):
    condition = ClassLabel(4)
    labels = {"real": torch.tensor([0, 3, 1]), "fake": torch.tensor([2, 2, 0])}
    critiques, entropy = {}, {}
    for name, classes in labels.items():
        logits, told = torch.randn(3, 4), condition.draw(classes, Draws(0))
        log_q, log_p = condition.log_posterior(logits, told), condition.log_prior(told)
        critiques[name] = critique_of(torch.zeros(3), log_q=log_q, log_p=log_p)
        entropy[name] = F.cross_entropy(logits, classes).item()
    loss = AuxiliaryClassification(weight)
    of_both = loss.for_discriminator(turn_of(**critiques))
    assert of_both.item() == pytest.approx(weight * (entropy["real"] + entropy["fake"]))
    of_fake = loss.for_generator(turn_of(**critiques))
    assert of_fake.item() == pytest.approx(weight * entropy["fake"])


def test_a_pack_has_one_slope():
    """A critic that adds up the pixels of its pack has slope sqrt(number of pixels in the pack)."""

    class Adder(nn.Module):
        packing = 2

        def forward(self, images: Tensor, condition: Tensor) -> Critique:
            empty = images[:, :0, 0, 0]
            return Critique(images, condition, images.reshape(-1, 32).sum(1), *[empty] * 3)

    gradient = slope(Adder(), torch.zeros(6, 1, 4, 4), torch.zeros(6, 0))
    assert gradient.norm(dim=1).tolist() == pytest.approx([sqrt(32)] * 3)
