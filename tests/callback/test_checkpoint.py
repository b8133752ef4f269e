"""A run leaves its model, however it validates."""

import torch

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
