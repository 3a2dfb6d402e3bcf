"""Primitives with kinks, ties and choices: |x|, relu, sign, comparisons, maximum, minimum, where, copysign.

Where one selects among its arguments, `choices` says which is chosen: an argument that is not gets no term.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..numerics.domains import INF, NONZERO, REAL, Region
from .primitive import ATOM, CALL, COMPARISON, NAN, Primitive, piecewise_constant, primitive


def limit_product(g: Any, d: Any) -> Any:
    """g·d, and 0 where g is 0 and d is not finite: for a factor of a formula whose limit there is 0, chosen as such."""
    if type(g) is float and (g or type(d) is float):
        return g * d if g or d - d == 0.0 else 0.0
    if type(g) is float:
        return 0.0
    product = g * d
    return where(equal(g, 0.0), where(equal(d - d, 0.0), product, 0.0), product)


# ---- kinks and choices -----------------------------------------------------------------------------------------------


def difference(a: float, b: float, *rest: float) -> float:
    return 0.0 if a == b else a - b  # infinities tie too


_UNTIED = Region((REAL, REAL), gap=difference, note="a ≠ b")

abs: Primitive = primitive(
    "abs",
    abs,
    lambda y, x: sign(x),
    display_template="|{0}|",
    latex=(r"\left|{0}\right|", ATOM),
    smooth=NONZERO,
    special_slopes=[(0.0, 0.0), (-0.0, 0.0), (INF, 1.0), (-INF, -1.0)],
)
relu: Primitive = primitive(
    "relu",
    lambda x: x if x > 0.0 or x != x else 0.0,
    lambda y, x: step(x),
    smooth=NONZERO,
    special_slopes=[(0.0, 0.0), (-0.0, 0.0), (NAN, NAN), (INF, 1.0), (-INF, 0.0)],
    choices=(lambda y, x: (less_equal(x, 0.0), False, step(x)),),
)
step: Primitive = primitive(
    "step",
    lambda x: 1.0 if x > 0.0 else x if x != x else 0.0,
    piecewise_constant,
    smooth=NONZERO,
    special_slopes=[(0.0, 0.0), (INF, 0.0), (-INF, 0.0)],
    description="the slope of relu: 1 above 0, else 0",
)
sign: Primitive = primitive(
    "sign",
    lambda x: three_way(x, 0.0),
    piecewise_constant,
    symbol="sgn",
    smooth=NONZERO,
    special_slopes=[(0.0, 0.0), (-0.0, 0.0), (INF, 0.0), (-INF, 0.0)],
)
three_way: Primitive = primitive(
    "three_way",
    lambda a, b: 1.0 if a > b else -1.0 if a < b else 0.0 if a == b else NAN,
    piecewise_constant,
    piecewise_constant,
    symbol="≷",
    infix=True,
    precedence=COMPARISON,
    latex=(r"\operatorname{{sgn}}\left({0:1} - {1:2}\right)", CALL),
    smooth=_UNTIED,
    special_slopes=[((1.0, 1.0), (0.0, 0.0))],
    description="1, 0 or −1 as a is greater than, equal to or less than b; nan where one is",
)


def _comparison(name: str, symbol: str, value: Callable[..., float]) -> Primitive:
    # What a comparison of numbers without a value yet, such as a compiler's, becomes. Floats and Values are compared at
    # once, by Python's operators.
    return primitive(
        name,
        value,
        piecewise_constant,
        piecewise_constant,
        symbol=symbol,
        infix=True,
        precedence=COMPARISON,
        result_type=bool,
        smooth=_UNTIED,
        special_slopes=[((1.0, 1.0), (0.0, 0.0)), ((NAN, 1.0), (0.0, 0.0))],
    )


less: Primitive = _comparison("less", "<", lambda a, b: 1.0 if a < b else 0.0)
less_equal: Primitive = _comparison("less_equal", "≤", lambda a, b: 1.0 if a <= b else 0.0)
equal: Primitive = _comparison("equal", "==", lambda a, b: 1.0 if a == b else 0.0)
unequal: Primitive = _comparison("unequal", "≠", lambda a, b: 1.0 if a != b else 0.0)
maximum: Primitive = primitive(
    "maximum",
    lambda a, b: a if a > b or a != a else a + b if a == b == 0.0 else b,
    lambda y, a, b: 0.5 + 0.5 * three_way(a, b),
    lambda y, a, b: 0.5 + 0.5 * three_way(b, a),
    commutative=True,
    symbol="max",
    smooth=_UNTIED,
    special_slopes=[
        ((1.0, 1.0), (0.5, 0.5)),
        ((0.0, -0.0), (0.5, 0.5)),
        ((INF, INF), (0.5, 0.5)),
        ((NAN, 1.0), (NAN, NAN)),
        ((1.0, NAN), (NAN, NAN)),
        ((-0.0, 0.0), (0.5, 0.5)),
        ((INF, 1.0), (1.0, 0.0)),
        ((-INF, 1.0), (0.0, 1.0)),
    ],
    choices=(
        lambda y, a, b: (less(a, b), False, 0.5 + 0.5 * three_way(a, b)),
        lambda y, a, b: (less(b, a), False, 0.5 + 0.5 * three_way(b, a)),
    ),
)
minimum: Primitive = primitive(
    "minimum",
    lambda a, b: a if a < b or a != a else -(-a - b) if a == b == 0.0 else b,
    lambda y, a, b: 0.5 + 0.5 * three_way(b, a),
    lambda y, a, b: 0.5 + 0.5 * three_way(a, b),
    commutative=True,
    symbol="min",
    smooth=_UNTIED,
    special_slopes=[
        ((1.0, 1.0), (0.5, 0.5)),
        ((0.0, -0.0), (0.5, 0.5)),
        ((-INF, -INF), (0.5, 0.5)),
        ((NAN, 1.0), (NAN, NAN)),
        ((1.0, NAN), (NAN, NAN)),
        ((-0.0, 0.0), (0.5, 0.5)),
        ((INF, 1.0), (0.0, 1.0)),
        ((-INF, 1.0), (1.0, 0.0)),
    ],
    choices=(
        lambda y, a, b: (less(b, a), False, 0.5 + 0.5 * three_way(b, a)),
        lambda y, a, b: (less(a, b), False, 0.5 + 0.5 * three_way(a, b)),
    ),
)
where: Primitive = primitive(
    "where",
    lambda c, a, b: a if c else b,
    piecewise_constant,
    lambda y, c, a, b: where(c, 1.0, 0.0),
    lambda y, c, a, b: where(c, 0.0, 1.0),
    arg_types=(bool, float, float),
    no_path_reason="a condition",
    rewrite=lambda c, a, b: a if a is b or (type(a) is type(b) is float and a.hex() == b.hex()) else None,
    smooth=(NONZERO, REAL, REAL),
    special_slopes=[
        ((1.0, 2.0, 3.0), (0.0, 1.0, 0.0)),
        ((0.0, 2.0, 3.0), (0.0, 0.0, 1.0)),
        ((NAN, 2.0, 3.0), (0.0, 1.0, 0.0)),
        ((-0.0, 2.0, 3.0), (0.0, 0.0, 1.0)),
        ((1.0, 2.0, INF), (0.0, 1.0, 0.0)),
        ((0.0, NAN, 3.0), (0.0, 0.0, 1.0)),
    ],
    choices=(None, lambda y, c, a, b: (c, True, 1.0), lambda y, c, a, b: (c, False, 1.0)),
)
copysign: Primitive = primitive(
    "copysign",
    math.copysign,
    lambda y, a, b: sign(a) * copysign(1.0, b),
    piecewise_constant,
    smooth=(NONZERO, NONZERO),
    special_slopes=[
        ((0.0, -1.0), (0.0, 0.0)),
        ((2.0, -0.0), (-1.0, 0.0)),
        ((-2.0, 0.0), (-1.0, 0.0)),
        ((0.0, 1.0), (0.0, 0.0)),
        ((-0.0, 1.0), (0.0, 0.0)),
        ((INF, -1.0), (-1.0, 0.0)),
    ],
    description="|a| with the sign of b",
)
