"""The mirror of Python's `math`, for floats and Values alike, and what users of gradients add to it.

Every name of the standard module is here with its signature, those of newer Pythons too. Floats give floats, Values
give Values. Where the standard module raises on a float, IEEE 754's inf or nan comes out and is reported (see
`errstate`). A function is a row of `primitives`, or a composite of rows; the integer functions are Python's own.
"""

from __future__ import annotations

import math as _math
from collections.abc import Iterable
from math import comb, e, factorial, gcd, inf, isqrt, lcm, nan, perm, pi, tau  # noqa: F401 - part of the mirror
from typing import Any, TypeVar

from . import primitives
from .ieee import errstate  # noqa: F401 - for the examples
from .value import DEGREES, RADIANS, Value, apply, as_float

N = TypeVar("N", float, Value)

# ---- Powers, exponentials and logarithms -----------------------------------------------------------------------------


def exp(x: N) -> N:
    """e raised to the power x.

    >>> exp(0.0)
    1.0
    """
    return apply(primitives.exp, x)  # type: ignore[no-any-return]


def exp2(x: N) -> N:
    """2 raised to the power x.

    >>> exp2(3.0)
    8.0
    """
    return apply(primitives.exp2, x)  # type: ignore[no-any-return]


def expm1(x: N) -> N:
    """exp(x) − 1, exact near 0.

    >>> expm1(1e-20)
    1e-20
    """
    return apply(primitives.expm1, x)  # type: ignore[no-any-return]


def log1p(x: N) -> N:
    """The natural logarithm of 1 + x, exact near 0; nan below −1.

    >>> log1p(1e-20)
    1e-20
    """
    return apply(primitives.log1p, x)  # type: ignore[no-any-return]


def log2(x: N) -> N:
    """The logarithm of x to base 2; nan below 0.

    >>> log2(8.0)
    3.0
    """
    return apply(primitives.log2, x)  # type: ignore[no-any-return]


def log10(x: N) -> N:
    """The logarithm of x to base 10; nan below 0.

    >>> log10(1000.0)
    3.0
    """
    return apply(primitives.log10, x)  # type: ignore[no-any-return]


def sqrt(x: N) -> N:
    """The square root of x; nan below 0. Its derivative at 0 is inf.

    >>> sqrt(4.0)
    2.0
    """
    return apply(primitives.sqrt, x)  # type: ignore[no-any-return]


def cbrt(x: N) -> N:
    """The cube root of x.

    >>> cbrt(-8.0)
    -2.0
    """
    return apply(primitives.cbrt, x)  # type: ignore[no-any-return]


# ---- Trigonometry, angles in radians ---------------------------------------------------------------------------------


def sin(x: N) -> N:
    """The sine of x radians.

    >>> sin(0.0)
    0.0
    """
    return apply(primitives.sin, x)  # type: ignore[no-any-return]


def cos(x: N) -> N:
    """The cosine of x radians.

    >>> cos(0.0)
    1.0
    """
    return apply(primitives.cos, x)  # type: ignore[no-any-return]


def tan(x: N) -> N:
    """The tangent of x radians.

    >>> tan(0.0)
    0.0
    """
    return apply(primitives.tan, x)  # type: ignore[no-any-return]


def asin(x: N) -> N:
    """The arc sine of x, in radians; nan outside [−1, 1].

    >>> asin(1.0)
    1.5707963267948966
    """
    return apply(primitives.asin, x)  # type: ignore[no-any-return]


def acos(x: N) -> N:
    """The arc cosine of x, in radians; nan outside [−1, 1].

    >>> acos(1.0)
    0.0
    """
    return apply(primitives.acos, x)  # type: ignore[no-any-return]


def atan(x: N) -> N:
    """The arc tangent of x, in radians.

    >>> atan(0.0)
    0.0
    """
    return apply(primitives.atan, x)  # type: ignore[no-any-return]


# ---- Hyperbolic functions --------------------------------------------------------------------------------------------


def sinh(x: N) -> N:
    """The hyperbolic sine of x.

    >>> sinh(0.0)
    0.0
    """
    return apply(primitives.sinh, x)  # type: ignore[no-any-return]


def cosh(x: N) -> N:
    """The hyperbolic cosine of x.

    >>> cosh(0.0)
    1.0
    """
    return apply(primitives.cosh, x)  # type: ignore[no-any-return]


