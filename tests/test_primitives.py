"""The table of primitives, row by row: its special points, and its values and slopes against mpmath."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import accuracy
import numpy
import pytest
from mpmath import mp, mpf

from autograd_lite import Value, errstate, grad, gradient, primitives
from autograd_lite.math import hypot, log, logaddexp, relu, silu, sin, sinc, sqrt, where
from autograd_lite.numerics.domains import Region
from autograd_lite.operators import quietly
from autograd_lite.primitives import Primitive
from autograd_lite.testing.oracles import NO_ORACLE, oracle, points

ROWS = list(primitives.table.values())
TINY, HUGE = 2.0**-1022, math.ldexp(1.0 - 2.0**-53, 1024)
each_row = pytest.mark.parametrize("row", ROWS, ids=repr)


def same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


# ---- special points --------------------------------------------------------------------------------------------------

SPECIAL = [
    *(x for size in (0.0, 5e-324, TINY, 0.5, 1.0, 1.5, 2.0, 3.0, 1e16, HUGE, math.inf) for x in (size, -size)),
    math.nan,
]


def slopes_at(row: Primitive, args: tuple[float, ...]) -> tuple[float, ...]:
    y = row(*args)
    return tuple(float(quietly(row.derivative(i), (y, *args))) for i in range(len(args)))


POINTS_OF_ROWS = [(row, args, slopes) for row in ROWS for args, slopes in row.special_slopes]


@pytest.mark.parametrize(("row", "args", "slopes"), POINTS_OF_ROWS, ids=lambda x: str(x))
def test_slopes_at_a_special_point(row: Primitive, args: tuple[float, ...], slopes: tuple[float, ...]) -> None:
    assert len(slopes) == len(args)
    found = slopes_at(row, args)
    assert all(map(same, found, slopes)), f"{row}{args}: the slopes are {found}, the row says {slopes}"


@each_row
def test_every_end_pole_tie_and_infinity_is_a_special_point(row: Primitive) -> None:
    if row.name in NO_ORACLE or row.all_slopes is not None:
        return
    told: list[set[float]] = [{args[i] for args, _ in row.special_slopes} for i in range(row.arities[0])]
    for region in (row.domain, row.smooth):
        for index in range(len(region.boxes)):
            for i, domain in enumerate(region.box(index, row.arities[0])):
                for interval in domain:
                    ends = {end for end in (interval.low, interval.high) if math.isfinite(end)}
                    if not domain.discrete:
                        assert ends | ({-1.0} if interval.integers == "never" else set()) <= told[i]
    if row.smooth.gap is not None:
        assert any(row.smooth.gap(*args) == 0.0 for args, _ in row.special_slopes)
    if row.arities == (1,):
        assert {math.inf, -math.inf} <= told[0]


def one_sided(row: Primitive, i: int, args: tuple[float, ...]) -> list[float]:
    """The slopes by argument `i` close to its right and left, where the row is smooth on that side."""
    found = []
    for side in (1, -1):
        with mp.workprec(1500):
            near = [mpf(x) for x in args]
            near[i] += side * mpf(2) ** -700
            beside = (*args[:i], math.nextafter(args[i], side * math.inf), *args[i + 1 :])
            if beside in row.smooth:
                found.append(float(oracle(row).slope(i)(points, *near)))
    return found


@pytest.mark.parametrize(
    ("row", "args", "slopes"),
    [
        case
        for case in POINTS_OF_ROWS
        if case[0].name not in NO_ORACLE and all(math.isfinite(x) and (x or str(x) == "0.0") for x in case[1])
    ],
    ids=lambda x: str(x),
)
def test_a_slope_at_a_kink_lies_between_the_one_sided_slopes(
    row: Primitive, args: tuple[float, ...], slopes: tuple[float, ...]
) -> None:
    """And is the slope, where both agree; where there is only one, that one."""
    for i, slope in enumerate(slopes):
        if row.domain.box(0, len(args))[i].discrete:
            continue
        limits = one_sided(row, i, args)
        if slope != slope:
            assert args not in row.smooth
        elif limits:
            low, high = min(limits), max(limits)
            low, high = (x if abs(x) < 1e100 else math.copysign(math.inf, x) for x in (low, high))
            slack = 1e-15 * max(abs(low), abs(high), 1.0) if math.isfinite(high - low) else 0.0
            assert low - slack <= slope <= high + slack, f"∂{i} {row}{args}: {slope} is not within {limits}"


@each_row
def test_nothing_raises_for_any_floats(row: Primitive) -> None:
    """Of all combinations of special floats a row and its local derivatives make floats, and nan of nan."""
    for arity in (n for n in row.arities if n <= 2 or (n == 3 and row.all_slopes is None)):
        for args in itertools.product(SPECIAL if arity < 3 else SPECIAL[::2], repeat=arity):
            y = row(*args)
            assert type(y) is float, f"{row}{args} = {y!r}"
            assert all(isinstance(slope, float) for slope in slopes_at(row, args))
            if row.result_type is float and any(map(math.isnan, args)) and not row.selects:
                assert y != y or row.name in MAY_PASS_OVER_NAN, f"{row}{args} = {y!r}"


MAY_PASS_OVER_NAN = {
    "pow": "1**nan and nan**0 are 1, as in C",
    "shifted_pow": "as pow",
    "hypot": "inf with an infinite argument, as in C",
    "copysign": "the sign of a nan is one",
    "nextafter": "where it takes no step",
}

UFUNCS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "neg": "negative", "pow": "power",
    "sqrt": "sqrt", "cbrt": "cbrt", "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2",
    "log10": "log10", "log1p": "log1p", "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin", "acos": "arccos",
    "atan": "arctan", "atan2": "arctan2", "hypot": "hypot", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "logaddexp": "logaddexp", "sinc": "sinc", "abs": "abs",
    "sign": "sign", "less": "less", "less_equal": "less_equal", "equal": "equal", "unequal": "not_equal",
    "maximum": "maximum", "minimum": "minimum", "where": "where", "copysign": "copysign", "floor": "floor",
    "ceil": "ceil", "trunc": "trunc", "rint": "rint", "fmod": "fmod", "mod": "remainder", "floordiv": "floor_divide",
    "identity": "positive",
}  # fmt: skip
NUMPY_DIFFERS = {
    "pow(-0.0, 0.5)": "a root of -0.0 there; +0.0 in C and in math.pow",
    "pow(-inf, 0.5)": "nan there; inf in C and in math.pow",
    "maximum(0.0, -0.0)": "the second of equals there; the greater zero in IEEE 754-2019",
    "minimum(-0.0, 0.0)": "the second of equals there; the lesser zero in IEEE 754-2019",
    "logaddexp(-0.0, -inf)": "+0.0 there; here what is added to nothing stays as it is",
    "logaddexp(-inf, -0.0)": "+0.0 there; here what is added to nothing stays as it is",
    **{f"sinc({x})": "a rounded π, and nan, there; exactly 0 here" for x in SPECIAL if abs(x) > 1.5 or abs(x) == 1.0},
}


@pytest.mark.parametrize("name", UFUNCS)
@numpy.errstate(all="ignore")
def test_special_values_are_numpys(name: str) -> None:
    ufunc, row = getattr(numpy, UFUNCS[name]), primitives.table[name]
    for args in itertools.product(SPECIAL, repeat=getattr(ufunc, "nin", row.arities[0])):
        ours, numpys = row(*args), float(ufunc(*args))
        case = f"{name}({', '.join(map(repr, args))})"
        if case in NUMPY_DIFFERS:
            assert repr(ours) != repr(numpys), f"{case} no longer differs"
        elif math.isfinite(numpys) and numpys:
            assert abs(ours - numpys) <= 4 * math.ulp(numpys), f"{case} = {ours}, in NumPy {numpys}"
        else:
            assert repr(ours) == repr(numpys), f"{case} = {ours}, in NumPy {numpys}"


def test_products_and_sums_of_special_floats() -> None:
    for args in itertools.product([0.0, -0.0, 1.0, -2.0, math.inf, -math.inf, math.nan], repeat=4):
        assert repr(primitives.prod(*args)) == repr(math.prod(args)) or same(primitives.prod(*args), math.prod(args))
        assert same(primitives.fsum(*args), sum(args))
        assert same(primitives.sumprod(*args), args[0] * args[2] + args[1] * args[3])
    assert primitives.prod(1e308, 1e308, 1e-308, -1e-308) == pytest.approx(-1.0)
    assert primitives.fsum(1.7e308, 1.7e308, -1.7e308) == 1.7e308


# ---- second derivatives ----------------------------------------------------------------------------------------------


def second_order(row: Primitive) -> Iterator[tuple[str, float, float, Any]]:
    """Derivatives of the local derivatives: what, the number, its scale, and the truth by a difference in 500 bits."""
    for args in accuracy.points(row, 80):
        box = next((box for box in row.smooth.boxes if args in Region(box)), None)
        ordinary = all(x == 0.0 or 1e-30 < abs(x) < 1e30 for x in args)
        if box is None or args not in row.smooth or not ordinary or not math.isfinite(row(*args)):
            continue
        box = box * len(args) if len(box) == 1 else box
        values = [Value(x) for x in args]
        y = row(*values)
        for i, j in itertools.product(range(len(args)), repeat=2):
            if box[i].discrete or box[j].discrete:
                continue
            slope = row.derivative(i)(y, *values)
            found = gradient(slope, values)[j].data if isinstance(slope, Value) else 0.0
            with mp.workprec(500):
                near, far = [mpf(x) for x in args], [mpf(x) for x in args]
                step = (abs(near[j]) or mpf(1)) * mpf(2) ** -160
                near[j], far[j] = near[j] - step, far[j] + step
                truth = (oracle(row).slope(i)(points, *far) - oracle(row).slope(i)(points, *near)) / (2 * step)
            scale = abs(float(getattr(slope, "data", slope))) / (abs(args[j]) or 1.0)
            yield f"∂{j}∂{i} {row}{args}", found, scale, truth


STEPS = {"fmod", "remainder", "mod"}  # their slopes are whole numbers: no difference says how they change


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.name not in {*NO_ORACLE, *STEPS, "nextafter", "ulp"}], ids=repr
)
def test_second_derivatives_are_right_and_finite(row: Primitive) -> None:
    for what, found, scale, truth in second_order(row):
        if math.isfinite(scale) and (truth == 0 or 1e-250 < abs(truth) < 1e250):
            assert abs(found - truth) <= 1e-8 * abs(truth) + 1e-13 * scale, f"{what} = {found}, not {truth}"


@pytest.mark.parametrize(
    ("f", "derivatives"),
    [
        (lambda x: x * x, (0.0, 2.0, 0.0)),
        (lambda x: x**2, (0.0, 2.0, 0.0)),
        (lambda x: x**3, (0.0, 0.0, 6.0)),
        (lambda x: x**1, (1.0, 0.0, 0.0)),
        (lambda x: x**0, (0.0, 0.0, 0.0)),
        (lambda x: abs(x) * x, (0.0, 0.0, 0.0)),
        (lambda x: relu(x) * x, (0.0, 0.0, 0.0)),
        (lambda x: 2**x, (math.log(2.0), math.log(2.0) ** 2, math.log(2.0) ** 3)),
        (lambda x: where(x > 0.0, sqrt(x), 0.0), (0.0, 0.0, 0.0)),
        (lambda x: where(x == 0.0, 1.0, sin(x) / x), (0.0, 0.0, 0.0)),
        (lambda x: sinc(x), (0.0, -(math.pi**2) / 3, 0.0)),
        (lambda x: hypot(x, 2.0), (0.0, 0.5, 0.0)),
        (lambda x: logaddexp(x, -x), (0.0, 1.0, 0.0)),
        (lambda x: silu(x), (0.5, 0.5, 0.0)),
        (lambda x: x * log(x + 1.0), (0.0, 2.0, -3.0)),
    ],
)
def test_orders_at_zero(f: Callable[[Any], Any], derivatives: tuple[float, ...]) -> None:
    with errstate(invalid="ignore", divide="ignore"):  # what is not selected is evaluated all the same
        for expected in derivatives:
            f = grad(f)
            assert f(0.0) == pytest.approx(expected, abs=1e-15)


# ---- accuracy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [row for row in ROWS if row.name not in NO_ORACLE], ids=repr)
def test_value_and_slopes_within_the_rows_bound(row: Primitive) -> None:
    """The value, and each slope, at 2,000 points or more."""
    found = list(accuracy.errors(row))
    assert accuracy.POINTS >= 2000
    for which in (None, *range(min(row.arities))):
        assert len({error.args for error in found if error.slope == which}) >= accuracy.POINTS
    beyond = sorted((error for error in found if not error.ulps <= row.ulps), reverse=True)
    assert not beyond, f"{len(beyond)} of {len(found)} beyond {row.ulps} ulp: {'; '.join(map(str, beyond[:3]))}"


def test_bounds_beyond_the_common_ones_have_a_reason() -> None:
    gamma_family = {"gamma", "lgamma", "digamma", "polygamma"}
    for row in ROWS:
        assert row.ulps <= (8.0 if row.name in gamma_family else 4.0) or row.note
        assert row.intermediates is None or row.note


@each_row
def test_a_row_is_well_formed(row: Primitive) -> None:
    assert repr(row) == row.name
    assert row.name.isidentifier()
    assert primitives.table[row.name] is row
    assert primitives.table[row.name] is row
    assert row.symbol
    assert (row.all_slopes is None) or not row.derivatives
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(row, protocol)) is row
    assert copy.deepcopy(row) is row
    for region in (row.domain, row.smooth):
        assert region.boxes
        if row.all_slopes is None and row.derivatives:
            assert {len(box) for box in region.boxes} <= {1, len(row.derivatives)}


@each_row
def test_as_many_derivatives_as_arguments(row: Primitive) -> None:
    if row.name == "constant":
        assert row.derivatives == ()
        return
    for args in accuracy.points(row, 3):
        assert isinstance(row(*args), float)
        for i in range(len(args)):
            assert isinstance(quietly(row.derivative(i), (row(*args), *args)), float)


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
    rows = {row.name: row for row in ROWS if row.result_type is bool}
    python = {"less": "<", "less_equal": "<=", "equal": "==", "unequal": "!="}
    assert rows.keys() == python.keys()
    for name, sign in python.items():
        for a in numbers:
            for b in numbers:
                assert rows[name](a, b) == eval(f"1.0 if a {sign} b else 0.0")
