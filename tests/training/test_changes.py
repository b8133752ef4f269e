"""What may change when a run continues: the table of the documentation, for every option."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.error import UserError
from ganzoo.files import read_values
from ganzoo.runs import RunFolder
from ganzoo.settings.check import plain
from ganzoo.settings.compose import CONF, compose_config
from ganzoo.training.changes import ALLOWED, FIXED, FREE, check_changes, flatten, rule_of
from tests.helpers.commands import contents
from tests.helpers.commands import run as run_ganzoo


def run(*words):
    return run_ganzoo("train", *words)


PAGE = Path(__file__).parents[2] / "docs/resume.md"
ONCE = ("run_dir", "resume", "allow_changes", "trust", "debug", "facts")  # of a command


def table():
    """The rule of each option that the page names."""
    rows = re.findall(r"^\| (`.*`) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    return {name: rule for names, rule in rows for name in re.findall(r"`([\w.]+)`", names)}


def options():
    """Every option of every part in ``conf/``."""
    left_out = ("hydra", "hparams_search", "experiment", "schedule")  # set options of the others
    found = set(flatten(plain(compose_config())))
    for path in [path for path in CONF.glob("*/*.yaml") if path.parent.name not in left_out]:
        group = "" if "@package _global_" in path.read_text() else path.parent.name
        found |= set(flatten(read_values(path), group))
    return sorted(key for key in found if key.split(".")[0] not in (*ONCE, "defaults"))


def documented(key, rows):
    named = [name for name in rows if key == name or key.startswith(f"{name}.")]
    assert named, f"the page says nothing of {key}"
    return rows[max(named, key=len)]


def test_the_page_has_every_option_and_the_program_follows_it():
    rows, run = table(), RunFolder("run")
    found = options()
    assert len(found) > 200
    assert {documented(key, rows) for key in found} == {FREE, ALLOWED, FIXED}
    for key in found:
        rule = documented(key, rows)
        assert rule_of(key) == rule, key
        for allowed in (False, True):
            if rule == FREE or (rule == ALLOWED and allowed):
                check_changes(run, [(key, 1, 2)], allowed)
            else:
                with pytest.raises(UserError, match=f"{re.escape(key)}=1 \\(now 2\\)"):
                    check_changes(run, [(key, 1, 2)], allowed)


CHANGES = {
    "fewer": lambda folder: (folder / "03.png").unlink(),
    "others": lambda folder: (folder / "03.png").write_bytes((folder / "00.png").read_bytes()),
    "renamed": lambda folder: (folder / "03.png").rename(folder / "99.png"),
    "moved": lambda folder: None,
}
SAID = {
    "kept": {"fewer": "(24 samples, now 23)", "others": "its pixels changed", "renamed": "pixels"},
    "streamed": {
        "fewer": "(24 samples, now 23)",
        "others": "its sizes, some pixels changed",
        "renamed": "names, sizes, some pixels changed",
    },
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two runs on a folder of pictures, which are kept in memory or streamed."""
    root = tmp_path_factory.mktemp("trained")
    (root / "pictures").mkdir()
    for number in range(24):
        pixels = np.random.default_rng(number).integers(0, 256, (8 + number, 8, 3), np.uint8)
        Image.fromarray(pixels).save(root / f"pictures/{number:02d}.png")
    words = ["data=image_folder", f"data.root={root}/pictures", "data.image_size=32", "metric=[]"]
    words += ["data.batch_size=4", "data.val_size=8", "data.num_workers=0", "data.cache_mb=0"]
    words += ["network.width=4", "max_steps=1", "val_every=1", "logger=[]", "callback=[checkpoint]"]
    for name, size in {"kept": 100, "streamed": 0}.items():
        assert run(*words, f"data.in_memory_mb={size}", f"hydra.run.dir={root}/{name}") == 0
    return root


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", SAID)
def test_data_that_has_changed_is_refused_with_what_differs(
    kind, change, trained, tmp_path, capsys
):
    cut = shutil.copytree(trained / kind, tmp_path / "cut")
    moved = shutil.copytree(trained / "pictures", tmp_path / "moved")
    CHANGES[change](moved)
    before = contents(cut)
    code = run(f"resume={cut}", f"data.root={moved}", "max_steps=2")
    said = capsys.readouterr().err
    assert code == (change != "moved"), said
    if code:
        assert "is not what it was" in said
        assert SAID[kind][change] in said
        assert contents(cut) == before
    if change == "fewer":
        more = ["max_steps=2", "allow_changes=true"]
        assert run(f"resume={cut}", f"data.root={moved}", *more) == 0
        assert read_values(cut / "origin.json")["data"]["number"] == 23