def tanh(x: N) -> N:
    """The hyperbolic tangent of x.

    >>> tanh(0.0)
    0.0
    """
    return apply(primitives.tanh, x)  # type: ignore[no-any-return]


def asinh(x: N) -> N:
    """The inverse hyperbolic sine of x.

    >>> asinh(0.0)
    0.0
    """
    return apply(primitives.asinh, x)  # type: ignore[no-any-return]


def acosh(x: N) -> N:
    """The inverse hyperbolic cosine of x; nan below 1.

    >>> acosh(1.0)
    0.0
    """
    return apply(primitives.acosh, x)  # type: ignore[no-any-return]


def atanh(x: N) -> N:
    """The inverse hyperbolic tangent of x; nan outside [−1, 1].

    >>> atanh(0.0)
    0.0
    """
    return apply(primitives.atanh, x)  # type: ignore[no-any-return]


# ---- Special functions -----------------------------------------------------------------------------------------------


def erf(x: N) -> N:
    """The error function, 2/√π ∫₀ˣ exp(−t²) dt.

    >>> erf(0.0)
    0.0
    """
    return apply(primitives.erf, x)  # type: ignore[no-any-return]


def erfc(x: N) -> N:
    """The complementary error function, 1 − erf(x), exact where that is small.

    >>> erfc(0.0)
    1.0
    """
    return apply(primitives.erfc, x)  # type: ignore[no-any-return]


def erfinv(x: N) -> N:
    """The inverse of erf; nan outside [−1, 1].

    >>> erfinv(0.0)
    0.0
    """
    return apply(primitives.erfinv, x)  # type: ignore[no-any-return]


def gamma(x: N) -> N:
    """The gamma function Γ(x); nan at negative integers.

    >>> gamma(5.0)
    24.0
    """
    return apply(primitives.gamma, x)  # type: ignore[no-any-return]


def lgamma(x: N) -> N:
    """The natural logarithm of |Γ(x)|.

    >>> lgamma(1.0)
    0.0
    """
    return apply(primitives.lgamma, x)  # type: ignore[no-any-return]


def digamma(x: N) -> N:
    """ψ(x), the derivative of lgamma; nan at negative integers.

    >>> digamma(1.0)
    -0.5772156649015329
    """
    return apply(primitives.digamma, x)  # type: ignore[no-any-return]


def sinc(x: N) -> N:
    """sin(πx)/(πx), as in NumPy; 1 at 0.

    >>> sinc(0.0)
    1.0
    """
    return apply(primitives.sinc, x)  # type: ignore[no-any-return]


def norm_pdf(x: N) -> N:
    """The density of the standard normal distribution at x.

    >>> norm_pdf(0.0)
    0.3989422804014327
    """
    return apply(primitives.norm_pdf, x)  # type: ignore[no-any-return]


def norm_cdf(x: N) -> N:
    """The probability that a standard normal variable is at most x.

    >>> norm_cdf(0.0)
    0.5
    """
    return apply(primitives.norm_cdf, x)  # type: ignore[no-any-return]


# ---- Of neural networks ----------------------------------------------------------------------------------------------


def sigmoid(x: N) -> N:
    """1/(1 + exp(−x)); its derivative is (1 − σ)σ.

    >>> sigmoid(0.0)
    0.5
    """
    return apply(primitives.sigmoid, x)  # type: ignore[no-any-return]


def relu(x: N) -> N:
    """The positive part of x; its derivative at 0 is 0.

    >>> relu(-2.0)
    0.0
    """
    return apply(primitives.relu, x)  # type: ignore[no-any-return]


def softplus(x: N) -> N:
    """log(1 + exp(x)), without overflow.

    >>> softplus(0.0)
    0.6931471805599453
    """
    return apply(primitives.softplus, x)  # type: ignore[no-any-return]


def logit(p: N) -> N:
    """log(p/(1 − p)), the inverse of sigmoid; nan outside [0, 1].

    >>> logit(0.5)
    0.0
    """
    return apply(primitives.logit, p)  # type: ignore[no-any-return]


# ---- of several arguments --------------------------------------------------------------------------------------------


def log(x: Any, base: Any = None) -> Any:
    """The logarithm of x, natural or to the given base; −inf at 0, nan below.

    >>> log(1.0), log(8.0, 2.0)
    (0.0, 3.0)
    """
    natural = apply(primitives.log, x)
    return natural if base is None else apply(primitives.div, natural, apply(primitives.log, base))


