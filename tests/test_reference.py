"""The table to read says what the rows do: its text, evaluated, is the row's value and slopes."""

from __future__ import annotations

import re

import pytest

from autograd_lite import primitives, reference
from autograd_lite.primitives import Primitive
from autograd_lite.testing import accuracy

PYTHON = {"×": "*", "÷": "/", "−": "-", "≤": "<=", "≠": "!=", " = ": " == "}
ROWS = [row for row in primitives.table.values() if row is not primitives.constant]


def evaluated(text: str, names: dict[str, float]) -> float:
    for sign, python in PYTHON.items():
        text = text.replace(sign, python)
    text = re.sub(r"\(?(\w+) ≷ (\w+)\)?", r"order(\1, \2)", text)
    return float(eval(text, {**primitives.table, "inf": float("inf"), "nan": float("nan")}, names))


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_the_text_is_the_row(row: Primitive) -> None:
    told, checked = reference.entry(row), 0
    count = 4 if row is primitives.sumprod else 2 if row.each else row.arities[0]
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
        assert len(told.special) == len(row.at)
        assert told.note == row.note
        assert told.bound == f"{row.ulps:g} ulp"
    assert reference.entry(primitives.sqrt).special[0] == "0 → inf"
    assert reference.entry(primitives.pow).special[0] == "(0, 0) → (0, nan)"


def test_the_table_has_a_line_for_each_row_and_seven_columns() -> None:
    lines = reference.markdown().splitlines()
    assert len(lines) == 2 + len(ROWS)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {8}
