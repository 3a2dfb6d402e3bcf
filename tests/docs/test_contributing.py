"""CONTRIBUTING's example of a new primitive, applied to a copy of the tree: it is one row, it works, it is tested."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DIFFS = re.findall(r"^```diff\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.M | re.S)
USE = """
import math
import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.primitives import gd

x = Value(1.0)
y = gd(x) * x
y.backward()
assert math.isclose(x.grad, 1 / math.cosh(1.0) + math.atan(math.sinh(1.0)))
assert math.isclose(ag.grad(ag.grad(gd))(1.0), -math.sinh(1.0) / math.cosh(1.0) ** 2)
assert math.isclose(ag.compile(gd).grad(1.0), 1 / math.cosh(1.0))
assert "gd" in y.draw().text()
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its tests, with the diffs applied."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("autograd_lite", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for diff in DIFFS:
        command = ["git", "apply", "--verbose", "-"]
        done = subprocess.run(command, cwd=folder, input=diff, capture_output=True, text=True)
        assert done.returncode == 0, f"the code around this diff has changed: renew it\n{diff}\n{done.stderr}"
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def suite(folder: Path) -> subprocess.CompletedProcess[str]:
    tests = ["tests/test_primitives.py", "tests/testing/test_ours.py", "tests/numerics/test_ieee.py"]
    return run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "-k", "gd and not gd_", *tests)


def test_the_operation_is_one_row(copy: Path) -> None:
    added = [line for diff in DIFFS for line in diff.splitlines() if re.match(r"\+(?!\+\+)", line)]
    assert sum("primitive(" in line for line in added) == 1
    done = run(copy, "-c", USE)
    assert done.returncode == 0, done.stderr


def test_its_tests_are_there_and_pass_and_see_a_wrong_slope(copy: Path) -> None:
    done = suite(copy)
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 10, done.stdout
    table = copy / "autograd_lite" / "primitives" / "elementary.py"
    right = table.read_text(encoding="utf-8")
    wrong = right.replace(
        "math.tanh(0.5 * x)),\n    lambda y, x: sech(x),", "math.tanh(0.5 * x)),\n    lambda y, x: sech(y),"
    )
    assert wrong != right
    table.write_text(wrong, encoding="utf-8")
    assert "test_value_and_slopes_within_the_rows_bound[gd]" in suite(copy).stdout
