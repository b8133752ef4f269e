"""Exported models with any header, settings and kind of file: a sentence and no traceback."""

import json
import os
import shutil
import struct
from hashlib import sha256
from pathlib import Path

import pytest

from ganzoo.inference import find
from tests.helpers.commands import run

MODEL = find.PRETRAINED / "gan-mnist"
CONTENT = (MODEL / find.WEIGHTS_NAME).read_bytes()
LENGTH = struct.unpack("<Q", CONTENT[:8])[0]
HEADER = json.loads(CONTENT[8 : 8 + LENGTH])
NAME = next(name for name in HEADER if name != "__metadata__")


def framed(header):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + CONTENT[8 + LENGTH :]


def changed(**entry):
    return framed({**HEADER, NAME: {**HEADER[NAME], **entry}})


WEIGHTS = {
    "empty": b"",
    "short": b"abc",
    "longer than the file": struct.pack("<Q", 2**63) + CONTENT[8:],
    "no JSON": framed(b"xx"),
    "a list": framed([1]),
    "null": framed(None),
    "nothing": framed({}),
    "offsets beyond": changed(data_offsets=[0, 2**60]),
    "negative offsets": changed(data_offsets=[-1, 5]),
    "unknown type": changed(dtype="Q99"),
    "unknown size": changed(shape=[10**9, 10**9]),
    "deep": framed(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
}
SETTINGS = ["[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000]
SETTINGS += ["[]", "null", "3", '"word"', "{", '{"model": {"_target_": "\\ud800"}}']
OPTIONS = [
    ("network.width", "word"),
    ("network.generator_hidden", [10**9]),
    ("network.generator_hidden", ["word"]),
    ("network", 3),
    ("network", None),
    ("latent.dim", 10**9),
    ("latent.dim", 10**41),
    ("latent.dim", -1),
    ("image_shape", "word"),
    ("image_shape", [10**9]),
    ("loss", []),
    ("loss", {"own": 3}),
    ("condition", None),
    ("condition", []),
]


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A folder with a model that can be loaded."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(MODEL, "model")
    assert run("sample", "model") == 0
    return tmp_path / "model"


def refused(capfd):
    assert run("sample", "model") == 1
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("error: ")


def write(settings, content):
    """The two files, as if they belonged together."""
    settings = {**settings, "sha256": sha256(content).hexdigest()}
    Path("model", find.WEIGHTS_NAME).write_bytes(content)
    Path("model", find.CONFIG_NAME).write_text(json.dumps(settings))


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_with_any_header(name, model, capfd):
    write(json.loads((model / find.CONFIG_NAME).read_text()), WEIGHTS[name])
    refused(capfd)


@pytest.mark.parametrize("text", SETTINGS, ids=range(len(SETTINGS)))
def test_settings_that_are_no_mapping(text, model, capfd):
    (model / find.CONFIG_NAME).write_text(text)
    refused(capfd)


@pytest.mark.parametrize(("place", "value"), OPTIONS)
def test_options_of_any_kind_and_size(place, value, model, capfd):
    settings = json.loads((model / find.CONFIG_NAME).read_text())
    *groups, option = ["model", *place.split(".")]
    node = settings
    for group in groups:
        node = node[group]
    node[option] = value
    write(settings, CONTENT)
    refused(capfd)


@pytest.mark.parametrize("name", [find.WEIGHTS_NAME, find.CONFIG_NAME])
def test_a_pipe_in_place_of_a_file_hangs_no_command(name, model, capfd):
    (model / name).unlink()
    os.mkfifo(model / name)
    refused(capfd)
