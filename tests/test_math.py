"""`autograd_lite.math`: every name of the standard module, its signatures and results; composites against mpmath."""

from __future__ import annotations

import cmath
import functools
import inspect
import itertools
import math as std
import operator
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

import autograd_lite as ag
from autograd_lite import Value, errstate, math

INF, NAN = std.inf, std.nan
GREATEST = 1.7976931348623157e308


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    with errstate(all="ignore"):  # events have a file of their own
        yield


def same(a: Any, b: Any) -> bool:
    """Whether two results are the same in type, bits and structure; one nan is as good as another."""
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    if type(a) is not type(b):
        return False
    return repr(a) == repr(b)


def data(result: Any) -> Any:
    """A result with the numbers of its Values in their place."""
    if isinstance(result, tuple | list):
        return type(result)(map(data, result))
    return result.data if isinstance(result, Value) else result


def ulps(found: float, truth: Any, least: float = 0.0) -> float:
    """How far `found` is from the truth, in units of the last place of the greater of the truth and `least`."""
    if found == truth:
        return 0.0
    return float(abs(mpf(found) - truth) / std.ulp(max(abs(float(truth)), least)))


# ---- names and signatures --------------------------------------------------------------------------------------------

NEWER = "cbrt exp2 sumprod fma fmax fmin isnormal issubnormal signbit"  # than Python 3.10, up to 3.15
ELSEWHERE = {"integer": "Python 3.15's module of the integer functions, all of which are here"}
OF_INTEGERS = "comb factorial gcd isqrt lcm perm"  # Python's own
ADDED = """less less_equal greater greater_equal equal not_equal
relu sigmoid softplus log_sigmoid logit silu gelu elu leaky_relu softsign logaddexp logsumexp softmax where
maximum minimum clip sign xlogy xlog1py sinc norm_pdf norm_cdf erfinv digamma polygamma psi"""
STANDARD = sorted({name for name in dir(std) if not name.startswith("_")} | set(NEWER.split()))
FUNCTIONS = [name for name in STANDARD if callable(getattr(math, name, None)) and name not in OF_INTEGERS.split()]


@pytest.mark.parametrize("name", STANDARD)
def test_every_name_of_the_standard_module_is_here(name: str) -> None:
    assert hasattr(math, name) or name in ELSEWHERE, f"math.{name} has no mirror"
    if name in OF_INTEGERS.split():
        assert getattr(math, name) is getattr(std, name)
    if isinstance(getattr(std, name, None), float):
        assert same(getattr(math, name), getattr(std, name))


def test_what_is_added_is_here_and_nothing_else_is_public() -> None:
    assert [name for name in ADDED.split() if not callable(getattr(math, name))] == []
    assert sorted(math.__all__) == sorted({*STANDARD, *ADDED.split()} - set(ELSEWHERE))
    scope: dict[str, Any] = {}
    exec("from autograd_lite.math import *", scope)
    assert set(scope) - {"__builtins__"} == set(math.__all__)


