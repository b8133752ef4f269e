"""Who may import whom: a room of the package imports itself and the rooms before it, no others."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "ganzoo"
LAYERS = (
    "draws shape error files grad_mode picture processes schedule",
    "runs settings report",
    "latent condition augmentation network head loss optimizer",
    "players rules game model",
    "data metric logger",
    "callback probe",
    "inference ganzoo training commands cli __main__",
)
ORDER = " ".join(LAYERS).split()
STOPS = {  # rooms that know no game, and import nothing from here on
    **dict.fromkeys(("settings", "data", "metric", "logger"), "runs"),
    "report": "settings",
}
FILES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def imports(module: str) -> set[str]:
    """The package's modules that a module imports, for types only and within functions too."""
    names = set()
    for node in ast.walk(ast.parse(FILES[module].read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name if name in FILES else name.rpartition(".")[0] for name in names} & FILES.keys()


def room(module: str) -> str:
    return module.split(".")[min(1, module.count("."))]


@pytest.mark.parametrize("module", sorted(FILES))
def test_a_module_imports_only_its_room_and_those_before_it(module):
    own = room(module)
    before = ORDER[: ORDER.index(STOPS.get(own, own))]
    assert {room(name) for name in imports(module)} <= {own, *before}


def test_no_module_imports_itself_by_way_of_others():
    graph = {module: imports(module) for module in FILES}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: path.stem)
def test_tests_import_helpers_and_never_each_other(path):
    modules = [
        node.module
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("tests")
    ]
    assert all(module.startswith("tests.helpers.") for module in modules)
