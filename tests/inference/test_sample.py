"""Pictures of a trained model, in every form and number."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.error import UserError
from ganzoo.inference.export import export_model
from ganzoo.inference.sample import write_npz, write_samples


@pytest.fixture
def model(run):
    """The path of an InfoGAN, and the model."""
    folder, _ = run("model=infogan")
    return folder, ganzoo.load(folder)


def grey(path):
    return np.asarray(Image.open(path).convert("L")).astype(int)


def shades(images):
    return (images[:, 0].clamp(-1, 1) * 127.5 + 127.5).round().int().numpy()


def test_a_folder_an_npz_and_the_module_hold_the_same_pictures(model, tmp_path):
    path, players = model
    expected = shades(players.sample(300, seed=2))
    write_samples(path, tmp_path / "many", 300, seed=2)
    files = sorted((tmp_path / "many").iterdir())
    assert [each.name for each in files[:2]] == ["000000.png", "000001.png"]
    assert np.abs(np.stack([grey(each) for each in files]) - expected).max() <= 1
    write_samples(path, tmp_path / "many.npz", 300, seed=2)
    images = np.load(tmp_path / "many.npz")["images"]
    assert images.shape == (300, 28, 28, 1)
    assert np.abs(images[..., 0] - expected).max() <= 1


def test_a_walk_fills_a_row_of_the_grid(model, tmp_path):
    path, players = model
    write_samples(path, tmp_path / "walks.png", 3, seed=1, steps=4)
    drawn = grey(tmp_path / "walks.png")
    assert drawn.shape == (3 * 30 + 2, 4 * 30 + 2)
    walks = shades(players.interpolate(3, 4, seed=1))
    assert np.abs(drawn[2:30, 32:60] - walks[1]).max() <= 1


def test_codes_and_truncation_reach_the_model(model, tmp_path):
    path, players = model
    write_samples(path, tmp_path / "a.npz", 5, codes={0: 3, 1: 0.5}, truncation=0.5)
    images = np.load(tmp_path / "a.npz")["images"][..., 0]
    expected = shades(players.sample(5, fixed={0: 3, 1: 0.5}, truncation=0.5))
    assert np.abs(images - expected).max() <= 1
    assert np.abs(images - shades(players.sample(5))).max() > 1


def test_a_class_is_drawn_where_there_are_classes(run, tmp_path):
    path, _ = run("model=cgan")
    write_samples(path, tmp_path / "seven.npz", 4, label=7)
    images = np.load(tmp_path / "seven.npz")["images"][..., 0]
    expected = shades(ganzoo.load(path).sample(4, fixed={0: 7}))
    assert np.abs(images - expected).max() <= 1


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path):
    block = np.zeros((256, 28, 28, 1), np.uint8)
    peaks = []
    for blocks in (4, 40):
        tracemalloc.start()
        write_npz((block for _ in range(blocks)), blocks * 256, tmp_path / "many.npz")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
    assert np.load(tmp_path / "many.npz")["images"].shape == (40 * 256, 28, 28, 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"label": 3}, "this model has no classes: leave out --label"),
        ({"codes": {0: 11}}, "no category 11"),
        ({"codes": {9: 1}}, "no factor 9"),
        ({"truncation": 2}, "truncation lies in"),
        ({"steps": 0}, "--interpolate counts"),
        ({"n": 10_001}, "is too large to look at"),
    ],
)
def test_what_cannot_be_drawn_is_said_and_leaves_what_was_there(model, tmp_path, options, said):
    out = tmp_path / "samples.png"
    out.write_bytes(b"mine")
    with pytest.raises(UserError, match=said):
        write_samples(model[0], out, **options)
    assert out.read_bytes() == b"mine"


def test_codes_are_refused_by_a_model_without_them(run, tmp_path):
    with pytest.raises(UserError, match="this model has no code"):
        write_samples(run("model=cgan")[0], tmp_path / "a.png", codes={0: 1})


def test_a_model_of_the_package_is_drawn_by_its_name(run, tmp_path, monkeypatch):
    monkeypatch.setattr("ganzoo.inference.find.PRETRAINED", tmp_path / "zoo")
    folder, _ = run("model=dcgan")
    export_model(folder, tmp_path / "zoo/dcgan-mnist")
    assert write_samples("dcgan-mnist", tmp_path / "a.png") == Path(tmp_path / "a.png")
    write_samples(folder, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
