"""The oracles are true: their slopes are those of their values, more digits change nothing, and enclosures enclose."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from mpmath import iv, mp, mpf

from autograd_lite import primitives
from autograd_lite.numerics.domains import Domain, Interval
from autograd_lite.primitives import Primitive
from autograd_lite.testing import oracles

ROWS = [row for row in primitives.table.values() if row.name not in oracles.NO_ORACLE]
NO_SLOPE_OF_ITS_VALUE = {
    "stop_gradient": "its slope of 0 is no derivative: that is its purpose",
    "nextafter": "a step between floats, which the reals do not have",
    "ulp": "the spacing of floats, which the reals do not have",
}
each_row = pytest.mark.parametrize("row", ROWS, ids=repr)


@pytest.fixture(autouse=True)
def precisions() -> Iterator[None]:
    before = iv.prec
    iv.prec = 60
    with mp.workdps(60):
        yield
    iv.prec = before


def is_a_floats_size(x: Any) -> bool:
    return x == 0 or mpf(10) ** -310 < abs(x) < mpf(10) ** 310


def somewhere(rng: random.Random, interval: Interval) -> float:
    if interval.integers == "only":
        return float(rng.randint(int(max(interval.low, -9)), int(min(interval.high, 9))))
    size = rng.choice([10.0 ** rng.uniform(-200, 200), 10.0 ** rng.uniform(-3, 3)])
    if interval.low > -1e9 and interval.high < 1e9:
        return rng.uniform(interval.low, interval.high)
    if interval.low > -1e9:
        return interval.low + size
    return interval.high - size if interval.high < 1e9 else rng.choice([-size, size])


def places(row: Primitive, count: int) -> Iterator[tuple[tuple[float, ...], tuple[Domain, ...]]]:
    """Arguments where the row is smooth, with the domain of each."""
    rng = random.Random(row.name)
    while count:
        n = rng.choice(row.arities)
        box = row.smooth.box(rng.randrange(len(row.smooth.boxes)), n)
        args = tuple(somewhere(rng, rng.choice(domain.intervals)) for domain in box)
        if args in row.smooth:
            count -= 1
            yield args, box


@pytest.mark.parametrize("row", [row for row in ROWS if row.name not in NO_SLOPE_OF_ITS_VALUE], ids=repr)
def test_slopes_are_the_derivatives_of_values(row: Primitive) -> None:
    truth = oracles.oracle(row)
    for args, box in places(row, 12):
        if any(x and not 1e-30 < abs(x) < 1e30 for x in args):
            continue  # there a step of the relative size below is too large or too small
        exact = [mpf(x) for x in args]
        for i, domain in enumerate(box):
            slope = truth.slope(i)(oracles.points, *exact)
            if domain.discrete:
                assert slope == 0
                continue
            if not is_a_floats_size(slope):
                continue
            with mp.workprec(2000):
                h = (abs(exact[i]) or mpf(1)) * mpf(2) ** -400
                ends = [
                    truth.value(oracles.points, *exact[:i], x, *exact[i + 1 :]) for x in (exact[i] - h, exact[i] + h)
                ]
                difference = (ends[1] - ends[0]) / (2 * h)
            assert abs(slope - difference) <= abs(slope) * mpf(10) ** -45, f"∂{i} {row}{args}"


@each_row
def test_more_digits_change_nothing(row: Primitive) -> None:
    for args, _ in places(row, 10):
        found = [oracles.true_value(row, args), *(oracles.true_slope(row, i, args) for i in range(len(args)))]
        finer = [oracles.true_value(row, args, 90), *(oracles.true_slope(row, i, args, 90) for i in range(len(args)))]
        with mp.workdps(90):
            for a, b in zip(found, finer):
                if is_a_floats_size(b):
                    assert abs(a - b) <= abs(b) * mpf(10) ** -50, f"{row}{args}"


def ends(x: Any) -> tuple[Any, Any]:
    return mp.make_mpf(x._mpi_[0]), mp.make_mpf(x._mpi_[1])


@each_row
def test_enclosures_enclose(row: Primitive) -> None:
    """Values and slopes at points of an interval lie inside its enclosure, thin or wide."""
    rng, truth = random.Random(row.name), oracles.oracle(row)
    for args, box in places(row, 25):
        for width in (0.0, 2.0 ** -rng.uniform(50, 60), 2.0 ** -rng.uniform(0, 20)):
            around = [
                iv.mpf(x) if domain.discrete else iv.mpf([x - rng.random() * w, x + rng.random() * w])
                for x, domain, w in ((mpf(x), domain, abs(x) * mpf(width)) for x, domain in zip(args, box))
            ]
            value = oracles.enclosed_value(row, around)
            slopes = [oracles.enclosed_slope(row, i, around) for i in range(len(args))]
            for _ in range(4):
                inside = [low + (high - low) * mpf(rng.random()) for low, high in map(ends, around)]
                if tuple(map(float, inside)) not in row.smooth:
                    continue
                assert truth.value(oracles.points, *inside) in value, f"{row}{inside} in {around}"
                for i, slope in enumerate(slopes):
                    assert truth.slope(i)(oracles.points, *inside) in slope, f"∂{i} {row}{inside} in {around}"


@each_row
def test_enclosures_of_floats_are_thin(row: Primitive) -> None:
    thick = 0
    for args, _ in places(row, 20):
        found = [oracles.enclosed_value(row, args), *(oracles.enclosed_slope(row, i, args) for i in range(len(args)))]
        for low, high in (x for x in map(ends, found) if all(map(is_a_floats_size, x))):
            thick += not high - low <= max(abs(low), abs(high)) * mpf(2) ** -40
    assert thick <= 4


def test_an_enclosure_reaches_over_kinks_poles_and_edges() -> None:
    def value(row: Primitive, *args: Any) -> tuple[float, float]:
        low, high = ends(oracles.enclosed_value(row, [iv.mpf(list(x)) for x in args]))
        return float(low), float(high)

    def slope(row: Primitive, i: int, *args: Any) -> tuple[float, float]:
        low, high = ends(oracles.enclosed_slope(row, i, [iv.mpf(list(x)) for x in args]))
        return float(low), float(high)

    p, inf = primitives, float("inf")
    assert value(p.abs, (-1, 2)) == (0.0, 2.0)
    assert slope(p.abs, 0, (-1, 2)) == (-1.0, 1.0)
    assert slope(p.relu, 0, (-1, 2)) == (0.0, 1.0)
    assert slope(p.relu, 0, (0, 0)) == (0.0, 0.0)
    assert slope(p.maximum, 0, (0, 2), (1, 3)) == (0.0, 1.0)
    assert slope(p.maximum, 1, (1, 1), (1, 1)) == (0.5, 0.5)
    assert value(p.where, (-1, 1), (2, 3), (5, 6)) == (2.0, 6.0)
    assert value(p.floor, (0.5, 2.5)) == (0.0, 2.0)
    assert value(p.div, (1, 1), (-1, 1)) == (-inf, inf)
    assert value(p.gamma, (-0.5, 0.5)) == (-inf, inf)
    assert value(p.gamma, (-1.5, -0.5)) == (-inf, inf)
    assert value(p.sqrt, (-1, 4)) == pytest.approx((0.0, 2.0))
    assert value(p.log, (-1, 1)) == (-inf, 0.0)
    assert value(p.log, (-2, -1)) == (-inf, inf)
    assert value(p.pow, (-2, 3), (2, 2)) == pytest.approx((0.0, 9.0))
    assert value(p.pow, (-2, -1), (3, 3)) == pytest.approx((-8.0, -1.0))
    assert value(p.cosh, (-1, 2))[0] == pytest.approx(1.0)
    assert value(p.atan2, (-1, 1), (-2, -1)) == pytest.approx((-3.1415926535, 3.1415926536))


def test_every_row_has_an_oracle_or_a_reason() -> None:
    assert set(oracles.ORACLES) | set(oracles.NO_ORACLE) == set(primitives.table)
    assert not set(oracles.ORACLES) & set(oracles.NO_ORACLE)
    with pytest.raises(LookupError, match="no arguments"):
        oracles.oracle(primitives.constant)
