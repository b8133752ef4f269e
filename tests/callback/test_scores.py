"""The callback that scores validations: what it logs and what it survives."""

from copy import deepcopy

import pytest
import torch
from hydra.utils import instantiate
from torch import Tensor
from torch.utils.data import DataLoader

from ganzoo import DCGAN, GAN, network
from ganzoo.callback import BatchStatistics, StandingStatistics
from ganzoo.callback.scores import Scores
from ganzoo.error import UserError
from ganzoo.metric import (
    FID,
    KID,
    PRDC,
    DigitsExtractor,
    InceptionExtractor,
    MiFID,
    PointsExtractor,
    Score,
    inception,
)
from ganzoo.settings.compose import compose_config
from tests.helpers.games import noise_for, quiet_trainer
from tests.helpers.scoring import N_VAL, REAL, Counting, Data, Toy, files, fit


@pytest.fixture
def cache(tmp_path) -> str:
    return str(tmp_path / "cache")


def test_logs_under_the_name_of_the_key(cache):
    toy = fit(Scores({"fid_points": FID(PointsExtractor())}, cache))
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
        toy = fit(Scores({"fid": FID(PointsExtractor())}, cache), Toy(broken_at=(2,)))
    broken, sound = toy.logged
    assert "val/fid" not in broken
    assert sound["val/fid"] == pytest.approx(2e4, rel=1e-5)


class Bytes(Data):
    def val_dataloader(self) -> DataLoader:
        return DataLoader(torch.rand(20, 1, 28, 28) * 255, batch_size=10)


def test_real_pictures_that_were_never_scaled_are_refused(cache):
    with pytest.raises(UserError, match=r"images / 127.5 - 1"):
        fit(Scores({"fid": FID(DigitsExtractor())}, cache), data=Bytes())


@pytest.mark.parametrize("model", [GAN, DCGAN])
def test_training_is_the_same_bit_for_bit_with_scores_or_without(model, play, cache):
    """GAN draws dropout from the global generator, DCGAN keeps batch statistics."""
    weights = []
    for scores in ({}, {"kid": KID(DigitsExtractor(), 5, 8), "prdc": PRDC(DigitsExtractor())}):
        game = model((1, 28, 28))
        val = [noise_for(game, 12, step=99)] if scores else None
        play(game, 3, val=val, callbacks=[Scores(scores, cache)], val_check_interval=1)
        weights.append(game.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.fixture
def no_inception(monkeypatch, tmp_path) -> None:
    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(inception, "urlopen", refuse)


@pytest.mark.usefixtures("no_inception")
def test_missing_weights_cost_one_score_and_one_warning(cache):
    scores = {"fid": FID(InceptionExtractor()), "fid_points": FID(PointsExtractor())}
    with pytest.warns(UserWarning, match="without val/fid. The Inception weights") as warned:
        toy = fit(Scores(scores, cache))
    assert sum("Inception" in str(w.message) for w in warned) == 1
    assert "val/fid" not in toy.logged[0]
    assert "val/fid_points" in toy.logged[0]


@pytest.mark.usefixtures("no_inception")
def test_missing_weights_are_an_error_where_the_score_is_required(cache):
    with pytest.raises(UserError, match="Inception weights"):
        fit(Scores({"fid": FID(InceptionExtractor())}, cache, required=True))


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


def validated(processes: int, scores: dict[str, Score], cache: str) -> dict[str, float]:
    trainer = quiet_trainer(
        strategy="ddp_fork",
        devices=processes,
        use_distributed_sampler=False,
        callbacks=[Scores(scores, cache)],
    )
    trainer.validate(Curved(), datamodule=Share(), verbose=False)
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


def test_two_processes_score_like_one(cache):
    """From sums, and from all features that come together from shares of uneven size."""
    one, two = (
        validated(
            processes,
            {
                "fid": FID(PointsExtractor()),
                "prdc": PRDC(PointsExtractor()),
                "mifid": MiFID(PointsExtractor()),
            },
            cache,
        )
        for processes in (1, 2)
    )
    assert two == pytest.approx(one, rel=1e-6)
    assert one["val/fid"] > 1
    assert one["val/fid_n"] == 49
    assert {"val/prdc_recall", "val/mifid"} <= one.keys()
    assert len(files(cache)) == 3  # the whole, and two shares


@pytest.mark.parametrize("callback", [BatchStatistics(), StandingStatistics(200, 50)])
def test_batch_norm_goes_by_other_statistics_in_validation_alone(callback):
    game = DCGAN((1, 28, 28), network=network.ConvNet(width=4))
    latent, nothing = torch.rand(400, 100) * 2 - 1, torch.zeros(400, 0)
    before = {name: value.clone() for name, value in game.state_dict().items()}
    with torch.no_grad():
        expected = deepcopy(game).train()(latent, nothing)  # by their own statistics
        plain = game.eval()(latent, nothing)
        callback.on_validation_start(None, game)
        found = game(latent, nothing)
        callback.on_validation_end(None, game)
        assert torch.equal(game(latent, nothing), plain)
    assert (plain - expected).abs().mean() > 0.03
    assert (found - expected).abs().mean() < 0.003
    assert all(torch.equal(before[name], value) for name, value in game.state_dict().items())


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

    toy = fit(Watching({"drawing": Drawing(PointsExtractor())}, cache))
    assert torch.equal(states[0], states[1])
    assert toy.logged[0]["val/drawing"] == toy.logged[1]["val/drawing"]


def test_the_module_owns_no_feature_network(cache):
    toy = fit(Scores({"fid": FID(PointsExtractor())}, cache))
    assert list(toy.state_dict()) == ["weight"]


def test_callback_is_made_from_the_metrics_of_the_config(cache):
    chosen = ["metric=[fid_points]", "callback=[scores]", f"callback.scores.cache_dir={cache}"]
    toy = fit(instantiate(compose_config(chosen).callback.scores))
    assert "val/fid_points" in toy.logged[0]