def pow(x: Any, y: Any) -> Any:
    """x raised to the power y; nan, never complex, for a negative x and a broken y.

    >>> pow(2.0, 10), pow(-8.0, 3)
    (1024.0, -512.0)
    """
    return apply(primitives.pow, x, y)


def atan2(y: Any, x: Any) -> Any:
    """The angle of the point (x, y), in radians from −π to π.

    >>> atan2(1.0, 0.0)
    1.5707963267948966
    """
    return apply(primitives.atan2, y, x)


def hypot(*coordinates: Any) -> Any:
    """The Euclidean length of a vector, without overflow on the way; its gradient at the origin is 0.

    >>> hypot(3.0, 4.0), hypot()
    (5.0, 0.0)
    """
    return apply(primitives.hypot, *coordinates)


def dist(p: Iterable[Any], q: Iterable[Any], /) -> Any:
    """The Euclidean distance of two points given by their coordinates. ValueError if they differ in number.

    >>> dist([1.0, 2.0], [4.0, 6.0])
    5.0
    """
    p, q = tuple(p), tuple(q)
    if len(p) != len(q):
        raise ValueError(f"dist: the points have {len(p)} and {len(q)} coordinates; they must have as many")
    return hypot(*(apply(primitives.sub, a, b) for a, b in zip(p, q)))


def fma(x: Any, y: Any, z: Any, /) -> Any:
    """x·y + z, rounded once.

    >>> fma(0.1, 10.0, -1.0)
    5.551115123125783e-17
    """
    return apply(primitives.fma, x, y, z)


def fmod(x: Any, y: Any, /) -> Any:
    """The remainder of x/y with the sign of x, exactly; nan for y = 0.

    >>> fmod(-7.0, 3.0)
    -1.0
    """
    return apply(primitives.fmod, x, y)


def remainder(x: Any, y: Any, /) -> Any:
    """x − n·y for the integer n nearest to x/y (the even one half-way), exactly; nan for y = 0.

    >>> remainder(7.0, 4.0)
    -1.0
    """
    return apply(primitives.remainder, x, y)


def copysign(x: Any, y: Any, /) -> Any:
    """The magnitude of x with the sign of y.

    >>> copysign(2.0, -0.0)
    -2.0
    """
    return apply(primitives.copysign, x, y)


def nextafter(x: Any, y: Any, /, *, steps: int | None = None) -> Any:
    """The float `steps` steps (one if None) after x towards y.

    >>> nextafter(1.0, 2.0) - 1.0, nextafter(0.0, 1.0, steps=3)
    (2.220446049250313e-16, 1.5e-323)
    """
    if steps is not None and (not isinstance(steps, int) or steps < 0):
        raise ValueError(f"nextafter: steps is a non-negative integer, not {steps!r}")
    return apply(primitives.nextafter, x, y, 1 if steps is None else steps)


def ldexp(x: Any, i: int, /) -> Any:
    """x·2ⁱ, the inverse of frexp.

    >>> ldexp(0.75, 2)
    3.0
    """
    if not isinstance(i, int):
        raise TypeError(f"ldexp: the exponent is an int, not {type(i).__name__}")
    return apply(primitives.ldexp, x, max(-4400, min(4400, i)))  # far beyond every float's exponent either way


def frexp(x: Any, /) -> tuple[Any, int]:
    """The mantissa m and the integer exponent n of x = m·2ⁿ with ½ ≤ |m| < 1; m has a gradient, n has none.

    >>> frexp(3.0)
    (0.75, 2)
    """
    mantissa, exponent = _math.frexp(_number(x))
    return (ldexp(x, -exponent) if isinstance(x, Value) else mantissa), exponent


def modf(x: Any, /) -> tuple[Any, Any]:
    """The fractional and the whole part of x, both with the sign of x.

    >>> modf(-2.5)
    (-0.5, -2.0)
    """
    return apply(primitives.fraction, x), apply(primitives.trunc, x)


def fsum(values: Iterable[Any], /) -> Any:
    """The sum of the values, rounded once.

    >>> fsum([0.1] * 10)
    1.0
    """
    return apply(primitives.fsum, *values)