# Where CPython has none, or only a newer one does.
DOCUMENTED = {
    "log": "(x, base=2.718281828459045, /)",
    "hypot": "(*coordinates)",
    "nextafter": "(x, y, /, *, steps=None)",
    "sumprod": "(p, q, /)",
    "fma": "(x, y, z, /)",
    **dict.fromkeys(("fmax", "fmin"), "(x, y, /)"),
    **dict.fromkeys(("isnormal", "issubnormal", "signbit", "cbrt", "exp2"), "(x, /)"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures(name: str) -> None:
    def shape(signature: inspect.Signature) -> list[tuple[Any, ...]]:
        # The name of a parameter that is only positional is nobody's business.
        positional = inspect.Parameter.POSITIONAL_ONLY
        return [(p.kind, p.default, None if p.kind is positional else p.name) for p in signature.parameters.values()]

    ours = shape(inspect.signature(getattr(math, name)))
    if name in DOCUMENTED:
        scope: dict[str, Any] = {}
        exec(f"def f{DOCUMENTED[name]}: ...", scope)
        assert ours == shape(inspect.signature(scope["f"]))
    else:
        assert ours == shape(inspect.signature(getattr(std, name)))


# ---- on floats, beside the standard module ---------------------------------------------------------------------------


def takes(name: str, *args: Any) -> bool:
    """Whether the standard function takes such arguments."""
    try:
        getattr(std, name)(*args)
    except (TypeError, AttributeError):
        return False
    except ValueError:  # of the number, not of its kind
        return True
    return True


UNARY = [name for name in FUNCTIONS if takes(name, 0.75)]
BINARY = [name for name in FUNCTIONS if takes(name, 0.75, 0.5)]
ENDS = [0.0, -0.0, INF, -INF, NAN, 5e-324, -5e-324, 2.0**-1022, GREATEST, -GREATEST, 1.0, -1.0, 2.0, 0.5, -0.5, 2.5]


def floats(seed: str, count: int = 3000) -> list[float]:
    """Floats of ordinary and of any size, whole ones, neighbours of whole ones, and every end."""
    rng = random.Random(seed)
    ways: list[Callable[[], float]] = [
        lambda: rng.uniform(-1, 1),
        lambda: rng.uniform(-30, 30),
        lambda: rng.choice((-1, 1)) * 10.0 ** rng.uniform(-308, 308),
        lambda: rng.choice((-1, 1)) * 10.0 ** rng.uniform(-3, 4),
        lambda: float(rng.randint(-180, 180)),
        lambda: std.nextafter(rng.randint(-9, 9), rng.choice((-INF, INF))),
    ]
    return ENDS + [rng.choice(ways)() for _ in range(count)]


# Ours may differ by so many ulps of the greater of the result and the second number: it is the better one (see the
# table's tests, which hold it to mpmath).
BETTER = {"gamma": (20.0, 0.0), "lgamma": (20.0, 1.0), "cbrt": (4.0, 0.0)}


def check_beside_the_standard_one(name: str, *args: Any) -> None:
    found, expected = None, None
    try:
        expected = getattr(std, name)(*args)
    except (ArithmeticError, ValueError) as error:
        if name in ("floor", "ceil", "trunc"):  # no int is infinite or nan
            with pytest.raises(type(error)):
                getattr(math, name)(*args)
            return
        found = getattr(math, name)(*args)
        numbers = [x for x in (found if isinstance(found, tuple) else (found,)) if isinstance(x, float)]
        if isinstance(error, OverflowError):
            assert all(abs(x) == INF for x in numbers), f"{name}{args} = {found}, not infinite"
        elif name == "log" and len(args) == 2:  # a quotient of which a part is infinite may be finite
            with np.errstate(all="ignore"):
                assert same(found, float(np.divide(math.log(args[0]), math.log(args[1]))))
        else:
            assert all(not std.isfinite(x) for x in numbers), f"{name}{args} = {found}"
        return
    found = getattr(math, name)(*args)
    if name in BETTER and std.isfinite(expected):
        most, least = BETTER[name]
        assert ulps(found, expected, least) <= most, f"{name}{args} = {found!r}, not {expected!r}"
    else:
        assert same(found, expected), f"{name}{args} = {found!r}, not {expected!r}"


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_float(name: str) -> None:
    for x in floats(name):
        check_beside_the_standard_one(name, x)


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_floats(name: str) -> None:
    xs, ys = floats(name), floats(name + "second")
    random.Random(name).shuffle(ys)
    for args in zip(xs, ys):
        check_beside_the_standard_one(name, *args)
    for args in [(x, y) for x in ENDS for y in ENDS]:
        check_beside_the_standard_one(name, *args)


def test_poles_have_the_signs_of_ieee_754() -> None:
    assert [math.log(0.0), math.log1p(-1.0), math.atanh(1.0), math.atanh(-1.0)] == [-INF, -INF, INF, -INF]
    assert [math.pow(-0.0, -3.0), math.pow(-0.0, -2.0), math.gamma(-0.0), math.lgamma(-3.0)] == [-INF, INF, -INF, INF]
    assert [math.sinh(-1e3), math.pow(-10.0, 309.0), math.exp(1e3)] == [-INF, -INF, INF]
    for nan in (math.sqrt(-1.0), math.pow(-8.0, 1 / 3), math.fmod(1.0, 0.0), math.gamma(-1.0), math.sin(INF)):
        assert std.isnan(nan)
        assert type(nan) is float  # never complex


INTEGERS = [*range(-3, 8), 170, 10**15 + 1, 2**53 + 1, -(2**70), 10**400, True]


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("n", [*INTEGERS, Fraction(3, 4), np.float64(0.75), np.int64(3), np.float32(0.1)], ids=str)
def test_other_real_numbers(name: str, n: Any) -> None:
    try:
        expected = getattr(std, name)(n)
    except TypeError:  # NumPy's integers had no __trunc__ yet
        with pytest.raises(TypeError):
            getattr(math, name)(n)
        return
    except OverflowError as error:
        if "too large" not in str(error):  # of the result, not of the argument
            assert abs(getattr(math, name)(n)) == INF
            return
        if name in ("acos", "asin", "atanh"):  # whatever its size, it is outside their domain
            assert std.isnan(getattr(math, name)(n))
            return
        with pytest.raises(OverflowError, match="too large"):
            getattr(math, name)(n)
        return
    except ValueError:
        assert not std.isfinite(getattr(math, name)(n))
        return
    found = getattr(math, name)(n)
    if name in BETTER and std.isfinite(expected):
        assert ulps(found, expected, BETTER[name][1]) <= BETTER[name][0]
    else:
        assert same(found, expected)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in ("fsum", "prod", "sumprod", "dist")])
@pytest.mark.parametrize("wrong", ["1", None, 1j, [1.0], object(), b"1"], ids=lambda x: type(x).__name__)
def test_what_is_no_number_is_a_type_error_as_there(name: str, wrong: Any) -> None:
    for args in ((wrong,), (wrong, wrong), (1.0, wrong), (wrong, 1.0), (wrong, 1, 1), (1.0, 1.0, wrong)):
        with pytest.raises(TypeError):
            getattr(math, name)(*args)


@pytest.mark.parametrize("name", [*ADDED.split(), *FUNCTIONS])
def test_text_is_a_type_error_everywhere(name: str) -> None:
    function = getattr(math, name)
    names = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.KEYWORD_ONLY]
    for wrong in ("x", None, Decimal(1)):
        args = [[wrong] if p.name in ("xs", "values", "p", "q") else wrong for p in names]
        if name == "logit":
            args = [wrong]
        if wrong == Decimal(1) and name in ("floor", "ceil", "trunc"):
            assert function(wrong) == 1  # Python's own, of any number with the method
            continue
        with pytest.raises(TypeError):
            function(*args)


# ---- the meaning of single functions ---------------------------------------------------------------------------------


