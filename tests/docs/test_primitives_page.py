"""The table to read says what the rows do: its text, evaluated, is the row's value and slopes."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import accuracy
import pytest

from autograd_lite import primitives
from autograd_lite.primitives import Primitive
from autograd_lite.testing import oracles

DOCS = Path(__file__).parents[2] / "docs"


def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("primitives_page", DOCS / "primitives.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = program()
PYTHON = {"×": "*", "÷": "/", "−": "-", "≤": "<=", "≠": "!=", " = ": " == "}
PAGE = DOCS / "primitives.md"
ROWS = [row for row in primitives.table.values() if row is not primitives.constant]


def evaluated(text: str, names: dict[str, float]) -> float:
    for sign, python in PYTHON.items():
        text = text.replace(sign, python)
    text = re.sub(r"\(?(\w+) ≷ (\w+)\)?", r"three_way(\1, \2)", text)
    return float(eval(text, {**primitives.table, "inf": float("inf"), "nan": float("nan")}, names))


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_the_text_is_the_row(row: Primitive) -> None:
    told, checked = reference.entry(row), 0
    count = 4 if row is primitives.sumprod else 2 if row.all_slopes else row.arities[0]
    assert len(told.derivatives) == count
    output, *names = reference._names(row)
    for args in accuracy.points(row, 400):
        if len(args) != count or args not in row.smooth or not all(1e-3 < abs(x) < 1e3 for x in args if x):
            continue
        checked += 1
        y = row(*args)
        given = dict(zip([output, *names], [y, *args]))
        assert evaluated(told.value, given) == pytest.approx(y)
        for i, text in enumerate(told.derivatives):
            assert evaluated(text, given) == pytest.approx(row.derivative(i)(y, *args), rel=1e-12, abs=1e-300)
    assert checked >= 5


def test_every_special_point_and_bound_is_told() -> None:
    for row in ROWS:
        told = reference.entry(row)
        assert len(told.special) == len(row.special_slopes)
        assert told.note == row.note
        assert told.bound == f"{row.ulps:g} ulp"
    assert reference.entry(primitives.sqrt).special[0] == "0 → inf"
    assert reference.entry(primitives.pow).special[0] == "(0, 0) → (0, nan)"


def test_the_committed_page_is_current() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == reference.page(committed(text)), "run python docs/primitives.py"


def test_what_the_page_says_was_measured_is_so() -> None:
    """No row is beyond its bound, nor further off at fewer points than it says; a few are measured as the page was."""
    told = committed(PAGE.read_text(encoding="utf-8"))
    assert told.keys() == {row.name for row in ROWS} - oracles.NO_ORACLE.keys()
    for name, (value, slope) in told.items():
        row = primitives.table[name]
        assert max(value, slope or 0.0) <= row.ulps
        few = accuracy.worst(row, 60)
        # Two digits are told, and the functions of another machine's C library may round otherwise.
        assert few.value.ulps <= 1.06 * value + 0.6, name
        assert (few.slope is None) == (slope is None)
        assert few.slope is None or few.slope.ulps <= 1.06 * (slope or 0.0) + 0.6, name
    for name, (value, slope) in reference.measured(["div", "sigmoid", "abs"]).items():
        assert told[name] == (pytest.approx(value, abs=0.6), pytest.approx(slope, abs=0.6))


def test_every_row_has_a_heading_and_its_section() -> None:
    lines = reference.page({}).splitlines()
    assert [line[4:] for line in lines if line.startswith("### ")] == [row.name for row in ROWS]
    sections = [i for i, line in enumerate(lines) if line.startswith("## ")]
    assert lines[sections[0]] == "## Arithmetic"
    assert len(sections) == 10
    assert all(lines[i + 2].startswith("### ") for i in sections)


def test_formulas_are_the_row_s_too() -> None:
    """A derivative by each argument, in LaTeX."""
    text = reference.page({})
    for row in ROWS:
        section = text.split(f"### {row.name}\n")[1].split("\n#")[0]
        count = 4 if row is primitives.sumprod else 2 if row.all_slopes else row.arities[0]
        assert section.count(r"\frac{\partial ") == count
    assert r"\frac{\partial y}{\partial b} = \frac{-y}{b}" in text
    assert (
        r"\frac{\partial y}{\partial x} = \operatorname{sech}\left(x\right) \cdot \operatorname{sech}\left(x\right)"
        in text
    )


def committed(text: str) -> dict[str, tuple[float, float | None]]:
    """The measured figures of a page."""
    found = {}
    for section in text.split("\n### ")[1:]:
        numbers = re.search(r"Measured: value (\S+) ulp off(?:, slopes? (\S+))?\.", section)
        if numbers:
            found[section.split("\n")[0]] = (float(numbers[1]), float(numbers[2]) if numbers[2] else None)
    return found
