"""The list of hard cases names a test for each kind, and every one of them exists."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_kind_is_held_by_a_test():
    rows = re.findall(
        r"^\| (?!kind|---)(.*) \| (.*) \|$", (TESTS / "hard_cases.md").read_text(), re.M
    )
    assert len(rows) > 60
    for kind, tests in rows:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", tests)
        assert named, kind
        for file, test in named:
            tree = ast.parse((TESTS / file).read_text())
            assert test in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
