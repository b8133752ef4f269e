"""No sentence tells anyone to install the package of that name which belongs to another project."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = ("ganzoo", "conf", "docs", "tests", "tools", "benchmarks", "README.md", "pyproject.toml")
STRANGERS = re.compile(r"(?:pip install|uv add) +['\"]?ganzoo\b(?!-)|['\"]ganzoo\[")


def texts():
    for place in PLACES:
        for path in [ROOT / place, *(ROOT / place).rglob("*")]:
            if path.suffix in {".py", ".md", ".yaml", ".toml"} and path != Path(__file__):
                yield path


def test_every_install_command_names_this_distribution():
    assert STRANGERS.search("pip install 'ganzoo[slurm]'")
    assert [path for path in texts() if STRANGERS.search(path.read_text())] == []
