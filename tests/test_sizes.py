"""Files and functions stay small, branches few, and every public name means one thing."""

import ast
import io
import tokenize
from collections import defaultdict
from itertools import chain
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "ganzoo"
FLAT, FILE, FUNCTION, BRANCHES = 12, 199, 39, 5  # modules, lines, lines, `if` per 100 code lines
SOURCES = {
    str(path.relative_to(PACKAGE)): path.read_text() for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {name: ast.parse(source) for name, source in SOURCES.items()}
LAYOUT = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}


def code_lines(name: str) -> int:
    """Lines that hold code: no comment, no docstring, no empty line."""
    tokens = tokenize.generate_tokens(io.StringIO(SOURCES[name]).readline)
    code = {
        line
        for token in tokens
        if token.type not in LAYOUT
        for line in range(token.start[0], token.end[0] + 1)
    }
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    for node in ast.walk(TREES[name]):
        if isinstance(node, documented) and ast.get_docstring(node):
            code -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(code)


def public_names(tree: ast.Module) -> set[str]:
    """Classes, functions and values that a module defines at its top level."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def test_few_modules_lie_beside_the_rooms():
    assert len([name for name in SOURCES if "/" not in name and "__" not in name]) <= FLAT


def test_a_file_is_read_in_one_sitting():
    long = {name for name, source in SOURCES.items() if len(source.splitlines()) > FILE}
    assert not long


def test_a_function_fits_on_a_screen():
    long = {
        f"{Path(name).stem}.{node.name}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno + 1 > FUNCTION
    }
    assert not long


def test_branches_are_rare():
    nodes = chain.from_iterable(ast.walk(tree) for tree in TREES.values())
    branches = sum(isinstance(node, ast.If | ast.IfExp) for node in nodes)
    assert 100 * branches / sum(map(code_lines, SOURCES)) <= BRANCHES


def test_a_public_name_means_one_thing():
    homes = defaultdict(set)
    for file, tree in TREES.items():
        for name in public_names(tree):
            homes[name].add(file)
    assert {name for name, files in homes.items() if len(files) > 1} == set()
