"""The order of the rooms: every file imports only from rooms above its own, and the core loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograd_lite

PACKAGE = Path(autograd_lite.__file__).parent
ROOMS = [
    *("version", "extras"),
    *("scopes", "domains", "ieee", "digits", "special", "primitives", "graph", "sweep", "value", "names", "math"),
    *("trees", "control", "derivatives", "compiler"),
    *(
        "explain",
        "drawing",
        "testing",
        "reference",
        "hypothesis_plugin",
        "nn",
        "micrograd",
        "notation",
        "playground",
        "shell",
        "cli",
        "__main__",
    ),
]
# The one exception: these methods are one line each, and import the room that does the work when called.
CONVENIENCES = {
    ("value.py", "Value"): {"draw", "explain", "steps", "kinks", "diagnose", "replay"},
    ("explain/steps.py", "Step"): {"draw"},
    ("explain/steps.py", "Steps"): {"html"},
}
HEAVY = {"graphviz", "numpy", "hypothesis", "mpmath", "llvmlite", "dask", "distributed"}


def files() -> list[str]:
    return sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def room(file: str) -> str:
    return file.removesuffix(".py").split("/")[0]


Found = tuple[ast.Import | ast.ImportFrom, tuple[str, ...]]


def imports(node: ast.AST, inside: tuple[str, ...] = ()) -> Iterator[Found]:
    """Every import that runs, with the names of the functions and classes around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, inside
        elif isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in child.orelse:
                yield from imports(ast.Module([other], []), inside)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from imports(child, (*inside, child.name))
        else:
            yield from imports(child, inside)


def imported_rooms(file: str, statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The rooms that an import names; ``__init__`` for the package itself."""
    if isinstance(statement, ast.Import):
        paths = [alias.name.split(".") for alias in statement.names]
    else:
        module = statement.module.split(".") if statement.module else []
        if statement.level:
            folder = ["autograd_lite", *file.split("/")[:-1]]
            module = folder[: len(folder) - statement.level + 1] + module
        paths = [[*module, alias.name] for alias in statement.names]
    for first, *rest in paths:
        if first == "autograd_lite":
            yield rest[0] if rest and rest[0] in ROOMS else "__init__"


@pytest.mark.parametrize("file", files())
def test_imports_point_upwards(file: str) -> None:
    here = room(file)
    assert here in (*ROOMS, "__init__"), f"{file} is in no room: name it in the list"
    if here == "__init__":
        return
    for statement, inside in imports(ast.parse((PACKAGE / file).read_text(encoding="utf-8"))):
        if CONVENIENCES.get((file, *inside[:1]), set()) & set(inside[1:]):  # type: ignore[arg-type]
            continue
        for there in imported_rooms(file, statement):
            where = f"{file}:{statement.lineno}: {ast.unparse(statement)}"
            assert there != "__init__", f"{where} imports the public face"
            assert ROOMS.index(there) <= ROOMS.index(here), f"{where} looks down"


def test_the_reader_of_imports_sees_what_it_should() -> None:
    text = "if TYPE_CHECKING:\n    from .nn import MLP\nelse:\n    from .cli import main\n"
    text += "def f():\n    from . import value, V"
    found = [(inside, list(imported_rooms("graph.py", s))) for s, inside in imports(ast.parse(text))]
    assert found == [((), ["cli"]), (("f",), ["value", "__init__"])]
    nested = ast.parse("from ..value import Value\nfrom . import svg\nimport autograd_lite\nimport math").body
    assert [list(imported_rooms("drawing/dot.py", s)) for s in nested] == [  # type: ignore[arg-type]
        ["value"],
        ["drawing"],
        ["__init__"],
        [],
    ]


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = f"import sys, autograd_lite; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
