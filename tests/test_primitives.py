"""The table of primitives, row by row: its special points, and its values and slopes against mpmath."""

from __future__ import annotations

import copy
import math
import pickle
import random
from collections.abc import Iterator
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from autograd_lite import ieee, primitives
from autograd_lite.domains import Interval, Region
from autograd_lite.testing.oracles import NO_ORACLE, true_slope, true_value

ROWS = list(primitives.table.values())
POINTS = 60
TINY, HUGE = 2.0**-1022, math.ldexp(1.0 - 2.0**-53, 1024)
each_row = pytest.mark.parametrize("row", ROWS, ids=repr)


def same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


def draw(rng: random.Random, interval: Interval) -> float:
    """A float of the interval: of ordinary size, of any size, or near an end."""
    low, high = max(interval.low, -HUGE), min(interval.high, HUGE)
    way = rng.random()
    if interval.integers == "only":
        return float(rng.randint(int(max(low, -30)), int(min(high, 30))))
    if way < 0.2 and interval.low > -math.inf:
        x = low + max(abs(low), 1.0) * 2.0 ** -rng.uniform(1, 60) if low else 2.0 ** -rng.uniform(1, 1000)
    elif way < 0.4 and interval.high < math.inf:
        x = high - max(abs(high), 1.0) * 2.0 ** -rng.uniform(1, 60) if high else -(2.0 ** -rng.uniform(1, 1000))
    elif way < 0.6:
        x = rng.choice((-1, 1)) * 10.0 ** rng.uniform(-300, 300)
    elif way < 0.8:
        x = rng.choice((-1, 1)) * 10.0 ** rng.uniform(-4, 3)
    else:
        x = rng.uniform(-8, 8)
    return x


def points(row: primitives.Primitive, where: Region, count: int = POINTS) -> Iterator[tuple[float, ...]]:
    """Argument tuples of the region, the same in every run."""
    rng = random.Random(row.name)
    for _ in range(count * 40):
        n = row.arities[0] if len(row.arities) == 1 else rng.choice(row.arities)
        box = where.box(rng.randrange(len(where.boxes)), n)
        args = tuple(draw(rng, rng.choice(domain.intervals)) for domain in box)
        if args in where and args in row.domain:
            yield args
            count -= 1
            if not count:
                return


def ulps(found: float, truth: Any) -> float:
    """How many ulps `found` is from `truth`; 0 where the truth is no normal float."""
    if truth != 0 and not TINY <= abs(truth) <= HUGE:
        return 0.0
    if found - found != 0.0:
        return math.inf
    return float(abs(mpf(found) - truth) / math.ulp(float(truth))) if truth else (0.0 if found == 0.0 else math.inf)


@each_row
def test_special_points(row: primitives.Primitive) -> None:
    for args, slopes in row.at:
        y = row(*args)
        found = tuple(ieee.quietly(row.derivative(i), (y, *args)) for i in range(len(args)))
        assert len(slopes) == len(args)
        assert all(map(same, found, slopes)), f"{row}{args}: the slopes are {found}, the row says {slopes}"
        assert all(type(slope) in (float, ieee.Quiet) for slope in found)


@pytest.mark.parametrize("row", [row for row in ROWS if row.name not in NO_ORACLE], ids=repr)
def test_value_and_slopes_against_mpmath(row: primitives.Primitive) -> None:
    bad: list[tuple[float, str]] = []
    tried = 0
    with mpmath.workdps(60):
        for args in points(row, row.smooth):
            truth = true_value(row, args)
            y = row(*args)
            if truth != 0 and not TINY <= abs(truth) <= HUGE:
                continue
            tried += 1
            bad.append((ulps(y, truth), f"{row}{args} = {y!r}"))
            for i in range(len(args)):
                slope = ieee.quietly(row.derivative(i), (y, *args))
                bad.append((ulps(slope, true_slope(row, i, args)), f"∂{i} {row}{args} = {slope!r}"))
    assert tried >= 10
    broken = sorted(((e, what) for e, what in bad if e > row.ulps), reverse=True)
    assert not broken, f"{len(broken)} of {len(bad)} beyond {row.ulps} ulp: " + "; ".join(
        f"{what} is {e:.4g} ulp off" for e, what in broken[:3]
    )


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
    for args in points(row, row.domain, 3):
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
