"""The table of primitives, row by row: its special points, and its values and slopes against mpmath."""

from __future__ import annotations

import copy
import math
import pickle

import pytest

from autograd_lite import ieee, primitives
from autograd_lite.testing import accuracy
from autograd_lite.testing.oracles import NO_ORACLE

ROWS = list(primitives.table.values())
POINTS = 60
TINY, HUGE = 2.0**-1022, math.ldexp(1.0 - 2.0**-53, 1024)
each_row = pytest.mark.parametrize("row", ROWS, ids=repr)


def same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


@each_row
def test_special_points(row: primitives.Primitive) -> None:
    for args, slopes in row.at:
        y = row(*args)
        found = tuple(ieee.quietly(row.derivative(i), (y, *args)) for i in range(len(args)))
        assert len(slopes) == len(args)
        assert all(map(same, found, slopes)), f"{row}{args}: the slopes are {found}, the row says {slopes}"
        assert all(type(slope) in (float, ieee.Quiet) for slope in found)


@pytest.mark.parametrize("row", [row for row in ROWS if row.name not in NO_ORACLE], ids=repr)
def test_value_and_slopes_within_the_rows_bound(row: primitives.Primitive) -> None:
    """At 2,000 points, or all there are where each argument is one of two."""
    found = list(accuracy.errors(row))
    assert len({error.args for error in found}) == accuracy.POINTS
    assert sum(error.slope is not None for error in found) >= accuracy.POINTS * len(row.derivatives) / 3
    beyond = sorted((error for error in found if not error.ulps <= row.ulps), reverse=True)
    assert not beyond, f"{len(beyond)} of {len(found)} beyond {row.ulps} ulp: {'; '.join(map(str, beyond[:3]))}"


def test_bounds_beyond_the_common_ones_have_a_reason() -> None:
    gamma_family = {"gamma", "lgamma", "digamma", "polygamma"}
    for row in ROWS:
        assert row.ulps <= (8.0 if row.name in gamma_family else 4.0) or row.note
        assert row.through is None or row.note


@each_row
def test_a_row_is_well_formed(row: primitives.Primitive) -> None:
    assert repr(row) == row.name
    assert row.name.isidentifier()
    assert primitives.table[row.name] is row
    assert primitives.row(row.name) is row
    assert row.symbol
    assert (row.each is None) or not row.derivatives
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(row, protocol)) is row
    assert copy.deepcopy(row) is row
    for where in (row.domain, row.smooth):
        assert where.boxes
        if row.each is None and row.derivatives:
            assert {len(box) for box in where.boxes} <= {1, len(row.derivatives)}


@each_row
def test_as_many_derivatives_as_arguments(row: primitives.Primitive) -> None:
    if row.name == "constant":
        assert row.derivatives == ()
        return
    for args in accuracy.points(row, 3):
        assert isinstance(row(*args), float)
        for i in range(len(args)):
            assert isinstance(ieee.quietly(row.derivative(i), (row(*args), *args)), float)


def test_names_are_unique() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_a_neutral_argument_leaves_the_other_as_it_is():
    numbers = [0.0, -0.0, 1.0, -1.0, 0.1, 5e-324, -2.2e-308, HUGE, math.inf, -math.inf]
    checked = 0
    for row in ROWS:
        for place, neutral in enumerate(row.neutral):
            if neutral is not None:
                checked += 1
                for x in numbers:
                    y = row(neutral, x) if place == 0 else row(x, neutral)
                    assert y.hex() == x.hex(), f"{row} of {x} and {neutral} is {y}"
                assert math.isnan(row(neutral, math.nan) if place == 0 else row(math.nan, neutral))
    assert checked >= 7


def test_a_truth_is_one_or_zero():
    numbers = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan]
    rows = {row.name: row for row in ROWS if row.gives is bool}
    python = {"less": "<", "less_equal": "<=", "equal": "==", "unequal": "!="}
    assert rows.keys() == python.keys()
    for name, sign in python.items():
        for a in numbers:
            for b in numbers:
                assert rows[name](a, b) == eval(f"1.0 if a {sign} b else 0.0")
