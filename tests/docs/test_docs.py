"""Every command and every program of the tutorials runs, with a small budget."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TUTORIALS = sorted(
    path.name
    for path in DOCS.glob("*.md")
    if path.name not in {"papers.md", "cluster.md", "performance.md"}
)
QUICK = "max_steps=2 val_every=1 data.batch_size=8 data.val_size=16"
PRELUDE = f"""set -euo pipefail
ganzoo() {{
  case $1 in
    train) main "$@" {QUICK} ;;
    explore) shift; "{sys.executable}" -c \
      'import sys; from ganzoo.inference.explore import page; page(sys.argv[1:])' "$@" ;;
    *) main "$@" ;;
  esac
}}
main() {{ "{sys.executable}" -c 'from ganzoo.cli import main; main()' "$@"; }}
"""


def blocks(name):
    text = (DOCS / name).read_text()
    return re.findall(r"^```(bash|python)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_does_what_it_says(tmp_path, name):
    found = blocks(name)
    assert found
    environment = {**os.environ, "PYTHONPATH": f"{DOCS.parent}:{os.environ.get('PYTHONPATH', '')}"}
    for language, text in found:
        if language == "bash":
            command = ["bash", "-c", PRELUDE + text]
        else:
            command = [sys.executable, "-c", re.sub(r"max_steps=\d+", "max_steps=2", text)]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"


def test_a_variant_is_written_in_under_20_lines_and_a_data_set_in_under_15():
    for name, start, most in (("own_variant.md", "class Drift(", 20), ("own_data.md", "class", 15)):
        [program] = [text for language, text in blocks(name) if language == "python"]
        assert len(program[program.index(start) :].splitlines()) < most
