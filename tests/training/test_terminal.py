"""Output that nobody reads ends no training."""

import subprocess
import sys

import pytest

WORK = """
from ganzoo.training.terminal import quiet_terminal
import sys
with quiet_terminal():
    for number in range(20000):
        print("step", number)
        print("step", number, file=sys.stderr)
    open("done", "w")
"""


@pytest.mark.parametrize("closed", ["2>&1 | head -n 1", ">&- 2>&-", ">/dev/full 2>&1"])
def test_a_program_outlives_its_readers(closed, tmp_path):
    (tmp_path / "work.py").write_text(WORK)
    command = f"( {sys.executable} work.py; echo $? > code ) {closed}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (tmp_path / "done").exists()
    assert (tmp_path / "code").read_text() == "0\n"
    assert done.stderr == ""
