"""The independent truth about each primitive of the table: its value and its slopes, at points and on intervals.

An oracle is written once, over the functions of `reals.points` (mpmath's numbers, at its working precision) or of
`reals.intervals` (enclosures in mpmath's `iv`), from the formulas of NIST's DLMF and never the primitive's own.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from statistics import NormalDist
from typing import Any

from mpmath import iv, mp, mpf

from ..primitives import Primitive
from .reals import EVERYTHING, Function, Number, ends_of, interval_of, intervals, points, settled

DIGITS = 50


class Oracle:
    """The value of a primitive, and its slope by each argument, as functions of `Points` or `Intervals` and them."""

    __slots__ = ("each", "slopes", "value")

    def __init__(self, value: Function, *slopes: Function, each: Callable[[int], Function] | None = None) -> None:
        self.value = value
        self.slopes = slopes
        self.each = each  # for any number of arguments: the slope by the i-th

    def slope(self, i: int) -> Function:
        """The slope by argument `i`."""
        return self.slopes[i] if self.each is None else self.each(i)


def oracle(op: Primitive) -> Oracle:
    """The oracle of a primitive; a LookupError with the reason where it has none."""
    if op.name in NO_ORACLE:
        raise LookupError(f"{op.name} has no oracle: {NO_ORACLE[op.name]}")
    return ORACLES[op.name]


def true_value(op: Primitive, args: Sequence[float], digits: int = DIGITS) -> Number:
    """The value of a primitive at floats of its domain, to `digits` digits.

    >>> from autograd_lite import primitives
    >>> print(mp.nstr(true_value(primitives.tanh, [20.0]), 25))
    0.9999999999999999915032915
    """
    with mp.workdps(digits + 10):
        return oracle(op).value(points, *map(mpf, args))


def true_slope(op: Primitive, i: int, args: Sequence[float], digits: int = DIGITS) -> Number:
    """The slope of a primitive by argument `i` at floats of its domain, to `digits` digits.

    >>> from autograd_lite import primitives
    >>> print(mp.nstr(true_slope(primitives.tanh, 0, [20.0]), 5))
    1.6993e-17
    """
    with mp.workdps(digits + 10):
        return oracle(op).slope(i)(points, *map(mpf, args))


def enclosed_value(op: Primitive, args: Sequence[Any]) -> Number:
    """An interval with every value that a primitive has on intervals (or floats), as far as they lie in its domain.

    Its width is what `iv.prec` asks for; where nothing can be said, it is all the reals.

    >>> from autograd_lite import primitives
    >>> print(enclosed_value(primitives.maximum, [iv.mpf([0, 2]), 1.0]))
    [1.0, 2.0]
    """
    return iv.convert(oracle(op).value(intervals, *map(iv.convert, args)))


def enclosed_slope(op: Primitive, i: int, args: Sequence[Any]) -> Number:
    """An interval with every slope by argument `i` that a primitive has on intervals (or floats), as far as they lie in
    its domain. On both sides of a kink it reaches from one slope to the other.

    >>> from autograd_lite import primitives
    >>> print(enclosed_slope(primitives.abs, 0, [iv.mpf([-1, 2])]))
    [-1.0, 1.0]
    """
    return iv.convert(oracle(op).slope(i)(intervals, *map(iv.convert, args)))


# ---- functions that mpmath lacks, or has with too few digits ---------------------------------------------------------


def _cbrt(x: Number) -> Number:
    return -mp.cbrt(-x) if x < 0 else mp.cbrt(x)


def _logistic(x: Number) -> Number:
    return 1 / (1 + mp.exp(-x))


@settled
def _logit(p: Number) -> Number:
    return mp.log(p) - mp.log1p(-p) if 0 < p < 1 else mp.inf * (2 * p - 1)


@settled
def _logaddexp(a: Number, b: Number) -> Number:
    return max(a, b) + mp.log1p(mp.exp(-abs(a - b)))


def _erfc(x: Number, scale: Function = lambda x: x) -> Number:
    """erfc(scale(x)) with the scale in as many digits as the square in its exponent needs."""
    if not mp.isfinite(x):
        return mp.erfc(scale(x))
    with mp.workprec(mp.prec + 20 + 2 * max(0, mp.mag(x))):
        x = scale(x)
        square = x * x
    if x < 10**15:
        return mp.erfc(x)
    # mpmath cannot say how small it is; three terms of DLMF 7.12.1 can, there to 90 digits.
    return (1 - 1 / (2 * square) + 3 / (4 * square**2)) / (mp.exp(square) * x * mp.sqrt(mp.pi))


def _norm_cdf(x: Number) -> Number:
    return _erfc(x, lambda x: -x / mp.sqrt(2)) / 2


@settled
def _erfinv(p: Number) -> Number:
    tail = 1 - abs(p)
    if tail <= 0:
        return mp.inf * p
    if p == 0:
        return p
    # Newton's method from a float: it doubles the digits.
    y = (
        mp.erfinv(abs(p))
        if tail < 1e-300
        else abs(p)
        if tail > 0.9
        else -mpf(NormalDist().inv_cdf(float(tail / 2))) / mp.sqrt(2)
    )
    y = mp.sign(p) * y
    for _ in range(mp.prec.bit_length()):
        excess = mp.erf(y) - p if tail > 0.5 else mp.sign(p) * (tail - mp.erfc(abs(y)))
        step = excess * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
        y -= step
        if abs(step) < abs(y) * mp.ldexp(1, -mp.prec // 2 - 10):
            break
    return y


@settled
def _log_abs_gamma(x: Number) -> Number:
    if x <= 0 and x == mp.floor(x):
        return mp.inf
    return mp.re(mp.loggamma(x)) if x > 0 else mp.log(mp.pi / abs(mp.sinpi(x))) - mp.loggamma(1 - x)


def _polygamma(n: int, x: Number) -> Number:
    return mp.psi(n, x) if n and x > 0 else _digamma_or_reflected(n, x)


@settled
def _digamma_or_reflected(n: int, x: Number) -> Number:
    if x > 0:
        return mp.digamma(x)
    # DLMF 5.15.6, with the derivatives of π cot πx as polynomials in c = cot πx, since c' = -π(1 + c²).
    c, coefficients = mp.cospi(x) / mp.sinpi(x), [mpf(0), mpf(1)]
    for _ in range(n):
        slopes = [-mp.pi * k * p for k, p in enumerate(coefficients)][1:]
        coefficients = [a + b for a, b in zip([*slopes, 0, 0], [0, 0, *slopes])]
    # Horner's rule: mpmath 1.4 warns of polyval's order of coefficients, whose successor `asc=True` 1.3 does not know.
    cotangents = functools.reduce(lambda value, a: value * c + a, reversed(coefficients))
    return (-1) ** n * mp.psi(n, 1 - x) - mp.pi * cotangents


@functools.cache
def _least(name: str, bits: int) -> Number:
    """Where a function is least: the zero of its slope."""
    slope, near = {"gamma": (_digamma, "1.46"), "silu": (_silu_slope, "-1.28"), "gelu": (_gelu_slope, "-0.75")}[name]
    with mp.workprec(2 * bits + 20):
        return mp.findroot(functools.partial(slope, points), mpf(near))


def _sinc_derivative(n: int, x: Number) -> Number:
    if abs(x) < 1:  # the Taylor series, DLMF 4.19.1, differentiated term by term
        with mp.workprec(mp.prec + 60):
            least = (n + 1) // 2
            total, term, square = mpf(0), None, (mp.pi * x) ** 2
            for k in itertools.count(least):
                if term is None:
                    term = (-1) ** k * mp.pi ** (2 * k) * x ** (2 * k - n) / mp.factorial(2 * k - n)
                else:
                    term *= -square / ((2 * k - n) * (2 * k - n - 1))
                total += term / (2 * k + 1)
                if abs(term) <= abs(total) * mp.eps**2 or not term:
                    return total
    with mp.workprec(mp.prec + 80 + 4 * n):  # Leibniz' rule for sin(πx) · 1/(πx)
        sine, cosine = mp.sinpi(x), mp.cospi(x)
        waves = (sine, cosine, -sine, -cosine)
        return mp.fsum(
            mp.binomial(n, k) * mp.pi ** (n - k - 1) * waves[(n - k) % 4] * (-1) ** k * mp.factorial(k) / x ** (k + 1)
            for k in range(n + 1)
        )


def _sgn(x: Number) -> Number:
    return mpf(mp.sign(x))


def _positive(x: Number) -> Number:
    return mpf(x > 0)


def _trunc(x: Number) -> Number:
    return mp.floor(x) if x >= 0 else mp.ceil(x)


def _step_of(rounding: Callable[[Fraction], int], iv_rounding: Function) -> Callable[[Any, Number, Number], Number]:
    """The whole number next to a quotient: exact at points, however many digits it has."""

    def quotient(m: Any, a: Number, b: Number) -> Number:
        exact = m.rational(lambda a, b: Fraction(rounding(a / b)), a, b) if not m.is_zero(b) else None
        return m.exact(iv_rounding, a / b) if exact is None else exact

    return quotient


def _rest_of(rounding: Callable[[Fraction], int], iv_rounding: Function) -> Oracle:
    """What a division to that whole number leaves: y = a - b·q, with q a step function."""
    quotient = _step_of(rounding, iv_rounding)

    def rest(m: Any, a: Number, b: Number) -> Number:
        exact = m.rational(lambda a, b: a - b * rounding(a / b), a, b) if not m.is_zero(b) else None
        return a - b * quotient(m, a, b) if exact is None else exact

    return Oracle(rest, lambda m, a, b: mpf(1), lambda m, a, b: -quotient(m, a, b))


def _order(n: Number) -> int | None:
    """The whole number that an argument such as the order of a polygamma is; None for an interval of several."""
    low, high = ends_of(n) if hasattr(n, "_mpi_") else (n, n)
    return int(low) if low == high and mp.isfinite(low) else None


def _polygamma_of(m: Any, n: Number, x: Number, more: int = 0) -> Number:
    order = _order(n)
    if order is None:
        return EVERYTHING
    return _polygamma_of_order(m, order + more, x)


def _has_a_pole(x: Number) -> bool:
    """Whether zero or a negative integer lies in the interval."""
    low, high = ends_of(x)
    return bool(low <= 0 and mp.floor(min(high, mpf(0))) >= mp.ceil(low))


def _polygamma_of_order(m: Any, n: int, x: Number) -> Number:
    f = functools.partial(_polygamma, n)
    if m is points:
        return f(x)
    if _has_a_pole(x):
        return EVERYTHING
    if ends_of(x)[0] > 0 or n % 2 == 0:
        return m.monotone(f, x)
    return m.convex(f, functools.partial(_polygamma_of_order, m, n + 1), x)


def _gamma_of(m: Any, x: Number) -> Number:
    if m is points:
        return mp.gamma(x)
    if _has_a_pole(x):
        return EVERYTHING
    if ends_of(x)[0] > 0:
        return m.monotone(mp.gamma, x, turns=[_least("gamma", iv.prec)])
    return m.pi / (m.sin(m.pi * x) * _gamma_of(m, 1 - x))  # DLMF 5.5.3


def _lgamma_of(m: Any, x: Number) -> Number:
    if m is points:
        return _log_abs_gamma(x)
    if _has_a_pole(x):
        return EVERYTHING
    low, high = ends_of(x)
    if low > 0 or low == high:
        return m.monotone(_log_abs_gamma, x, turns=[_least("gamma", iv.prec)])
    return m.log(m.pi / m.abs(m.sin(m.pi * x))) - _lgamma_of(m, 1 - x)


def _sinc_of(m: Any, x: Number, n: Number, more: int = 0) -> Number:
    order = _order(n)
    if order is None:
        return EVERYTHING
    order += more
    # sinc(x) is the integral of cos(πxt) over t from 0 to 1: its n-th derivative is at most πⁿ/(n + 1).
    within = m.gentle(functools.partial(_sinc_derivative, order), x, lambda: iv.pi ** (order + 1) / (order + 2))
    bound = 1.000001 * math.pi**order / (order + 1)
    return m.clip(within, -bound, bound)


def _steps(x: Number, to: Number, n: Number) -> Number:
    """The float `n` steps from x towards `to`."""
    here, there = float(x), float(to)
    for _ in range(int(n)):
        here = math.nextafter(here, there)
    return mpf(here)


def _next_of(m: Any, x: Number, to: Number, n: Number) -> Number:
    if m is points:
        return _steps(x, to, n)
    (low, high), most = ends_of(x), ends_of(n)[1]
    return interval_of(_steps(low, -math.inf, most), _steps(high, math.inf, most))


def _sum(m: Any, *xs: Number) -> Number:
    exact = m.rational(lambda *xs: sum(xs, Fraction()), *xs)
    return sum(xs, m.number(0)) if exact is None else exact


def _dot(m: Any, *args: Number) -> Number:
    half = len(args) // 2
    exact = m.rational(lambda *args: sum((a * b for a, b in zip(args[:half], args[half:])), Fraction()), *args)
    return sum((a * b for a, b in zip(args[:half], args[half:])), m.number(0)) if exact is None else exact


def _product(m: Any, *xs: Number) -> Number:
    return functools.reduce(lambda a, b: a * b, xs, m.number(1))


def _absorbing(m: Any, x: Number, y: Callable[[], Number]) -> Number:
    """x·y, and 0 where x is, whatever y."""
    return x if m.is_zero(x) else x * y()


def _direction(m: Any, x: Number, *all: Number) -> Number:
    length = _length(m, *all)
    return x if m.is_zero(length) else m.clip(x / length, -1.0, 1.0)


def _length(m: Any, *xs: Number) -> Number:
    return m.sqrt(sum((x**2 for x in xs), m.number(0)))


def _pow(m: Any, a: Number, b: Number) -> Number:
    return m.power(a, b)


def _pow_slope(m: Any, a: Number, b: Number) -> Number:
    # b·aᵇ/a: the exponent b - 1 would take as many digits as b is large.
    if m.is_zero(b):
        return b
    return b * m.power(a, b - 1) if m.is_zero(a) or (m is intervals and 0 in a) else b * m.power(a, b) / a


def _shifted(m: Any, a: Number, b: Number, k: Number) -> Number:
    return m.power(a, b) / m.power(a, k)


def _log_slope(m: Any, x: Number) -> Number:
    return 1 / m.clip(x, 0.0)


def _tanh(m: Any, x: Number) -> Number:
    return m.monotone(mp.tanh, x)


def _sech(m: Any, x: Number) -> Number:
    return m.monotone(mp.sech, x, turns=[mpf(0)])


def _sinh(m: Any, x: Number) -> Number:
    return m.monotone(mp.sinh, x)


def _cosh(m: Any, x: Number) -> Number:
    return m.monotone(mp.cosh, x, turns=[mpf(0)])


def _sigmoid(m: Any, x: Number) -> Number:
    return m.monotone(_logistic, x)


def _arc_slope(m: Any, x: Number) -> Number:
    return 1 / m.sqrt((1 - x) * (1 + x))


def _gauss(m: Any, x: Number) -> Number:
    return m.exp(-(x**2))


def _erfinv_of(m: Any, x: Number) -> Number:
    return m.monotone(_erfinv, x, within=(-1.0, 1.0))


def _erfinv_slope(m: Any, x: Number) -> Number:
    return m.sqrt(m.pi) / 2 * m.exp(_erfinv_of(m, x) ** 2)


def _pdf(m: Any, x: Number) -> Number:
    return m.exp(-(x**2) / 2) / m.sqrt(2 * m.pi)


def _silu_slope(m: Any, x: Number) -> Number:
    return _sigmoid(m, x) + x * _sech(m, x / 2) ** 2 / 4


def _silu_derivative_of(m: Any, x: Number, n: Number, more: int = 0) -> Number:
    order = _order(n)
    if order is None:
        return EVERYTHING
    at_point = settled(functools.partial(_silu_derivative, points, order + more))
    if m is points:
        return at_point(x)
    low, high = ends_of(x)
    return m.monotone(at_point, x) if low == high else _silu_derivative(m, order + more, x)


def _silu_derivative(m: Any, n: int, x: Number) -> Number:
    """With t = tanh(x/2), which has 2t′ = 1 - t²: silu is x·(1 + t)/2, and t⁽ᵏ⁾ is (1 - t²)·pₖ(t)/2ᵏ."""
    if n == 0:
        return x * _sigmoid(m, x)
    t, weight, p, before = _tanh(m, x / 2), _sech(m, x / 2) ** 2, [1], [0]
    for _ in range(n - 1):
        slopes = [k * c for k, c in enumerate(p)][1:]
        p, before = [a - b - c for a, b, c in zip([*slopes, 0, 0], [0, 0, *slopes], [0, *(2 * c for c in p)])], p
    at_t, before_at_t = (sum((c * t**k for k, c in enumerate(q)), m.number(0)) for q in (p, before))
    rest = _sigmoid(m, x) if n == 1 else n * weight * before_at_t / 2**n
    return x * weight * at_t / 2 ** (n + 1) + rest


def _gelu_slope(m: Any, x: Number) -> Number:
    return m.monotone(_norm_cdf, x) + x * _pdf(m, x)


def _digamma(m: Any, x: Number) -> Number:
    return _polygamma_of_order(m, 0, x)


def _sign(m: Any, x: Number) -> Number:
    return m.exact(_sgn, x)


def _one(m: Any, *args: Number) -> Number:
    return mpf(1)


def _zero(m: Any, *args: Number) -> Number:
    return mpf(0)


# ---- the oracles -----------------------------------------------------------------------------------------------------

NO_ORACLE = {"constant": "it is a number, and has no arguments"}

ORACLES: dict[str, Oracle] = {
    # arithmetic
    "add": Oracle(lambda m, a, b: a + b, _one, _one),
    "sub": Oracle(lambda m, a, b: a - b, _one, lambda m, a, b: mpf(-1)),
    "mul": Oracle(lambda m, a, b: a * b, lambda m, a, b: b, lambda m, a, b: a),
    "div": Oracle(lambda m, a, b: a / b, lambda m, a, b: 1 / b, lambda m, a, b: -a / b**2),
    "neg": Oracle(lambda m, x: -x, lambda m, x: mpf(-1)),
    "fma": Oracle(lambda m, a, b, c: a * b + c, lambda m, a, b, c: b, lambda m, a, b, c: a, _one),
    "offset": Oracle(lambda m, x, top: x - top, _one, lambda m, x, top: mpf(-1)),
    "ratio": Oracle(lambda m, x, h: x / h, lambda m, x, h: 1 / h, lambda m, x, h: -x / h**2),
    # powers, exponentials, logarithms
    "pow": Oracle(_pow, _pow_slope, lambda m, a, b: m.power(a, b) * m.log(a)),
    "shifted_pow": Oracle(
        _shifted,
        lambda m, a, b, k: (b - k) * _shifted(m, a, b, k) / a,
        lambda m, a, b, k: _shifted(m, a, b, k) * m.log(a),
        _zero,
    ),
    "sqrt": Oracle(lambda m, x: m.sqrt(x), lambda m, x: 1 / (2 * m.sqrt(x))),
    "cbrt": Oracle(lambda m, x: m.monotone(_cbrt, x), lambda m, x: 1 / (3 * m.monotone(_cbrt, x) ** 2)),
    "exp": Oracle(lambda m, x: m.exp(x), lambda m, x: m.exp(x)),
    "exp2": Oracle(lambda m, x: m.exp(x * m.ln2), lambda m, x: m.exp(x * m.ln2) * m.ln2),
    "expm1": Oracle(lambda m, x: m.monotone(mp.expm1, x), lambda m, x: m.exp(x)),
    "slope_of_log": Oracle(_log_slope, lambda m, x: -1 / m.clip(x, 0.0) ** 2),
    "log": Oracle(lambda m, x: m.log(x), _log_slope),
    "log2": Oracle(lambda m, x: m.log(x) / m.ln2, lambda m, x: _log_slope(m, x) / m.ln2),
    "log10": Oracle(lambda m, x: m.log(x) / m.ln10, lambda m, x: _log_slope(m, x) / m.ln10),
    "log1p": Oracle(
        lambda m, x: m.monotone(mp.log1p, x, within=(-1.0, math.inf)), lambda m, x: _log_slope(m, 1 + x)
    ),
    "xlogy": Oracle(
        lambda m, x, y: _absorbing(m, x, lambda: m.log(y)), lambda m, x, y: m.log(y), lambda m, x, y: x / y
    ),
    "xlog1py": Oracle(
        lambda m, x, y: _absorbing(m, x, lambda: m.monotone(mp.log1p, y, within=(-1.0, math.inf))),
        lambda m, x, y: m.monotone(mp.log1p, y, within=(-1.0, math.inf)),
        lambda m, x, y: x / (1 + y),
    ),
    # trigonometry
    "sin": Oracle(lambda m, x: m.sin(x), lambda m, x: m.cos(x)),
    "cos": Oracle(lambda m, x: m.cos(x), lambda m, x: -m.sin(x)),
    "tan": Oracle(lambda m, x: m.sin(x) / m.cos(x), lambda m, x: 1 / m.cos(x) ** 2),
    "asin": Oracle(lambda m, x: m.monotone(mp.asin, x, within=(-1.0, 1.0)), _arc_slope),
    "acos": Oracle(lambda m, x: m.monotone(mp.acos, x, within=(-1.0, 1.0)), lambda m, x: -_arc_slope(m, x)),
    "atan": Oracle(lambda m, x: m.monotone(mp.atan, x), lambda m, x: 1 / (1 + x**2)),
    "atan2": Oracle(
        lambda m, y, x: m.atan2(y, x),
        lambda m, y, x: x / (x**2 + y**2),
        lambda m, y, x: -y / (x**2 + y**2),
    ),
    "hypot": Oracle(_length, each=lambda i: lambda m, *xs: _direction(m, xs[i], *xs)),
    # hyperbolic
    "sinh": Oracle(_sinh, _cosh),
    "cosh": Oracle(_cosh, _sinh),
    "tanh": Oracle(_tanh, lambda m, x: _sech(m, x) ** 2),
    "sech": Oracle(_sech, lambda m, x: -_sech(m, x) * _tanh(m, x)),
    "asinh": Oracle(lambda m, x: m.monotone(mp.asinh, x), lambda m, x: 1 / m.sqrt(1 + x**2)),
    "acosh": Oracle(
        lambda m, x: m.monotone(mp.acosh, x, within=(1.0, math.inf)), lambda m, x: 1 / m.sqrt((x - 1) * (x + 1))
    ),
    "atanh": Oracle(
        lambda m, x: m.monotone(mp.atanh, x, within=(-1.0, 1.0)), lambda m, x: _log_slope(m, (1 - x) * (1 + x))
    ),
    # neural networks, probability
    "sigmoid": Oracle(_sigmoid, lambda m, x: _sech(m, x / 2) ** 2 / 4),
    "softplus": Oracle(lambda m, x: m.monotone(lambda x: mp.log1p(mp.exp(x)), x), _sigmoid),
    "silu": Oracle(
        lambda m, x: m.monotone(lambda x: x * _logistic(x), x, turns=[_least("silu", iv.prec)]), _silu_slope
    ),
    "silu_derivative": Oracle(_silu_derivative_of, lambda m, x, n: _silu_derivative_of(m, x, n, 1), _zero),
    "gelu_slope": Oracle(_gelu_slope, lambda m, x: (2 - x**2) * _pdf(m, x)),
    "gelu": Oracle(
        lambda m, x: m.monotone(lambda x: x * _norm_cdf(x), x, turns=[_least("gelu", iv.prec)]), _gelu_slope
    ),
    "softsign": Oracle(
        lambda m, x: m.monotone(lambda x: x / (1 + abs(x)), x), lambda m, x: 1 / (1 + m.abs(x)) ** 2
    ),
    "logit": Oracle(
        lambda m, p: m.monotone(_logit, p, within=(0.0, 1.0)), lambda m, p: _log_slope(m, p * (1 - p))
    ),
    "logaddexp": Oracle(
        lambda m, a, b: m.monotone(_logaddexp, a, b),
        lambda m, a, b: _sigmoid(m, a - b),
        lambda m, a, b: _sigmoid(m, b - a),
    ),
    "softmax2": Oracle(
        lambda m, a, b: _sigmoid(m, a - b),
        lambda m, a, b: _sech(m, (a - b) / 2) ** 2 / 4,
        lambda m, a, b: -(_sech(m, (a - b) / 2) ** 2) / 4,
    ),
    "gauss": Oracle(_gauss, lambda m, x: -2 * x * _gauss(m, x)),
    "erf": Oracle(lambda m, x: m.monotone(mp.erf, x), lambda m, x: 2 * _gauss(m, x) / m.sqrt(m.pi)),
    "erfc": Oracle(lambda m, x: m.monotone(_erfc, x), lambda m, x: -2 * _gauss(m, x) / m.sqrt(m.pi)),
    "erfinv": Oracle(_erfinv_of, _erfinv_slope),
    "erfinv_slope": Oracle(_erfinv_slope, lambda m, x: 2 * _erfinv_of(m, x) * _erfinv_slope(m, x) ** 2),
    "norm_pdf": Oracle(_pdf, lambda m, x: -x * _pdf(m, x)),
    "norm_cdf": Oracle(lambda m, x: m.monotone(_norm_cdf, x), _pdf),
    # the gamma family, sinc
    "gamma": Oracle(_gamma_of, lambda m, x: _gamma_of(m, x) * _digamma(m, x)),
    "lgamma": Oracle(_lgamma_of, _digamma),
    "digamma": Oracle(_digamma, lambda m, x: _polygamma_of_order(m, 1, x)),
    "polygamma": Oracle(_polygamma_of, _zero, lambda m, n, x: _polygamma_of(m, n, x, 1)),
    "sinc": Oracle(lambda m, x: _sinc_of(m, x, mpf(0)), lambda m, x: _sinc_of(m, x, mpf(1))),
    "sinc_derivative": Oracle(_sinc_of, lambda m, x, n: _sinc_of(m, x, n, 1), _zero),
    # kinks and choices
    "abs": Oracle(lambda m, x: m.abs(x), _sign),
    "relu": Oracle(lambda m, x: m.exact(lambda x: max(x, mpf(0)), x), lambda m, x: m.exact(_positive, x)),
    "step": Oracle(lambda m, x: m.exact(_positive, x), _zero),
    "sign": Oracle(_sign, _zero),
    "three_way": Oracle(lambda m, a, b: _sign(m, a - b), _zero, _zero),
    "less": Oracle(lambda m, a, b: m.exact(_positive, b - a), _zero, _zero),
    "less_equal": Oracle(lambda m, a, b: 1 - m.exact(_positive, a - b), _zero, _zero),
    "equal": Oracle(lambda m, a, b: 1 - m.abs(_sign(m, a - b)), _zero, _zero),
    "unequal": Oracle(lambda m, a, b: m.abs(_sign(m, a - b)), _zero, _zero),
    "maximum": Oracle(
        lambda m, a, b: m.exact(max, a, b),
        lambda m, a, b: (1 + _sign(m, a - b)) / 2,
        lambda m, a, b: (1 + _sign(m, b - a)) / 2,
    ),
    "minimum": Oracle(
        lambda m, a, b: m.exact(min, a, b),
        lambda m, a, b: (1 + _sign(m, b - a)) / 2,
        lambda m, a, b: (1 + _sign(m, a - b)) / 2,
    ),
    "where": Oracle(
        lambda m, c, a, b: m.choose(c, a, b),
        _zero,
        lambda m, c, a, b: m.choose(c, mpf(1), mpf(0)),
        lambda m, c, a, b: m.choose(c, mpf(0), mpf(1)),
    ),
    "copysign": Oracle(lambda m, a, b: m.abs(a) * m.side(b), lambda m, a, b: _sign(m, a) * m.side(b), _zero),
    # rounding, remainders, parts of a float
    "floor": Oracle(lambda m, x: m.exact(mp.floor, x), _zero),
    "ceil": Oracle(lambda m, x: m.exact(mp.ceil, x), _zero),
    "trunc": Oracle(lambda m, x: m.exact(_trunc, x), _zero),
    "rint": Oracle(lambda m, x: m.exact(mp.nint, x), _zero),
    "fmod": _rest_of(math.trunc, _trunc),
    "remainder": _rest_of(round, mp.nint),
    "mod": _rest_of(math.floor, mp.floor),
    "floordiv": Oracle(_step_of(math.floor, mp.floor), _zero, _zero),
    "fraction": Oracle(lambda m, x: x - m.exact(_trunc, x), _one),
    "ldexp": Oracle(
        lambda m, x, n: x * m.power(m.number(2), n), lambda m, x, n: m.power(m.number(2), n), _zero
    ),
    "nextafter": Oracle(_next_of, _one, _zero, _zero),
    "ulp": Oracle(lambda m, x: m.exact(lambda x: mpf(math.ulp(float(x))), m.abs(x)), _zero),
    # any number of arguments
    "fsum": Oracle(_sum, each=lambda i: _one),
    "prod": Oracle(_product, each=lambda i: lambda m, *xs: _product(m, *xs[:i], *xs[i + 1 :])),
    "sumprod": Oracle(_dot, each=lambda i: lambda m, *args: args[(i + len(args) // 2) % len(args)]),
    # bookkeeping
    "identity": Oracle(lambda m, x: x, _one),
    "stop_gradient": Oracle(lambda m, x: x, _zero),  # by its definition: no derivative of its value
}  # fmt: skip
