"""Every kink of the table is found, with both slopes, beside difference quotients; and nothing smooth is."""

from __future__ import annotations

import math as floats

import pytest

from autograd_lite import Value, errstate, math, primitives
from autograd_lite.explain import Kink
from autograd_lite.explain.kinks import kinks
from autograd_lite.value import record

INF = floats.inf


def only(z: Value) -> Kink:
    (kink,) = z.kinks()
    return kink


def slopes(kink: Kink) -> list[tuple[float, float, float]]:
    return [(side.left, side.right, side.chosen) for side in kink.sides]


KINKS = [
    ("kink", lambda x: abs(x), 0.0, (-1.0, 1.0, 0.0)),
    ("kink", lambda x: math.relu(x), 0.0, (0.0, 1.0, 0.0)),
    ("kink", lambda x: math.hypot(x, 0.0), 0.0, (-1.0, 1.0, 0.0)),
    ("tie", lambda x: math.maximum(x, 3.0), 3.0, (0.0, 1.0, 0.5)),
    ("tie", lambda x: math.minimum(-2.0, x), -2.0, (1.0, 0.0, 0.5)),
    ("edge", lambda x: math.sqrt(x), 0.0, (None, INF, INF)),
    ("edge", lambda x: math.asin(x), 1.0, (INF, None, INF)),
    ("edge", lambda x: math.acosh(x), 1.0, (None, INF, INF)),
    ("edge", lambda x: x**0.5, 0.0, (None, INF, INF)),
    ("edge", lambda x: x**1.5, 0.0, (None, 0.0, 0.0)),
    ("kink", lambda x: math.cbrt(x), 0.0, (INF, INF, INF)),
]


@pytest.mark.parametrize(("kind", "function", "at", "expected"), KINKS)
def test_the_slopes_of_the_textbook(kind, function, at, expected) -> None:
    x = Value(at, "x")
    found = function(x).kinks()
    if expected[0] == expected[1] == expected[2]:
        assert len(found) == 0  # cbrt has one slope at 0, infinite as it is
        return
    (kink,) = found
    (side,) = kink.sides
    assert kink.kind == kind
    for slope, true in zip((side.left, side.right, side.chosen), expected):
        assert slope == true if true is not None else floats.isnan(slope)
    assert side.jump_left == side.jump_right == 0.0


def test_jumps_say_how_far() -> None:
    for whole in (floats.floor(Value(2.0)), Value(2.0) // 1.0):
        (side,) = only(whole).sides
        assert (side.left, side.right, side.jump_left, side.jump_right) == (0.0, 0.0, -1.0, 0.0)
    f = Value(6.0, "x") % 3.0
    assert only(f).kind == "jump"
    assert "slope by x: 1 after a jump of 3 to the left, 1 to the right; 1 was taken" in str(f.kinks())


def test_poles() -> None:
    with errstate(all="ignore"):
        kink = only(1.0 / Value(0.0))
        assert kink.kind == "pole"
        assert slopes(kink) == [(-INF, -INF, -INF)]
        assert only(math.log(Value(0.0))).kind == "pole"


def test_nothing_smooth_is_a_kink() -> None:
    x, y = Value(-2.0, "x"), Value(0.0, "y")
    for smooth in (x**2, x**3, y**2, y**3, y**1, y**0, x**-1, abs(x), math.relu(x), math.maximum(x, y), x % 3.0):
        assert len(smooth.kinks()) == 0, smooth.op
    assert str((x * y).kinks()) == "no kinks: every operation is smooth where it was evaluated"


def test_a_tie_with_a_constant_asks_about_the_variable_only() -> None:
    kink = only(math.maximum(Value(0.0), 0.0))
    assert [side.operand for side in kink.sides] == [0]


def test_both_arguments_of_a_tie() -> None:
    a, b = Value(1.0, "a"), Value(1.0, "b")
    assert slopes(only(math.maximum(a, b))) == [(0.0, 1.0, 0.5), (0.0, 1.0, 0.5)]
    assert slopes(only(math.minimum(a, b))) == [(1.0, 0.0, 0.5), (1.0, 0.0, 0.5)]


def test_functions_that_are_smooth_as_a_whole_show_their_kinks() -> None:
    x = Value(0.0, "x")
    f = math.relu(x) - math.relu(-x)
    assert len(f.kinks()) == 2
    assert [kink.node for kink in kinks(f)] == [f.parents[0], f.parents[1]]


POINTS = [
    (op, point)
    for op in primitives.table.values()
    for point, _ in op.at
    if all(map(floats.isfinite, point)) and point not in op.smooth and op.gives is float
]


@pytest.mark.parametrize(("op", "point"), POINTS, ids=lambda part: str(part))
def test_every_special_point_of_the_table_beside_difference_quotients(op, point) -> None:
    with errstate(all="ignore"):
        node = record(op, tuple(Value(x) for x in point))
    if not floats.isfinite(node.data):
        return
    for kink in node.kinks():
        for side in kink.sides:
            for slope, jump, way in ((side.left, side.jump_left, -1.0), (side.right, side.jump_right, 1.0)):
                step = way * (2.0**-20 if point[side.operand] else 2.0**-30)
                moved = list(point)
                moved[side.operand] += step
                difference = op(*moved) - node.data
                if floats.isnan(slope):
                    assert tuple(moved) not in op.domain
                elif floats.isinf(slope):
                    assert abs(difference / step) > 20.0
                elif floats.isfinite(difference):
                    assert abs((difference - jump) / step - slope) < 1e-2 * (1.0 + abs(slope))


def test_long_chains() -> None:
    f = Value(0.0)
    for _ in range(5_000):
        f = abs(f) + 0.0
    assert len(f.kinks()) == 5_000
