"""Whether a test notices that a term of a loss is gone or negated: `python tools/mutation.py`.

Every sum in `ganzoo/loss/` loses one side and then the other, and every value that a function
returns changes its sign; `tests/test_loss.py` has to fail each time. Prints the changes that no
test notices, and exits with 1 if there are any.
"""

import ast
import contextlib
import copy
import inspect
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import ganzoo.loss

FOLDER = Path(ganzoo.loss.__file__).parent
TESTS = Path(__file__).parents[1] / "tests" / "loss" / "test_loss.py"


THE_SAME = {"-(gradient.reshape(len(score), -1))"}  # of which only the norm is used


def mutants(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Every changed copy of a module, with a line that says what was changed."""
    for place, node in enumerate(ast.walk(tree)):
        for what, change in changes(node):
            changed = copy.deepcopy(tree)
            change(list(ast.walk(changed))[place])
            yield f"line {node.lineno}: {what}", ast.fix_missing_locations(changed)  # type: ignore[attr-defined]


def changes(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], object]]]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        sign = "+" if isinstance(node.op, ast.Add) else "-"
        yield f"without {ast.unparse(node.left)}", lambda found: become(found, found.right)
        yield f"without {sign} {ast.unparse(node.right)}", lambda found: become(found, found.left)
    if isinstance(node, ast.Return) and not isinstance(node.value, ast.Constant | None):
        what = f"-({ast.unparse(node.value)})"
        if what not in THE_SAME:
            yield what, negate
    if isinstance(node, ast.FunctionDef) and node.name == "constrain" and len(node.body) > 1:
        for number, line in enumerate(node.body):
            yield f"without {ast.unparse(line)}", lambda found, at=number: found.body.pop(at)


def become(node: ast.BinOp, other: ast.expr) -> None:
    """Let a sum be one of its sides."""
    node.op, node.left, node.right = ast.Mult(), ast.Constant(1.0), other


def negate(node: ast.Return) -> None:
    assert node.value is not None
    node.value = ast.UnaryOp(ast.USub(), node.value)


def noticed(module: ModuleType, changed: ast.Module) -> bool:
    """Whether a test fails in a process where the module's functions are the changed ones."""

    def child() -> None:
        space = dict(vars(module))
        exec(compile(changed, str(module.__file__), "exec"), space)
        for name, new in space.items():
            old = vars(module).get(name)
            if inspect.isclass(old) and old.__module__ == module.__name__:
                for key, function in vars(new).items():
                    if inspect.isfunction(function) or isinstance(function, property):
                        setattr(old, key, function)
            elif inspect.isfunction(old) and old.__module__ == module.__name__:
                old.__code__ = inspect.unwrap(new).__code__
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", str(TESTS)])
        os._exit(code != pytest.ExitCode.OK)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    return bool(process.exitcode)


def main() -> int:
    """Print what no test notices; 1 if there is such a change."""
    tried, missed = 0, 0
    for path in sorted(FOLDER.glob("*.py")):
        module = import_module(f"ganzoo.loss.{path.stem}")
        for what, changed in mutants(ast.parse(path.read_text())):
            tried += 1
            if not noticed(module, changed):
                missed += 1
                print(f"not noticed: {path.name}, {what}", flush=True)
    print(f"{tried - missed} of {tried} changes are noticed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
