"""What may change when a run continues: the table of the documentation, for every option."""

import re
from pathlib import Path

import pytest

from ganzoo.error import UserError
from ganzoo.files import read_values
from ganzoo.runs import RunFolder
from ganzoo.settings.check import plain
from ganzoo.settings.compose import CONF, compose_config
from ganzoo.training.changes import ALLOWED, FIXED, FREE, check_changes, flatten, rule_of

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