def prod(values: Iterable[Any], /, *, start: Any = 1) -> Any:
    """The product of the values and `start`; of ints, an int.

    >>> prod([2.0, 3.0, 7.0]), prod([2, 3], start=4)
    (42.0, 24)
    """
    factors = list(values)
    if all(isinstance(x, int) for x in (*factors, start)):
        return _math.prod(factors, start=start)
    return apply(primitives.prod, *([] if type(start) is int and start == 1 else [start]), *factors)


def sumprod(p: Iterable[Any], q: Iterable[Any], /) -> Any:
    """Σ pᵢ·qᵢ with the products and the sum carried exactly; of ints, an int. ValueError if the lengths differ.

    >>> sumprod([1e16, 1.0, -1e16], [1.0, 3.0, 1.0]), sumprod([1, 2], [3, 4])
    (3.0, 11)
    """
    p, q = list(p), list(q)
    if len(p) != len(q):
        raise ValueError(f"sumprod: the inputs have {len(p)} and {len(q)} elements; they must have as many")
    if all(isinstance(x, int) for x in (*p, *q)):
        return sum(a * b for a, b in zip(p, q))
    return apply(primitives.sumprod, *p, *q)


def degrees(x: N, /) -> N:
    """x radians in degrees.

    >>> degrees(pi)
    180.0
    """
    return apply(primitives.mul, x, DEGREES)  # type: ignore[no-any-return]


def radians(x: N, /) -> N:
    """x degrees in radians.

    >>> radians(180.0) == pi
    True
    """
    return apply(primitives.mul, x, RADIANS)  # type: ignore[no-any-return]


def fabs(x: N, /) -> N:
    """The absolute value of x; its derivative at 0 is 0.

    >>> fabs(-2.0)
    2.0
    """
    return apply(primitives.abs, x)  # type: ignore[no-any-return]


def polygamma(n: int, x: Any) -> Any:
    """ψ⁽ⁿ⁾(x), the n-th derivative of digamma. ValueError unless n is a non-negative integer.

    >>> polygamma(1, 1.0) - pi**2 / 6
    0.0
    """
    if not isinstance(n, int) or n < 0:
        raise ValueError(f"polygamma: the order is a non-negative integer, not {n!r}")
    return apply(primitives.polygamma, n, x)


# ---- rounding: of floats to ints, as Python's; of Values to Values, with a gradient of 0 -----------------------------


def floor(x: Any, /) -> Any:
    """The greatest whole number that is at most x.

    >>> floor(-2.5), floor(Value(-2.5))
    (-3, Value(-3.0))
    """
    return _math.floor(x)


def ceil(x: Any, /) -> Any:
    """The least whole number that is at least x.

    >>> ceil(2.5), ceil(Value(2.5))
    (3, Value(3.0))
    """
    return _math.ceil(x)


def trunc(x: Any, /) -> Any:
    """x without its fraction.

    >>> trunc(-2.5), trunc(Value(-2.5))
    (-2, Value(-2.0))
    """
    return _math.trunc(x)


def ulp(x: N, /) -> N:
    """The value of the last bit of x.

    >>> ulp(1.0)
    2.220446049250313e-16
    """
    return apply(primitives.ulp, x)  # type: ignore[no-any-return]


# ---- questions: answered about the data ------------------------------------------------------------------------------


def isfinite(x: Any, /) -> bool:
    """Whether x is neither infinite nor nan.

    >>> isfinite(Value(1.0))
    True
    """
    return _math.isfinite(_number(x))


def isinf(x: Any, /) -> bool:
    """Whether x is an infinity.

    >>> isinf(Value(-inf))
    True
    """
    return _math.isinf(_number(x))


def isnan(x: Any, /) -> bool:
    """Whether x is nan.

    >>> isnan(Value(nan))
    True
    """
    return _math.isnan(_number(x))


def isclose(a: Any, b: Any, *, rel_tol: float = 1e-09, abs_tol: float = 0.0) -> bool:
    """Whether a and b are within a relative or an absolute distance of each other.

    >>> isclose(Value(1.0), 1.0 + 1e-12)
    True
    """
    return _math.isclose(_number(a), _number(b), rel_tol=rel_tol, abs_tol=abs_tol)


def _number(x: Any) -> float:
    return x.data if isinstance(x, Value) else as_float(x)


# ---- choices ---------------------------------------------------------------------------------------------------------


