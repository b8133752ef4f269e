"""Mutation test of the losses: does a test fail if a term of a loss is dropped or negated?

    python tools/mutation.py [LOSS …]

Every sum in ganzoo/loss/ loses its left side, then its right side, and every returned value is
negated. tests/loss must fail for each of these mutants. Prints the mutants that survive, and exits
with 1 if there are any. Names of modules, such as lecam, are for only these.
"""

import ast
import contextlib
import copy
import inspect
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import pytest

import ganzoo.loss

FOLDER = Path(ganzoo.loss.__file__).parent
TESTS = Path(__file__).parents[1] / "tests" / "loss"
EQUIVALENT = {  # of a slope only its norm is used, and the negative of a truth value is the same
    "-(scored_slope(discriminator, images, condition)[1])",
    "-(torch.cat([each.reshape(len(scores[0]), -1) for each in gradients]))",
    "-(slope(discriminator, images, condition))",
    "-(any((loss.needs_slopes for loss in self.values())))",
    "-(self.slopes and (not torch.is_autocast_enabled(self.images.device.type)))",
}


class NearestFirst:
    """Runs the tests that name the mutated module's classes before the others."""

    def __init__(self, module: ModuleType) -> None:
        self.names = [name for name, value in vars(module).items() if inspect.isclass(value)]
        self.names = [
            name for name in self.names if vars(module)[name].__module__ == module.__name__
        ]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: -self.mentions(item))

    def mentions(self, item: pytest.Item) -> bool:
        """Whether a test's code or one of its parameters names one of the classes."""
        function = inspect.unwrap(getattr(item, "function", item))
        parameters = getattr(item, "callspec", None)
        text = repr(parameters and parameters.params) + inspect.getsource(function)
        return any(name in text for name in self.names)


class Mutation(NamedTuple):
    """A change to one node of a module's syntax tree.

    Attributes:
        name: The change in words.
        apply: Changes the node in place.
    """

    name: str
    apply: Callable[[Any], object]


def mutants(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Every mutant of a module, with the line and the change."""
    for place, node in enumerate(ast.walk(tree)):
        for mutation in mutations(node):
            mutant = copy.deepcopy(tree)
            mutation.apply(list(ast.walk(mutant))[place])
            line = getattr(node, "lineno", 0)
            yield f"line {line}: {mutation.name}", ast.fix_missing_locations(mutant)


def mutations(node: ast.AST) -> Iterator[Mutation]:
    """The mutations of a node of a syntax tree."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        sign = "+" if isinstance(node.op, ast.Add) else "-"
        yield Mutation(f"without {ast.unparse(node.left)}", keep_right)
        yield Mutation(f"without {sign} {ast.unparse(node.right)}", keep_left)
    if isinstance(node, ast.Return) and not isinstance(node.value, ast.Constant | None):
        name = f"-({ast.unparse(node.value)})"
        yield from [Mutation(name, negate)] * (name not in EQUIVALENT)
    if isinstance(node, ast.FunctionDef) and node.name == "constrain" and len(node.body) > 1:
        for number, statement in enumerate(node.body):
            if number == 0 and ast.get_docstring(node):
                continue
            yield Mutation(f"without {ast.unparse(statement)}", remove_statement(number))


def keep_left(node: ast.BinOp) -> None:
    """Reduce a sum to its left side."""
    node.op, node.right = ast.Mult(), ast.Constant(1.0)


def keep_right(node: ast.BinOp) -> None:
    """Reduce a sum to its right side."""
    node.op, node.left = ast.Mult(), ast.Constant(1.0)


def negate(node: ast.Return) -> None:
    """Negate a returned value."""
    assert node.value is not None
    node.value = ast.UnaryOp(ast.USub(), node.value)


def remove_statement(number: int) -> Callable[[ast.FunctionDef], object]:
    """Remove a statement from a function."""
    return lambda node: node.body.pop(number)


def is_detected(module: ModuleType, mutant: ast.Module) -> bool:
    """Whether a test fails in a process in which the module's functions are the mutant's."""
    process = multiprocessing.get_context("fork").Process(target=run_tests, args=(module, mutant))
    process.start()
    process.join()
    return bool(process.exitcode)


def run_tests(module: ModuleType, mutant: ast.Module) -> None:
    """Run the tests against a mutant, and exit with 1 if one fails."""
    replace_functions(module, mutant)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        words = ["-x", "-q", "-p", "no:cacheprovider", str(TESTS)]
        code = pytest.main(words, plugins=[NearestFirst(module)])
    os._exit(code != pytest.ExitCode.OK)


def replace_functions(module: ModuleType, mutant: ast.Module) -> None:
    """Replace the code of a module's functions and methods in place, wherever they are imported."""
    namespace = dict(vars(module))
    exec(compile(mutant, str(module.__file__), "exec"), namespace)
    replacements = dict(own_functions(namespace))
    for name, function in own_functions(dict(vars(module))):
        function.__code__ = replacements[name].__code__


def own_functions(namespace: dict[str, Any]) -> Iterator[tuple[str, FunctionType]]:
    """The functions, methods and properties that a module defines, by qualified name."""
    own = [v for v in namespace.values() if getattr(v, "__module__", "") == namespace["__name__"]]
    members = [vars(value).values() if inspect.isclass(value) else [value] for value in own]
    for member in chain.from_iterable(members):
        # The function of a property is its fget, that of a cached property its func.
        inner = getattr(member, "fget", getattr(member, "func", member))
        function = inspect.unwrap(inner)
        if isinstance(function, FunctionType):
            yield function.__qualname__, function


def main(losses: Sequence[str]) -> int:
    """Print the mutants that survive; 1 if there are any."""
    count, survivors = 0, 0
    for path in sorted(FOLDER.glob("*.py")):
        if losses and path.stem not in losses:
            continue
        module = import_module(f"ganzoo.loss.{path.stem}")
        for name, mutant in mutants(ast.parse(path.read_text())):
            count += 1
            if not is_detected(module, mutant):
                survivors += 1
                print(f"survived: {path.name}, {name}", flush=True)
    print(f"{count - survivors} of {count} mutants are detected")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
