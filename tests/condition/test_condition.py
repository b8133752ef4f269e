"""Noise, codes and labels: what is drawn, how probable it is, and what a guess of it is worth."""

from math import log

import pytest
import torch
from torch import Tensor
from torch import distributions as dist

from ganzoo.condition import ClassLabel, Condition, FeatureVector, LatentCode, Nothing
from ganzoo.draws import Draws, mix
from ganzoo.error import UserError
from ganzoo.latent import Categorical, Gaussian, Latent, Uniform

LATENTS = [Uniform(3), Gaussian(3), Categorical(3)]
CONDITIONS = [Nothing(), ClassLabel(5), FeatureVector(4), LatentCode((4, 3), 2, 1)]
by_type = {"ids": lambda value: type(value).__name__}


def labels_for(condition: Condition, rows: int) -> Tensor:
    if isinstance(condition, FeatureVector):
        return torch.randn(rows, condition.dim)
    return torch.arange(rows) % 5


# Draws


def all_kinds(draws: Draws, rows: int = 6) -> list[Tensor]:
    return [draws.normal(rows, 3), draws.uniform(rows, 2, 2), draws.integers(rows, 9)]


def test_draws_depend_on_every_part_of_the_key_and_on_nothing_else():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    first = torch.cat([each.flatten().float() for each in all_kinds(Draws(1, 2, 3))])
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(1)
    again = torch.cat([each.flatten().float() for each in all_kinds(Draws(1, 2, 3))])
    assert torch.equal(first, again)
    keys = [(1, 2, 4), (1, 3, 3), (2, 2, 3), (3, 2, 1), (1, 2)]
    others = [torch.cat([x.flatten().float() for x in all_kinds(Draws(*key))]) for key in keys]
    assert not any(torch.equal(first, other) for other in others)
    assert len({mix(*key) for key in [*keys, (1, 2, 3)]}) == 6


def test_draws_go_on_and_do_not_repeat():
    draws = Draws(0)
    assert not torch.equal(draws.normal(4, 4), draws.normal(4, 4))


@pytest.mark.parametrize("world", [2, 3])
def test_processes_share_what_one_process_would_draw(world):
    alone = all_kinds(Draws(5, 1), rows=6 * world)
    shares = [all_kinds(Draws(5, 1, rank=rank, world=world)) for rank in range(world)]
    for whole, *parts in zip(alone, *shares, strict=True):
        assert all(len(part) == 6 for part in parts)
        assert torch.equal(torch.cat(parts), whole)


@pytest.mark.parametrize("source", [*LATENTS, LatentCode((4, 3), 2, 1)], **by_type)
def test_latents_and_codes_are_shared_between_processes(source):
    def draw(rows: int, **place: int) -> Tensor:
        draws = Draws(3, **place)
        is_latent = isinstance(source, Latent)
        return source.draw(rows, draws) if is_latent else source.draw(torch.zeros(rows), draws)

    halves = [draw(5, rank=rank, world=2) for rank in (0, 1)]
    assert torch.equal(torch.cat(halves), draw(10))
    assert not torch.equal(*halves)


def test_numbers_have_the_distributions_they_are_named_after():
    draws = Draws(0)
    normal, uniform = draws.normal(20_000, 2), draws.uniform(20_000, 2, low=-1, high=1)
    assert normal.mean(0).tolist() == pytest.approx([0, 0], abs=0.03)
    assert normal.std(0).tolist() == pytest.approx([1, 1], abs=0.03)
    assert -1 <= uniform.min() < -0.99
    assert 0.99 < uniform.max() < 1
    assert uniform.var(0).tolist() == pytest.approx([1 / 3] * 2, abs=0.01)
    counts = draws.integers(20_000, 4).bincount(minlength=4) / 20_000
    assert counts.tolist() == pytest.approx([1 / 4] * 4, abs=0.02)


# Latents


@pytest.mark.parametrize("latent", LATENTS, **by_type)
def test_latents_have_their_width_and_distribution(latent):
    drawn = latent.draw(20_000, Draws(0))
    assert drawn.shape == (20_000, 3)
    assert drawn.dtype == torch.float32
    expected = {Uniform: (0, 1 / 3), Gaussian: (0, 1), Categorical: (1 / 3, 2 / 9)}
    mean, variance = expected[type(latent)]
    assert drawn.mean(0).tolist() == pytest.approx([mean] * 3, abs=0.03)
    assert drawn.var(0).tolist() == pytest.approx([variance] * 3, abs=0.03)
    off_diagonal = drawn.T.cov()[0, 1].item()
    assert off_diagonal == pytest.approx(-1 / 9 if mean else 0, abs=0.03)


