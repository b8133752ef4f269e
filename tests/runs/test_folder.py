"""The folder of a run: one place knows the names of its files."""

import ast
import re
from pathlib import Path

import pytest

import ganzoo
from ganzoo.runs import RunFolder, read_run
from tests.helpers.runs import write_run

PACKAGE = Path(ganzoo.__file__).parent
NAMES = (
    *("metrics.json", "config.yaml", "failure.json", "origin.json", "changes.json", "sweep.json"),
    *("trackers.json", "diagnosis.json", "figures", "last.ckpt", "best.ckpt", "metrics.csv"),
    "run.lock",
)


def strings(path):
    """The strings of a module that are no docstrings."""
    tree = ast.parse(path.read_text())
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return [node.value for node in nodes if isinstance(node.value, str) and id(node) not in alone]


def test_no_other_module_names_a_file_of_a_run():
    assert set(NAMES) <= {text.split("/")[-1] for text in strings(PACKAGE / "runs/folder.py")}
    elsewhere = [
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in PACKAGE.rglob("*.py")
        for name in NAMES
        if re.search(rf"\b{re.escape(name)}\b", "\n".join(strings(path)))
        and path != PACKAGE / "runs/folder.py"
    ]
    assert elsewhere == []


def test_values_are_added_to_a_file_and_the_others_stay(tmp_path):
    metrics = RunFolder(tmp_path / "run").metrics
    assert metrics.read() == {}
    metrics.update({"a": 1, "b": 2})
    metrics.update({"b": 3})
    assert metrics.read() == {"a": 1, "b": 3}
    metrics.remove()
    metrics.remove()
    assert not metrics.exists()


@pytest.mark.parametrize("missing", ["best", "steps", "images", "val/fid_n"])
def test_damaged_metrics_are_no_measurement(missing, tmp_path):
    run = RunFolder(write_run(tmp_path / "run"))
    assert run.has_finished()
    whole = run.metrics.read()
    run.metrics.write({name: value for name, value in whole.items() if name != missing})
    assert run.measured() == {}
    assert not run.has_finished()
    assert not read_run(run).finished


def test_a_checkpoint_belongs_to_the_run_whose_folder_it_lies_in(tmp_path):
    run = RunFolder(tmp_path / "run")
    assert RunFolder.of_checkpoint(run.last).path == run.path
    assert RunFolder.of_checkpoint(tmp_path / "copy.ckpt").path == tmp_path
