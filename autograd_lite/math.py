"""The mirror of Python's `math`, for floats and Values alike, and what users of gradients add to it.

Every name of the standard module is here with its signature, those of newer Pythons too. Floats give floats, Values
give Values. Where the standard module raises on a float, IEEE 754's inf or nan comes out and is reported (see
`errstate`). A function is a primitive, or a composite of them; the integer functions are Python's own.
"""

from __future__ import annotations

import math as _math
from collections.abc import Callable, Iterable
from math import comb, e, factorial, gcd, inf, isqrt, lcm, nan, perm, pi, tau
from numbers import Rational
from operator import index
from typing import Any, TypeVar

from . import primitives
from .coercion import as_float

from .comparisons import (  # isort: skip
    clip, equal, fmax, fmin, greater, greater_equal, isclose, isfinite, isinf, isnan, isnormal, issubnormal, less,
    less_equal, maximum, minimum, not_equal, operand, sign, signbit, where,
)  # fmt: skip
from .numerics.ieee import errstate  # noqa: F401 - for the examples
from .operators import DEGREES, RADIANS
from .value import Value, apply

__all__ = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "clip", "comb", "copysign", "cos",
    "cosh", "degrees", "digamma", "dist", "e", "elu", "equal", "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "fabs",
    "factorial", "floor", "fma", "fmax", "fmin", "fmod", "frexp", "fsum", "gamma", "gcd", "gelu", "greater",
    "greater_equal", "hypot", "inf", "isclose", "isfinite", "isinf", "isnan", "isnormal", "isqrt", "issubnormal", "lcm",
    "ldexp", "leaky_relu", "less", "less_equal", "lgamma", "log", "log1p", "log2", "log10", "log_sigmoid", "logaddexp",
    "logit", "logsumexp", "maximum", "minimum", "modf", "nan", "nextafter", "norm_cdf", "norm_pdf", "not_equal", "perm",
    "pi", "polygamma", "pow", "prod", "psi", "radians", "relu", "remainder", "sigmoid", "sign", "signbit", "silu",
    "sin", "sinc", "sinh", "softmax", "softplus", "softsign", "sqrt", "sumprod", "tan", "tanh", "tau", "trunc", "ulp",
    "where", "xlog1py", "xlogy",
]  # fmt: skip

N = TypeVar("N", float, Value)

# ---- Powers, exponentials and logarithms -----------------------------------------------------------------------------


def exp(x: N, /) -> N:
    """e raised to the power x.

    >>> exp(0.0)
    1.0
    """
    return apply(primitives.exp, x)  # type: ignore[no-any-return]


def exp2(x: N, /) -> N:
    """2 raised to the power x.

    >>> exp2(3.0)
    8.0
    """
    return apply(primitives.exp2, x)  # type: ignore[no-any-return]


def expm1(x: N, /) -> N:
    """exp(x) − 1, exact near 0.

    >>> expm1(1e-20)
    1e-20
    """
    return apply(primitives.expm1, x)  # type: ignore[no-any-return]


def log1p(x: N, /) -> N:
    """The natural logarithm of 1 + x, exact near 0; nan below −1.

    >>> log1p(1e-20)
    1e-20
    """
    return apply(primitives.log1p, x)  # type: ignore[no-any-return]


def log2(x: N, /) -> N:
    """The logarithm of x to base 2; nan below 0.

    >>> log2(8.0)
    3.0
    """
    return _logarithm(primitives.log2, _math.log2, x)  # type: ignore[no-any-return]


def log10(x: N, /) -> N:
    """The logarithm of x to base 10; nan below 0.

    >>> log10(1000.0)
    3.0
    """
    return _logarithm(primitives.log10, _math.log10, x)  # type: ignore[no-any-return]


def sqrt(x: N, /) -> N:
    """The square root of x; nan below 0. Its derivative at 0 is inf.

    >>> sqrt(4.0)
    2.0
    """
    return apply(primitives.sqrt, x)  # type: ignore[no-any-return]


def cbrt(x: N, /) -> N:
    """The cube root of x.

    >>> cbrt(-8.0)
    -2.0
    """
    return apply(primitives.cbrt, x)  # type: ignore[no-any-return]


# ---- Trigonometry, angles in radians ---------------------------------------------------------------------------------


