"""An addition is one file and one yaml: a copy of the zoo with three more passes its tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = {
    "ganzoo/loss/drift.py": '''
from torch import Tensor

from ganzoo.loss.base import Loss, Turn


class Drift(Loss):
    """Karras et al. 2018, appendix A.1, https://arxiv.org/abs/1710.10196."""

    def __init__(self, weight: float = 0.001) -> None:
        super().__init__()
        self.weight = weight

    def for_discriminator(self, turn: Turn) -> Tensor:
        return self.weight * turn.real.score.square().mean()
''',
    "conf/loss/drift.yaml": """
drift:
  _target_: ganzoo.loss.Drift
  weight: 0.001
""",
    "ganzoo/model/drift_gan.py": '''
from ganzoo.loss import Drift, Hinge
from ganzoo.model.dcgan import DCGAN


class DriftGAN(DCGAN):
    """A DCGAN whose scores stay near zero."""

    recipe = {**DCGAN.recipe, "loss": {"hinge": Hinge(), "drift": Drift()}}
''',
    "conf/model/drift_gan.yaml": """# @package _global_
defaults:
  - override /loss: [hinge, drift]

model:
  _target_: ganzoo.model.DriftGAN
""",
    "ganzoo/data/drift_digits.py": '''
from dataclasses import dataclass

from ganzoo.data.digits import Digits


@dataclass(kw_only=True, eq=False)
class DriftDigits(Digits):
    """The digits under another name."""
''',
}
EXPORTS = {"loss": "Drift", "model": "DriftGAN", "data": "DriftDigits"}
TESTS = (
    *("tests/model", "tests/data/test_data.py", "tests/loss", "tests/settings/test_trust.py"),
    *("tests/tools/test_benchmark.py", "tests/test_precision.py", "tests/test_imports.py"),
    "tests/chaos/test_kills.py",
)
# Of the tests that follow conf/, those of the additions, and those that look at all parts at once.
CHOSEN = (
    "drift or groups_mirror or has_a_file or has_a_recipe or every_paper or offers or conf_names "
    "or every_benchmark or imports"
)


@pytest.mark.slow
def test_three_parts_join_without_a_change_to_any_test(tmp_path):
    zoo = tmp_path / "zoo"
    for name in ("ganzoo", "conf", "tests", "tools"):
        shutil.copytree(
            ROOT / name, zoo / name, ignore=shutil.ignore_patterns("pretrained", "__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", zoo)
    for name, text in FILES.items():
        (zoo / name).write_text(text.lstrip("\n"))
    digits = (zoo / "conf/data/digits.yaml").read_text()
    (zoo / "conf/data/drift_digits.yaml").write_text(digits.replace("Digits", "DriftDigits"))
    for room, name in EXPORTS.items():
        module = next(Path(path).stem for path in FILES if f"class {name}(" in FILES[path])
        file = zoo / "ganzoo" / room / "__init__.py"
        line = f"from ganzoo.{room}.{module} import {name}\n\n__all__ = [\n    {name!r},"
        file.write_text(file.read_text().replace("__all__ = [", line))
    command = [sys.executable, "-m", "pytest", *TESTS, "-k", CHOSEN, "-m", ""]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-vv"],
        cwd=zoo,
        env={**os.environ, "PYTHONPATH": str(zoo), "GANZOO_CHAOS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert done.stdout.count("drift") > 10
