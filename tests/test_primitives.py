"""The table of primitives, row by row: its special points, and its values and slopes against mpmath.

The oracle of a row is a function of mpmath; its slopes are central differences of that with very many digits
(3200 bits and a step of 2⁻³⁰⁰), so that no rounding remains, or where that is slow or has steps, come by a formula.
"""

from __future__ import annotations

import copy
import math
import pickle
import random
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import pytest
from mpmath import mp, mpf

from autograd_lite import ieee, primitives
from autograd_lite.domains import Interval, Region

ROWS = list(primitives.table.values())
POINTS = 60
BITS = 3200
TINY, HUGE = 2.0**-1022, math.ldexp(1.0 - 2.0**-53, 1024)
each_row = pytest.mark.parametrize("row", ROWS, ids=repr)


def _sinc(x: Any, n: Any = 0) -> Any:
    # Leibniz' rule on sin(πx) · 1/(πx); the terms cancel as xⁿ⁺¹, hence the digits.
    n = int(n)
    if x == 0:
        return mpf(0) if n % 2 else (-1) ** (n // 2) * mp.pi**n / (n + 1)
    with mp.workprec(BITS + 7000):
        return sum(
            mp.binomial(n, k)
            * mp.pi**k
            * mp.sin(mp.pi * x + k * mp.pi / 2)
            * (-1) ** (n - k)
            * mp.factorial(n - k)
            / (mp.pi * x ** (n - k + 1))
            for k in range(n + 1)
        )


def _trunc(x: Any) -> Any:
    return mp.floor(x) if x >= 0 else mp.ceil(x)


def _sgn(x: Any) -> Any:
    return mpf(mp.sign(x))


def _lgamma(x: Any) -> Any:
    return mp.log(abs(mp.gamma(x))) if abs(x) < 1000 else mp.re(mp.loggamma(x))


def _dot(*args: Any) -> Any:
    half = len(args) // 2
    return mp.fsum(a * b for a, b in zip(args[:half], args[half:]))


def _erfc(x: Any) -> Any:
    return mp.erfc(x) if x < 1e6 else mpf(0.5) ** 10000  # mpmath cannot say how small; far below every float


def _logistic(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


ORACLES: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda x: -x,
    "fma": lambda a, b, c: a * b + c,
    "chain": lambda g, d: g * d,
    "ratio": lambda x, h: x / h,
    "pow": mp.power,
    "shifted_pow": lambda a, b, k: mp.power(a, b - k),
    "sqrt": mp.sqrt,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "exp": mp.exp,
    "exp2": lambda x: mp.power(2, x),
    "expm1": lambda x: mp.exp(x) - 1,
    "slope_of_log": lambda x: 1 / x,
    "log": mp.log,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "log1p": lambda x: mp.log(1 + x),
    "xlogy": lambda x, y: x * mp.log(y),
    "xlog1py": lambda x, y: x * mp.log(1 + y),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "atan2": mp.atan2,
    "hypot": lambda *xs: mp.sqrt(mp.fsum(x * x for x in xs)),
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "sech": mp.sech,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "sigmoid": _logistic,
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "logit": lambda p: mp.log(p / (1 - p)),
    "logaddexp": lambda a, b: mp.log(mp.exp(a) + mp.exp(b)),
    "gauss": lambda x: mp.exp(-x * x),
    "erf": mp.erf,
    "erfc": _erfc,
    "erfinv": mp.erfinv,
    "norm_pdf": mp.npdf,
    "norm_cdf": lambda x: _erfc(-x / mp.sqrt(2)) / 2,
    "gamma": mp.gamma,
    "lgamma": _lgamma,
    "digamma": mp.digamma,
    "polygamma": lambda n, x: mp.psi(int(n), x),
    "sinc": _sinc,
    "sinc_derivative": _sinc,
    "abs": abs,
    "relu": lambda x: max(x, mpf(0)),
    "step": lambda x: mpf(x > 0),
    "sign": _sgn,
    "order": lambda a, b: _sgn(a - b),
    "less": lambda a, b: mpf(a < b),
    "less_equal": lambda a, b: mpf(a <= b),
    "equal": lambda a, b: mpf(a == b),
    "unequal": lambda a, b: mpf(a != b),
    "maximum": max,
    "minimum": min,
    "where": lambda c, a, b: a if c else b,
    "copysign": lambda a, b: abs(a) * _sgn(b),
    "floor": mp.floor,
    "ceil": mp.ceil,
    "trunc": _trunc,
    "rint": mp.nint,
    "fmod": lambda a, b: a - b * _trunc(a / b),
    "remainder": lambda a, b: a - b * mp.nint(a / b),
    "mod": lambda a, b: a - b * mp.floor(a / b),
    "floordiv": lambda a, b: mp.floor(a / b),
    "fraction": lambda x: x - _trunc(x),
    "ldexp": lambda x, n: x * mpf(2) ** int(n),
    "fsum": lambda *xs: mp.fsum(xs),
    "prod": lambda *xs: mp.fprod(xs),
    "sumprod": _dot,
    "identity": lambda x: x,
}
# Slopes by formula, from mpmath's functions: at 60 digits, which the special functions can afford.
FORMULAS: dict[str, tuple[Callable[..., Any], ...]] = {
    "erf": (lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),),
    "erfc": (lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x),),
    "erfinv": (lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(mp.erfinv(x) ** 2),),
    "norm_cdf": (mp.npdf,),
    "gamma": (lambda x: mp.gamma(x) * mp.digamma(x),),
    "lgamma": (mp.digamma,),
    "digamma": (lambda x: mp.psi(1, x),),
    "polygamma": (lambda n, x: mpf(0), lambda n, x: mp.psi(int(n) + 1, x)),
    "sinc_derivative": (lambda x, n: _sinc(x, n + 1), lambda x, n: mpf(0)),
    "sinc": (lambda x: _sinc(x, 1),),
}
QUOTIENTS = {"fmod": _trunc, "remainder": mp.nint, "mod": mp.floor}  # y = a - b·q: slopes 1 and -q
STEPS = {"floordiv", "floor", "ceil", "trunc", "rint"}  # slope 0 wherever there is one
NO_ORACLE = {
    "constant": "a number: it has no arguments",
    "nextafter": "a step between floats, which the reals do not have",
    "ulp": "the spacing of floats, which the reals do not have",
    "stop_gradient": "its slope of 0 is no derivative: that is its purpose",
}