def sin(x: N, /) -> N:
    """The sine of x radians.

    >>> sin(0.0)
    0.0
    """
    return apply(primitives.sin, x)  # type: ignore[no-any-return]


def cos(x: N, /) -> N:
    """The cosine of x radians.

    >>> cos(0.0)
    1.0
    """
    return apply(primitives.cos, x)  # type: ignore[no-any-return]


def tan(x: N, /) -> N:
    """The tangent of x radians.

    >>> tan(0.0)
    0.0
    """
    return apply(primitives.tan, x)  # type: ignore[no-any-return]


def asin(x: N, /) -> N:
    """The arc sine of x, in radians; nan outside [−1, 1].

    >>> asin(1.0)
    1.5707963267948966
    """
    return apply(primitives.asin, x)  # type: ignore[no-any-return]


def acos(x: N, /) -> N:
    """The arc cosine of x, in radians; nan outside [−1, 1].

    >>> acos(1.0)
    0.0
    """
    return apply(primitives.acos, x)  # type: ignore[no-any-return]


def atan(x: N, /) -> N:
    """The arc tangent of x, in radians.

    >>> atan(0.0)
    0.0
    """
    return apply(primitives.atan, x)  # type: ignore[no-any-return]


# ---- Hyperbolic functions --------------------------------------------------------------------------------------------


def sinh(x: N, /) -> N:
    """The hyperbolic sine of x.

    >>> sinh(0.0)
    0.0
    """
    return apply(primitives.sinh, x)  # type: ignore[no-any-return]


def cosh(x: N, /) -> N:
    """The hyperbolic cosine of x.

    >>> cosh(0.0)
    1.0
    """
    return apply(primitives.cosh, x)  # type: ignore[no-any-return]


def tanh(x: N, /) -> N:
    """The hyperbolic tangent of x.

    >>> tanh(0.0)
    0.0
    """
    return apply(primitives.tanh, x)  # type: ignore[no-any-return]


def asinh(x: N, /) -> N:
    """The inverse hyperbolic sine of x.

    >>> asinh(0.0)
    0.0
    """
    return apply(primitives.asinh, x)  # type: ignore[no-any-return]


def acosh(x: N, /) -> N:
    """The inverse hyperbolic cosine of x; nan below 1.

    >>> acosh(1.0)
    0.0
    """
    return apply(primitives.acosh, x)  # type: ignore[no-any-return]


def atanh(x: N, /) -> N:
    """The inverse hyperbolic tangent of x; nan outside [−1, 1].

    >>> atanh(0.0)
    0.0
    """
    return apply(primitives.atanh, x)  # type: ignore[no-any-return]


# ---- Special functions -----------------------------------------------------------------------------------------------


def erf(x: N, /) -> N:
    """The error function, 2/√π ∫₀ˣ exp(−t²) dt.

    >>> erf(0.0)
    0.0
    """
    return apply(primitives.erf, x)  # type: ignore[no-any-return]


def erfc(x: N, /) -> N:
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


def gamma(x: N, /) -> N:
    """The gamma function Γ(x); nan at negative integers.

    >>> gamma(5.0)
    24.0
    """
    return apply(primitives.gamma, x)  # type: ignore[no-any-return]


def lgamma(x: N, /) -> N:
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


def log(x: Any, base: Any = e, /) -> Any:
    """The logarithm of x, natural or to the given base; −inf at 0, nan below. An int may be too large for a float.

    To a base it is log(x)/log(base), as in the standard module: two roundings and that of the quotient.

    >>> log(1.0), log(8, 2), log(10**400)
    (0.0, 3.0, 921.0340371976182)
    """
    natural = _logarithm(primitives.log, _math.log, x)
    if type(base) is float and base == e:
        return natural
    return apply(primitives.div, natural, _logarithm(primitives.log, _math.log, base))


def _logarithm(op: primitives.Primitive, standard: Callable[[int], float], x: Any) -> Any:
    # An int beyond floats has a logarithm nonetheless.
    return standard(x) if isinstance(x, int) and x > 0 else apply(op, x)


