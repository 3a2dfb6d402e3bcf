"""The measure of accuracy measures: its ulps, where it looks, and that it finds what is planted."""

from __future__ import annotations

import math
import sys

import accuracy
import pytest
from mpmath import mpf

from autograd_lite import primitives
from autograd_lite.numerics.domains import POSITIVE
from autograd_lite.primitives import Primitive
from autograd_lite.testing import oracles

LEAST, TINY, HUGE = 5e-324, sys.float_info.min, sys.float_info.max


@pytest.mark.parametrize(
    ("found", "truth", "error"),
    [
        (1.0, mpf(1), 0.0),
        (1.0 + 2**-52, mpf(1), 1.0),
        (1.0 - 2**-53, mpf(1), 0.5),
        (-1.0, mpf(1), 2.0**53),
        (0.0, mpf(0), 0.0),
        (3 * LEAST, mpf(0), 3.0),
        (LEAST, mpf(2) ** -1075, 0.5),
        (0.0, mpf(10) ** -5000, 0.0),
        (TINY, mpf(TINY) + mpf(LEAST), 1.0),
        (HUGE, mpf(HUGE), 0.0),
        (math.inf, mpf(HUGE), 1.0),
        (math.inf, mpf(10) ** 400, 0.0),
        (HUGE, mpf(10) ** 400, 1.0),
        (math.nan, mpf(1), math.inf),
    ],
)
def test_ulps(found: float, truth: oracles.Number, error: float) -> None:
    assert accuracy.ulps(found, truth) == error


def test_minus_infinity_for_plus_infinity_is_far_off() -> None:
    assert accuracy.ulps(-math.inf, mpf(10) ** 400) >= 2.0**53


def test_points_are_crowded_where_it_is_hard() -> None:
    found = {
        row: {x for args in accuracy.points(primitives.table[row]) for x in args} for row in ("sqrt", "asin", "sin")
    }
    for xs in found.values():
        assert any(0.0 < abs(x) < TINY for x in xs)
    assert 0.0 in found["sqrt"]
    assert any(x < 1e-300 for x in found["sqrt"])
    assert any(x > 1e300 for x in found["sqrt"])
    assert {1.0, math.nextafter(1.0, 0.0), -1.0, math.nextafter(-1.0, 0.0)} <= found["asin"]
    assert max(abs(x) for x in found["asin"]) == 1.0
    assert any(0.0 < abs(math.sin(x)) < 1e-14 for x in found["sin"] if abs(x) > 1.0)  # a zero, found by bisection
    assert any(0.0 < abs(math.cos(x)) < 1e-14 for x in found["sin"])  # and one of its slope
    ties = accuracy.points(primitives.maximum)
    assert any(a == b for a, b in ties)
    assert any(a != b and abs(a - b) <= 4 * math.ulp(a) for a, b in ties)


def test_points_are_distinct_inside_and_always_the_same() -> None:
    for row in (primitives.pow, primitives.gamma, primitives.fsum):
        found = accuracy.points(row, 300)
        assert len(set(found)) == 300
        assert all(args in row.domain for args in found)
        assert accuracy.points(row, 300) == found


@pytest.mark.parametrize(
    ("wrong", "at_least"),
    [
        (Primitive("tanh", math.tanh, lambda y, x: 1.0 - y * y), 1e15),
        (Primitive("sigmoid", lambda x: 1.0 / (1.0 + math.exp(min(-x, 700.0))), lambda y, x: y * (1.0 - y)), 1e15),
        (Primitive("sin", math.sin, lambda y, x: primitives.cos(x) * (1.0 + 3e-15)), 10),
        (Primitive("exp", lambda x: primitives.exp(x) * (1.0 + 2e-15), lambda y, x: primitives.exp(x)), 8),
        (
            Primitive("log1p", lambda x: math.log(1.0 + x), lambda y, x: 1.0 / (1.0 + x), domain=POSITIVE),
            1e10,
        ),
        (Primitive("abs", abs, lambda y, x: 1.0), 1e15),
    ],
    ids=repr,
)
def test_planted_errors_are_found(wrong: Primitive, at_least: float) -> None:
    assert max(error.ulps for error in accuracy.errors(wrong, 500)) > at_least


def test_the_table_names_the_worst(capsys: pytest.CaptureFixture[str]) -> None:
    accuracy.main(["tanh", "abs"])
    heading, tanh, kink = capsys.readouterr().out.splitlines()
    assert heading.split()[:4] == ["row", "bound", "value", "slopes"]
    name, bound, value, slopes = tanh.split()[:4]
    assert (name, float(bound)) == ("tanh", 4.0)
    assert 0.5 < float(value) < 4.0
    assert 0.5 < float(slopes) < 4.0
    assert kink.split()[:4] == ["abs", "4", "0", "0"]
