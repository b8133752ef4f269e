"""What images are asked for: a count, or a label for each, in any form that says so."""

import numpy as np
import pytest
import torch

from ganzoo import CGAN, DCGAN, InfoGAN
from ganzoo.condition import FeatureVector
from ganzoo.error import UserError
from ganzoo.network import ConvNet

SHAPE, SMALL = (1, 8, 8), ConvNet(width=4, hidden=8)


@pytest.fixture(scope="module")
def models():
    vectors = {"condition": FeatureVector(3)}
    return {
        "plain": DCGAN(SHAPE, network=SMALL),
        "classes": CGAN(SHAPE, n_classes=10, network=SMALL),
        "code": InfoGAN(SHAPE, network=SMALL),
        "vectors": CGAN(SHAPE, network=SMALL, **vectors),
    }


@pytest.mark.parametrize(
    "labels",
    [
        [3, 3, 9],
        (3, 3, 9),
        np.array([3, 3, 9]),
        np.array([3, 3, 9], dtype=np.uint8),
        torch.tensor([3, 3, 9], dtype=torch.int32),
        torch.tensor([3, 3, 9], dtype=torch.int8),
    ],
    ids=lambda each: f"{type(each).__name__} {getattr(each, 'dtype', '')}",
)
def test_images_are_asked_for_in_any_form(labels, models):
    expected = models["classes"].sample(torch.tensor([3, 3, 9]))
    assert torch.equal(models["classes"].sample(labels), expected)


@pytest.mark.parametrize("count", [3, np.int64(3), np.uint8(3)])
@pytest.mark.parametrize("name", ["plain", "classes", "code"])
def test_a_count_is_any_whole_number(count, name, models):
    assert torch.equal(models[name].sample(count), models[name].sample(3))


def test_vectors_are_asked_for_by_lists_too(models):
    vectors = [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    expected = models["vectors"].sample(torch.tensor(vectors))
    for form in (vectors, np.array(vectors), np.array(vectors, dtype=np.float64)):
        assert torch.equal(models["vectors"].sample(form), expected)
    assert torch.equal(models["vectors"].sample([[0, 1, 2], [3, 4, 5]]), expected)


@pytest.mark.parametrize(
    ("name", "labels", "said"),
    [
        *[(name, 0, "at least 1 image") for name in ("plain", "classes", "code")],
        *[("plain", count, "at least 1 image") for count in (-1, np.int64(-3))],
        *[("classes", labels, "a label for each") for labels in ([], torch.tensor(4), True, 2.5)],
        *[("classes", labels, "count or a label") for labels in ("cat", None, [[1], [1, 2]], {})],
        *[("classes", labels, "from 0 to 9") for labels in ([10], [-1], [0.5], [True], [[1]])],
        ("classes", torch.tensor([float("nan")]), "from 0 to 9"),
        ("plain", [3, 3], "is told nothing"),
        ("code", [3, 3], "is told nothing"),
        ("vectors", 4, "come only with data"),
        ("vectors", [1, 2], "a vector of 3 finite numbers"),
        ("vectors", [[1.0, 2.0]], "a vector of 3 finite numbers"),
        ("vectors", [[1.0, 2.0, float("inf")]], "a vector of 3 finite numbers"),
    ],
    ids=str,
)
def test_anything_else_is_answered_by_a_sentence(name, labels, said, models):
    with pytest.raises(UserError, match=said):
        models[name].sample(labels)


@pytest.mark.parametrize("seed", [-1, 0.5, None, "x"])
def test_a_seed_is_a_whole_number(seed, models):
    with pytest.raises(UserError, match="a seed is a whole number from 0 up"):
        models["plain"].sample(2, seed)
