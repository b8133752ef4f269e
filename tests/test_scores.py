"""The callback that scores validations: what it computes once, what it logs, what it survives."""

import math
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from pytorch_lightning import LightningDataModule, LightningModule, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ganzoo.callback.scores import Scores
from ganzoo.error import UserError
from ganzoo.metric import FID, Inception, Points, Score, inception

N_VAL = 50
REAL = torch.randn(N_VAL, 2, generator=torch.Generator().manual_seed(0))


class Counting(Points):
    """Remembers what it was asked."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale
        self.seen: list[Tensor] = []

    def extra_repr(self) -> str:
        return f"scale={self.scale}"

    def features(self, network: nn.Module, samples: Tensor) -> Tensor:
        self.seen.append(samples)
        return samples * self.scale

    @property
    def n_real(self) -> int:
        return sum(len(batch) for batch in self.seen if not (batch > 50).all())


class Data(LightningDataModule):
    n_val = N_VAL

    def __init__(self, fingerprint: str = "a", batch_size: int = 20) -> None:
        super().__init__()
        self.fingerprint = fingerprint
        self.batch_size = batch_size

    def train_dataloader(self) -> DataLoader:
        return DataLoader(torch.zeros(4, 2), batch_size=1)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(REAL, batch_size=self.batch_size)


class Toy(LightningModule):
    """Its samples are the real ones, moved by 100 along both axes: the distance is 2 * 100²."""

    def __init__(self, broken_at: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.broken_at = broken_at
        self.logged: list[dict[str, float]] = []

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        return self.weight.sum()

    def validation_step(self, batch: Tensor, batch_idx: int) -> dict[str, Tensor]:
        broken = self.global_step in self.broken_at
        return {"real": batch, "fake": batch + (math.nan if broken else 100.0)}

    def on_validation_end(self) -> None:
        self.logged.append({k: v.item() for k, v in self.trainer.logged_metrics.items()})

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(callback: Scores, toy: Toy | None = None, data: Data | None = None, steps: int = 4) -> Toy:
    """Validates after every second of `steps` steps."""
    toy = toy or Toy()
    trainer = Trainer(
        accelerator="cpu",
        max_steps=steps,
        val_check_interval=2,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[callback],
    )
    trainer.fit(toy, datamodule=data or Data())
    return toy


@pytest.fixture
def cache(tmp_path) -> str:
    return str(tmp_path / "cache")


def files(cache: str) -> list[Path]:
    return sorted(Path(cache).iterdir())


def test_logs_under_the_name_of_the_key(cache):
    toy = fit(Scores({"fid_points": FID(Points())}, cache))
    for step, logged in zip((2, 4), toy.logged, strict=True):
        assert logged["val/fid_points"] == pytest.approx(2e4, rel=1e-5)
        assert logged["val/fid_points_n"] == N_VAL
        assert logged["step"] == step


def test_real_samples_are_seen_once_in_a_run(cache):
    extractor = Counting()
    fit(Scores({"fid": FID(extractor)}, cache))
    assert extractor.n_real == N_VAL
    assert len(extractor.seen) == 3 + 2 * 3


def test_scores_with_equal_extractors_share_the_features(cache):
    one, other = Counting(), Counting()
    toy = fit(Scores({"fid": FID(one), "again": FID(other)}, cache), steps=2)
    assert len(one.seen) + len(other.seen) == 6
    assert toy.logged[0]["val/fid"] == toy.logged[0]["val/again"]


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


def test_part_of_the_cache_is_completed(cache):
    extractor = Counting()
    callback = Scores({"fid": FID(extractor)}, cache)
    for batches in (1, 3):
        trainer = Trainer(
            accelerator="cpu", limit_val_batches=batches, logger=False, enable_progress_bar=False
        )
        trainer.callbacks.append(callback)
        trainer.validate(Toy(), datamodule=Data(), verbose=False)
    assert extractor.n_real == N_VAL
    assert trainer.logged_metrics["val/fid"].item() == pytest.approx(2e4, rel=1e-5)


def test_unwritable_cache_warns_once_and_goes_on(tmp_path):
    blocked = tmp_path / "a file"
    blocked.touch()
    callback = Scores({"fid": FID(Points())}, str(blocked / "cache"))
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


def test_broken_samples_leave_the_score_out_and_training_on(cache):
    with pytest.warns(UserWarning, match="val/fid is left out at generator step 2"):
        toy = fit(Scores({"fid": FID(Points())}, cache), Toy(broken_at=(2,)))
    broken, sound = toy.logged
    assert "val/fid" not in broken
    assert sound["val/fid"] == pytest.approx(2e4, rel=1e-5)


@pytest.fixture
def no_inception(monkeypatch, tmp_path) -> None:
    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(inception, "urlopen", refuse)


@pytest.mark.usefixtures("no_inception")
def test_missing_weights_cost_one_score_and_one_warning(cache):
    scores = {"fid": FID(Inception()), "fid_points": FID(Points())}
    with pytest.warns(UserWarning, match="without val/fid. The Inception weights") as warned:
        toy = fit(Scores(scores, cache))
    assert sum("Inception" in str(w.message) for w in warned) == 1
    assert "val/fid" not in toy.logged[0]
    assert "val/fid_points" in toy.logged[0]


@pytest.mark.usefixtures("no_inception")
def test_missing_weights_are_an_error_where_the_score_is_required(cache):
    with pytest.raises(UserError, match="Inception weights"):
        fit(Scores({"fid": FID(Inception())}, cache, required=True))


class Drawing(Score):
    """A score of random subsets, like KID."""

    def update(self, features: Tensor, real: bool) -> None: ...

    def compute(self) -> float:
        return torch.rand(()).item()

    def reset(self) -> None: ...


def test_scoring_leaves_the_random_state_alone_and_is_repeatable(cache):
    states = []

    class Watching(Scores):
        def on_validation_epoch_end(self, *args) -> None:
            states.append(torch.get_rng_state())
            super().on_validation_epoch_end(*args)
            states.append(torch.get_rng_state())

    toy = fit(Watching({"drawing": Drawing(Points())}, cache))
    assert torch.equal(states[0], states[1])
    assert toy.logged[0]["val/drawing"] == toy.logged[1]["val/drawing"]


def test_the_module_owns_no_feature_network(cache):
    toy = fit(Scores({"fid": FID(Points())}, cache))
    assert list(toy.state_dict()) == ["weight"]


def test_callback_is_made_from_the_metrics_of_the_config(cache):
    conf = Path(__file__).parents[1] / "conf"
    config = OmegaConf.merge(
        {"metric": OmegaConf.load(conf / "metric/fid_points.yaml")},
        OmegaConf.load(conf / "callback/scores.yaml"),
    )
    config.scores.cache_dir = cache
    toy = fit(instantiate(config.scores))
    assert "val/fid_points" in toy.logged[0]