def pow(x: Any, y: Any, /) -> Any:
    """x raised to the power y; nan, never complex, for a negative x and a broken y.

    >>> pow(2.0, 10), pow(-8.0, 3)
    (1024.0, -512.0)
    """
    return apply(primitives.pow, x, y)


def atan2(y: Any, x: Any, /) -> Any:
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
    if len(coordinates) == 1:
        return fabs(coordinates[0])
    return apply(primitives.hypot, *coordinates)


def dist(p: Iterable[Any], q: Iterable[Any], /) -> Any:
    """The Euclidean distance of two points given by their coordinates. ValueError if they differ in number.

    >>> dist([1.0, 2.0], [4.0, 6.0])
    5.0
    """
    p, q = tuple(p), tuple(q)
    if len(p) != len(q):
        raise ValueError(f"dist: the points have {len(p)} and {len(q)} coordinates: give both the same number")
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
    if steps is None:
        return apply(primitives.nextafter, x, y, 1)
    steps = index(steps)
    if steps < 0:
        raise ValueError(f"nextafter: steps is a non-negative integer, not {steps}")
    # In two strides: the primitive's step count is a float, exact up to 2**53, and 2**64 steps lead from end to end.
    strides, rest = divmod(min(steps, 2**64), 2**53)
    far = apply(primitives.nextafter, x, y, float(strides * 2**53)) if strides else x
    return apply(primitives.nextafter, far, y, float(rest))


def ldexp(x: Any, i: int, /) -> Any:
    """x·2ⁱ, the inverse of frexp.

    >>> ldexp(0.75, 2)
    3.0
    """
    return apply(primitives.ldexp, x, max(-4400, min(4400, index(i))))  # far beyond every float's exponent either way


def frexp(x: Any, /) -> tuple[Any, int]:
    """The mantissa m and the integer exponent n of x = m·2ⁿ with ½ ≤ |m| < 1; m has a gradient, n has none.

    >>> frexp(3.0)
    (0.75, 2)
    """
    mantissa, exponent = _math.frexp(x.data if isinstance(x, Value) else as_float(x))
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
    """The product of the values and `start`, rounded as it is multiplied up, without overflow on the way; of ints and
    Fractions, exactly.

    >>> prod([2.0, 3.0, 7.0]), prod([2, 3], start=4)
    (42.0, 24)
    """
    factors = list(values)
    if all(isinstance(x, Rational) for x in (*factors, start)):
        return _math.prod(factors, start=start)
    return apply(primitives.prod, *([] if type(start) is int and start == 1 else [start]), *factors)


def sumprod(p: Iterable[Any], q: Iterable[Any], /) -> Any:
    """Σ pᵢ·qᵢ with the products and the sum carried exactly; of ints and Fractions, exactly. ValueError if the lengths
    differ.

    >>> sumprod([1e16, 1.0, -1e16], [1.0, 3.0, 1.0]), sumprod([1, 2], [3, 4])
    (3.0, 11)
    """
    p, q = list(p), list(q)
    if len(p) != len(q):
        raise ValueError(f"sumprod: the inputs have {len(p)} and {len(q)} elements: give both the same number")
    if all(isinstance(x, Rational) for x in (*p, *q)):
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
    """ψ⁽ⁿ⁾(x), the n-th derivative of digamma. TypeError unless n is an int, ValueError if it is negative.

    >>> polygamma(1, 1.0) - pi**2 / 6
    0.0
    """
    n = index(n)
    if n < 0:
        raise ValueError(f"polygamma: the order is a non-negative integer, not {n}")
    return apply(primitives.polygamma, n, x)


# ---- rounding: of floats to ints, as Python's; of Values to Values, with a gradient of 0 -----------------------------
# No int is infinite or nan: of such a float these raise, as the standard module's do. Of such a Value they are itself.


def floor(x: Any, /) -> Any:
    """The greatest whole number that is at most x.

    >>> floor(-2.5), floor(Value(-2.5))
    (-3, Value(-3.0))
    """
    return apply(primitives.floor, x) if hasattr(x, "__apply__") else _math.floor(x)


def ceil(x: Any, /) -> Any:
    """The least whole number that is at least x.

    >>> ceil(2.5), ceil(Value(2.5))
    (3, Value(3.0))
    """
    return apply(primitives.ceil, x) if hasattr(x, "__apply__") else _math.ceil(x)