@pytest.mark.parametrize(
    ("latent", "space", "cell"),
    [
        (Gaussian(1), torch.linspace(-8, 8, 4001)[:, None], 16 / 4000),
        (Uniform(1), torch.linspace(-1, 1, 4001)[:-1, None], 2 / 4000),
        (Uniform(2), torch.rand(50, 2) * 2 - 1, 4 / 50),
        (Categorical(7), torch.eye(7), 1.0),
    ],
)
def test_priors_integrate_to_one(latent, space, cell):
    assert latent.log_prior(space).shape == (len(space),)
    assert latent.log_prior(space).exp().sum().item() * cell == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("latent", [Gaussian(1), Uniform(1), Categorical(7)], **by_type)
def test_posteriors_integrate_to_one(latent):
    line = torch.linspace(-10, 10, 8001)[:, None]
    space, cell = (torch.eye(7), 1.0) if latent.dim == 7 else (line, 20 / 8000)
    guess = torch.randn(1, latent.dim).expand(len(space), latent.dim)
    density = latent.log_posterior(guess, space).exp()
    assert density.sum().item() * cell == pytest.approx(1, abs=1e-4)


def test_densities_are_those_of_torch_distributions():
    guess, value = torch.randn(6, 4), torch.randn(6, 4)
    near_guess = dist.Normal(guess, 1).log_prob(value).sum(1)
    standard = dist.Normal(0, 1).log_prob(value).sum(1)
    torch.testing.assert_close(Gaussian(4).log_posterior(guess, value), near_guess)
    torch.testing.assert_close(Uniform(4).log_posterior(guess, value), near_guess)
    torch.testing.assert_close(Gaussian(4).log_prior(value), standard)
    inside = torch.rand(6, 4) * 2 - 1
    flat = dist.Uniform(-torch.ones(4), torch.ones(4)).log_prob(inside).sum(1)
    torch.testing.assert_close(Uniform(4).log_prior(inside), flat)
    one_hot = torch.eye(4)[[0, 1, 2, 3, 3, 0]]
    chosen = dist.OneHotCategorical(logits=guess).log_prob(one_hot)
    torch.testing.assert_close(Categorical(4).log_posterior(guess, one_hot), chosen)
    even = dist.OneHotCategorical(probs=torch.ones(4) / 4).log_prob(one_hot)
    torch.testing.assert_close(Categorical(4).log_prior(one_hot), even)


def test_guesses_decode_to_the_expected_value():
    guess = torch.randn(5, 3)
    assert torch.equal(Uniform(3).decode(guess), guess)
    assert torch.equal(Gaussian(3).decode(guess), guess)
    assert Categorical(3).decode(guess).tolist() == guess.softmax(1).tolist()


