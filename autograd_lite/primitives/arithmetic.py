"""Arithmetic, and what a graph is kept by: constants, copies, stopped gradients."""

from __future__ import annotations

import math
import operator
import sys

from ..numerics import ieee, special
from ..numerics.domains import INF, NONZERO, REAL
from .primitive import ATOM, NAN, POWER, PRODUCT, SIGN, SUM, Primitive, first, piecewise_constant, primitive, second

_GREATEST = sys.float_info.max


# ---- arithmetic ------------------------------------------------------------------------------------------------------

add: Primitive = primitive(
    "add",
    operator.add,
    1.0,
    1.0,
    commutative=True,
    symbol="+",
    infix=True,
    precedence=SUM,
    latex=("{0:1} + {1:2}", SUM),
    neutral=(-0.0, -0.0),
    special_slopes=[((INF, 1.0), (1.0, 1.0)), ((INF, -INF), (1.0, 1.0)), ((0.0, INF), (1.0, 1.0))],
)
sub: Primitive = primitive(
    "sub",
    operator.sub,
    1.0,
    -1.0,
    symbol="−",
    infix=True,
    precedence=SUM,
    latex=("{0:1} - {1:2}", SUM),
    neutral=(None, 0.0),
    special_slopes=[((INF, 1.0), (1.0, -1.0)), ((INF, -INF), (1.0, -1.0)), ((0.0, INF), (1.0, -1.0))],
)
mul: Primitive = primitive(
    "mul",
    operator.mul,
    second,
    first,
    commutative=True,
    symbol="×",
    infix=True,
    precedence=PRODUCT,
    latex=(r"{0:2} \cdot {1:4}", PRODUCT),
    neutral=(1.0, 1.0),
    special_slopes=[((INF, 1.0), (1.0, INF)), ((INF, -INF), (-INF, INF)), ((0.0, INF), (INF, 0.0))],
    stable_forms=[
        ("x * log(y)", "xlogy(x, y)"),
        ("x * (log(y) - z)", "xlogy(x, y) - x * z"),
        ("x * log1p(y)", "xlog1py(x, y)"),
        ("x * log2(y)", "xlogy(x, y) / log(2)"),
        ("sqrt(x) * sqrt(x)", "x"),
        ("x * sqrt(x)", "x ** 1.5"),
        ("x * x ** 0.5", "x ** 1.5"),
        ("exp(x) * exp(y)", "exp(x + y)"),
        ("x * (1 / (1 + exp(-x)))", "silu(x)"),
    ],
)
div: Primitive = primitive(
    "div",
    operator.truediv,
    lambda y, a, b: 1.0 / b,
    lambda y, a, b: -y / b,
    symbol="÷",
    infix=True,
    precedence=PRODUCT,
    latex=(r"\frac{{{0}}}{{{1}}}", POWER),
    ieee=ieee.divide,
    neutral=(None, 1.0),
    domain=(REAL, NONZERO),
    special_slopes=[
        ((1.0, 0.0), (INF, -INF)),
        ((-1.0, 0.0), (INF, INF)),
        ((1.0, -0.0), (-INF, -INF)),
        ((0.0, 0.0), (INF, NAN)),
        ((1.0, INF), (0.0, -0.0)),
        ((INF, 2.0), (0.5, -INF)),
        ((INF, INF), (0.0, NAN)),
        ((-0.0, 0.0), (INF, NAN)),
    ],
    intermediates=lambda y, a, b: (y,),
    note="its slope by the divisor is −y/b",
    stable_forms=[
        ("1 / (1 / x)", "x"),
        ("x / abs(x)", "sign(x)"),
        ("x / sqrt(x ** 2)", "sign(x)"),
        ("1 / (1 + exp(x))", "sigmoid(-x)"),
        ("1 / (1 + exp(-x))", "sigmoid(x)"),
        ("exp(x) / (1 + exp(x))", "sigmoid(x)"),
        ("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", "tanh(x)"),
        ("exp(x) / exp(y)", "exp(x - y)"),
        ("exp(x) / fsum([exp(y) for y in xs])", "exp(x - logsumexp(xs))"),
        ("gamma(x) / gamma(y)", "exp(lgamma(x) - lgamma(y))"),
        ("sin(x) / x", "sinc(x / pi)"),
        ("(1 - cos(x)) / x", "sin(x / 2) * sinc(x / (2 * pi))"),
        ("(1 - cos(x)) / x ** 2", "sinc(x / (2 * pi)) ** 2 / 2"),
        ("(exp(x) - 1) / x", "where(abs(x) > 1e-5, expm1(x) / x, 1 + x / 2 + x * x / 6)"),
        ("expm1(x) / x", "where(abs(x) > 1e-5, expm1(x) / x, 1 + x / 2 + x * x / 6)"),
        ("x / (exp(x) - 1)", "where(abs(x) > 1e-5, x / expm1(x), 1 - x / 2 + x * x / 12)"),
        ("log(1 + x) / x", "where(abs(x) > 1e-5, log1p(x) / x, 1 - x / 2 + x * x / 3)"),
        ("log1p(x) / x", "where(abs(x) > 1e-5, log1p(x) / x, 1 - x / 2 + x * x / 3)"),
    ],
)
neg: Primitive = primitive(
    "neg",
    operator.neg,
    -1.0,
    symbol="−",
    precedence=SIGN,
    latex=("-{0:2}", SUM),
    special_slopes=[(INF, -1.0), (-INF, -1.0)],
)
fma: Primitive = primitive(
    "fma", special.fma, lambda y, a, b, c: b, lambda y, a, b, c: a, 1.0, latex=(r"{0:2} \cdot {1:4} + {2:2}", SUM)
)


offset: Primitive = primitive(
    "offset",
    lambda x, top: 0.0 if x == top else -_GREATEST if x - top < -_GREATEST else x - top,
    1.0,
    -1.0,
    symbol="−",
    infix=True,
    special_slopes=[((INF, INF), (1.0, -1.0)), ((-INF, -INF), (1.0, -1.0)), ((1.0, 2.0), (1.0, -1.0))],
    description="x − top, for a top that bounds x: equal infinities differ by 0; the shift of logsumexp",
)
ratio: Primitive = primitive(
    "ratio",
    lambda x, h: math.copysign(1.0, x) if x - x and h - h and x == x and h == h else x / h if h or x else 0.0,
    lambda y, x, h: 1.0 / h,
    lambda y, x, h: -y / h,
    symbol="÷",
    infix=True,
    precedence=PRODUCT,
    latex=(r"\frac{{{0}}}{{{1}}}", POWER),
    ieee=ieee.divide,
    domain=(REAL, NONZERO),
    special_slopes=[((0.0, 0.0), (INF, NAN)), ((INF, INF), (0.0, -0.0)), ((1.0, 0.0), (INF, -INF))],
    intermediates=lambda y, x, h: (y,),
    note="as div",
    description="x/h where h bounds |x|, a direction cosine: 0/0 is 0 and inf/inf is 1",
)

# ---- bookkeeping -----------------------------------------------------------------------------------------------------

constant: Primitive = primitive("constant", lambda: NAN)  # a number in an expression: a node without a gradient
identity: Primitive = primitive(
    "identity", lambda x: x, 1.0, symbol="=", latex=("{0:6}", ATOM), special_slopes=[(INF, 1.0), (-INF, 1.0)]
)
stop_gradient: Primitive = primitive(
    "stop_gradient",
    lambda x: x,
    piecewise_constant,
    no_path_reason="stopped",
    symbol="stop",
    special_slopes=[(INF, 0.0), (-INF, 0.0)],
)
