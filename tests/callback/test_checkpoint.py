"""A run leaves its model, however it validates."""

import torch

from ganzoo.callback import BestCheckpoint

TINY = ["data=digits", "network.width=4", "data.batch_size=8", "data.val_size=16", "val_every=2"]


def test_a_run_without_validation_leaves_its_model(command, tmp_path):
    words = [*TINY, "max_steps=3", "metric=[]", "+trainer.limit_val_batches=0"]
    assert command("train", *words, "hydra.run.dir=run")[0] == 0
    last = torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == 3
    assert command("sample", "run", "--n", 4)[0] == 0


def test_a_validated_end_is_saved_once(command, tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(
        "pytorch_lightning.Trainer.save_checkpoint",
        lambda self, path, *_, **__: saved.append((str(path).rpartition("/")[2], self.global_step)),
    )
    assert command("train", *TINY, "max_steps=4", "metric=[]", "hydra.run.dir=run")[0] == 0
    assert saved.count(("last.ckpt", 4)) == 1


def test_the_memory_of_the_best_checkpoint_survives_a_resumed_run_that_does_not_improve(tmp_path):
    callback, resumed = BestCheckpoint(tmp_path, "val/fid"), BestCheckpoint(tmp_path, "val/fid")
    best = f"{callback.dirpath}/best.ckpt"
    callback.current_score = callback.best_model_score = callback.kth_value = torch.tensor(3.0)
    callback.best_model_path = callback.kth_best_model_path = best
    callback.best_k_models = {best: torch.tensor(3.0)}
    resumed.load_state_dict(callback.state_dict())
    assert resumed.state_dict() == callback.state_dict()