def test_sweeps_walk_through_each_latent():
    assert Uniform(2).sweep(5).tolist() == [[x, x] for x in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    assert Gaussian(1).sweep(5).flatten().tolist() == [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert Categorical(3).sweep(5).argmax(1).tolist() == [0, 1, 2, 0, 1]


# Conditions


@pytest.mark.parametrize("condition", CONDITIONS, **by_type)
def test_conditions_are_vectors_of_their_width_with_densities_per_factor(condition):
    drawn = condition.draw(labels_for(condition, 7), Draws(0))
    assert drawn.shape == (7, condition.dim)
    assert drawn.dtype == torch.float32
    factors = {Nothing: 0, ClassLabel: 1, FeatureVector: 1, LatentCode: 5}[type(condition)]
    guess = torch.randn(7, condition.dim)
    assert condition.log_prior(drawn).shape == (7, factors)
    assert condition.log_posterior(guess, drawn).shape == (7, factors)
    assert condition.decode(guess).shape == guess.shape
    assert condition.showcase(3, 4, Draws(0)).shape == (12, condition.dim)


def test_a_class_label_is_the_class_of_the_real_image():
    drawn = ClassLabel(4).draw(torch.tensor([2, 0]), Draws(0))
    assert drawn.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    assert ClassLabel(3).labels(7).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert ClassLabel(10).log_prior(drawn).exp().flatten().tolist() == pytest.approx([0.1, 0.1])
    posterior = ClassLabel(4).log_posterior(torch.tensor([[0.0, 0.0, log(3), 0.0]]), drawn[:1])
    assert posterior.item() == pytest.approx(log(3 / 6))


def test_a_feature_vector_is_that_of_the_real_image():
    vectors = torch.randn(5, 3)
    assert torch.equal(FeatureVector(3).draw(vectors, Draws(0)), vectors)
    assert FeatureVector(3).log_prior(torch.zeros(1, 3)).item() == pytest.approx(
        3 * dist.Normal(0, 1).log_prob(torch.tensor(0.0)).item()
    )


def test_a_code_holds_its_factors_side_by_side():
    code = LatentCode(categorical=(4, 3), uniform=2, gaussian=1)
    assert code.dim == 4 + 3 + 2 + 1
    drawn = code.draw(torch.zeros(20_000), Draws(0))
    assert drawn[:, :4].sum(1).unique().tolist() == [1]
    assert drawn[:, 4:7].sum(1).unique().tolist() == [1]
    assert drawn[:, 7:9].abs().max() <= 1
    assert drawn[:, 9].std().item() == pytest.approx(1, abs=0.03)
    assert drawn.T.cov()[7, 8].item() == pytest.approx(0, abs=0.03)
    a_value = torch.tensor([[0, 1, 0, 0, 0, 0, 1, 0.5, -0.5, 2]])
    a_guess = torch.tensor([[0, log(5), 0, 0, 0, 0, log(2), 0.5, 0.5, 0]])
    standard = dist.Normal(0, 1)
    assert code.log_prior(a_value)[0].tolist() == pytest.approx(
        [-log(4), -log(3), -log(2), -log(2), standard.log_prob(torch.tensor(2.0)).item()]
    )
    distances = torch.tensor([0.0, 1.0, 2.0])
    assert code.log_posterior(a_guess, a_value)[0].tolist() == pytest.approx(
        [log(5 / 8), log(2 / 4), *standard.log_prob(distances).tolist()]
    )
    assert code.decode(a_guess)[0].tolist() == pytest.approx(
        [1 / 8, 5 / 8, 1 / 8, 1 / 8, 1 / 4, 1 / 4, 1 / 2, 0.5, 0.5, 0]
    )


@pytest.mark.parametrize("condition", CONDITIONS, **by_type)
def test_only_a_code_is_unknown_of_real_images(condition):
    assert condition.known_of_real is not isinstance(condition, LatentCode)


def test_nothing_has_width_zero_and_no_information():
    drawn = Nothing().draw(torch.arange(3), Draws(0))
    assert drawn.shape == (3, 0)
    assert Nothing().log_prior(drawn).sum() == 0


def test_showcases_have_classes_in_columns_and_one_code_varied_per_row():
    classes = ClassLabel(3).showcase(2, 4, Draws(0)).view(2, 4, 3).argmax(2)
    assert classes.tolist() == [[0, 1, 2, 0]] * 2
    vectors = FeatureVector(3).showcase(2, 4, Draws(0)).view(2, 4, 3)
    assert torch.equal(vectors[0], vectors[1])
    assert len(vectors[0].unique(dim=0)) == 4
    code = LatentCode(categorical=(4,), uniform=1, gaussian=1)
    rows = code.showcase(5, 4, Draws(0)).view(5, 4, 6)
    slices = [slice(0, 4), slice(4, 5), slice(5, 6)]
    for row, cells in enumerate(rows):
        for factor, where in enumerate(slices):
            distinct = len(cells[:, where].unique(dim=0))
            assert distinct == (4 if factor == row % 3 else 1)


@pytest.mark.parametrize(
    ("broken", "remedy"),
    [
        (lambda: ClassLabel(0), "data=mnist5k"),
        (lambda: FeatureVector(0), "data.features="),
        (lambda: FeatureVector(3).labels(5), r"pass the vectors to sample\(\)"),
        (lambda: LatentCode((1,)), r"condition.categorical=\[10\]"),
        (lambda: LatentCode((10,), uniform=-1), "condition.uniform=2"),
        (lambda: LatentCode((), 0, 0), "condition=nothing"),
    ],
)
def test_impossible_conditions_are_refused_with_a_remedy(broken, remedy):
    with pytest.raises(UserError, match=remedy):
        broken()
