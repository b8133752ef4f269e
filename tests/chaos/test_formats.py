"""Exported models with any header, settings and kind of file: a sentence and no traceback."""

import json
import os
import struct
from hashlib import sha256
from pathlib import Path

import pytest

from ganzoo.inference import find
from ganzoo.inference.export import export_model
from tests.helpers.commands import run as command


def framed(header, tensors):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + tensors


def changed(**entry):
    """A header whose first tensor is described otherwise."""
    return lambda header, tensors: framed(
        {**header, min(header): header[min(header)] | entry}, tensors
    )


WEIGHTS = {
    "empty": lambda header, tensors: b"",
    "short": lambda header, tensors: b"abc",
    "longer than the file": lambda header, tensors: struct.pack("<Q", 2**63) + tensors,
    "no JSON": lambda header, tensors: framed(b"xx", tensors),
    "a list": lambda header, tensors: framed([1], tensors),
    "null": lambda header, tensors: framed(None, tensors),
    "nothing": lambda header, tensors: framed({}, tensors),
    "deep": lambda header, tensors: framed(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, tensors),
    "offsets beyond": changed(data_offsets=[0, 2**60]),
    "negative offsets": changed(data_offsets=[-1, 5]),
    "unknown type": changed(dtype="Q99"),
    "unknown size": changed(shape=[10**9, 10**9]),
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
def model(run, tmp_path, monkeypatch):
    """A folder with a model that can be loaded."""
    monkeypatch.chdir(tmp_path)
    export_model(run("model=dcgan", "network=mlp")[0], Path("model"))
    assert command("sample", "model") == 0
    return tmp_path / "model"


def refused(capfd):
    assert command("sample", "model") == 1
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
    content = (model / find.WEIGHTS_NAME).read_bytes()
    end = 8 + struct.unpack("<Q", content[:8])[0]
    header = {name: entry for name, entry in json.loads(content[8:end]).items() if "shape" in entry}
    settings = json.loads((model / find.CONFIG_NAME).read_text())
    write(settings, WEIGHTS[name](header, content[end:]))
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
    write(settings, (model / find.WEIGHTS_NAME).read_bytes())
    refused(capfd)


@pytest.mark.parametrize("name", [find.WEIGHTS_NAME, find.CONFIG_NAME])
def test_a_pipe_in_place_of_a_file_hangs_no_command(name, model, capfd):
    (model / name).unlink()
    os.mkfifo(model / name)
    refused(capfd)