def test_logarithms_to_a_base() -> None:
    assert [math.log(8, 2), math.log(1000, 10), math.log(x := 0.3, 7.0)] == [
        *(std.log(8, 2), std.log(1000, 10)),
        std.log(x, 7.0),
    ]
    assert math.log(10**400) == std.log(10**400)
    assert math.log(10**400, 10**200) == std.log(10**400, 10**200)
    assert math.log2(2**5000) == 5000.0
    assert math.log10(10**400) == 400.0
    for log in (math.log, math.log2, math.log10):
        with errstate(all="raise"), pytest.raises(FloatingPointError, match="invalid value encountered in log"):
            log(-(10**400))
        assert std.isnan(log(-(10**400)))
        assert std.isnan(log(-3))
    assert std.isnan(math.log(2.0, -(10**400)))
    for outside in (math.sqrt, math.log1p, math.acosh, math.acos, math.asin, math.atanh, math.logit):
        for huge in (-(10**400), Fraction(-(10**400)), np.longdouble("-1e4000")):
            with errstate(all="raise"), pytest.raises(FloatingPointError, match=f"invalid value.* {outside.__name__}"):
                outside(huge)
            assert std.isnan(outside(huge))
    for inside in (math.sin, math.exp, math.atan, math.cbrt):
        with pytest.raises(OverflowError, match="too large"):
            inside(-(10**400))
    assert [math.log(5.0, 1.0), math.log(0.2, 1.0), math.log(0, 2)] == [INF, -INF, -INF]
    assert std.isnan(math.log(1.0, 1.0))
    with pytest.raises(OverflowError):
        Value(10**400)
    x, b = Value(8.0), Value(2.0)
    f = math.log(x, b)
    f.backward()
    assert (f.data, math.log(x, 2).data) == (3.0, 3.0)
    assert x.grad == pytest.approx(1 / (8 * std.log(2)), rel=1e-15)
    assert b.grad == pytest.approx(-3 / (2 * std.log(2)), rel=1e-15)


def test_fsum() -> None:
    rng = random.Random(3)
    for _ in range(300):
        xs = [rng.choice((-1, 1)) * 10.0 ** rng.uniform(-20, 20) for _ in range(rng.randrange(30))]
        assert same(math.fsum(iter(xs)), std.fsum(xs))
    assert same(math.fsum([]), 0.0)
    assert same(math.fsum([1, 2, Fraction(1, 2)]), 3.5)
    assert [math.fsum([1e308, 1e308]), math.fsum([INF, 1.0])] == [INF, INF]
    assert std.isnan(math.fsum([INF, -INF]))
    assert math.fsum([1e308, 1e308, -1e308]) == 1e308  # the standard one gives up on the way
    x = Value(1e-30)
    f = math.fsum([1.0, x, -1.0])
    f.backward()
    assert (f.data, x.grad) == (1e-30, 1.0)
    with pytest.raises(TypeError):
        math.fsum(1.0)  # type: ignore[arg-type]


def test_prod() -> None:
    for xs, start in (([], 1), ([2, 3], 1), ([2, 3], 10**30), ([Fraction(1, 3), 3], 2), ([True], 1), ([], 2.5)):
        assert same(math.prod(xs, start=start), std.prod(xs, start=start))
    rng = random.Random(4)
    for _ in range(300):
        xs = [rng.uniform(-3, 3) for _ in range(rng.randrange(20))]
        assert same(math.prod(xs), std.prod(xs)), xs
        assert same(math.prod(iter(xs), start=0.1), std.prod(xs, start=0.1))
    assert math.prod([1e300, 1e300, 1e-300]) == pytest.approx(1e300, rel=1e-15)  # the standard one overflows on the way
    assert [math.prod([1e300, 1e300]), math.prod([-INF, 2.0])] == [INF, -INF]
    assert std.isnan(math.prod([INF, 0.0]))
    x = Value(3.0)
    math.prod([x, x], start=x).backward()
    assert x.grad == 27.0
    zero, other = Value(0.0), Value(5.0)
    math.prod([zero, other, 2.0]).backward()  # no division by a factor
    assert (zero.grad, other.grad) == (10.0, 0.0)
    with pytest.raises(TypeError):
        math.prod([1.0], 2)  # type: ignore[misc]


def test_sumprod() -> None:
    assert same(math.sumprod([1, 2], [3, 10**30]), 1 * 3 + 2 * 10**30)
    assert same(math.sumprod([], []), 0)
    assert same(math.sumprod([Fraction(1, 3)], [3]), Fraction(1))
    assert same(math.sumprod(iter([0.1] * 10), [10] * 10), 10.0)
    rng = random.Random(5)
    for _ in range(300):
        p, q = ([rng.choice((-1, 1)) * 10.0 ** rng.uniform(-10, 10) for _ in range(8)] for _ in range(2))
        exact = sum(Fraction(a) * Fraction(b) for a, b in zip(p, q))
        assert math.sumprod(p, q) == float(exact)
        if hasattr(std, "sumprod"):
            assert same(math.sumprod(p, q), std.sumprod(p, q))
    for wrong in (([1.0], []), ([1], [2, 3])):
        with pytest.raises(ValueError, match="1 and"):
            math.sumprod(*wrong)
    assert std.isnan(math.sumprod([INF, 1.0], [0.0, 1.0]))
    x, y = Value(2.0), Value(5.0)
    math.sumprod([x, 1.0], [y, x]).backward()
    assert (x.grad, y.grad) == (6.0, 2.0)


def test_hypot_and_dist() -> None:
    rng = random.Random(6)
    for n in range(6):
        for _ in range(100):
            p, q = ([rng.choice((-1, 1)) * 10.0 ** rng.uniform(-160, 160) for _ in range(n)] for _ in range(2))
            assert same(math.hypot(*p), std.hypot(*p))
            assert same(math.dist(p, iter(q)), std.dist(p, q))
    assert [math.hypot(INF, NAN), math.dist([INF], [-INF]), math.hypot(3e-320, 4e-320)] == [INF, INF, 5e-320]
    assert std.isnan(math.dist([INF], [INF]))
    for wrong in (([1.0], []), ([1], [2, 3])):
        with pytest.raises(ValueError, match="1 and"):
            math.dist(*wrong)
    x, y = Value(3e200), Value(4e200)
    math.hypot(x, y).backward()
    assert (x.grad, y.grad) == pytest.approx((0.6, 0.8), rel=1e-15)
    x = Value(1.0)
    math.dist([x, 2.0], [1.0, 2.0]).backward()
    assert x.grad == 0.0  # at distance 0 the subgradient of least norm


