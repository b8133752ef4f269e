"""Features of real samples are computed once, and again when they must be."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ganzoo.callback.scores import Scores
from ganzoo.metric import FID, PointsExtractor
from ganzoo.metric.cache import FeatureFile
from tests.helpers.games import quiet_trainer
from tests.helpers.scoring import N_VAL, REAL, Counting, Data, Toy, files, fit


@pytest.fixture
def cache(tmp_path) -> str:
    return str(tmp_path / "cache")


def test_real_samples_are_seen_once_in_a_run(cache):
    extractor = Counting()
    fit(Scores({"fid": FID(extractor)}, cache))
    assert extractor.n_real == N_VAL
    assert len(extractor.seen) == 3 + 2 * 3


@pytest.mark.parametrize(
    ("extractor", "data", "n_real"),
    [
        (Counting(), Data(), 0),
        (Counting(), Data(batch_size=16), 0),
        (Counting(scale=2.0), Data(), N_VAL),
        (Counting(), Data(fingerprint="b"), N_VAL),
    ],
    ids=["hit", "other batch size", "other weights", "other data"],
)
def test_cache_between_runs(cache, extractor, data, n_real):
    fit(Scores({"fid": FID(Counting())}, cache))
    toy = fit(Scores({"fid": FID(extractor)}, cache), data=data)
    assert extractor.n_real == n_real
    assert toy.logged[0]["val/fid"] == pytest.approx(2e4 * extractor.scale**2, rel=1e-5)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-8],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: b"not safetensors at all",
    ],
    ids=["empty", "truncated", "flipped", "nonsense"],
)
def test_damaged_cache_is_computed_again(cache, damage):
    fit(Scores({"fid": FID(Counting())}, cache))
    [file] = files(cache)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    extractor = Counting()
    fit(Scores({"fid": FID(extractor)}, cache))
    assert extractor.n_real == N_VAL
    assert [path.read_bytes() for path in files(cache)] == [whole]


def test_a_file_that_belongs_elsewhere_is_not_taken(tmp_path):
    mine, stale = FeatureFile(tmp_path, "mine"), FeatureFile(tmp_path, "stale")
    stale.write(REAL)
    stale.path.rename(mine.path)
    assert len(mine.read()) == 0


def test_part_of_the_cache_is_completed(cache):
    extractor = Counting()
    callback = Scores({"fid": FID(extractor)}, cache)
    for batches, size in ((1, 20), (4, 15)):  # the second batch of 15 is known in part
        trainer = quiet_trainer(limit_val_batches=batches, callbacks=[callback])
        trainer.validate(Toy(), datamodule=Data(batch_size=size), verbose=False)
    assert extractor.n_real == 20 + 35
    [file] = files(cache)
    assert torch.equal(load_file(file)["features"], REAL)
    assert trainer.logged_metrics["val/fid"].item() == pytest.approx(2e4, rel=1e-5)


def test_unwritable_cache_warns_once_and_goes_on(tmp_path):
    blocked = tmp_path / "a file"
    blocked.touch()
    callback = Scores({"fid": FID(PointsExtractor())}, str(blocked / "cache"))
    with pytest.warns(UserWarning, match="cannot be kept") as warned:
        toy = fit(callback)
    assert sum("cannot be kept" in str(w.message) for w in warned) == 1
    assert len(toy.logged) == 2


def test_default_cache_folder(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    monkeypatch.delenv("GANZOO_CACHE", raising=False)
    assert Scores({}).cache_dir == Path("/caches/ganzoo")
    monkeypatch.setenv("GANZOO_CACHE", "/mine")
    assert Scores({}).cache_dir == Path("/mine")
