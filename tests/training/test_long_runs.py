"""What a long run leaves behind is bounded by a rule that a resumed run follows too."""

import pytest
import torch

from ganzoo import picture
from ganzoo.callback import DensityCurve, PeriodicCheckpoint, SampleGrid, sample_grid
from ganzoo.error import UserError
from tests.helpers.commands import QUICK, run


@pytest.mark.parametrize(
    ("step", "kept"), [(10, 10), (40, 10), (50, 20), (80, 20), (90, 40), (1000, 320)]
)
def test_pictures_are_spaced_so_that_there_are_at_most_four(step, kept):
    assert picture.picture_interval(step, every=10, most=4) == kept


def test_a_long_run_keeps_every_second_picture_then_every_fourth(tmp_path, monkeypatch):
    monkeypatch.setattr(sample_grid, "MAX_GRIDS", 4)
    words = ["train", *QUICK, "network.width=4", "val_every=1", "metric=[]", "max_steps=11"]
    assert run(*words, "callback=[sample_grid]", f"hydra.run.dir={tmp_path}") == 0
    kept = sorted(path.stem for path in (tmp_path / "samples").glob("*.png"))
    assert kept == ["step_000004", "step_000008", "step_000011"]


def test_checkpoints_stay_every_so_many_steps_and_of_them_the_newest(tmp_path):
    words = ["train", *QUICK, "network.width=4", "val_every=2", "metric=[]", "max_steps=14"]
    words += ["callback.every_checkpoint.every=4", "callback.every_checkpoint.keep=2"]
    assert run(*words, "callback=[checkpoint]", f"hydra.run.dir={tmp_path}") == 0
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert names == ["best.ckpt", "last.ckpt", "step_000008.ckpt", "step_000012.ckpt"]
    saved = torch.load(tmp_path / "checkpoints/step_000008.ckpt", weights_only=True)
    assert saved["global_step"] == 8


@pytest.mark.parametrize("wrong", [{"keep": 0}, {"every": 0}])
def test_checkpoints_that_cannot_be_kept_are_refused(wrong, tmp_path):
    with pytest.raises(UserError, match="keeps at least 1 checkpoint"):
        PeriodicCheckpoint(tmp_path, **wrong)


def test_a_grid_without_cells_is_refused(tmp_path):
    with pytest.raises(UserError, match="at least 1 row"):
        SampleGrid(tmp_path, rows=0)


def test_the_film_of_densities_has_a_bounded_number_of_frames(tmp_path):
    words = ["train", *QUICK[2:], "data=gaussian_1d", "data.n_samples=200", "data.val_size=16"]
    words += ["data.batch_size=8", "network=mlp", "network.generator_hidden=[4]", "metric=[]"]
    frames = []
    original = DensityCurve.on_fit_end

    def counting(self, trainer, game):
        frames.extend(self.frames)
        original(self, trainer, game)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganzoo.callback.density_curve.MAX_FRAMES", 2)
        patch.setattr(DensityCurve, "on_fit_end", counting)
        words += ["network.discriminator_hidden=[4]", "callback=[density_curve]", "val_every=1"]
        words += ["max_steps=5", "callback.density_curve.n=100"]
        assert run("train", *words[1:], f"hydra.run.dir={tmp_path}") == 0
    assert frames == [4, 5]