@pytest.mark.parametrize(
    "point",
    [(5e-324,) * 3, (5e-324, -5e-324), (1e-323, 5e-324, 0.0), (3e-320, 1e-321), (-2e-308, 1e-308, 5e-324), (5e-324,)],
)
def test_slopes_of_hypot_where_it_is_subnormal(point: tuple[float, ...]) -> None:
    with mpmath.workdps(50):
        norm = mpmath.sqrt(sum(mpmath.mpf(x) ** 2 for x in point))
        slopes = [float(x / norm) for x in point]
        curvatures = [float((norm**2 - mpmath.mpf(x) ** 2) / norm**3) for x in point]
    by_all = tuple(range(len(point)))
    assert ag.grad(math.hypot, by_all)(*point) == pytest.approx(slopes, rel=1e-15)
    assert [ag.jvp(math.hypot, point, [float(i == j) for j in by_all])[1] for i in by_all] == pytest.approx(
        slopes, rel=1e-15
    )
    assert ag.grad(lambda a: math.hypot(a, *point[1:]))(Value(point[0])).data == pytest.approx(slopes[0], rel=1e-15)
    assert ag.compile(math.hypot, argnums=by_all).grad(*point) == pytest.approx(slopes, rel=1e-15)
    if all(map(std.isfinite, curvatures)):
        second = [ag.grad(ag.grad(math.hypot, i), i)(*point) for i in by_all]
        assert second == pytest.approx(curvatures, rel=1e-14)


def test_parts_of_a_float() -> None:
    for x in floats("parts", 500):
        assert same(math.frexp(x), std.frexp(x))
        assert same(math.modf(x), std.modf(x))
        assert same(data(math.frexp(Value(x))), std.frexp(x))
        assert same(data(math.modf(Value(x))), std.modf(x))
        for i in (-2000, -1074, -1, 0, 3, 1024, 10**30, -(10**30), True):
            try:
                expected = std.ldexp(x, i)
            except OverflowError:
                expected = std.copysign(INF, x)
            assert same(math.ldexp(x, i), expected)
            assert same(math.ldexp(Value(x), i).data, expected)
    x = Value(12.0)
    mantissa, exponent = math.frexp(x)
    (mantissa + math.ldexp(x, 3)).backward()
    assert (mantissa.data, exponent, x.grad) == (0.75, 4, 1 / 16 + 8)
    fraction, whole = math.modf(y := Value(-2.5))
    (fraction + 10 * whole).backward()
    assert y.grad == 1.0
    assert math.ldexp(1.0, np.int64(2)) == 4.0
    with pytest.raises(TypeError):
        math.ldexp(1.0, 2.0)  # type: ignore[arg-type]


def stepped(x: float, y: float, steps: int) -> float:
    for _ in range(steps):
        x = std.nextafter(x, y)
    return x


def test_nextafter() -> None:
    ends = [0.0, -0.0, 5e-324, -1e-323, 1.0, -1.0, GREATEST, INF, -INF, NAN]
    for x in ends:
        for y in ends:
            assert same(math.nextafter(x, y), std.nextafter(x, y))
            for steps in (0, 1, 2, 5):
                assert same(math.nextafter(x, y, steps=steps), stepped(x, y, steps)), (x, y, steps)
    rng = random.Random(7)
    for _ in range(200):
        x, y, steps = rng.uniform(-1e-322, 1e-322), rng.uniform(-1e-322, 1e-322), rng.randrange(60)
        assert same(math.nextafter(x, y, steps=steps), stepped(x, y, steps)), (x, y, steps)
    assert math.nextafter(0.0, INF, steps=2**62 + 1) == std.nextafter(2.0, INF)  # one beyond 2**53 counts
    assert math.nextafter(-1.0, INF, steps=10**400) == INF
    assert math.nextafter(2.0, -INF, steps=2**63 + 1) == std.nextafter(-2.0, -INF)
    for wrong, error in ((-1, ValueError), (1.0, TypeError), ("1", TypeError)):
        with pytest.raises(error):
            math.nextafter(1.0, 2.0, steps=wrong)
    x = Value(1.0)
    f = math.nextafter(x, 2.0, steps=3)
    f.backward()
    assert (f.data, x.grad) == (1.0 + 3 * 2.0**-52, 1.0)


def test_fma_and_the_newest_names() -> None:
    assert math.fma(0.1, 10.0, -1.0) == 2.0**-54
    assert math.fma(1e308, 10.0, -INF) == -INF
    assert [math.fmax(1.0, NAN), math.fmax(NAN, 1.0), math.fmin(NAN, 2.0), math.fmin(1.0, 2.0)] == [1.0, 1.0, 2.0, 1.0]
    assert std.isnan(math.fmax(NAN, NAN))
    x, nan = Value(3.0), Value(NAN)
    f = math.fmax(nan, x) + math.fmin(x, nan) + math.fmax(x, 1.0)
    f.backward()
    assert (f.data, x.grad, nan.grad) == (9.0, 3.0, 0.0)
    table = {  # isnormal, issubnormal, signbit
        **{0.0: (False, False, False), 5e-324: (False, True, False), -1.0: (True, False, True)},
        **{-(2.0**-1022): (True, False, True), INF: (False, False, False), -INF: (False, False, True)},
        **{-NAN: (False, False, True), std.nextafter(2.0**-1022, 0.0): (False, True, False)},
    }
    for number, answers in table.items():
        for argument in (number, Value(number)):
            assert (math.isnormal(argument), math.issubnormal(argument), math.signbit(argument)) == answers
    assert math.signbit(-0.0)
    assert not math.isnormal(-0.0)