def trunc(x: Any, /) -> Any:
    """x without its fraction.

    >>> trunc(-2.5), trunc(Value(-2.5))
    (-2, Value(-2.0))
    """
    return apply(primitives.trunc, x) if hasattr(x, "__apply__") else _math.trunc(x)


def ulp(x: N, /) -> N:
    """The value of the last bit of x.

    >>> ulp(1.0)
    2.220446049250313e-16
    """
    return apply(primitives.ulp, x)  # type: ignore[no-any-return]


# ---- composites, and primitives that could be composites but for their accuracy or their limits ----------------------


def logaddexp(a: Any, b: Any) -> Any:
    """log(exp(a) + exp(b)), without overflow.

    >>> logaddexp(1000.0, 1000.0) == 1000.0 + log(2.0)
    True
    """
    return apply(primitives.logaddexp, a, b)


def logsumexp(xs: Iterable[Any]) -> Any:
    """log Σ exp(xᵢ), without overflow; −inf of nothing. Its gradient is softmax(xs), at infinities too.

    >>> logsumexp([1000.0, 1000.0]) == 1000.0 + log(2.0)
    True
    """
    xs = list(xs)
    if not xs:
        return -inf
    top, terms = _scaled_exponentials(xs)
    return apply(primitives.add, top, log1p(fsum([*terms, -1.0])))  # the top's own term is 1: none other is lost on it


def softmax(xs: Iterable[Any]) -> list[Any]:
    """exp(xᵢ) / Σ exp(xⱼ) for each i, without overflow. Equal infinities that are the greatest share 1 evenly.

    >>> softmax([0.0, 0.0]), softmax([-inf, 5.0, inf])
    ([0.5, 0.5], [0.0, 0.0, 1.0])
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
    top = apply(primitives.stop_gradient, top)
    return top, [exp(apply(primitives.offset, x, top)) for x in xs]


def log_sigmoid(x: Any) -> Any:
    """log σ(x) = −softplus(−x).

    >>> log_sigmoid(0.0), log_sigmoid(-1000.0)
    (-0.6931471805599453, -1000.0)
    """
    return apply(primitives.neg, softplus(apply(primitives.neg, x)))


def silu(x: N) -> N:
    """x·σ(x), also called swish; 0 at −inf.

    >>> silu(0.0), silu(-inf)
    (0.0, -0.0)
    """
    return apply(primitives.silu, x)  # type: ignore[no-any-return]


def gelu(x: N) -> N:
    """x·Φ(x) with the normal distribution function Φ, exactly (no tanh approximation); 0 at −inf.

    >>> gelu(0.0), gelu(-inf)
    (0.0, -0.0)
    """
    return apply(primitives.gelu, x)  # type: ignore[no-any-return]


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x above 0, alpha·(exp(x) − 1) from there down; the derivative at 0 is alpha.

    >>> elu(2.0), elu(-inf)
    (2.0, -1.0)
    """
    x = operand(x)
    above = greater(x, 0.0)  # recorded, so that a replay chooses anew
    return where(above, x, apply(primitives.mul, alpha, expm1(where(above, 0.0, x))))


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x above 0, slope·x from there down. The derivative at 0 is the least of those between the two slopes.

    >>> leaky_relu(-2.0)
    -0.02
    """
    x = operand(x)
    below = where(less(x, 0.0), slope, clip(slope, 0.0, 1.0))
    return where(greater(x, 0.0), x, apply(primitives.mul, below, x))


def softsign(x: N) -> N:
    """x / (1 + |x|); ±1 at the infinities.

    >>> softsign(1.0), softsign(-inf)
    (0.5, -1.0)
    """
    return apply(primitives.softsign, x)  # type: ignore[no-any-return]


def xlogy(x: Any, y: Any) -> Any:
    """x·log(y), and 0 where x is 0 and y at least 0.

    >>> xlogy(0.0, 0.0)
    0.0
    """
    return apply(primitives.xlogy, x, y)


def xlog1py(x: Any, y: Any) -> Any:
    """x·log(1 + y), and 0 where x is 0 and y at least −1.

    >>> xlog1py(0.0, -1.0)
    0.0
    """
    return apply(primitives.xlog1py, x, y)


psi = digamma