# mpmath's polygamma neither ends far to the left nor answers far to the right.
WITHIN = {"polygamma": (-50.0, 1e12), "digamma": (-50.0, 1e12)}


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
        low, high = WITHIN.get(row.name, (-math.inf, math.inf))
        if args in where and args in row.domain and all(low < x < high for x in args):
            yield args
            count -= 1
            if not count:
                return


def true_slope(row: primitives.Primitive, i: int, args: list[Any], discrete: bool) -> Any:
    if row.name in FORMULAS:
        return FORMULAS[row.name][i](*args)
    if discrete or row.name in STEPS:
        return mpf(0)
    if row.name in QUOTIENTS:
        return -QUOTIENTS[row.name](args[0] / args[1]) if i else mpf(1)
    f, x = ORACLES[row.name], args[i]
    h = min(abs(x), mpf(1)) * mpf(2) ** -300 if x else mpf(2) ** -1400
    return (f(*args[:i], x + h, *args[i + 1 :]) - f(*args[:i], x - h, *args[i + 1 :])) / (2 * h)


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


@each_row
def test_value_and_slopes_against_mpmath(row: primitives.Primitive) -> None:
    if row.name in NO_ORACLE:
        pytest.skip(NO_ORACLE[row.name])
    bad: list[tuple[float, str]] = []
    tried = 0
    special = row.name in FORMULAS and not row.name.startswith("sinc")
    with mpmath.workprec(400 if special else BITS):
        for args in points(row, row.smooth):
            exact = [mpf(x) for x in args]
            truth = ORACLES[row.name](*exact)
            y = row(*args)
            if truth != 0 and not TINY <= abs(truth) <= HUGE:
                continue
            tried += 1
            bad.append((ulps(y, truth), f"{row}{args} = {y!r}"))
            box = next(
                row.smooth.box(k, len(args))
                for k in range(len(row.smooth.boxes))
                if all(x in d for x, d in zip(args, row.smooth.box(k, len(args))))
            )
            for i in range(len(args)):
                slope = ieee.quietly(row.derivative(i), (y, *args))
                error = ulps(slope, true_slope(row, i, exact, box[i].discrete))
                bad.append((error, f"∂{i} {row}{args} = {slope!r}"))
    assert tried >= 10
    broken = sorted(((e, what) for e, what in bad if e > row.ulps), reverse=True)
    assert not broken, f"{len(broken)} of {len(bad)} beyond {row.ulps} ulp: " + "; ".join(
        f"{what} is {e:.4g} ulp off" for e, what in broken[:3]
    )


def test_every_row_has_an_oracle_or_a_reason() -> None:
    assert set(ORACLES) | set(NO_ORACLE) == set(primitives.table)
    assert not set(ORACLES) & set(NO_ORACLE)


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
