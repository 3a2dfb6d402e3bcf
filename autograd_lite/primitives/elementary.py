"""Powers, exponentials, logarithms, trigonometric and hyperbolic functions. Formulas: NIST's DLMF, chapter 4."""

from __future__ import annotations

import builtins
import math
import sys
from typing import Any

from ..numerics import ieee, special
from ..numerics.domains import (
    INF,
    INTEGER,
    NEGATIVE,
    NONNEGATIVE,
    NONZERO,
    POSITIVE,
    REAL,
    SYMMETRIC_UNIT,
    ZERO,
    Domain,
    Interval,
    Region,
)
from .arithmetic import ratio
from .piecewise import abs, equal, less, limit_product, where
from .primitive import ATOM, CALL, NAN, POWER, Primitive, piecewise_constant, primitive
from .rounding import ceil

_LN2, _LN10 = math.log(2.0), math.log(10.0)


def _inf(*args: float) -> float:
    return INF


# ---- powers, exponentials, logarithms --------------------------------------------------------------------------------


def _shifted_power(a: float, b: float, k: float) -> float:
    # a**(b-k), where b-k may round: the power of a rounded exponent is hundreds of ulp off for a huge or tiny base.
    if _shifts_exactly(b, k) or a == 0.0 or a - a or b - b or not 0.0 <= k < 100.0:
        return math.pow(a, b - k)
    whole = min(k, builtins.max(0.0, b // 1.0)) if b < 1e15 else 0.0
    power = math.pow(a, b - whole)
    for _ in range(int(k - whole)):  # not by a power of a, which might overflow
        power /= a
    return power


def _shifts_exactly(b: float, k: float) -> bool:
    return (b - k) + k == b and b - (b - k) == k


def _whole_power(a: Any, n: float) -> Any:
    """The power by at most two products, each rounded once; None for others."""
    if n == 2.0:
        return a * a
    if n == 3.0:
        return a * a * a
    if n == 4.0:
        return (a * a) * (a * a)
    if n == -1.0:
        return 1.0 / a
    return a if n == 1.0 else None  # not 1.0 for n = 0: a path of slope 0 leads through the power


def _slope_by_exponent(y: Any, a: Any, b: Any, k: Any) -> Any:
    # Of y = a**(b-k): y ln a where a is positive. At a base of 0 it is 0 for a positive exponent c, and its derivatives
    # by the base are those of -a**(ceil(c) - 1/2): 0 below the order c, then infinite. Elsewhere nan, in every order.
    c, undefined = b - k, sqrt(NAN * (a + b))
    at_zero = where(equal(a, 0.0), where(less(0.0, c), 0.0 - pow(a, ceil(c) - 0.5), undefined), undefined)
    return where(less(0.0, a), limit_product(y, log(a)), at_zero)


_POWER = Region((POSITIVE, REAL), (NEGATIVE, INTEGER), (ZERO, NONNEGATIVE))
_POWER_SMOOTH = Region((POSITIVE, REAL))

pow: Primitive = primitive(
    "pow",
    math.pow,
    lambda y, a, b: limit_product(b, shifted_pow(a, b, 1.0)),
    lambda y, a, b: _slope_by_exponent(y, a, b, 0.0),
    symbol="**",
    infix=True,
    precedence=POWER,
    latex=("{0:6}^{{{1}}}", POWER),
    neutral=(None, 1.0),
    ieee=ieee.power,
    domain=_POWER,
    smooth=_POWER_SMOOTH,
    special_slopes=[
        ((0.0, 0.0), (0.0, NAN)),
        ((0.0, 2.0), (0.0, 0.0)),
        ((0.0, 1.0), (1.0, 0.0)),
        ((0.0, 0.5), (INF, 0.0)),
        ((0.0, -1.0), (-INF, NAN)),
        ((-0.0, -1.0), (-INF, NAN)),
        ((-2.0, 3.0), (12.0, NAN)),
        ((-2.0, 0.0), (0.0, NAN)),
        ((-2.0, -1.0), (-0.25, NAN)),
        ((-2.0, 0.5), (NAN, NAN)),
        ((INF, 0.0), (0.0, INF)),
        ((NAN, 0.0), (0.0, NAN)),
        ((1.0, NAN), (NAN, 0.0)),
        ((0.0, NAN), (NAN, NAN)),
        ((1.0, INF), (INF, 0.0)),
        ((0.5, INF), (NAN, 0.0)),
        ((2.0, -INF), (NAN, 0.0)),
        ((0.0, INF), (NAN, 0.0)),
        ((-INF, 3.0), (INF, NAN)),
        ((-INF, -1.0), (-0.0, NAN)),
        ((-1.0, 0.5), (NAN, NAN)),
        ((0.0, -0.5), (-INF, NAN)),
        ((-0.0, 3.0), (0.0, 0.0)),
        ((-2.0, 2.0), (-4.0, NAN)),
        ((INF, -1.0), (-0.0, 0.0)),
        ((NAN, 1.0), (1.0, NAN)),
    ],
    rewrite=lambda a, b: _whole_power(a, b) if type(b) is float else None,
    intermediates=lambda y, a, b: (y, shifted_pow(a, b, 1.0)),
    note="its slopes are b·aᵇ⁻¹ and y·ln a",
    stable_forms=[
        ("sqrt(x) ** 2", "x"),
        ("(x ** 0.5) ** 2", "x"),
        ("cbrt(x) ** 3", "x"),
        ("(x ** 2) ** 0.5", "abs(x)"),
        ("fsum([x ** 2 for x in xs]) ** 0.5", "hypot(*xs)"),
    ],
)
shifted_pow: Primitive = primitive(
    "shifted_pow",
    _shifted_power,
    lambda y, a, b, k: limit_product(b - k, shifted_pow(a, b, k + 1.0)),
    _slope_by_exponent,
    piecewise_constant,
    latex=("{0:6}^{{{1:1} - {2:2}}}", POWER),
    display_as=lambda a, b, k: a ** (b - k),
    ieee=lambda a, b, k: ieee.power(a, b - k),
    domain=(POSITIVE, REAL, Domain(Interval(0, 4, integers="only"))),
    rewrite=lambda a, b, k: pow(a, b - k) if type(b) is type(k) is float and _shifts_exactly(b, k) else None,
    intermediates=lambda y, a, b, k: (y, shifted_pow(a, b, k + 1.0)),
    note="divided by a, k times, where b−k would round",
    special_slopes=[
        ((0.0, 2.0, 1.0), (1.0, 0.0, 0.0)),
        ((0.0, 1.0, 1.0), (0.0, NAN, 0.0)),
        ((0.0, 0.5, 1.0), (-INF, NAN, 0.0)),
        ((-2.0, 3.0, 1.0), (-4.0, NAN, 0.0)),
        ((-2.0, 0.5, 1.0), (NAN, NAN, 0.0)),
        ((INF, 0.5, 1.0), (-0.0, 0.0, 0.0)),
    ],
    description="aᵇ⁻ᵏ with a small integer k: the derivatives of pow by its base, of every order",
)
sqrt: Primitive = primitive(
    "sqrt",
    math.sqrt,
    lambda y, x: 0.5 / (y + 0.0),  # + 0.0 makes the root of -0.0 a positive zero: the slope there is inf
    latex=(r"\sqrt{{{0}}}", ATOM),
    domain=NONNEGATIVE,
    smooth=POSITIVE,
    special_slopes=[(0.0, INF), (-0.0, INF), (INF, 0.0), (-1.0, NAN), (-INF, NAN)],
    stable_forms=[
        ("sqrt(x ** 2)", "abs(x)"),
        ("sqrt(1 + x ** 2)", "hypot(1, x)"),
        ("sqrt(fsum([x ** 2 for x in xs]))", "hypot(*xs)"),
    ],
)
cbrt: Primitive = primitive(
    "cbrt",
    special.cbrt,
    lambda y, x: 1.0 / (3.0 * (y * y)),
    latex=(r"\sqrt[3]{{{0}}}", ATOM),
    smooth=NONZERO,
    special_slopes=[(0.0, INF), (-0.0, INF), (INF, 0.0), (-INF, 0.0)],
    stable_forms=[("cbrt(x ** 3)", "x")],
)
exp: Primitive = primitive(
    "exp",
    math.exp,
    lambda y, x: y,
    latex=(r"\mathrm{{e}}^{{{0}}}", POWER),
    ieee=_inf,
    special_slopes=[(-INF, 0.0), (INF, INF)],
    stable_forms=[("exp(log(x))", "x"), ("exp(x)", "exp(minimum(x, 709))")],
)
exp2: Primitive = primitive(
    "exp2",
    math.exp2,
    lambda y, x: y * _LN2,
    latex=("2^{{{0}}}", POWER),
    ieee=_inf,
    special_slopes=[(-INF, 0.0), (INF, INF)],
)
expm1: Primitive = primitive(
    "expm1", math.expm1, lambda y, x: exp(x), ieee=_inf, special_slopes=[(0.0, 1.0), (-INF, 0.0), (INF, INF)]
)
slope_of_log: Primitive = primitive(
    "slope_of_log",
    lambda x: 1.0 / x if x > 0.0 else INF if x == 0.0 else NAN,
    lambda y, x: -y * y,
    ieee=_inf,
    display_template="1/{0}",
    display_as=lambda x: 1.0 / x,
    latex=(r"\frac{{1}}{{{0}}}", POWER),
    domain=POSITIVE,
    special_slopes=[(0.0, -INF), (-0.0, -INF), (-1.0, NAN), (INF, 0.0), (-INF, NAN)],
    description="1/x where logarithms live: inf at 0 and nan below, as their slopes are",
)


def _log_ieee(x: float, *rest: float) -> float:
    return -INF if x == 0.0 else NAN


log: Primitive = primitive(
    "log",
    math.log,
    lambda y, x: slope_of_log(x),
    latex=(r"\ln\left({0}\right)", CALL),
    ieee=_log_ieee,
    domain=POSITIVE,
    special_slopes=[(0.0, INF), (-0.0, INF), (INF, 0.0), (-1.0, NAN), (-INF, NAN)],
    stable_forms=[
        ("log(1 + exp(x))", "softplus(x)"),
        ("log(sigmoid(x))", "log_sigmoid(x)"),
        ("log(1 - sigmoid(x))", "log_sigmoid(-x)"),
        ("log(1 / (1 + exp(-x)))", "log_sigmoid(x)"),
        ("log(exp(x))", "x"),
        ("log(fsum([exp(x) for x in xs]))", "logsumexp(xs)"),
        ("log(exp(x) / fsum([exp(y) for y in xs]))", "x - logsumexp(xs)"),
        ("log(exp(offset(x, t)) / fsum([exp(offset(y, t)) for y in xs]))", "x - logsumexp(xs)"),
        ("log(1 - exp(x))", "log(-expm1(x))"),
        ("log(cosh(x))", "logaddexp(x, -x) - log(2)"),
        ("log(gamma(x))", "lgamma(x)"),
        ("log(x ** 2)", "2 * log(abs(x))"),
        ("log(x ** y)", "y * log(x)"),
        ("log(x / y)", "log(x) - log(y)"),
        ("log(x * y)", "log(x) + log(y)"),
        ("log(prod(xs))", "fsum([log(x) for x in xs])"),
    ],
)
log2: Primitive = primitive(
    "log2",
    math.log2,
    lambda y, x: slope_of_log(x) / _LN2,
    latex=(r"\log_{{2}}\left({0}\right)", CALL),
    ieee=_log_ieee,
    domain=POSITIVE,
    special_slopes=[(0.0, INF), (-1.0, NAN), (INF, 0.0), (-INF, NAN)],
)
log10: Primitive = primitive(
    "log10",
    math.log10,
    lambda y, x: slope_of_log(x) / _LN10,
    latex=(r"\log_{{10}}\left({0}\right)", CALL),
    intermediates=lambda y, x: (slope_of_log(x),),
    note="its slope is a part of 1/x",
    ieee=_log_ieee,
    domain=POSITIVE,
    special_slopes=[(0.0, INF), (-1.0, NAN), (INF, 0.0), (-INF, NAN)],
)
log1p: Primitive = primitive(
    "log1p",
    math.log1p,
    lambda y, x: slope_of_log(1.0 + x),
    ieee=lambda x: _log_ieee(1.0 + x),
    domain=Domain(Interval(-1, open_low=True)),
    special_slopes=[(0.0, 1.0), (-1.0, INF), (-2.0, NAN), (INF, 0.0), (-INF, NAN)],
    stable_forms=[("log1p(exp(x))", "softplus(x)"), ("log1p(-exp(x))", "log(-expm1(x))")],
)
xlogy: Primitive = primitive(
    "xlogy",
    lambda x, y: 0.0 if x == 0.0 and y >= 0.0 else x * math.log(y),
    lambda z, x, y: log(y),
    lambda z, x, y: limit_product(x, slope_of_log(y)),
    ieee=lambda x, y: x * _log_ieee(y),
    domain=Region((REAL, POSITIVE), (ZERO, ZERO)),
    smooth=(REAL, POSITIVE),
    special_slopes=[
        ((0.0, 0.0), (-INF, 0.0)),
        ((1.0, 0.0), (-INF, INF)),
        ((1.0, -1.0), (NAN, NAN)),
        ((0.0, -1.0), (NAN, 0.0)),
        ((0.0, INF), (INF, 0.0)),
        ((INF, 1.0), (0.0, INF)),
    ],
    intermediates=lambda z, x, y: (slope_of_log(y),),
    note="a primitive, not x*log(y): 0*log(0) is 0",
    description="x·ln(y), 0 at x = 0",
)
xlog1py: Primitive = primitive(
    "xlog1py",
    lambda x, y: 0.0 if x == 0.0 and y >= -1.0 else x * math.log1p(y),
    lambda z, x, y: log1p(y),
    lambda z, x, y: limit_product(x, slope_of_log(1.0 + y)),
    ieee=lambda x, y: x * _log_ieee(1.0 + y),
    domain=Region((REAL, Domain(Interval(-1, open_low=True))), (ZERO, Domain(Interval(-1, -1)))),
    smooth=(REAL, Domain(Interval(-1, open_low=True))),
    special_slopes=[((0.0, -1.0), (-INF, 0.0)), ((1.0, -1.0), (-INF, INF)), ((1.0, -2.0), (NAN, NAN))],
    intermediates=lambda z, x, y: (slope_of_log(1.0 + y),),
    note="a primitive, not x*log1p(y): 0*log1p(-1) is 0",
    description="x·ln(1 + y), 0 at x = 0",
)

# ---- trigonometry ----------------------------------------------------------------------------------------------------

sin: Primitive = primitive("sin", math.sin, lambda y, x: cos(x), special_slopes=[(0.0, 1.0), (INF, NAN), (-INF, NAN)])
cos: Primitive = primitive("cos", math.cos, lambda y, x: -sin(x), special_slopes=[(0.0, 0.0), (INF, NAN), (-INF, NAN)])
tan: Primitive = primitive(
    "tan", math.tan, lambda y, x: 1.0 + y * y, special_slopes=[(0.0, 1.0), (INF, NAN), (-INF, NAN)]
)
asin: Primitive = primitive(
    "asin",
    math.asin,
    lambda y, x: 1.0 / sqrt((1.0 - x) * (1.0 + x)),
    latex=(r"\arcsin\left({0}\right)", CALL),
    domain=SYMMETRIC_UNIT,
    smooth=Domain(Interval(-1, 1, open_low=True, open_high=True)),
    special_slopes=[(1.0, INF), (-1.0, INF), (0.0, 1.0), (2.0, NAN), (INF, NAN), (-INF, NAN)],
)
acos: Primitive = primitive(
    "acos",
    math.acos,
    lambda y, x: -1.0 / sqrt((1.0 - x) * (1.0 + x)),
    latex=(r"\arccos\left({0}\right)", CALL),
    domain=SYMMETRIC_UNIT,
    smooth=Domain(Interval(-1, 1, open_low=True, open_high=True)),
    special_slopes=[(1.0, -INF), (-1.0, -INF), (0.0, -1.0), (2.0, NAN), (INF, NAN), (-INF, NAN)],
)
atan: Primitive = primitive(
    "atan",
    math.atan,
    lambda y, x: 1.0 / hypot(1.0, x) / hypot(1.0, x),
    latex=(r"\arctan\left({0}\right)", CALL),
    special_slopes=[(0.0, 1.0), (INF, 0.0), (-INF, 0.0)],
)
atan2: Primitive = primitive(
    "atan2",
    math.atan2,
    lambda z, y, x: ratio(x, hypot(x, y)) / hypot(x, y),
    lambda z, y, x: -ratio(y, hypot(x, y)) / hypot(x, y),
    smooth=Region((REAL, POSITIVE), (NONZERO, REAL)),
    special_slopes=[
        ((0.0, 0.0), (NAN, NAN)),
        ((0.0, 1.0), (1.0, 0.0)),
        ((1.0, 0.0), (0.0, -1.0)),
        ((0.0, -1.0), (-1.0, 0.0)),
        ((-0.0, -1.0), (-1.0, 0.0)),
        ((0.0, -0.0), (NAN, NAN)),
        ((-0.0, 0.0), (NAN, NAN)),
        ((1.0, INF), (0.0, -0.0)),
        ((INF, INF), (0.0, -0.0)),
        ((INF, 1.0), (0.0, -0.0)),
        ((1.0, -INF), (-0.0, -0.0)),
    ],
    intermediates=lambda z, y, x: (math.hypot(x, y), ratio(x, math.hypot(x, y)), ratio(y, math.hypot(x, y))),
    note="its slopes divide twice by the distance from the origin",
)


def _direction_cosines(y: Any, *xs: Any) -> list[Any]:
    # A subnormal distance has few bits: it is measured anew, in larger units.
    is_small = y < sys.float_info.min
    if is_small is not False:
        unit = where(is_small, 2.0**60, 1.0)
        xs = tuple([x * unit for x in xs])
        y = hypot(*xs)
    return [ratio(x, y) for x in xs]


hypot: Primitive = primitive(
    "hypot",
    math.hypot,
    commutative=True,
    all_slopes=_direction_cosines,
    smooth=Region((REAL,), gap=math.hypot, note="not all 0"),
    special_slopes=[
        ((0.0, 0.0), (0.0, 0.0)),
        ((INF, 1.0), (1.0, 0.0)),
        ((3.0, 4.0), (0.6, 0.8)),
        ((0.0, 1.0), (0.0, 1.0)),
        ((5e-324, 0.0), (1.0, 0.0)),
        ((-INF, NAN), (-1.0, NAN)),
    ],
    intermediates=lambda y, *xs: (y,),
    note="its slopes divide by it",
)

# ---- hyperbolic ------------------------------------------------------------------------------------------------------

sinh: Primitive = primitive(
    "sinh",
    math.sinh,
    lambda y, x: cosh(x),
    ieee=lambda x: math.copysign(INF, x),
    special_slopes=[(0.0, 1.0), (INF, INF), (-INF, INF)],
)
cosh: Primitive = primitive(
    "cosh", math.cosh, lambda y, x: sinh(x), ieee=_inf, special_slopes=[(0.0, 0.0), (-INF, -INF), (INF, INF)]
)
tanh: Primitive = primitive(
    "tanh", math.tanh, lambda y, x: sech(x) * sech(x), special_slopes=[(0.0, 1.0), (INF, 0.0), (-INF, 0.0)]
)
sech: Primitive = primitive(
    "sech",
    special.sech,
    lambda y, x: -y * tanh(x),
    special_slopes=[(0.0, 0.0), (INF, 0.0), (-INF, 0.0)],
    description="1/cosh(x)",
)
asinh: Primitive = primitive(
    "asinh", math.asinh, lambda y, x: 1.0 / hypot(1.0, x), special_slopes=[(0.0, 1.0), (INF, 0.0), (-INF, 0.0)]
)
acosh: Primitive = primitive(
    "acosh",
    math.acosh,
    lambda y, x: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0)),
    domain=Domain(Interval(1)),
    smooth=Domain(Interval(1, open_low=True)),
    special_slopes=[(1.0, INF), (INF, 0.0), (0.0, NAN), (-2.0, NAN), (-INF, NAN)],
)
atanh: Primitive = primitive(
    "atanh",
    math.atanh,
    lambda y, x: slope_of_log((1.0 - x) * (1.0 + x)),
    ieee=lambda x: math.copysign(INF, x) if abs(x) == 1.0 else NAN,
    domain=Domain(Interval(-1, 1, open_low=True, open_high=True)),
    special_slopes=[(0.0, 1.0), (1.0, INF), (-1.0, INF), (2.0, NAN), (INF, NAN), (-INF, NAN)],
)
