"""What the program prints to be typed again means the same when it is."""

import os
import shlex
import signal

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from ganzoo.callback.complaints import REMEDIES
from ganzoo.runs import command_line
from ganzoo.settings.quoting import hydra_value, shell_word
from tests.helpers.commands import QUICK, run, run_killed

NASTY = [
    *("runs/a", "/tmp/a.b/c-d", "7", "true", "Null", "nan", "1e5", ".5", "../a", "", " ", "a b"),
    *(
        "lr=0.1,seed=0",
        "a,b",
        "[a]",
        "{a: 1}",
        "фото",
        "photos (1)",
        "it's",
        "'",
        "''",
        '"',
        "a'b'",
    ),
    *("\\", "a\\", "a\\b", "\\'", "a\\\\'", "$HOME", "`date`", "!x", "${seed}", "\\${oc.env:HOME}"),
    *("a;b", "a&b", "a|b", "a>b", "*", "?", "~", "#x", "a:b", "a@b", "+a", "-m", "a\nb", "a\tb"),
]


def read(word):
    """What a shell and then Hydra make of a word."""
    [typed] = shlex.split(word)
    [override] = OverridesParser.create().parse_overrides([typed])
    value = override.value()
    return override.key_or_group, OmegaConf.create({"value": value}).value


@pytest.mark.parametrize("text", NASTY)
def test_what_is_printed_can_be_pasted(text):
    assert read(shell_word("resume", text)) == ("resume", text)
    [override] = OverridesParser.create().parse_overrides([f"a={hydra_value(text)}"])
    assert OmegaConf.create({"value": override.value()}).value == text


def test_a_plain_path_is_left_as_it_is():
    assert shell_word("resume", "runs/dcgan-mnist5k/2026-01-01_10-00-00") == (
        "resume=runs/dcgan-mnist5k/2026-01-01_10-00-00"
    )


@pytest.mark.parametrize("name", ["lr=0.1,seed=0", "my runs [1]", "it's"])
def test_the_sentence_of_a_stopped_run_is_its_next_command(name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    words = ["train", *QUICK, "network.width=4", "metric=[]", "logger=[]", "callback=[checkpoint]"]
    place = f"hydra.run.dir={hydra_value(name)}"
    assert run_killed(signal.SIGTERM, 2, [*words, place]) == 75
    said = capfd.readouterr().err.splitlines()[-1]
    again = shlex.split(said.partition(": type ")[2])
    assert run("train", *again) == 0
    assert os.listdir(tmp_path) == [name]


def test_a_used_folder_is_named_so_that_it_can_be_pasted(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my run" / "samples").mkdir(parents=True)
    assert run("train", *QUICK, "network.width=4", "hydra.run.dir='my run'") == 1
    assert """my run'" to continue""" in capfd.readouterr().err


def test_the_command_of_a_run_can_be_pasted():
    words = ["model=dcgan", "loss=[hinge]", "data.root='my pictures'", "seed=1"]
    assert shlex.split(command_line(words))[2:] == words


def test_a_remedy_with_brackets_is_quoted():
    for remedy in REMEDIES.values():
        assert all("[" not in part for part in remedy.replace("loss=[…]", "").split("'")[::2])
