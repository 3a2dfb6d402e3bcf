"""Comparisons, choices and questions about numbers, for floats and Values alike: `math` has these names.

A comparison called by name is recorded and a replay decides anew; an operator such as ``x > 0`` compares data at once.
"""

from __future__ import annotations

import math as _math
from math import inf
from typing import Any, TypeVar

from . import primitives
from .coercion import as_float
from .value import Value, apply

N = TypeVar("N", float, Value)


# ---- questions: answered about the data ------------------------------------------------------------------------------


def isfinite(x: Any, /) -> bool:
    """Whether x is neither infinite nor nan.

    >>> isfinite(Value(1.0))
    True
    """
    return bool(abs(_number(x)) < inf)


def isinf(x: Any, /) -> bool:
    """Whether x is an infinity.

    >>> isinf(Value(-inf))
    True
    """
    return bool(abs(_number(x)) == inf)


def isnan(x: Any, /) -> bool:
    """Whether x is nan.

    >>> isnan(Value(nan))
    True
    """
    x = _number(x)
    return bool(x != x)


def isnormal(x: Any, /) -> bool:
    """Whether x has all of its 53 bits: it is finite, not 0 and not subnormal.

    >>> isnormal(1.0), isnormal(5e-324)
    (True, False)
    """
    return bool(_LEAST_NORMAL <= abs(_number(x)) < inf)


def issubnormal(x: Any, /) -> bool:
    """Whether x is closer to 0 than every normal number, but not 0.

    >>> issubnormal(5e-324), issubnormal(0.0)
    (True, False)
    """
    return bool(0.0 < abs(_number(x)) < _LEAST_NORMAL)


def signbit(x: Any, /) -> bool:
    """Whether the sign of x is negative, that of -0.0 and of a nan too.

    >>> signbit(-0.0)
    True
    """
    return bool(apply(primitives.copysign, 1.0, _number(x)) < 0.0)


def isclose(a: Any, b: Any, *, rel_tol: float = 1e-09, abs_tol: float = 0.0) -> bool:
    """Whether a and b are within a relative or an absolute distance of each other. ValueError for a negative one.

    >>> isclose(Value(1.0), 1.0 + 1e-12)
    True
    """
    a, b = _number(a), _number(b)
    if type(a) is type(b) is float:
        return _math.isclose(a, b, rel_tol=rel_tol, abs_tol=abs_tol)
    if rel_tol < 0.0 or abs_tol < 0.0:
        raise ValueError("tolerances must be non-negative")
    # Of what has no number yet, the same by comparisons.
    return bool(a == b) or (isfinite(a - b) and bool(abs(a - b) <= maximum(rel_tol * maximum(abs(a), abs(b)), abs_tol)))


_LEAST_NORMAL = 2.0**-1022


def _number(x: Any) -> Any:
    """The float to ask about; what has no number yet, such as a compiler's tracer, as it is."""
    if isinstance(x, Value):
        return x.data
    return x if hasattr(x, "__apply__") else as_float(x)


# ---- choices ---------------------------------------------------------------------------------------------------------


def where(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition is true (nonzero), else b. What is not chosen has no gradient, and no inf or nan of its own
    reaches the result's.

    >>> x = Value(-1.0)
    >>> with errstate(invalid="ignore"):
    ...     where(x > 0, sqrt(x), 0).backward()
    >>> x.grad
    0.0

    The comparison ``x > 0`` is one of data, a Python truth, and taken as it came out when it was recorded; for a choice
    that a replay of the graph makes anew, record it: ``where(greater(x, 0), …)``.
    """
    return apply(primitives.where, condition, a, b)


def less(a: Any, b: Any) -> Any:
    """1.0 if a < b, else 0.0: a comparison that is recorded, and made anew when the graph is replayed.

    >>> x = Value(2.0)
    >>> f = where(less(x, 0), -x, x * x)
    >>> x.data = -3.0
    >>> less(1.0, 2.0), f.data, f.replay().data
    (1.0, 4.0, 3.0)
    """
    return apply(primitives.less, a, b)


def less_equal(a: Any, b: Any) -> Any:
    """1.0 if a ≤ b, else 0.0; see `less`.

    >>> less_equal(2.0, 2.0)
    1.0
    """
    return apply(primitives.less_equal, a, b)


def greater(a: Any, b: Any) -> Any:
    """1.0 if a > b, else 0.0; see `less`.

    >>> greater(1.0, 2.0)
    0.0
    """
    return less(b, a)


def greater_equal(a: Any, b: Any) -> Any:
    """1.0 if a ≥ b, else 0.0; see `less`.

    >>> greater_equal(2.0, 2.0)
    1.0
    """
    return less_equal(b, a)


def equal(a: Any, b: Any) -> Any:
    """1.0 if a = b, else 0.0; see `less`.

    >>> equal(2.0, 2.0)
    1.0
    """
    return apply(primitives.equal, a, b)


def not_equal(a: Any, b: Any) -> Any:
    """1.0 if a ≠ b, else 0.0; see `less`.

    >>> not_equal(nan, nan)
    1.0
    """
    return apply(primitives.unequal, a, b)


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


def fmax(x: Any, y: Any, /) -> Any:
    """The greater of x and y; if one is nan, the other.

    >>> fmax(1.0, nan), maximum(1.0, nan)
    (1.0, nan)
    """
    x, y = operand(x), operand(y)
    return where(not_equal(x, x), y, where(not_equal(y, y), x, maximum(x, y)))


def fmin(x: Any, y: Any, /) -> Any:
    """The lesser of x and y; if one is nan, the other.

    >>> fmin(1.0, nan), minimum(1.0, nan)
    (1.0, nan)
    """
    x, y = operand(x), operand(y)
    return where(not_equal(x, x), y, where(not_equal(y, y), x, minimum(x, y)))


def operand(x: Any) -> Any:
    return x if hasattr(x, "__apply__") else as_float(x)


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
