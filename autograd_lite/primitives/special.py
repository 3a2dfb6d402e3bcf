"""Special functions: activations, probability, the gamma family, sinc. `numerics.special` has their values."""

from __future__ import annotations

import math

from ..numerics import special
from ..numerics.domains import INF, POSITIVE, REAL, Domain, Interval
from .arithmetic import fma
from .elementary import slope_of_log
from .piecewise import abs, limit_product
from .primitive import CALL, NAN, POWER, Primitive, piecewise_constant, primitive

_ORDER = Domain(Interval(0, 4, integers="only"))

# ---- neural networks, probability ------------------------------------------------------------------------------------

sigmoid: Primitive = primitive(
    "sigmoid",
    special.sigmoid,
    lambda y, x: y * sigmoid(-x),
    symbol="σ",
    special_slopes=[(0.0, 0.25), (INF, 0.0), (-INF, 0.0)],
)
softplus: Primitive = primitive(
    "softplus",
    special.softplus,
    lambda y, x: sigmoid(x),
    special_slopes=[(0.0, 0.5), (INF, 1.0), (-INF, 0.0)],
    note="a primitive: log(1 + exp(x)) overflows, and cancels far below 0",
    description="ln(1 + eˣ)",
)
silu: Primitive = primitive(
    "silu",
    special.silu,
    lambda y, x: silu_derivative(x, 1.0),
    special_slopes=[(0.0, 0.5), (INF, 1.0), (-INF, 0.0)],
    note="a primitive, not x·σ(x): that is nan at −inf, as its slope is at inf",
    description="x·σ(x)",
)
silu_derivative: Primitive = primitive(
    "silu_derivative",
    special.silu_derivative,
    lambda y, x, n: silu_derivative(x, n + 1.0),
    piecewise_constant,
    domain=(REAL, _ORDER),
    special_slopes=[((0.0, 1.0), (0.5, 0.0)), ((INF, 1.0), (0.0, 0.0))],
    ulps=16.0,
    note="a sum whose terms may cancel to a quarter before it is taken in many digits",
    description="the n-th derivative of silu",
)
gelu: Primitive = primitive(
    "gelu",
    special.gelu,
    lambda y, x: gelu_slope(x),
    special_slopes=[(0.0, 0.5), (INF, 1.0), (-INF, 0.0)],
    ulps=6.0,
    note="a primitive, not x·Φ(x): that is nan at −inf, as its slope is at inf; Φ(x) + x·φ(x) half cancels around −1.6",
    description="x·Φ(x)",
)
gelu_slope: Primitive = primitive(
    "gelu_slope",
    special.gelu_slope,
    lambda y, x: limit_product(norm_pdf(x), fma(-x, x, 2.0)),
    special_slopes=[(0.0, 0.7978845608028654), (INF, 0.0), (-INF, 0.0)],
    intermediates=lambda y, x: (norm_pdf(x),),
    ulps=6.0,
    note="a primitive: a difference, by a series around its zero; its slope is a multiple of φ(x)",
    description="the derivative of gelu",
)
softsign: Primitive = primitive(
    "softsign",
    lambda x: x / (1.0 + math.fabs(x)) if x - x == 0.0 or x != x else math.copysign(1.0, x),
    lambda y, x: 1.0 / (1.0 + abs(x)) / (1.0 + abs(x)),
    special_slopes=[(0.0, 1.0), (INF, 0.0), (-INF, 0.0)],
    note="a primitive, not x/(1 + |x|): that is nan at infinity, and its slope would cancel",
    description="x/(1 + |x|)",
)
logit: Primitive = primitive(
    "logit",
    special.logit,
    lambda y, p: slope_of_log(p * (1.0 - p)),
    domain=Domain(Interval(0, 1, open_low=True, open_high=True)),
    special_slopes=[(0.5, 4.0), (0.0, INF), (1.0, INF), (2.0, NAN), (INF, NAN), (-INF, NAN)],
    note="a primitive: log(p / (1 - p)) cancels at 1/2",
    description="ln(p/(1 − p))",
)
logaddexp: Primitive = primitive(
    "logaddexp",
    special.logaddexp,
    lambda y, a, b: softmax2(a, b),
    lambda y, a, b: softmax2(b, a),
    commutative=True,
    special_slopes=[
        ((0.0, 0.0), (0.5, 0.5)),
        ((1000.0, -1000.0), (1.0, 0.0)),
        ((INF, 0.0), (1.0, 0.0)),
        ((-INF, -INF), (0.5, 0.5)),
        ((INF, INF), (0.5, 0.5)),
        ((-INF, 3.0), (0.0, 1.0)),
    ],
    note="a primitive: exp would overflow",
    description="ln(eᵃ + eᵇ)",
)
softmax2: Primitive = primitive(
    "softmax2",
    special.softmax2,
    lambda y, a, b: y * softmax2(b, a),
    lambda y, a, b: -(y * softmax2(b, a)),
    special_slopes=[
        ((0.0, 0.0), (0.25, -0.25)),
        ((INF, 0.0), (0.0, 0.0)),
        ((-INF, -INF), (0.25, -0.25)),
        ((INF, INF), (0.25, -0.25)),
        ((0.0, INF), (0.0, -0.0)),
    ],
    note="a primitive: sigmoid(a − b) would multiply the rounding of a − b by its size",
    description="eᵃ/(eᵃ + eᵇ), of two numbers' softmax the first",
)
gauss: Primitive = primitive(
    "gauss",
    special.gauss,
    lambda y, x: -2.0 * limit_product(y, x),
    display_template="exp(−{0}²)",
    latex=(r"\mathrm{{e}}^{{-{0:6}^{{2}}}}", POWER),
    special_slopes=[(0.0, 0.0), (INF, 0.0), (-INF, 0.0)],
    intermediates=lambda y, x: (y,),
    note="its slope is a multiple of it",
)
erf: Primitive = primitive(
    "erf", math.erf, lambda y, x: 2.0 / math.sqrt(math.pi) * gauss(x), special_slopes=[(INF, 0.0), (-INF, 0.0)]
)
erfc: Primitive = primitive(
    "erfc", math.erfc, lambda y, x: -2.0 / math.sqrt(math.pi) * gauss(x), special_slopes=[(INF, 0.0), (-INF, 0.0)]
)
erfinv: Primitive = primitive(
    "erfinv",
    special.erfinv,
    lambda y, x: erfinv_slope(x),
    domain=Domain(Interval(-1, 1, open_low=True, open_high=True)),
    special_slopes=[(1.0, INF), (-1.0, INF), (2.0, NAN), (INF, NAN), (-INF, NAN)],
    description="the inverse of erf",
)
erfinv_slope: Primitive = primitive(
    "erfinv_slope",
    special.erfinv_slope,
    lambda y, x: 2.0 * erfinv(x) * y * y,
    domain=Domain(Interval(-1, 1, open_low=True, open_high=True)),
    special_slopes=[(0.0, 0.0), (1.0, INF), (-1.0, -INF), (2.0, NAN), (INF, NAN), (-INF, NAN)],
    ulps=8.0,
    note="a primitive: exp(erfinv(x)²) would multiply the rounding of erfinv(x); its slope has the square of it",
    description="the derivative of erfinv",
)
norm_pdf: Primitive = primitive(
    "norm_pdf",
    special.norm_pdf,
    lambda y, x: -limit_product(y, x),
    symbol="φ",
    special_slopes=[(0.0, 0.0), (INF, 0.0), (-INF, 0.0)],
    intermediates=lambda y, x: (y,),
    note="its slope is a multiple of it",
    description="the density of the normal distribution",
)
norm_cdf: Primitive = primitive(
    "norm_cdf",
    special.norm_cdf,
    lambda y, x: norm_pdf(x),
    symbol="Φ",
    special_slopes=[(INF, 0.0), (-INF, 0.0)],
    description="the normal distribution's cumulative probability",
)

