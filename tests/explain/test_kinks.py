"""Every kink of the table is found, with both slopes, beside difference quotients; and nothing smooth is."""

from __future__ import annotations

import math as floats

import pytest

from autograd_lite import Value, errstate, math, primitives
from autograd_lite.explain import Kink, numerical_gradients
from autograd_lite.explain.kinks import kinks
from autograd_lite.value import make_node

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
    assert str(f.kinks()).splitlines()[2:] == [
        "    value by x: 3 to the left, 0 to the right; 0 was taken",
        "    slope by x: 1 to the left, 1 to the right; 1 was taken",
    ]


JUMPS = [  # each at 2, with its limits from the left and from the right
    (lambda x: math.where(math.greater(x, 2), x, -x), -2.0, 2.0),
    (lambda x: math.where(math.less_equal(x * x, 4), x, 7.0), 2.0, 7.0),
    (lambda x: math.where(math.equal(x, 2), 5.0, x), 2.0, 2.0),
    (lambda x: math.where(math.not_equal(2, x), 5.0, x), 5.0, 5.0),
    (lambda x: math.where(x - 2, 1.0, 5.0), 1.0, 1.0),
    (lambda x: 3.0 * math.greater_equal(x, 2), 0.0, 3.0),
    (lambda x: math.greater(x, 2) * math.less(x, 3), 0.0, 1.0),
    (lambda x: floats.floor(x), 1.0, 2.0),
    (lambda x: floats.ceil(x), 2.0, 3.0),
    (lambda x: floats.trunc(x), 1.0, 2.0),
    (lambda x: round(x + 0.5), 2.0, 3.0),
    (lambda x: math.sign(x - 2.0), -1.0, 1.0),
    (lambda x: x % 2.0, 2.0, 0.0),
    (lambda x: math.fmod(x, 2.0), 2.0, 0.0),
    (lambda x: math.remainder(x, 4.0), 2.0, -2.0),
    (lambda x: 4.0 // x, 2.0, 1.0),
    (lambda x: math.copysign(3.0, x - 2.0), -3.0, 3.0),
    (lambda x: math.atan2(x - 2.0, -1.0), -floats.pi, floats.pi),
    (lambda x: math.modf(x)[0], 1.0, 0.0),
    (lambda x: primitives.step(x - 2.0), 0.0, 1.0),
    (lambda x: primitives.three_way(2.0, x), 1.0, -1.0),
]


@pytest.mark.parametrize(("function", "left", "right"), JUMPS)
def test_every_operation_that_jumps_says_so(function, left, right) -> None:
    x = Value(2.0, "x")
    f = function(x)
    found = f.kinks()
    (kink,) = [kink for kink in found if kink.kind == "jump"]
    (side,) = kink.sides
    assert kink.node is f
    assert (f.data + side.jump_left, f.data + side.jump_right) == pytest.approx((left, right), abs=1e-12)
    estimate = numerical_gradients(f)[x]
    assert estimate.verdict == "jump"
    assert estimate.jump == pytest.approx((left, f.data, right), abs=1e-12)
    assert len(function(Value(2.25, "x")).kinks()) == 0
    assert numerical_gradients(function(y := Value(2.25)))[y].verdict == "agrees"


def test_a_choice_between_two_that_are_equal_is_a_tie() -> None:
    x = Value(2.0, "x")
    f = math.where(math.greater(x, 2), x, 2.0).named("f")
    assert str(f.kinks()) == (
        "1 kink:\n  f = where(2 < x, x, 2), a tie at x = 2\n    value by x: 2 to the left, 2 to the right; 2 was taken"
    )
    with errstate(all="ignore"):
        g = math.where(math.greater(x, 2), 1 / (x - 2), 0.0).named("g")
    assert [kink.kind for kink in g.kinks()] == ["pole", "jump"]
    assert "value by x: 0 to the left, inf to the right; 0 was taken" in str(g.kinks())
    assert len(math.where(x > 2, x, -x).kinks()) == 0  # a bool of Python's, as documented: not in the graph


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
    for point, _ in op.special_slopes
    if all(map(floats.isfinite, point)) and point not in op.smooth and op.result_type is float
]


@pytest.mark.parametrize(("op", "point"), POINTS, ids=lambda part: str(part))
def test_every_special_point_of_the_table_beside_difference_quotients(op, point) -> None:
    with errstate(all="ignore"):
        node = make_node(op, tuple(Value(x) for x in point))
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
