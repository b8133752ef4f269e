"""What users get wrong: each time a sentence, soon, and nothing that was there is changed.

`GANZOO_CHAOS=20 pytest -s tests/chaos/test_bad_input.py` tries more and prints the table.
"""

import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

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

SHORT = {
    "tiny": ["train", *TINY],
    "flat": ["train", *TINY, *FOLDER, "data.image_size=8", "metric=[]"],
}
LONGEST = 60  # seconds of a command that is refused


def corpus():
    """The words of every command in bad_commands.txt, and what the answer holds."""
    quick, slow = Path(__file__).with_name("bad_commands.txt").read_text().split("# The slow lane")
    marked = [*((line, ()) for line in quick.splitlines())]
    marked += [(line, pytest.mark.slow) for line in slow.splitlines()]
    for line, mark in marked:
        command, arrow, said = line.partition("  =>")
        if arrow:
            first, *others = shlex.split(command) or [""]
            words = [*SHORT.get(first, [first]), *others] if command.strip() else []
            words = [word.replace("LONG", "x" * 300) for word in words]
            yield pytest.param(words, said.strip(), marks=mark)


CORPUS = list(corpus())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with pictures, other files and no run."""
    tmp_path = tmp_path_factory.mktemp("here")
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
    (root / "sweep/sweep.json").write_text('{"command": ["seed=0,1"]}')
    return root


@pytest.fixture
def files(folder, monkeypatch):
    """The same, as what lies in the working folder."""
    monkeypatch.chdir(folder.parent)
    return folder


def everything(folder):
    return sorted(folder.rglob("*")), contents(folder)


def refused(words, files, capsys):
    """What was said, after it was made sure that it is a sentence and all is as it was."""
    before, began = everything(files.parent), time.perf_counter()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(2 * LONGEST)  # a command that hangs ends the tests
    code = run(*words)
    signal.alarm(0)
    said = capsys.readouterr().err
    assert time.perf_counter() - began < LONGEST
    assert "Traceback" not in said
    assert code in (1, 2), said
    sentence = said.splitlines()[-1]
    assert re.match(r"error: |ganzoo.*: error: ", sentence)
    assert everything(files.parent) == before
    print(f"| `{' '.join(words[-2:])}` | {sentence.removeprefix('error: ')[:160]} |")
    return sentence


def test_there_are_more_than_200_of_them():
    assert len({tuple(case.values[0]) for case in CORPUS}) == len(CORPUS) > 200


@pytest.mark.parametrize(("words", "said"), CORPUS, ids=lambda each: " ".join(each[-2:])[-40:])
def test_a_bad_command_is_answered_by_a_sentence_and_leaves_nothing(words, said, files, capsys):
    assert said in refused(words, files, capsys)


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


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
def test_any_number_may_be_anything(option, value, here, capsys):
    """A run of two steps comes to its end, or a sentence comes before it begins."""
    model, key = option
    shutil.rmtree(here / "run", ignore_errors=True)  # of the example before
    words = ["train", f"model={model}", *CHOICES[model], *TINY, "probe.nearest.n=8"]
    words = [word for word in words if model == "dcgan" or "probe" not in word]
    code = run(*words, "metric=[]", "logger=[csv]", f"{key}={value}", "hydra.run.dir=run")
    said = capsys.readouterr().err
    assert "Traceback" not in said, (key, value)
    assert code in (0, 1)
    if code == 1:
        assert said.splitlines()[-1].startswith("error: "), (key, value)
        if (here / "run").exists():
            assert "generator step" in said
        print(f"| `{key}={value}` | {said.splitlines()[-1].removeprefix('error: ')[:160]} |")
