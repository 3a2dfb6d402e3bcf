"""Rounding, remainders and the parts of a float: constant between steps, in one argument or in all."""

from __future__ import annotations

import builtins
import math
import operator
import struct
from collections.abc import Callable
from typing import Any

from ..numerics import ieee
from ..numerics.domains import INF, NONINTEGER, NONZERO, REAL, Domain, Interval, Region
from .piecewise import difference
from .primitive import ATOM, NAN, PRODUCT, Primitive, piecewise_constant, primitive

# ---- rounding, remainders, parts of a float --------------------------------------------------------------------------


def _whole(rounding: Callable[[float], float]) -> Callable[[float], float]:
    # math.floor and its like give ints and so refuse what no int can be; IEEE 754 keeps it, and the sign of a zero.
    return lambda x: math.copysign(rounding(x), x)


def _itself(x: float) -> float:
    return x


floor: Primitive = primitive(
    "floor",
    _whole(math.floor),
    piecewise_constant,
    latex=(r"\left\lfloor {0}\right\rfloor", ATOM),
    ieee=_itself,
    smooth=NONINTEGER,
    special_slopes=[(1.0, 0.0), (INF, 0.0), (-INF, 0.0), (-1.0, 0.0), (0.0, 0.0)],
)
ceil: Primitive = primitive(
    "ceil",
    _whole(math.ceil),
    piecewise_constant,
    latex=(r"\left\lceil {0}\right\rceil", ATOM),
    ieee=_itself,
    smooth=NONINTEGER,
    special_slopes=[(1.0, 0.0), (INF, 0.0), (-INF, 0.0), (-1.0, 0.0), (0.0, 0.0)],
)
trunc: Primitive = primitive(
    "trunc",
    _whole(math.trunc),
    piecewise_constant,
    ieee=_itself,
    smooth=NONINTEGER,
    special_slopes=[(1.0, 0.0), (INF, 0.0), (-INF, 0.0), (-1.0, 0.0), (0.0, 0.0)],
)
rint: Primitive = primitive(
    "rint",
    _whole(round),
    piecewise_constant,
    ieee=_itself,
    smooth=Region((REAL,), gap=lambda x: x - math.floor(x) - 0.5, note="x not half-way"),
    special_slopes=[(0.5, 0.0), (INF, 0.0), (-INF, 0.0)],
    description="the nearest whole number, the even one of two",
)


def _to_step(y: float, b: float) -> float:
    # How far the remainder y is from where the quotient steps: at 0, at ±b, and halfway for the nearest one.
    y, b = builtins.abs(y), builtins.abs(b)
    return min(y, builtins.abs(y - b / 2.0), builtins.abs(b - y))


def _division_like(
    name: str, value: Callable[..., float], minus_q: Callable[[Any, Any, Any], Any], **columns: Any
) -> Primitive:
    # y = a - q*b with a whole number q, a step function of both: so ∂a = 1 and ∂b = -q.
    return primitive(
        name,
        value,
        1.0,
        minus_q,
        domain=(REAL, NONZERO),
        smooth=Region((REAL, NONZERO), gap=lambda a, b: _to_step(value(a, b), b), note="no step there"),
        **columns,
    )


def _minus_quotient(y: Any, a: Any, b: Any) -> Any:
    return rint(y / b - a / b)  # y - a may overflow


