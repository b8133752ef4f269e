"""What users get wrong: each time a sentence, soon, and nothing that was there is changed.

`GANZOO_CHAOS=20 pytest -s tests/chaos/test_bad_input.py` tries more and prints the table.
"""

import shutil
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pytorch_lightning.loggers import WandbLogger

from ganzoo.error import UserError
from ganzoo.logger import run_id
from ganzoo.settings.check import plain
from ganzoo.settings.compose import compose_config
from tests.helpers.commands import KILLS, contents, run

TINY = ["data=digits", "network.width=4", "data.batch_size=8", "data.val_size=16", "max_steps=2"]
TINY += ["val_every=1"]
FOLDER = ["data=image_folder", "data.batch_size=2", "data.val_size=2", "data.root=files/flat"]

CONFIGS = [
    ("seed=0.5", "seed is a whole number"),
    ("seed=[1]", "seed is a whole number"),
    ("max_steps=nan", "max_steps is a whole number"),
    ("max_steps=true", "max_steps is a whole number"),
    ("max_images=0", "max_images is a budget"),
    ("val_every=0", "val_every counts"),
    ("accumulate=0", "accumulate counts"),
    ("n_critic=1.5", "n_critic is a whole number"),
    ("ema=0", "type ema=0.999"),
    ("on_nonfinite=hope", "on_nonfinite is stop, skip or rewind"),
    ("optimizer.generator.lr=nan", "optimizer.generator.lr is a number"),
    ("optimizer.generator.lr=null", "optimizer.generator.lr is a number and cannot be null"),
    ("optimizer.generator.betas=[2,2]", "the options of optimizer do not work"),
    ("optimizer.generator.betas=0.5", "optimizer.generator.betas is a list"),
    ("optimizer.clip_norm=0", "optimizer.clip_norm is the largest norm"),
    ("optimizer.unrolled_steps=-1", "optimizer.unrolled_steps counts"),
    ("optimizer/schedule=null", "type ~optimizer/schedule"),
    ("logger=null", "type logger=[]"),
    ("network=null", "a run needs one"),
    ("+nope=1", "nothing reads the option nope"),
    ("network=mlp network.width=8", "there is no option network.width: type one of network."),
    ("model=acgan data.batch_size=1", "type data.batch_size=2"),
    ("data.root=a,b data=image_folder", "-m for a run of each"),
    ("callback.scores.required=true metric=[fid]", "Inception weights"),
    ("metric=[fid] metric.fid.extractor.weights=files/text.png", "does not hold the weights"),
    ("optimizer/schedule=cosine", "there is no optimizer/schedule=cosine"),
    ("experiment=gan_cifar", "there is no experiment=gan_cifar"),
    ("trainer=tpu", "there is no trainer=tpu"),
    ("trainer.precision=8", "the options of Trainer do not work (Precision 8"),
    ("trainer.devices=0", "trainer.devices counts the devices"),
    ("trainer.accelerator=abacus", "trainer.accelerator=abacus"),
    ("trainer.max_epochs=3", "a run is counted in generator steps"),
    ("network.width=0", "network.width is a size"),
    ("network.width=-4", "network.width is a size"),
    ("network.packing=0", "network.packing is a size"),
    ("latent.dim=0", "latent.dim counts"),
    ("latent.dim=-1", "latent.dim counts"),
    ("data.image_size=-1", "data.image_size must be a positive integer"),
    ("data.val_size=100000", "lower data.val_size"),
    ("loss.non_saturating.real_target=0", "real_target is a probability"),
    ("loss=[non_saturating,weight_clipping] loss.weight_clipping.bound=0", "bound must be above 0"),
    ("loss=[non_saturating,auxiliary_classification]", "add head=recognition"),
    ("condition=feature_vector", "needs a vector with every picture"),
    ("condition=latent_code condition.categorical=[1]", "at least two categories"),
    ("head=projection condition=latent_code", "must be told the condition of real images"),
    ("callback.sample_grid.rows=0", "at least 1 row and 1 column, got rows=0"),
    ("callback.every_checkpoint.keep=0", "keeps at least 1"),
    ("augmentation=instance_noise augmentation.strength.first=-1", "augmentation.strength=0.5"),
    ("augmentation=mirror augmentation.strength=2", "augmentation.strength=0.5"),
    ("augmentation=diff_augment augmentation.policy=[blur]", "policy=[colour,translation,cutout]"),
    ("augmentation=ada augmentation.categories=[noise]", "categories=[blit,geometry,colour]"),
    ("augmentation=ada augmentation.target=1", "augmentation.target=0.6"),
    ("augmentation=ada loss=[wasserstein]", "type augmentation.strength=0.5"),
    ("augmentation=ada loss=[relativistic_pair,r1_r2]", "type augmentation.strength=0.5"),
    ("loss=[relativistic_pair,lecam]", "loss=lecam compares single scores"),
    ("loss=[non_saturating,lecam] loss.lecam.decay=1", "type loss.lecam.decay=0.99"),
    ("loss=[hinge,relativistic_pair]", "loss needs exactly one objective"),
    ("loss=[r1_r2,lecam]", "loss needs exactly one objective"),
    ("callback=[density_curve]", "choose data=gaussian_1d"),
    ("metric=[kid_digits]", "type metric.kid_digits.subset_size=16"),
    ("metric=[kid_digits] metric.kid_digits.subset_size=1", "at least 2 samples"),
    ("metric=[prdc_digits] metric.prdc_digits.k_manifold=10", "counts 1 to 9 neighbours"),
    ("metric=[fid_points]", "metric=[fid] or metric=[fid_digits] for pictures"),
    ("metric=[fid_per_class_digits]", "choose model=cgan or model=acgan"),
    ("model=infogan network.hidden=8 metric=[fid_per_class_digits]", "choose model=cgan"),
    ("probe=[nearest] probe.nearest.n=0", "must be at least 1"),
    ("probe=[interpolation] probe.interpolation.rows=-1", "must be at least 1"),
    ("probe=[parzen]", "has no test set"),
    ("probe=[modes]", "choose data=ring or data=grid"),
    ("model=wgan probe=[critic] metric=[]", "choose metric=[fid_digits]"),
    ("model=wgan probe=[critic] logger=[]", "add csv to logger"),
    ("run_dir=elsewhere/run n_critic=0", "n_critic counts"),
    ("resume=files", "holds no"),
    ("hydra.run.dir=files/text.png/run", "cannot write files/text.png/run"),
]
FILES = [
    ("data.root=files/text.png", "is no folder"),
    ("data.root=files/nothing", "holds no pictures"),
    ("data.root=files/broken", "can be decoded"),
    ("data.features=files/missing.npy", "cannot be read"),
    ("data.features=files/text.png", "cannot be read"),
    ("data.features=files/pickled.npy", "cannot be read"),
    ("data.features=files/short.npy", "One feature vector for each"),
    ("data.image_size=7", "network=dcgan makes square images"),
    ("in_memory_mb=0", "there is no option in_memory_mb"),
    (
        "data.num_workers=-1 data.in_memory_mb=0 data.cache_mb=0",
        "the number of processes that read pictures",
    ),
]
COMMANDS = [
    ("sample files/missing.ckpt", "neither a checkpoint nor"),
    ("sample dcgan-mnist --seed -1", "type --seed 0"),
    ("sample infogan-mnist --code 1=inf", "finite number"),
    ("sample infogan-mnist --code 0=1 --code 0=2", "twice"),
    ("sample files/nothing", "neither a checkpoint nor"),
    ("sample files/empty.ckpt", "cannot be read as a checkpoint"),
    ("sample files/text.png", "cannot be read as a checkpoint"),
    ("sample files/other.zip", "cannot be read as a checkpoint"),
    ("sample files/list.ckpt", "not a checkpoint of ganzoo"),
    ("sample files/numbers.ckpt", "not a checkpoint of ganzoo"),
    ("evaluate files/list.ckpt", "not a checkpoint of ganzoo"),
    ("evaluate --images files/flat files/nothing", "holds no pictures"),
    ("evaluate --images files/flat files/text.png", "is no folder"),
    (
        "evaluate --images files/flat files/flat metric=[kid_digits]",
        "there are 8 and 8: type metric.kid_digits.subset_size=8, or give folders of more",
    ),
    ("report files/missing", "is no folder"),
    ("report files/text.png", "is no folder"),
    ("report files/flat", "there is no run"),
    ("report files/sweep", "there is no run"),
    ("train resume=files/sweep", "holds no"),
]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with pictures, other files and no run."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "files"
    for name in ("flat", "nothing", "broken", "sweep/0", "sweep/1"):
        (root / name).mkdir(parents=True)
    for number in range(8):
        picture = Image.fromarray(np.full((16, 16, 3), 30 * number, np.uint8))
        picture.save(root / f"flat/{number}.png")
        (root / f"broken/{number}.png").write_bytes((root / f"flat/{number}.png").read_bytes()[:40])
    (root / "text.png").write_text("no picture")
    (root / "empty.ckpt").write_bytes(b"")
    with zipfile.ZipFile(root / "other.zip", "w") as archive:
        archive.writestr("a.txt", "no checkpoint")
    torch.save([1, 2], root / "list.ckpt")
    torch.save({"hyper_parameters": 3, "state_dict": {}}, root / "numbers.ckpt")
    np.save(root / "short.npy", np.zeros((3, 2)))
    np.save(root / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    (root / "sweep/0/config.yaml").write_text("model: [broken")
    (root / "sweep/1/metrics.json").write_text("[1, 2]")
    return root


def refused(words, files, capsys):
    """What was said, after it was made sure that it is a sentence and all is as it was."""
    before, began = contents(files.parent), time.perf_counter()
    code = run(*words)
    said = capsys.readouterr().err
    assert time.perf_counter() - began < 20
    assert code == 1
    assert "Traceback" not in said
    sentence = said.splitlines()[-1]
    assert sentence.startswith("error: ")
    assert contents(files.parent) == before
    print(f"| `{' '.join(words[-2:])}` | {sentence.removeprefix('error: ')[:160]} |")
    return sentence


@pytest.mark.parametrize(("words", "said"), CONFIGS)
def test_a_bad_configuration_is_refused(words, said, files, capsys):
    assert said in refused(["train", *TINY, *words.split()], files, capsys)
    assert sorted(files.parent.iterdir()) == [files]


@pytest.mark.parametrize(("word", "said"), FILES)
def test_bad_data_is_refused(word, said, files, capsys):
    words = ["train", *TINY, *FOLDER, "data.image_size=8", "metric=[]", *word.split()]
    assert said in refused(words, files, capsys)
    assert sorted(files.parent.iterdir()) == [files]


@pytest.mark.parametrize(("words", "said"), COMMANDS)
def test_a_bad_file_is_refused(words, said, files, capsys):
    assert said in refused(words.split(), files, capsys)


def test_a_real_process_says_the_same(files):
    code = "from ganzoo.cli import main; main()"
    command = [sys.executable, "-c", code, "sample", "files/empty.ckpt"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=files.parent)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")


def test_a_tracker_that_does_not_know_who_we_are_is_refused(monkeypatch):
    def experiment(self):
        raise RuntimeError("No API key configured.")

    monkeypatch.setattr(WandbLogger, "experiment", property(experiment))
    with pytest.raises(UserError, match=r"No API key configured.*offline=true"):
        run_id(object.__new__(WandbLogger))


def numbers(node, key=""):
    """Every option of a configuration that is a number or a list of them."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from numbers(value, f"{key}.{name}".lstrip("."))
    elif isinstance(node, int | float) and not key.startswith(("trainer.", "facts.")):
        yield key


CHOICES = {
    "dcgan": [
        "augmentation=ada",
        "callback=[scores,sample_grid,checkpoint,doctor]",
        "probe=[nearest]",
    ],
    "acgan": ["loss=[least_squares,auxiliary_classification,r1,weight_clipping]"],
}
OPTIONS = [
    (model, key)
    for model, words in CHOICES.items()
    for key in numbers(plain(compose_config([f"model={model}", "data=digits", *words])))
    if not key.startswith("model.")
]
VALUES = ["0", "-1", "nan", "inf", "abc", "[1]", "null", "0.5", "true", "{a: 1}"]


@pytest.mark.slow
@settings(
    max_examples=5 * KILLS,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(option=st.sampled_from(OPTIONS), value=st.sampled_from(VALUES))
def test_any_number_may_be_anything(option, value, files, capsys):
    """A run of two steps comes to its end, or a sentence comes before it begins."""
    model, key = option
    shutil.rmtree(files.parent / "run", ignore_errors=True)  # of the example before
    words = ["train", f"model={model}", *CHOICES[model], *TINY, "probe.nearest.n=8"]
    words = [word for word in words if model == "dcgan" or "probe" not in word]
    code = run(*words, "metric=[]", "logger=[csv]", f"{key}={value}", "hydra.run.dir=run")
    said = capsys.readouterr().err
    assert "Traceback" not in said, (key, value)
    assert code in (0, 1)
    if code == 1:
        assert said.splitlines()[-1].startswith("error: "), (key, value)
        if (files.parent / "run").exists():
            assert "generator step" in said
        print(f"| `{key}={value}` | {said.splitlines()[-1].removeprefix('error: ')[:160]} |")