# ---- the gamma family, sinc ------------------------------------------------------------------------------------------

_GAMMA = POSITIVE | Domain(Interval(high=0, open_high=True, integers="never"))

gamma: Primitive = primitive(
    "gamma",
    special.gamma,
    lambda y, x: y * digamma(x),
    symbol="Γ",
    domain=_GAMMA,
    special_slopes=[(-1.0, NAN), (INF, INF), (-INF, NAN), (0.0, -INF), (-0.0, -INF)],
    ulps=8.0,
    intermediates=lambda y, x: (y,),
    note="its slope is a multiple of it",
)
lgamma: Primitive = primitive(
    "lgamma",
    special.lgamma,
    lambda y, x: digamma(x),
    symbol="ln|Γ|",
    latex=(r"\ln\left|\Gamma\left({0}\right)\right|", CALL),
    domain=_GAMMA,
    special_slopes=[(0.0, -INF), (-0.0, INF), (-1.0, NAN), (INF, INF), (-INF, NAN)],
    ulps=8.0,
)
digamma: Primitive = primitive(
    "digamma",
    special.digamma,
    lambda y, x: polygamma(1.0, x),
    symbol="ψ",
    domain=_GAMMA,
    special_slopes=[(-1.0, INF), (INF, 0.0), (-INF, NAN), (0.0, INF), (-0.0, INF)],
    ulps=8.0,
)
polygamma: Primitive = primitive(
    "polygamma",
    special.polygamma,
    piecewise_constant,
    lambda y, n, x: polygamma(n + 1.0, x),
    symbol="ψ⁽ⁿ⁾",
    latex=(r"\psi^{{\left({0}\right)}}\left({1}\right)", CALL),
    domain=(_ORDER, _GAMMA),
    ulps=8.0,
    special_slopes=[
        ((0.0, 0.0), (0.0, INF)),
        ((0.0, -0.0), (0.0, INF)),
        ((0.0, -1.0), (0.0, INF)),
        ((1.0, 0.0), (0.0, -INF)),
        ((1.0, -0.0), (0.0, INF)),
        ((1.0, -1.0), (0.0, NAN)),
        ((2.0, 0.0), (0.0, INF)),
        ((2.0, -0.0), (0.0, INF)),
        ((2.0, -1.0), (0.0, INF)),
    ],
)
sinc: Primitive = primitive(
    "sinc",
    special.sinc,
    lambda y, x: sinc_derivative(x, 1.0),
    special_slopes=[(0.0, 0.0), (INF, 0.0), (-INF, 0.0)],
    description="sin(πx)/(πx), 1 at 0",
)
sinc_derivative: Primitive = primitive(
    "sinc_derivative",
    special.sinc_derivative,
    lambda y, x, n: sinc_derivative(x, n + 1.0),
    piecewise_constant,
    domain=(REAL, _ORDER),
    ulps=16.0,
    special_slopes=[((0.0, 0.0), (0.0, 0.0)), ((0.0, 1.0), (-3.289868133696453, 0.0)), ((INF, 1.0), (0.0, 0.0))],
    note="a difference that may cancel to an eighth before it is taken in many digits",
    description="the n-th derivative of sinc",
)