fmod: Primitive = _division_like(
    "fmod",
    math.fmod,
    _minus_quotient,
    special_slopes=[
        ((6.0, 3.0), (1.0, -2.0)),
        ((-7.0, 3.0), (1.0, 2.0)),
        ((1.0, 0.0), (1.0, NAN)),
        ((0.0, 0.0), (1.0, NAN)),
        ((5.0, INF), (1.0, 0.0)),
        ((-5.0, INF), (1.0, 0.0)),
        ((INF, 3.0), (1.0, NAN)),
    ],
    description="the remainder with the sign of a",
)
remainder: Primitive = _division_like(
    "remainder",
    math.remainder,
    _minus_quotient,
    special_slopes=[
        ((6.0, 3.0), (1.0, -2.0)),
        ((5.0, 3.0), (1.0, -2.0)),
        ((1.0, 0.0), (1.0, NAN)),
        ((0.0, 0.0), (1.0, NAN)),
        ((5.0, INF), (1.0, 0.0)),
        ((-5.0, INF), (1.0, 0.0)),
        ((INF, 3.0), (1.0, NAN)),
        ((1.5, 3.0), (1.0, 0.0)),
    ],
    description="the remainder nearest to 0",
)
mod: Primitive = _division_like(
    "mod",
    operator.mod,
    lambda y, a, b: -floordiv(a, b),
    symbol="%",
    infix=True,
    precedence=PRODUCT,
    latex=(r"{0:2} \bmod {1:4}", PRODUCT),
    special_slopes=[
        ((-7.0, 3.0), (1.0, 3.0)),
        ((6.0, 3.0), (1.0, -2.0)),
        ((1.0, 0.0), (1.0, -INF)),
        ((0.0, 0.0), (1.0, NAN)),
        ((5.0, INF), (1.0, -0.0)),
        ((INF, 3.0), (1.0, NAN)),
    ],
    description="the remainder with the sign of b, Python's %",
)
floordiv: Primitive = primitive(
    "floordiv",
    operator.floordiv,
    piecewise_constant,
    piecewise_constant,
    symbol="//",
    infix=True,
    precedence=PRODUCT,
    latex=(r"\left\lfloor\frac{{{0}}}{{{1}}}\right\rfloor", ATOM),
    ieee=ieee.divide,
    domain=(REAL, NONZERO),
    smooth=Region((REAL, NONZERO), gap=lambda a, b: _to_step(a % b, b), note="no step there"),
    special_slopes=[
        ((6.0, 3.0), (0.0, 0.0)),
        ((1.0, 0.0), (0.0, 0.0)),
        ((0.0, 0.0), (0.0, 0.0)),
        ((-5.0, INF), (0.0, 0.0)),
    ],
)
fraction: Primitive = primitive(
    "fraction",
    lambda x: math.modf(x)[0],
    1.0,
    symbol="frac",
    smooth=NONINTEGER,
    special_slopes=[(1.0, 1.0), (INF, 1.0), (-INF, 1.0), (-1.0, 1.0), (0.0, 1.0)],
    description="the part after the point, with the sign of x",
)
ldexp: Primitive = primitive(
    "ldexp",
    lambda x, n: math.ldexp(x, int(n)),
    lambda y, x, n: ldexp(1.0, n),
    piecewise_constant,
    latex=(r"{0:2} \cdot 2^{{{1}}}", PRODUCT),
    ieee=lambda x, n: NAN if n != n else math.copysign(INF if n > 0.0 else 0.0, x) if x and x == x else x,
    domain=(REAL, Domain(Interval(-2200, 2200, integers="only"))),
)


def _nextafter(x: float, to: float, steps: float) -> float:
    # Floats of one sign are ordered as their bits are; with the sign folded in, all are.
    if x != x or not steps:
        return x
    if to != to:
        return NAN
    here, there = _rank(x), _rank(to)
    if here == there or builtins.abs(here - there) < steps:
        return to
    if not steps > 0.0:
        return NAN
    rank = here + int(steps) if there > here else here - int(steps)
    return math.copysign(struct.unpack("<d", struct.pack("<q", builtins.abs(rank)))[0], rank or x)


def _rank(x: float) -> int:
    bits: int = struct.unpack("<q", struct.pack("<d", math.fabs(x)))[0]
    return -bits if x < 0.0 else bits


nextafter: Primitive = primitive(
    "nextafter",
    _nextafter,
    1.0,
    piecewise_constant,
    piecewise_constant,
    domain=(REAL, REAL, Domain(Interval(0, 4, integers="only"))),
    smooth=Region((REAL, REAL, Domain(Interval(0, 4, integers="only"))), gap=difference, note="x ≠ to"),
    special_slopes=[((1.0, 1.0, 1.0), (1.0, 0.0, 0.0))],
    description="so many floats from x on towards `to`",
)
ulp: Primitive = primitive(
    "ulp",
    math.ulp,
    piecewise_constant,
    special_slopes=[(1.0, 0.0), (INF, 0.0), (-INF, 0.0)],
    description="the unit in the last place of x",
)
