"""The order of the rooms: every file imports only from rooms above its own, and the core loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import autograd_lite

PACKAGE = Path(autograd_lite.__file__).parent
# From the top: a file imports only from files above it, and from its own folder by the same rule (FOLDERS). A folder
# that stands in no list has an order of its own, without circles.
ROOMS = [
    *("version", "extras"),
    *("scopes", "numerics", "primitives", "expressions", "operators", "graph", "sweep"),
    *("coercion", "recording", "value", "copying", "conditions", "names"),
    *("comparisons", "math", "trees", "control", "derivatives", "compiler"),
    *("explain", "drawing", "testing", "reference", "hypothesis_plugin", "nn", "micrograd", "notation", "playground"),
    *("shell", "cli", "__main__"),
]
FOLDERS = {
    "numerics": ["domains", "ieee", "digits", "special"],
    "compiler": [
        *("program", "host", "tracing/user_code", "tracing/tracer", "tracing/loops", "tracing/python_source"),
        *("tracing/python_form", "tracing/python_reader", "targets/python", "tracing/outside", "tracing/guards"),
        *("targets/javascript", "targets/jax", "targets/llvm/thread_pool", "targets/llvm/transpose"),
        *("targets/llvm/row_loop", "targets/llvm/row_layout", "targets/llvm/c_api", "targets/llvm/ir"),
        *("targets/llvm/vectorize", "targets/llvm/intrinsics", "targets/llvm/module", "targets/llvm/loops"),
        "targets/llvm/kernel",
        *("calling/results", "batching/rows", "batching/jax_arrays", "batching/dask_arrays"),
        *(
            "calling/fast_path",
            "calling/bind",
            "calling/misses",
            "calling/trace_cache",
            "calling/operators",
            "calling/function",
        ),
    ],
    "primitives": ["primitive", "arithmetic", "piecewise", "rounding", "elementary", "special", "reductions"],
}
# The one exception: these methods are one line each, and import the file that does the work when called.
CONVENIENCES = {
    ("value.py", "Value"): {
        *("draw", "explain", "steps", "kinks", "diagnose", "replay", "__copy__", "__deepcopy__", "__reduce__"),
    },
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


def imported_files(file: str, statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The files of its own folder that an import names, or of the folder itself."""
    if isinstance(statement, ast.ImportFrom) and statement.level:
        folder = file.split("/")[:-1]
        where = folder[: len(folder) - statement.level + 1] + (statement.module.split(".") if statement.module else [])
        for alias in statement.names:
            for path in ("/".join([*where, alias.name]), "/".join(where)):
                if (PACKAGE / f"{path}.py").exists():
                    yield f"{path}.py"
                    break


@pytest.mark.parametrize("folder", sorted({file.split("/")[0] for file in files() if "/" in file}))
def test_imports_inside_a_folder_have_an_order(folder: str) -> None:
    inside = {file for file in files() if file.startswith(f"{folder}/") and not file.endswith("__init__.py")}
    graph = {
        file: {
            there
            for statement, _ in imports(ast.parse((PACKAGE / file).read_text(encoding="utf-8")))
            for there in imported_files(file, statement)
            if there in inside
        }
        for file in sorted(inside)
    }
    order = list(TopologicalSorter(graph).static_order())  # a CycleError names the files of a circle
    given = FOLDERS.get(folder, [file.removeprefix(f"{folder}/").removesuffix(".py") for file in order])
    places = {f"{folder}/{name}.py": place for place, name in enumerate(given)}
    assert places.keys() == inside, f"the order of {folder}/ in FOLDERS is not that of its files"
    for file, others in graph.items():
        for there in others:
            assert places[there] < places[file], f"{file} looks down at {there}"


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
    program = f"import sys, autograd_lite; autograd_lite.grad; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