def test_questions_about_values() -> None:
    for x in (*ENDS, 1e-310):
        for name in ("isnan", "isinf", "isfinite"):
            assert getattr(math, name)(Value(x)) is getattr(std, name)(x)


finite_or_not = st.floats(allow_nan=True, allow_infinity=True)


@given(finite_or_not, finite_or_not, st.floats(-1e-3, 2), st.floats(-1e-3, 2))
def test_isclose(a: float, b: float, rel_tol: float, abs_tol: float) -> None:
    for x, y in ((a, b), (a, a), (a, a * (1 + 1e-9)), (1.0, 1.0 + rel_tol)):
        try:
            expected = std.isclose(x, y, rel_tol=rel_tol, abs_tol=abs_tol)
        except ValueError:
            with pytest.raises(ValueError, match="tolerances must be non-negative"):
                math.isclose(Value(x), y, rel_tol=rel_tol, abs_tol=abs_tol)
            return
        for args in ((x, y), (Value(x), y), (x, Value(y))):
            assert math.isclose(*args, rel_tol=rel_tol, abs_tol=abs_tol) is expected


# ---- on Values -------------------------------------------------------------------------------------------------------

numbers = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from(ENDS)
whole = st.integers(0, 4)
ON_VALUES: dict[str, Callable[..., Any]] = {
    **{name: getattr(math, name) for name in UNARY},
    **{name: getattr(math, name) for name in ADDED.split()},
    **{name: getattr(math, name) for name in ("atan2", "copysign", "fmod", "remainder", "pow", "fma", "fmax", "fmin")},
    **{name: getattr(math, name) for name in ("isnormal", "issubnormal", "signbit")},
    "log base": lambda x, y: math.log(x, y),
    "hypot": lambda x, y, z: math.hypot(x, y, z),
    "dist": lambda x, y, z: math.dist([x, y], [z, 1.0]),
    "fsum": lambda x, y, z: math.fsum([x, y, z]),
    "prod": lambda x, y, z: math.prod([x, y], start=z),
    "sumprod": lambda x, y, z: math.sumprod([x, y], [z, x]),
    "ldexp": lambda x: math.ldexp(x, -3),
    "nextafter": lambda x, y: math.nextafter(x, y, steps=2),
    "polygamma": lambda x: math.polygamma(2, x),
    "logsumexp": lambda x, y, z: math.logsumexp([x, y, z]),
    "softmax": lambda x, y, z: math.softmax([x, y, z]),
}
QUESTIONS = {"isnan", "isinf", "isfinite", "isnormal", "issubnormal", "signbit"}


@pytest.mark.parametrize("name", ON_VALUES)
@given(st.data())
def test_values_have_the_data_of_floats(name: str, drawn: st.DataObject) -> None:
    function = ON_VALUES[name]
    arity = len([p for p in inspect.signature(function).parameters.values() if p.default is p.empty])
    args = [drawn.draw(numbers) for _ in range(arity)]
    on_values = function(*map(Value, args))
    if name in ("floor", "ceil", "trunc"):
        assert isinstance(on_values, Value)
        if std.isfinite(args[0]):
            assert on_values.data == function(*args)
        else:
            assert same(on_values.data, args[0])
        return
    assert same(data(on_values), function(*args))
    if name in QUESTIONS:
        assert type(on_values) is bool
    elif name == "frexp":
        assert (type(on_values[0]), type(on_values[1])) == (Value, int)
    else:
        assert all(type(v) is Value for v in (on_values if isinstance(on_values, tuple | list) else (on_values,)))
        if arity > 1:  # one Value among floats is enough
            assert same(data(function(Value(args[0]), *args[1:])), data(on_values))


def test_every_function_is_tried_on_values() -> None:
    names = {name.split()[0] for name in ON_VALUES}
    assert {*FUNCTIONS, *ADDED.split()} - names == {"isclose"}  # which has a test of its own


# ---- composites, and rows with limits at infinity, against mpmath ----------------------------------------------------


def check(function: Callable[..., Any], truth: Any, *xs: float, most: float = 8.0, slopes: Any = None) -> None:
    """The value and the gradient of a function of floats, in ulps of the truth."""
    leaves = [Value(x) for x in xs]
    result = function(*leaves)
    assert isinstance(result, Value)
    result.backward()
    with mp.workdps(60):
        exact = [mpf(x) for x in xs]
        value = truth(*exact)
        assert ulps(result.data, value) <= most, f"{xs}: {result.data!r}, not {mp.nstr(value, 20)}"
        for i, leaf in enumerate(leaves):
            if slopes is None:
                h = mpf(10) ** -25 * max(1, abs(exact[i]))
                ahead, behind = ([*exact[:i], exact[i] + step, *exact[i + 1 :]] for step in (h, -h))
                slope = (truth(*ahead) - truth(*behind)) / (2 * h)
            else:
                slope = slopes(i, *exact)
            assert leaf.reached
            assert ulps(leaf.grad, slope) <= most, f"{xs}, {i}: slope {leaf.grad!r}, not {mp.nstr(slope, 20)}"


SPREAD = [-700.0, -40.0, -37.0, -8.5, -3.0, -1.0, -1e-3, -1e-10, 1e-300, 1e-10, 1e-3, 0.7, 1.0, 3.0, 8.5, 37.0, 40.0]
FAR = [-GREATEST, -1e200, -745.5, 746.0, 1e200, GREATEST]


