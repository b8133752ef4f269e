"""The callback that scores validations: what it logs and what it survives."""

from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader
from validation import N_VAL, REAL, Counting, Data, Toy, files, fit

from ganzoo.callback.scores import Scores
from ganzoo.error import UserError
from ganzoo.metric import FID, PRDC, Inception, MiFID, Points, Score, inception


@pytest.fixture
def cache(tmp_path) -> str:
    return str(tmp_path / "cache")


def test_logs_under_the_name_of_the_key(cache):
    toy = fit(Scores({"fid_points": FID(Points())}, cache))
    for step, logged in zip((2, 4), toy.logged, strict=True):
        assert logged["val/fid_points"] == pytest.approx(2e4, rel=1e-5)
        assert logged["val/fid_points_n"] == N_VAL
        assert logged["step"] == step


def test_scores_with_equal_extractors_share_the_features(cache):
    one, other = Counting(), Counting()
    toy = fit(Scores({"fid": FID(one), "again": FID(other)}, cache), steps=2)
    assert len(one.seen) + len(other.seen) == 6
    assert toy.logged[0]["val/fid"] == toy.logged[0]["val/again"]


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


class Share(Data):
    """49 samples, dealt to the processes in turn: the shares of two differ in size."""

    def val_dataloader(self) -> DataLoader:
        assert self.trainer is not None
        share = REAL[:49][self.trainer.global_rank :: self.trainer.world_size]
        return DataLoader(share, batch_size=self.batch_size)


class Curved(Toy):
    """Its samples are the squares of the real ones."""

    def validation_step(self, batch: Tensor, batch_idx: int) -> dict[str, Tensor]:
        return {"real": batch, "fake": batch.square()}


def test_two_processes_keep_all_features(cache):
    """Scores over the features of all samples, which come together from shares of uneven size."""
    found = []
    for processes in (1, 2):
        trainer = Trainer(
            accelerator="cpu",
            strategy="ddp_fork",
            devices=processes,
            use_distributed_sampler=False,
            logger=False,
            enable_progress_bar=False,
            callbacks=[Scores({"prdc": PRDC(Points()), "mifid": MiFID(Points())}, cache)],
        )
        trainer.validate(Curved(), datamodule=Share(), verbose=False)
        found.append({key: float(value) for key, value in trainer.callback_metrics.items()})
    assert found[1] == pytest.approx(found[0], rel=1e-6)
    assert {"val/prdc_recall", "val/mifid", "val/prdc_n"} <= found[0].keys()


def test_two_processes_score_like_one(cache):
    trainers = []
    for processes in (1, 2):
        trainer = Trainer(
            accelerator="cpu",
            strategy="ddp_fork",
            devices=processes,
            use_distributed_sampler=False,
            logger=False,
            enable_progress_bar=False,
            callbacks=[Scores({"fid": FID(Points())}, cache)],
        )
        trainer.validate(Curved(), datamodule=Share(), verbose=False)
        trainers.append(trainer)
    one, two = (trainer.callback_metrics for trainer in trainers)
    assert one["val/fid"] > 1
    assert two["val/fid"].item() == pytest.approx(one["val/fid"].item(), rel=1e-6)
    assert one["val/fid_n"] == two["val/fid_n"] == 49
    assert len(files(cache)) == 3  # the whole, and two shares


class Drawing(Score):
    """A score of random subsets, like KID."""

    def update(self, features: Tensor, real: bool, condition: Tensor | None = None) -> None: ...

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
