"""Same seed, same machine, same bits, whoever reads the pictures and whatever is looked at."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.helpers.commands import exactly, run

GAME = [
    *("model=gan", "network.generator_hidden=[8]", "network.discriminator_hidden=[4]"),
    *("data=image_folder", "data.image_size=8", "data.cache_mb=0", "data.in_memory_mb=0"),
    *("data.batch_size=2", "data.val_size=12", "ema=0.9", "n_critic=2", "max_steps=6"),
    "val_every=6",
]
BARE = [
    *("metric=[]", "callback=[checkpoint]", "augmentation=diff_augment", "logger=[]"),
    "data.num_workers=0",
]


@pytest.fixture
def pictures(tmp_path):
    for number in range(24):
        pixels = np.random.default_rng(number).integers(256, size=(8, 8, 3), dtype=np.uint8)
        (tmp_path / "pictures").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / f"pictures/{number:02d}.png")
    return f"data.root={tmp_path}/pictures"


@pytest.mark.parametrize(
    "more",
    [
        ["data.num_workers=2"],
        ["data.cache_mb=8"],
        ["trainer.log_every_n_steps=1", "logger=[csv,tensorboard]", "val_every=1"],
        [
            *("callback=[checkpoint,scores,sample_grid,doctor]", "val_every=2"),
            *("metric=[fid_digits,prdc_digits]", "probe=[nearest,interpolation]"),
        ],
    ],
    ids=["two workers", "decoded once", "logged", "scored and drawn"],
)
def test_weights_do_not_depend_on_who_reads_or_looks(more, pictures, tmp_path):
    found = []
    for name, words in {"bare": BARE, "more": [*BARE, *more]}.items():
        assert run("train", *GAME, *words, pictures, f"hydra.run.dir={tmp_path}/{name}") == 0
        last = torch.load(tmp_path / name / "checkpoints/last.ckpt", weights_only=True)
        found.append(exactly([last["state_dict"], last["optimizer_states"]]))
    assert found[0] == found[1]
