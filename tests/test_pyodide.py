"""The core, the drawings and the explanations pass their own tests in CPython 3.14, as WebAssembly under Node.

It has no Graphviz, no threads, no processes, and none of the optional dependencies. Pyodide comes from npm:
``npm install --no-save --prefix .node pyodide``.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYODIDE = ROOT / ".node" / "node_modules" / "pyodide" / "pyodide.mjs"
BORROWED = ["pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "graphviz"]  # of Python alone
CORE = ["value", "coercion", "recording", "copying", "operators", "conditions", "math", "comparisons", "derivatives"]
CORE += ["control", "graph", "sweep", "names", "scopes", "trees", "nn", "cli", "expressions"]
FOLDERS = ["primitives", "numerics", "explain"]
TESTS = ["numerics/test_ieee", "test_scopes", "explain/test_kinks", "drawing/test_mermaid", "drawing/test_networks"]
TESTS += ["drawing/test_text", "drawing/test_svg"]
ABLE = "not thread and not task and not async and not coroutine and not many and not long_chains"  # its stack is short


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
@pytest.mark.skipif(
    not PYODIDE.exists(), reason="Pyodide is not installed: npm install --no-save --prefix .node pyodide"
)
def test_in_webassembly() -> None:
    mounts = {"/project": str(ROOT)}
    for name in BORROWED:
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.origin is not None
        mounts[f"/site/{name}"] = str(Path(found.origin).parent)
    files = [f"autograd_lite/{name}.py" for name in CORE] + [f"autograd_lite/{name}" for name in FOLDERS]
    files += sorted(
        str(file.relative_to(ROOT))
        for file in (ROOT / "autograd_lite" / "drawing").glob("*.py")
        if file.stem not in ("picture", "plots", "widget")  # they start processes, or need packages
    )
    options = ["-q", "-p", "no:cacheprovider", "-o", "addopts=", "--noconftest", "--doctest-modules", "-k", ABLE]
    arguments = [*options, *files, *(f"tests/{name}.py" for name in TESTS)]
    done = subprocess.run(
        ["node", str(ROOT / "tests" / "pyodide.mjs"), str(PYODIDE), json.dumps(mounts), json.dumps(arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    said = "\n".join(line[:200] for line in (done.stdout + done.stderr).splitlines())[-5000:]
    assert done.returncode == 0, said
    assert re.search(r"^Python 3 1[4-9] emscripten$", said, re.MULTILINE), said
    passed = re.search(r"^(\d+) passed", said, re.MULTILINE)
    assert passed, said
    assert int(passed[1]) > 200, said
