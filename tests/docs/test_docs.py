"""Every command and every program of the tutorials runs, with a small budget."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from ganzoo.inference.page import build_page
from tests.helpers.commands import fork, run

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TUTORIALS = sorted(
    path.name
    for path in DOCS.glob("*.md")
    if path.name not in {"papers.md", "cluster.md", "performance.md", "dirac.md"}
)
QUICK = ["max_steps=2", "val_every=1", "data.batch_size=8", "data.val_size=16"]


def blocks(name):
    """The examples of a page: the file that each stands for, its language and its text."""
    named = r"(?:`(\S+\.(?:py|yaml))`:\n\n)?"
    fenced = r"^```(bash|python|yaml)\n(.*?)^```$"
    return re.findall(named + fenced, (DOCS / name).read_text(), re.DOTALL | re.MULTILINE)


def commands(text):
    """The words of every line, each of which calls ``ganzoo``."""
    lines = [shlex.split(line, comments=True) for line in text.replace("\\\n", " ").splitlines()]
    programs = {words[0] for words in lines if words}
    assert programs == {"ganzoo"}
    return [words[1:] for words in lines if words]


def execute(words):
    """A command with a small budget, in a process of its own; its exit code."""
    if words[0] == "explore":  # the command itself would wait for a browser
        return fork(lambda: build_page(words[1:]))
    budget = QUICK if words[0] == "train" else []
    return fork(lambda: sys.exit(run(*words, *budget)))


def execute_program(text):
    """A Python program with a small budget, in a process of its own; its exit code."""
    short = re.sub(r"max_steps=\d+", "max_steps=2", text)
    return fork(lambda: exec(compile(short, "docs", "exec"), {"__name__": "__main__"}))


@pytest.mark.slow
@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_does_what_it_says(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    found = blocks(name)
    assert found
    monkeypatch.syspath_prepend(tmp_path)
    for file, language, text in found:
        if file:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text(text)
        elif language == "python":
            assert execute_program(text) == 0, text
        elif language == "bash":
            for words in commands(text):
                assert execute(words) == 0, words


def test_a_variant_is_written_in_under_20_lines_and_a_data_set_in_under_15():
    for name, start, most in (("own_variant.md", "class Drift(", 20), ("own_data.md", "class", 15)):
        examples = [text for file, kind, text in blocks(name) if kind == "python" and not file]
        [program] = examples
        assert len(program[program.index(start) :].splitlines()) < most


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_newcomers_install_and_test_as_ci_does(name):
    [command] = re.findall(r"^pip install .* && pytest.*$", (ROOT / name).read_text(), re.MULTILINE)
    steps = (ROOT / ".ci" / "run").read_text().splitlines()
    install, fast = map(steps.index, command.split(" && "))
    assert install < fast < steps.index(f"{steps[fast]} -m slow")