def logistic(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def log_logistic(x: Any) -> Any:
    return -mp.log1p(mp.exp(-x)) if x > -1000 else mpf(x)


COMPOSITES: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "log_sigmoid": (math.log_sigmoid, log_logistic, lambda x: logistic(-x)),
    "elu": (math.elu, lambda x: x if x > 0 else mp.expm1(x), lambda x: mpf(1) if x > 0 else mp.exp(x)),
    "elu 2": (
        lambda x: math.elu(x, 2.0),
        lambda x: x if x > 0 else 2 * mp.expm1(x),
        lambda x: mpf(1) if x > 0 else 2 * mp.exp(x),
    ),
    "leaky_relu": (
        lambda x: math.leaky_relu(x, 0.125),
        lambda x: x if x > 0 else x / 8,
        lambda x: mpf(1) if x > 0 else mpf(0.125),
    ),
    "softsign": (math.softsign, lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "silu": (math.silu, lambda x: x * logistic(x), lambda x: logistic(x) * (1 + x * logistic(-x))),
    "gelu": (
        math.gelu,
        lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 1e5 else max(x, mpf(0)),
        lambda x: mp.erfc(-x / mp.sqrt(2)) / 2 + x * mp.npdf(x) if abs(x) < 1e5 else mpf(x > 0),
    ),
    "degrees": (math.degrees, mp.degrees, lambda x: 180 / mp.pi),
    "radians": (math.radians, mp.radians, lambda x: mp.pi / 180),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPOSITES)
def test_composites_of_one_argument(name: str) -> None:
    function, truth, slope = COMPOSITES[name]
    for x in (*SPREAD, *(FAR if name not in ("degrees", "radians") else ())):
        with mp.workdps(60):
            tiny = mpf(2) ** -1022
            if 0 < abs(truth(mpf(x))) < tiny or 0 < abs(slope(mpf(x))) < tiny:
                continue  # a subnormal has fewer bits
        check(function, truth, x, slopes=lambda i, x: slope(x))


LIMITS = {  # value and slope at -inf and at inf
    "relu": ((0.0, 0.0), (INF, 1.0)),
    "sigmoid": ((0.0, 0.0), (1.0, 0.0)),
    "softplus": ((0.0, 0.0), (INF, 1.0)),
    "log_sigmoid": ((-INF, 1.0), (0.0, 0.0)),
    "silu": ((0.0, 0.0), (INF, 1.0)),
    "gelu": ((0.0, 0.0), (INF, 1.0)),
    "elu": ((-1.0, 0.0), (INF, 1.0)),
    "leaky_relu": ((-INF, 0.01), (INF, 1.0)),
    "softsign": ((-1.0, 0.0), (1.0, 0.0)),
    "tanh": ((-1.0, 0.0), (1.0, 0.0)),
    "norm_pdf": ((0.0, 0.0), (0.0, 0.0)),
    "norm_cdf": ((0.0, 0.0), (1.0, 0.0)),
    "erf": ((-1.0, 0.0), (1.0, 0.0)),
    "erfc": ((2.0, 0.0), (0.0, 0.0)),
    "exp": ((0.0, 0.0), (INF, INF)),
    "expm1": ((-1.0, 0.0), (INF, INF)),
    "atan": ((-std.pi / 2, 0.0), (std.pi / 2, 0.0)),
    "asinh": ((-INF, 0.0), (INF, 0.0)),
    "sinc": ((0.0, 0.0), (0.0, 0.0)),
    "sign": ((-1.0, 0.0), (1.0, 0.0)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_at_infinity_without_an_event(name: str) -> None:
    for x, (value, slope) in zip((-INF, INF), LIMITS[name]):
        leaf = Value(x)
        with errstate(all="raise"):
            result = getattr(math, name)(leaf)
            result.backward()
        assert (result.data, leaf.grad) == (value, slope)
        curvature = ag.grad(ag.grad(getattr(math, name)))(x)
        assert curvature == (INF if slope == INF else 0.0)
    nan = Value(NAN)
    getattr(math, name)(nan).backward()
    assert std.isnan(getattr(math, name)(NAN))


def exact_logsumexp(*xs: Any) -> Any:
    return mp.log(mp.fsum(map(mp.exp, xs)))


def exact_softmax(i: int, *xs: Any) -> Any:
    return mp.exp(xs[i]) / mp.fsum(map(mp.exp, xs))


LOGITS = [
    *((0.0,), (-3.0,), (700.0,), (-1e300,)),
    *((0.0, 0.0), (1.0, 2.0), (-3.0, 4.0), (0.0, -40.0), (-1000.0, -1001.0), (1000.0, 990.0)),
    *((1.0, 2.0, 3.0), (5.0, 5.0, 5.0), (-30.0, 0.0, 30.0), (1e5, 1e5 + 1, 1e5 - 1), (0.1, 0.2, 0.3, 0.4, 0.5)),
]


@pytest.mark.parametrize("xs", LOGITS, ids=str)
def test_logsumexp_and_softmax(xs: tuple[float, ...]) -> None:
    # x - top is rounded once, by half an ulp of it at most: so much may each term be off.
    most = 8.0 + max(xs) - min(xs)
    check(lambda *xs: math.logsumexp(xs), exact_logsumexp, *xs, most=most, slopes=exact_softmax)
    for i, p in enumerate(math.softmax(list(xs))):
        with mp.workdps(60):
            assert ulps(p, exact_softmax(i, *map(mpf, xs))) <= most
    assert math.fsum(math.softmax(list(xs))) == pytest.approx(1.0, rel=1e-15)
    assert data(math.softmax([Value(x) for x in xs])) == math.softmax(list(xs))


def test_the_hessian_of_logsumexp_and_the_jacobian_of_softmax() -> None:
    xs = [0.3, -1.2, 2.5]
    hessian = ag.hessian(lambda xs: math.logsumexp(xs))(xs)
    jacobian = ag.jacobian(lambda xs: math.softmax(xs))(xs)
    with mp.workdps(40):
        p = [exact_softmax(i, *map(mpf, xs)) for i in range(3)]
        for i in range(3):
            for j in range(3):
                truth = p[i] * ((i == j) - p[j])
                assert hessian[i][j] == pytest.approx(float(truth), rel=1e-14)
                assert jacobian[i][j] == pytest.approx(float(truth), rel=1e-14)


@pytest.mark.parametrize(
    ("xs", "value", "shares"),
    [
        ([-INF], -INF, [1.0]),
        ([INF], INF, [1.0]),
        ([-INF, -INF], -INF, [0.5, 0.5]),
        ([-INF, 3.0], 3.0, [0.0, 1.0]),
        ([INF, 3.0, -INF], INF, [1.0, 0.0, 0.0]),
        ([INF, 0.0, INF], INF, [0.5, 0.0, 0.5]),
        ([1e308, -1e308], 1e308, [1.0, 0.0]),
        ([INF, 1e308, 1000.0], INF, [1.0, 0.0, 0.0]),
        ([-GREATEST, -GREATEST], -GREATEST, [0.5, 0.5]),
        ([0.0, -1e5], 0.0, [1.0, 0.0]),
    ],
    ids=str,
)
def test_logsumexp_and_softmax_at_infinities_and_of_huge_spread(
    xs: list[float], value: float, shares: list[float]
) -> None:
    leaves = [Value(x) for x in xs]
    with errstate(all="raise"):
        result = math.logsumexp(leaves)
        found = math.softmax(xs)
    result.backward()
    assert (result.data, [leaf.grad for leaf in leaves], found) == (value, shares, shares)
    for i in range(len(xs)):
        leaves = [Value(x) for x in xs]
        math.softmax(leaves)[i].backward()
        assert all(std.isfinite(leaf.grad) for leaf in leaves)


def test_logsumexp_of_nothing_and_of_nan() -> None:
    assert (math.logsumexp([]), math.softmax([])) == (-INF, [])
    assert std.isnan(math.logsumexp([NAN, 1.0]))
    assert std.isnan(math.logsumexp([INF, NAN]))
    assert all(map(std.isnan, math.softmax([1.0, NAN])))


# ---- kinks -----------------------------------------------------------------------------------------------------------


def slope_at(function: Callable[[Any], Any], x: float) -> float:
    leaf = Value(x)
    function(leaf).backward()
    return leaf.grad


def test_identities_that_hold_at_the_kink() -> None:
    # Each is smooth there, though put together of what is not. Ties are shared in halves, so sums of maxima are right.
    for zero in (0.0, -0.0):
        assert slope_at(lambda x: math.maximum(x, 0) + math.log1p(math.exp(-abs(x))), zero) == 0.5  # softplus
        assert slope_at(lambda x: math.clip(x, 0, 1) + math.clip(x, -1, 0), zero) == 1.0  # x
        assert slope_at(lambda x: math.maximum(x, x), zero) == 1.0
        assert slope_at(lambda x: math.minimum(x, x) + math.maximum(x, -x), zero) == 1.0  # x + |x|
        assert slope_at(lambda x: math.maximum(x, 0) + math.minimum(x, 0), zero) == 1.0  # x
        assert slope_at(lambda x: math.maximum(x, 0) - math.maximum(-x, 0), zero) == 1.0  # x
        assert slope_at(lambda x: x * abs(x), zero) == 0.0
        assert slope_at(lambda x: math.relu(x) ** 2, zero) == 0.0
        assert slope_at(lambda x: math.copysign(x, x), zero) == 0.0  # |x|, by the subgradient of least norm
        assert slope_at(lambda x: math.maximum(x, -x), zero) == 0.0  # |x|
        for root in (lambda x: x * math.sqrt(abs(x)), lambda x: math.sqrt(x) * x, lambda x: math.sqrt(x) ** 2):
            assert std.isnan(slope_at(root, zero))  # zero times an infinite slope: a choice says what is meant
        assert slope_at(lambda x: math.where(math.greater(x, 0.0), math.sqrt(x) * x, 0.0), zero) == 0.0
        assert slope_at(lambda x: math.hypot(x, 0.0), zero) == 0.0
        assert slope_at(math.elu, zero) == 1.0
        assert slope_at(math.softsign, zero) == 1.0
        assert slope_at(lambda x: math.xlogy(x, x), zero) == -INF


def test_where_the_rule_does_not_permit_the_identity() -> None:
    # relu has slope 0 at 0, the subgradient of least norm; so this sum, which is x, has slope 0 there and not 1.
    assert slope_at(lambda x: math.relu(x) - math.relu(-x), 0.0) == 0.0
    # The slope of the root is infinite and that of the square 0: their product, by IEEE 754, is a nan.
    assert std.isnan(slope_at(lambda x: math.sqrt(x**2), 0.0))
    assert slope_at(lambda x: math.hypot(x), 0.0) == 0.0  # what to write instead


@pytest.mark.parametrize(("slope", "at_zero"), [(0.01, 0.01), (0.0, 0.0), (-0.5, 0.0), (1.0, 1.0), (3.0, 1.0)])
def test_leaky_relu_at_its_kink_has_the_slope_of_least_norm(slope: float, at_zero: float) -> None:
    for zero in (0.0, -0.0):
        assert slope_at(lambda x: math.leaky_relu(x, slope), zero) == at_zero
    a = Value(slope)
    math.leaky_relu(-2.0, a).backward()
    assert a.grad == -2.0
    assert (math.leaky_relu(3.0, slope), math.leaky_relu(-2.0, slope)) == (3.0, -2.0 * slope)


def test_elu_at_its_kink_has_the_slope_from_below() -> None:
    for alpha in (0.0, 0.5, 1.0, 2.0):
        assert slope_at(functools.partial(math.elu, alpha=alpha), 0.0) == alpha
    alpha = Value(2.0)
    math.elu(-1.0, alpha).backward()
    assert alpha.grad == std.expm1(-1.0)


def test_clip() -> None:
    for x, expected, slope in ((-1.0, 0.0, 0.0), (0.0, 0.0, 0.5), (0.5, 0.5, 1.0), (1.0, 1.0, 0.5), (2.0, 1.0, 0.0)):
        leaf = Value(x)
        f = math.clip(leaf, 0.0, 1.0)
        f.backward()
        assert (f.data, leaf.grad) == (expected, slope)
    assert math.clip(5.0, 3.0, 1.0) == 1.0  # as NumPy: the upper bound has the last word
    low, high = Value(0.0), Value(1.0)
    math.clip(-3.0, low, high).backward()
    assert (low.grad, high.grad) == (1.0, 0.0)
    assert std.isnan(math.clip(NAN, 0.0, 1.0))


def test_an_unselected_branch_has_no_influence() -> None:
    assert slope_at(lambda x: math.where(x > 0, math.sqrt(x), 0), -1.0) == 0.0
    assert slope_at(lambda x: math.where(x > 0, math.sqrt(x), 0), 0.0) == 0.0
    assert slope_at(lambda x: math.where(x == 0, 1, math.sin(x) / x), 0.0) == 0.0
    assert slope_at(lambda x: math.where(x > 0, math.log(x), x), -1.0) == 1.0
    assert slope_at(lambda x: math.where(x == 0, 1, math.sin(x) / x), 1.0) == pytest.approx(
        std.cos(1.0) - std.sin(1.0), rel=1e-15
    )
    assert math.where(Value(0.0), 1.0, 2.0).data == 2.0
    assert math.where(np.bool_(True), 1, 2) == 1.0


def test_composites_match_their_definitions_on_complex_neighbours() -> None:
    # The derivative as the imaginary part a step of 1e-30 away, which needs no difference (Squire & Trapp 1998).
    definitions = {
        "sigmoid": lambda z: 1 / (1 + cmath.exp(-z)),
        "softplus": lambda z: cmath.log(1 + cmath.exp(z)),
        "silu": lambda z: z / (1 + cmath.exp(-z)),
        "log_sigmoid": lambda z: -cmath.log(1 + cmath.exp(-z)),
        "norm_pdf": lambda z: cmath.exp(-z * z / 2) / std.sqrt(2 * std.pi),
        "sinc": lambda z: cmath.sin(std.pi * z) / (std.pi * z),
        "logit": lambda z: cmath.log(z / (1 - z)),
    }
    for name, definition in definitions.items():
        for x in (0.1, 0.4, 0.9):
            assert slope_at(getattr(math, name), x) == pytest.approx(definition(x + 1e-30j).imag / 1e-30, rel=1e-13)


def test_psi_and_polygamma() -> None:
    assert math.psi is math.digamma
    assert slope_at(math.psi, 2.5) == math.polygamma(1, 2.5)
    assert slope_at(lambda x: math.polygamma(np.int64(3), x), 2.5) == math.polygamma(4, 2.5)
    assert math.polygamma(2, 0.7) == pytest.approx(float(mpmath.psi(2, 0.7)), rel=1e-15)
    with pytest.raises(ValueError, match="non-negative integer, not -1"):
        math.polygamma(-1, 1.0)
    with pytest.raises(TypeError):
        math.polygamma(1.0, 1.0)  # type: ignore[arg-type]


# ---- compiled --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(ON_VALUES) - {"frexp"}))  # frexp gives an int, which a tracer has not
def test_every_function_compiles_to_the_same_numbers(name: str) -> None:
    function = ON_VALUES[name]
    arity = len([p for p in inspect.signature(function).parameters.values() if p.default is p.empty])

    def traced(*args: Any) -> Any:
        result = function(*args)
        if isinstance(result, bool):
            return args[0] * 2.0 if result else args[0] * 3.0
        return math.fsum(result) if isinstance(result, tuple | list) else result * 1.0

    compiled = ag.compile(traced)
    for args in ((0.6, 0.3, 0.9), (-0.6, 2.5, -0.9), (1e-310, 0.0, -INF), (INF, INF, INF), (NAN, 1.0, NAN)):
        expected = traced(*map(Value, args[:arity])).data
        assert same(compiled(*args[:arity]), expected), args[:arity]


def test_recorded_comparisons() -> None:
    names = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
    compare = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)
    for name, expected in zip(names, compare):
        for a in (1.0, 2.0, NAN, -0.0, INF):
            for b in (2.0, 0.0, NAN, INF):
                found = getattr(math, name)(a, b)
                assert (found, type(found)) == (float(expected(a, b)), float), (name, a, b)
                assert getattr(math, name)(Value(a), b).data == found
    x = Value(3.0)
    f = math.where(math.greater(x, 0), x * x, -x)
    f.backward()
    assert x.grad == 6.0
    x.data = -2.0
    assert f.replay().data == 2.0  # the choice is made anew, which that of `x > 0` is not
    f.backward()
    assert x.grad == -1.0
    y = Value(1.0)
    math.less(y, 2.0).backward()
    assert not y.reached


REPLAYED = sorted(
    name for name, f in vars(math).items() if inspect.isfunction(f) and not name.startswith("_") and name != "apply"
)


@pytest.mark.parametrize("name", REPLAYED)
def test_a_replay_at_other_points_gives_what_the_function_gives_there(name: str) -> None:
    function = getattr(math, name)
    for arity in (1, 2):
        points = list(itertools.product((-1.5, 0.0, 0.25, 1.0, 3.5, NAN), repeat=arity))
        try:
            graphs = [(xs, function(*xs)) for xs in ([Value(x) for x in point] for point in points)]
        except (TypeError, ValueError, OverflowError):
            continue  # of another number of arguments, or of whole ones
        for xs, y in graphs:
            for point in points if isinstance(y, Value) else ():
                for x, number in zip(xs, point):
                    x.data = number
                assert y.replay().data == pytest.approx(function(*map(Value, point)).data, rel=1e-12, nan_ok=True)