def where(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition is true (nonzero), else b. What is not chosen has no gradient, and no inf or nan of its own
    reaches the result's.

    >>> x = Value(-1.0)
    >>> with errstate(invalid="ignore"):
    ...     where(x > 0, sqrt(x), 0).backward()
    >>> x.grad
    0.0
    """
    return apply(primitives.where, condition, a, b)


def maximum(a: Any, b: Any) -> Any:
    """The greater of a and b, nan if one is; at a tie each has half of the gradient.

    >>> maximum(1.0, 2.0)
    2.0
    """
    return apply(primitives.maximum, a, b)


def minimum(a: Any, b: Any) -> Any:
    """The lesser of a and b, nan if one is; at a tie each has half of the gradient.

    >>> minimum(1.0, 2.0)
    1.0
    """
    return apply(primitives.minimum, a, b)


def clip(x: Any, low: Any, high: Any) -> Any:
    """x, or the bound that it passes: minimum(maximum(x, low), high), so half of the gradient at a bound.

    >>> clip(3.0, 0.0, 1.0)
    1.0
    """
    return minimum(maximum(x, low), high)


def sign(x: N) -> N:
    """1, −1 or 0 by the sign of x.

    >>> sign(-3.0)
    -1.0
    """
    return apply(primitives.sign, x)  # type: ignore[no-any-return]


# ---- composites ------------------------------------------------------------------------------------------------------


def logaddexp(a: Any, b: Any) -> Any:
    """log(exp(a) + exp(b)), without overflow.

    >>> logaddexp(1000.0, 1000.0) == 1000.0 + log(2.0)
    True
    """
    return apply(primitives.logaddexp, a, b)


def logsumexp(xs: Iterable[Any]) -> Any:
    """log Σ exp(xᵢ), without overflow; −inf of nothing. Its gradient is softmax(xs).

    >>> logsumexp([1000.0, 1000.0]) == 1000.0 + log(2.0)
    True
    """
    xs = list(xs)
    if not xs:
        return -inf
    top, terms = _scaled_exponentials(xs)
    return apply(primitives.add, top, apply(primitives.log, fsum(terms)))


def softmax(xs: Iterable[Any]) -> list[Any]:
    """exp(xᵢ) / Σ exp(xⱼ) for each i, without overflow.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    xs = list(xs)
    if not xs:
        return []
    _, terms = _scaled_exponentials(xs)
    total = fsum(terms)
    return [apply(primitives.div, term, total) for term in terms]


def _scaled_exponentials(xs: list[Any]) -> tuple[Any, list[Any]]:
    # exp(x - top) with the greatest x as top: a shift that cancels in the result, so no gradient flows through it.
    top = xs[0]
    for x in xs[1:]:
        top = maximum(top, x)
    top = apply(primitives.stop_gradient, where(fabs(top) < inf, top, 0.0))
    return top, [exp(apply(primitives.sub, x, top)) for x in xs]


def log_sigmoid(x: N) -> N:
    """log σ(x) = −softplus(−x).

    >>> log_sigmoid(0.0)
    -0.6931471805599453
    """
    return -softplus(-x)


def silu(x: N) -> N:
    """x·σ(x), also called swish.

    >>> silu(0.0)
    0.0
    """
    return x * sigmoid(x)


def gelu(x: N) -> N:
    """x·Φ(x) with the normal distribution function Φ, exactly (no tanh approximation).

    >>> gelu(0.0)
    0.0
    """
    return x * norm_cdf(x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x above 0, alpha·(exp(x) − 1) from there down.

    >>> elu(2.0), elu(-inf)
    (2.0, -1.0)
    """
    return where(x > 0.0, x, alpha * expm1(where(x > 0.0, 0.0, x)))


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """x above 0, slope·x from there down.

    >>> leaky_relu(-2.0)
    -0.02
    """
    return where(x > 0.0, x, slope * x)


def softsign(x: N) -> N:
    """x / (1 + |x|).

    >>> softsign(1.0)
    0.5
    """
    return x / (1.0 + fabs(x))


def xlogy(x: Any, y: Any) -> Any:
    """x·log(y), and 0 where x is 0.

    >>> xlogy(0.0, 0.0)
    0.0
    """
    return apply(primitives.xlogy, x, y)


def xlog1py(x: Any, y: Any) -> Any:
    """x·log(1 + y), and 0 where x is 0.

    >>> xlog1py(0.0, -1.0)
    0.0
    """
    return apply(primitives.xlog1py, x, y)


psi = digamma
