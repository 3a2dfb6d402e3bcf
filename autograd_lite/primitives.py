"""The table of primitives: every fact about an operation stands here, in one row, and everything else reads the row.

A row holds the operation's value on floats, one local derivative per argument (given the output ``y`` first, then the
arguments), its symbol, where it is defined, where it is smooth, and its derivatives at each kink, tie and edge.
Local derivatives are written in the primitives themselves: on floats they give floats, on any other kind of number
(`Value`, a compiler's tracer) they build that kind. Formulas: NIST's Digital Library of Mathematical Functions;
at a kink the rule is that of docs/conventions. Imports the domains, IEEE 754's results and the special functions.
"""

from __future__ import annotations

import builtins
import math
import operator
import struct
import sys
from collections.abc import Callable, Sequence
from typing import Any

from . import ieee, special
from .domains import (
    INF,
    INTEGER,
    NEGATIVE,
    NONINTEGER,
    NONNEGATIVE,
    NONZERO,
    POSITIVE,
    REAL,
    SYMMETRIC_UNIT,
    ZERO,
    Domain,
    Interval,
    Region,
    region,
)

NAN = math.nan
_LN2, _LN10 = math.log(2.0), math.log(10.0)
_GREATEST = sys.float_info.max
Point = tuple[float, ...]
COMPARISON, SUM, PRODUCT, SIGN, POWER, CALL, ATOM = range(7)  # precedences


class Primitive:
    """One row of the table: an operation with its local derivatives.

    Called with floats it gives a float, by IEEE 754 and without a report. Called with anything whose type has an
    ``__apply__(primitive, args)``, it hands itself over to that.

    >>> from autograd_lite.primitives import log, mul
    >>> log(0.0), mul.symbol, mul.derivative(0)(6.0, 2.0, 3.0)
    (-inf, '×', 3.0)
    >>> mul.slopes((6.0, 2.0, 3.0))
    [3.0, 2.0]
    """

    __slots__ = (
        "arities",
        "around",
        "at",
        "choices",
        "commutes",
        "crossed",
        "cuts",
        "derivatives",
        "domain",
        "each",
        "flat",
        "gives",
        "ieee",
        "infix",
        "instead",
        "latex",
        "means",
        "name",
        "neutral",
        "note",
        "numbers",
        "precedence",
        "selects",
        "simpler",
        "smooth",
        "spelled",
        "still",
        "symbol",
        "takes",
        "through",
        "ulps",
        "value",
    )

    def __init__(
        self,
        name: str,
        value: Callable[..., float],
        *derivatives: Callable[..., Any] | float,
        each: Callable[..., Sequence[Any]] | None = None,
        arities: Sequence[int] = range(1, 5),
        symbol: str | None = None,
        around: str = "",
        commutes: bool = False,
        infix: bool = False,
        precedence: int = CALL,
        latex: tuple[str, int] | None = None,
        ieee: Callable[..., float] | None = None,
        domain: Domain | tuple[Domain, ...] | Region = REAL,
        smooth: Domain | tuple[Domain, ...] | Region | None = None,
        at: Sequence[tuple[float | Point, float | Point]] = (),
        choices: Sequence[Callable[..., tuple[Any, bool, Any]] | None] = (),
        neutral: Sequence[float | None] = (),
        instead: Sequence[tuple[str, str]] = (),
        spelled: Callable[..., Any] | None = None,
        simpler: Callable[..., Any] | None = None,
        still: str | None = None,
        takes: tuple[type, ...] = (),
        gives: type = float,
        through: Callable[..., tuple[float, ...]] | None = None,
        ulps: float = 4.0,
        note: str = "",
        means: str = "",
    ) -> None:
        self.name = name
        self.means = means  # in words, where the name does not say it
        self.value = value  # on floats; may raise where IEEE 754 has a result
        # One per argument, called with (y, *args); a number for one that is the same everywhere.
        self.derivatives = tuple([_always(by) if isinstance(by, float) else by for by in derivatives])
        # Of two arguments: the derivatives if they are numbers; whether each is the other argument.
        numbers = tuple([by for by in derivatives if isinstance(by, float)])
        self.numbers = numbers if len(numbers) == len(derivatives) == 2 else None
        self.crossed = derivatives == (_second, _first)
        self.each = each  # instead, for any number of arguments: the derivatives by all of them, at once
        self.arities = tuple(arities) if each else (len(derivatives),)  # numbers of arguments to try, where it has any
        self.around = around  # how it is written around its operand, "|{0}|", where it is not written before it
        self.symbol = symbol or around.format("x") or name  # in drawings
        self.commutes = commutes  # its arguments may change places: where they don't, drawings keep them in order
        self.infix = infix  # is written between its operands
        self.precedence = precedence  # how tightly it binds when written, as in Python: a sign not infix is a prefix
        # In LaTeX, where the symbol won't do: a template, and the precedence of what it makes. Its {0:2} is the
        # first argument, in parentheses unless its precedence is at least 2.
        self.latex = latex
        self.ieee = ieee or _nan  # the result where `value` raises
        self.domain = region(domain)  # where it has a value
        self.smooth = region(domain if smooth is None else smooth)  # where every derivative exists
        self.at = tuple(
            (_point(args), _point(slopes)) for args, slopes in at
        )  # its special points: a dict would merge ±0
        # Where the operation selects among its arguments: for each, given (y, *args), a truth, how it comes out where
        # the argument is chosen, and the derivative there. Elsewhere the derivative is 0 and there is no path.
        self.choices = tuple(choices) or (None,) * len(derivatives)
        self.flat = tuple([by is flat for by in derivatives])  # for each argument whether no path leads to it, ever
        self.still = still or f"{name} is constant between steps"  # why no path leads to where it is flat
        self.selects = any(self.choices)
        # For each argument whether no path leads to it where the derivative is 0.
        self.cuts = tuple([by is flat or chosen is not None for by, chosen in zip(derivatives, self.choices)])
        self.neutral = tuple(
            neutral
        )  # for each of two arguments the number with which the other is the result, bit by bit
        # Formulas that end in this operation and may make an inf or a nan of numbers that are fine, and what to write
        # in place of each, as a program has it. Letters are operands, `xs` those of a sum or a product.
        self.instead = tuple(instead)
        self.spelled = spelled  # about the same in operations that people write, for those that only derivatives use
        # For a program, given operands that are numbers (floats) or not yet: a simpler expression of the same value, as
        # near to the truth or nearer; None where there is none.
        self.simpler = simpler
        self.takes = takes  # float or bool for each argument, where not all are floats
        self.gives = gives  # bool: the value is a truth, 1.0 or 0.0
        # What the derivatives are computed from, given (y, *args), where it may under- or overflow though they do not:
        # they are only as good as said where these numbers are normal.
        self.through = through
        self.ulps = ulps  # value and local derivatives are this close to the truth
        self.note = note  # why, where that is not 4

    def derivative(self, i: int) -> Callable[..., Any]:
        """The local derivative by argument `i`: a function of the output and the arguments."""
        each = self.each
        return self.derivatives[i] if each is None else lambda *record: each(*record)[i]

    def slopes(self, record: tuple[Any, ...]) -> Sequence[Any]:
        """The local derivatives by all arguments, given the output and the arguments."""
        return [by(*record) for by in self.derivatives] if self.each is None else self.each(*record)

    def __call__(self, *args: Any) -> Any:
        for x in args:
            if type(x) is not float:
                apply = getattr(x, "__apply__", None)
                if apply is not None:
                    result = apply(self, args)
                    if result is not NotImplemented:
                        return result
        try:
            return self.value(*args)
        except (ArithmeticError, ValueError):
            return self.ieee(*args)

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str | tuple[Any, ...]:
        if table.get(self.name) is self:
            return row, (self.name,)
        return super().__reduce__()


def _always(number: float) -> Callable[..., float]:
    return lambda *record: number


def flat(y: Any, *args: Any) -> float:
    """The derivative by an argument in which an operation is constant, in pieces or everywhere: no path leads to it."""
    return 0.0


def _first(y: Any, a: Any, b: Any) -> Any:
    return a


def _second(y: Any, a: Any, b: Any) -> Any:
    return b


def _nan(*args: float) -> float:
    return NAN


def _inf(*args: float) -> float:
    return INF


def _point(x: float | Point) -> Point:
    return x if isinstance(x, tuple) else (x,)


table: dict[str, Primitive] = {}


def row(name: str) -> Primitive:
    """The row of that name."""
    return table[name]


def primitive(
    name: str, value: Callable[..., float], *derivatives: Callable[..., Any] | float, **columns: Any
) -> Primitive:
    """Add a row to the table."""
    table[name] = Primitive(name, value, *derivatives, **columns)
    return table[name]


# ---- arithmetic ------------------------------------------------------------------------------------------------------

add: Primitive = primitive(
    "add",
    operator.add,
    1.0,
    1.0,
    commutes=True,
    symbol="+",
    infix=True,
    precedence=SUM,
    latex=("{0:1} + {1:2}", SUM),
    neutral=(-0.0, -0.0),
    at=[((INF, 1.0), (1.0, 1.0)), ((INF, -INF), (1.0, 1.0)), ((0.0, INF), (1.0, 1.0))],
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
    at=[((INF, 1.0), (1.0, -1.0)), ((INF, -INF), (1.0, -1.0)), ((0.0, INF), (1.0, -1.0))],
)
mul: Primitive = primitive(
    "mul",
    operator.mul,
    _second,
    _first,
    commutes=True,
    symbol="×",
    infix=True,
    precedence=PRODUCT,
    latex=(r"{0:2} \cdot {1:4}", PRODUCT),
    neutral=(1.0, 1.0),
    at=[((INF, 1.0), (1.0, INF)), ((INF, -INF), (-INF, INF)), ((0.0, INF), (INF, 0.0))],
    instead=[
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
    at=[
        ((1.0, 0.0), (INF, -INF)),
        ((-1.0, 0.0), (INF, INF)),
        ((1.0, -0.0), (-INF, -INF)),
        ((0.0, 0.0), (INF, NAN)),
        ((1.0, INF), (0.0, -0.0)),
        ((INF, 2.0), (0.5, -INF)),
        ((INF, INF), (0.0, NAN)),
        ((-0.0, 0.0), (INF, NAN)),
    ],
    through=lambda y, a, b: (y,),
    note="its slope by the divisor is −y/b",
    instead=[
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
    at=[(INF, -1.0), (-INF, -1.0)],
)
fma: Primitive = primitive(
    "fma",
    special.fma,
    lambda y, a, b, c: b,
    lambda y, a, b, c: a,
    1.0,
    latex=(r"{0:2} \cdot {1:4} + {2:2}", SUM),
)


def _limit_product(g: Any, d: Any) -> Any:
    """g·d, and 0 where g is 0 and d is not finite: for a factor of a formula whose limit there is 0, chosen as such."""
    if type(g) is float and (g or type(d) is float):
        return g * d if g or d - d == 0.0 else 0.0
    if type(g) is float:
        return 0.0
    product = g * d
    return where(equal(g, 0.0), where(equal(d - d, 0.0), product, 0.0), product)


offset: Primitive = primitive(
    "offset",
    lambda x, top: 0.0 if x == top else -_GREATEST if x - top < -_GREATEST else x - top,
    1.0,
    -1.0,
    symbol="−",
    infix=True,
    at=[((INF, INF), (1.0, -1.0)), ((-INF, -INF), (1.0, -1.0)), ((1.0, 2.0), (1.0, -1.0))],
    means="x − top, for a top that bounds x: equal infinities differ by 0; the shift of logsumexp",
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
    at=[((0.0, 0.0), (INF, NAN)), ((INF, INF), (0.0, -0.0)), ((1.0, 0.0), (INF, -INF))],
    through=lambda y, x, h: (y,),
    note="as div",
    means="x/h where h bounds |x|, a direction cosine: 0/0 is 0 and inf/inf is 1",
)

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
    return where(less(0.0, a), _limit_product(y, log(a)), at_zero)


_POWER = Region((POSITIVE, REAL), (NEGATIVE, INTEGER), (ZERO, NONNEGATIVE))
_POWER_SMOOTH = Region((POSITIVE, REAL))

pow: Primitive = primitive(
    "pow",
    math.pow,
    lambda y, a, b: _limit_product(b, shifted_pow(a, b, 1.0)),
    lambda y, a, b: _slope_by_exponent(y, a, b, 0.0),
    symbol="**",
    infix=True,
    precedence=POWER,
    latex=("{0:6}^{{{1}}}", POWER),
    neutral=(None, 1.0),
    ieee=ieee.power,
    domain=_POWER,
    smooth=_POWER_SMOOTH,
    at=[
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
    simpler=lambda a, b: _whole_power(a, b) if type(b) is float else None,
    through=lambda y, a, b: (y, shifted_pow(a, b, 1.0)),
    note="its slopes are b·aᵇ⁻¹ and y·ln a",
    instead=[
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
    lambda y, a, b, k: _limit_product(b - k, shifted_pow(a, b, k + 1.0)),
    _slope_by_exponent,
    flat,
    latex=("{0:6}^{{{1:1} - {2:2}}}", POWER),
    spelled=lambda a, b, k: a ** (b - k),
    ieee=lambda a, b, k: ieee.power(a, b - k),
    domain=(POSITIVE, REAL, Domain(Interval(0, 4, integers="only"))),
    simpler=lambda a, b, k: pow(a, b - k) if type(b) is type(k) is float and _shifts_exactly(b, k) else None,
    through=lambda y, a, b, k: (y, shifted_pow(a, b, k + 1.0)),
    note="divided by a, k times, where b−k would round",
    at=[
        ((0.0, 2.0, 1.0), (1.0, 0.0, 0.0)),
        ((0.0, 1.0, 1.0), (0.0, NAN, 0.0)),
        ((0.0, 0.5, 1.0), (-INF, NAN, 0.0)),
        ((-2.0, 3.0, 1.0), (-4.0, NAN, 0.0)),
        ((-2.0, 0.5, 1.0), (NAN, NAN, 0.0)),
        ((INF, 0.5, 1.0), (-0.0, 0.0, 0.0)),
    ],
    means="aᵇ⁻ᵏ with a small integer k: the derivatives of pow by its base, of every order",
)
sqrt: Primitive = primitive(
    "sqrt",
    math.sqrt,
    lambda y, x: 0.5 / (y + 0.0),  # + 0.0 makes the root of -0.0 a positive zero: the slope there is inf
    latex=(r"\sqrt{{{0}}}", ATOM),
    domain=NONNEGATIVE,
    smooth=POSITIVE,
    at=[(0.0, INF), (-0.0, INF), (INF, 0.0), (-1.0, NAN), (-INF, NAN)],
    instead=[
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
    at=[(0.0, INF), (-0.0, INF), (INF, 0.0), (-INF, 0.0)],
    instead=[
        ("cbrt(x ** 3)", "x"),
    ],
)
exp: Primitive = primitive(
    "exp",
    math.exp,
    lambda y, x: y,
    latex=(r"\mathrm{{e}}^{{{0}}}", POWER),
    ieee=_inf,
    at=[(-INF, 0.0), (INF, INF)],
    instead=[
        ("exp(log(x))", "x"),
        ("exp(x)", "exp(minimum(x, 709))"),
    ],
)
exp2: Primitive = primitive(
    "exp2", math.exp2, lambda y, x: y * _LN2, latex=("2^{{{0}}}", POWER), ieee=_inf, at=[(-INF, 0.0), (INF, INF)]
)
expm1: Primitive = primitive(
    "expm1", math.expm1, lambda y, x: exp(x), ieee=_inf, at=[(0.0, 1.0), (-INF, 0.0), (INF, INF)]
)
slope_of_log: Primitive = primitive(
    "slope_of_log",
    lambda x: 1.0 / x if x > 0.0 else INF if x == 0.0 else NAN,
    lambda y, x: -y * y,
    ieee=_inf,
    around="1/{0}",
    spelled=lambda x: 1.0 / x,
    latex=(r"\frac{{1}}{{{0}}}", POWER),
    domain=POSITIVE,
    at=[(0.0, -INF), (-0.0, -INF), (-1.0, NAN), (INF, 0.0), (-INF, NAN)],
    means="1/x where logarithms live: inf at 0 and nan below, as their slopes are",
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
    at=[(0.0, INF), (-0.0, INF), (INF, 0.0), (-1.0, NAN), (-INF, NAN)],
    instead=[
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
    at=[(0.0, INF), (-1.0, NAN), (INF, 0.0), (-INF, NAN)],
)
log10: Primitive = primitive(
    "log10",
    math.log10,
    lambda y, x: slope_of_log(x) / _LN10,
    latex=(r"\log_{{10}}\left({0}\right)", CALL),
    through=lambda y, x: (slope_of_log(x),),
    note="its slope is a part of 1/x",
    ieee=_log_ieee,
    domain=POSITIVE,
    at=[(0.0, INF), (-1.0, NAN), (INF, 0.0), (-INF, NAN)],
)
log1p: Primitive = primitive(
    "log1p",
    math.log1p,
    lambda y, x: slope_of_log(1.0 + x),
    ieee=lambda x: _log_ieee(1.0 + x),
    domain=Domain(Interval(-1, open_low=True)),
    at=[(0.0, 1.0), (-1.0, INF), (-2.0, NAN), (INF, 0.0), (-INF, NAN)],
    instead=[
        ("log1p(exp(x))", "softplus(x)"),
        ("log1p(-exp(x))", "log(-expm1(x))"),
    ],
)
xlogy: Primitive = primitive(
    "xlogy",
    lambda x, y: 0.0 if x == 0.0 and y >= 0.0 else x * math.log(y),
    lambda z, x, y: log(y),
    lambda z, x, y: _limit_product(x, slope_of_log(y)),
    ieee=lambda x, y: x * _log_ieee(y),
    domain=Region((REAL, POSITIVE), (ZERO, ZERO)),
    smooth=(REAL, POSITIVE),
    at=[
        ((0.0, 0.0), (-INF, 0.0)),
        ((1.0, 0.0), (-INF, INF)),
        ((1.0, -1.0), (NAN, NAN)),
        ((0.0, -1.0), (NAN, 0.0)),
        ((0.0, INF), (INF, 0.0)),
        ((INF, 1.0), (0.0, INF)),
    ],
    through=lambda z, x, y: (slope_of_log(y),),
    note="a row, not x*log(y): 0*log(0) is 0",
    means="x·ln(y), 0 at x = 0",
)
xlog1py: Primitive = primitive(
    "xlog1py",
    lambda x, y: 0.0 if x == 0.0 and y >= -1.0 else x * math.log1p(y),
    lambda z, x, y: log1p(y),
    lambda z, x, y: _limit_product(x, slope_of_log(1.0 + y)),
    ieee=lambda x, y: x * _log_ieee(1.0 + y),
    domain=Region((REAL, Domain(Interval(-1, open_low=True))), (ZERO, Domain(Interval(-1, -1)))),
    smooth=(REAL, Domain(Interval(-1, open_low=True))),
    at=[((0.0, -1.0), (-INF, 0.0)), ((1.0, -1.0), (-INF, INF)), ((1.0, -2.0), (NAN, NAN))],
    through=lambda z, x, y: (slope_of_log(1.0 + y),),
    note="a row, not x*log1p(y): 0*log1p(-1) is 0",
    means="x·ln(1 + y), 0 at x = 0",
)

# ---- trigonometry ----------------------------------------------------------------------------------------------------

sin: Primitive = primitive("sin", math.sin, lambda y, x: cos(x), at=[(0.0, 1.0), (INF, NAN), (-INF, NAN)])
cos: Primitive = primitive("cos", math.cos, lambda y, x: -sin(x), at=[(0.0, 0.0), (INF, NAN), (-INF, NAN)])
tan: Primitive = primitive("tan", math.tan, lambda y, x: 1.0 + y * y, at=[(0.0, 1.0), (INF, NAN), (-INF, NAN)])
asin: Primitive = primitive(
    "asin",
    math.asin,
    lambda y, x: 1.0 / sqrt((1.0 - x) * (1.0 + x)),
    latex=(r"\arcsin\left({0}\right)", CALL),
    domain=SYMMETRIC_UNIT,
    smooth=Domain(Interval(-1, 1, open_low=True, open_high=True)),
    at=[(1.0, INF), (-1.0, INF), (0.0, 1.0), (2.0, NAN), (INF, NAN), (-INF, NAN)],
)
acos: Primitive = primitive(
    "acos",
    math.acos,
    lambda y, x: -1.0 / sqrt((1.0 - x) * (1.0 + x)),
    latex=(r"\arccos\left({0}\right)", CALL),
    domain=SYMMETRIC_UNIT,
    smooth=Domain(Interval(-1, 1, open_low=True, open_high=True)),
    at=[(1.0, -INF), (-1.0, -INF), (0.0, -1.0), (2.0, NAN), (INF, NAN), (-INF, NAN)],
)
atan: Primitive = primitive(
    "atan",
    math.atan,
    lambda y, x: 1.0 / hypot(1.0, x) / hypot(1.0, x),
    latex=(r"\arctan\left({0}\right)", CALL),
    at=[(0.0, 1.0), (INF, 0.0), (-INF, 0.0)],
)
atan2: Primitive = primitive(
    "atan2",
    math.atan2,
    lambda z, y, x: ratio(x, hypot(x, y)) / hypot(x, y),
    lambda z, y, x: -ratio(y, hypot(x, y)) / hypot(x, y),
    smooth=Region((REAL, POSITIVE), (NONZERO, REAL)),
    at=[
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
    through=lambda z, y, x: (math.hypot(x, y), ratio(x, math.hypot(x, y)), ratio(y, math.hypot(x, y))),
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
    commutes=True,
    each=_direction_cosines,
    smooth=Region((REAL,), gap=math.hypot, note="not all 0"),
    at=[
        ((0.0, 0.0), (0.0, 0.0)),
        ((INF, 1.0), (1.0, 0.0)),
        ((3.0, 4.0), (0.6, 0.8)),
        ((0.0, 1.0), (0.0, 1.0)),
        ((5e-324, 0.0), (1.0, 0.0)),
        ((-INF, NAN), (-1.0, NAN)),
    ],
    through=lambda y, *xs: (y,),
    note="its slopes divide by it",
)

# ---- hyperbolic ------------------------------------------------------------------------------------------------------

sinh: Primitive = primitive(
    "sinh",
    math.sinh,
    lambda y, x: cosh(x),
    ieee=lambda x: math.copysign(INF, x),
    at=[(0.0, 1.0), (INF, INF), (-INF, INF)],
)
cosh: Primitive = primitive(
    "cosh", math.cosh, lambda y, x: sinh(x), ieee=_inf, at=[(0.0, 0.0), (-INF, -INF), (INF, INF)]
)
tanh: Primitive = primitive("tanh", math.tanh, lambda y, x: sech(x) * sech(x), at=[(0.0, 1.0), (INF, 0.0), (-INF, 0.0)])
sech: Primitive = primitive(
    "sech",
    special.sech,
    lambda y, x: -y * tanh(x),
    at=[(0.0, 0.0), (INF, 0.0), (-INF, 0.0)],
    means="1/cosh(x)",
)
asinh: Primitive = primitive(
    "asinh", math.asinh, lambda y, x: 1.0 / hypot(1.0, x), at=[(0.0, 1.0), (INF, 0.0), (-INF, 0.0)]
)
acosh: Primitive = primitive(
    "acosh",
    math.acosh,
    lambda y, x: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0)),
    domain=Domain(Interval(1)),
    smooth=Domain(Interval(1, open_low=True)),
    at=[(1.0, INF), (INF, 0.0), (0.0, NAN), (-2.0, NAN), (-INF, NAN)],
)
atanh: Primitive = primitive(
    "atanh",
    math.atanh,
    lambda y, x: slope_of_log((1.0 - x) * (1.0 + x)),
    ieee=lambda x: math.copysign(INF, x) if abs(x) == 1.0 else NAN,
    domain=Domain(Interval(-1, 1, open_low=True, open_high=True)),
    at=[(0.0, 1.0), (1.0, INF), (-1.0, INF), (2.0, NAN), (INF, NAN), (-INF, NAN)],
)

_ORDER = Domain(Interval(0, 4, integers="only"))

# ---- neural networks, probability ------------------------------------------------------------------------------------

sigmoid: Primitive = primitive(
    "sigmoid", special.sigmoid, lambda y, x: y * sigmoid(-x), symbol="σ", at=[(0.0, 0.25), (INF, 0.0), (-INF, 0.0)]
)
softplus: Primitive = primitive(
    "softplus",
    special.softplus,
    lambda y, x: sigmoid(x),
    at=[(0.0, 0.5), (INF, 1.0), (-INF, 0.0)],
    note="a row: log(1 + exp(x)) overflows, and cancels far below 0",
    means="ln(1 + eˣ)",
)
silu: Primitive = primitive(
    "silu",
    special.silu,
    lambda y, x: silu_derivative(x, 1.0),
    at=[(0.0, 0.5), (INF, 1.0), (-INF, 0.0)],
    note="a row, not x·σ(x): that is nan at −inf, as its slope is at inf",
    means="x·σ(x)",
)
silu_derivative: Primitive = primitive(
    "silu_derivative",
    special.silu_derivative,
    lambda y, x, n: silu_derivative(x, n + 1.0),
    flat,
    domain=(REAL, _ORDER),
    at=[((0.0, 1.0), (0.5, 0.0)), ((INF, 1.0), (0.0, 0.0))],
    ulps=16.0,
    note="a sum whose terms may cancel to a quarter before it is taken in many digits",
    means="the n-th derivative of silu",
)
gelu: Primitive = primitive(
    "gelu",
    special.gelu,
    lambda y, x: gelu_slope(x),
    at=[(0.0, 0.5), (INF, 1.0), (-INF, 0.0)],
    ulps=6.0,
    note="a row, not x·Φ(x): that is nan at −inf, as its slope is at inf; Φ(x) + x·φ(x) half cancels around −1.6",
    means="x·Φ(x)",
)
gelu_slope: Primitive = primitive(
    "gelu_slope",
    special.gelu_slope,
    lambda y, x: _limit_product(norm_pdf(x), fma(-x, x, 2.0)),
    at=[(0.0, 0.7978845608028654), (INF, 0.0), (-INF, 0.0)],
    through=lambda y, x: (norm_pdf(x),),
    ulps=6.0,
    note="a row: a difference, by a series around its zero; its slope is a multiple of φ(x)",
    means="the derivative of gelu",
)
softsign: Primitive = primitive(
    "softsign",
    lambda x: x / (1.0 + math.fabs(x)) if x - x == 0.0 or x != x else math.copysign(1.0, x),
    lambda y, x: 1.0 / (1.0 + abs(x)) / (1.0 + abs(x)),
    at=[(0.0, 1.0), (INF, 0.0), (-INF, 0.0)],
    note="a row, not x/(1 + |x|): that is nan at infinity, and its slope would cancel",
    means="x/(1 + |x|)",
)
logit: Primitive = primitive(
    "logit",
    special.logit,
    lambda y, p: slope_of_log(p * (1.0 - p)),
    domain=Domain(Interval(0, 1, open_low=True, open_high=True)),
    at=[(0.5, 4.0), (0.0, INF), (1.0, INF), (2.0, NAN), (INF, NAN), (-INF, NAN)],
    note="a row: log(p / (1 - p)) cancels at 1/2",
    means="ln(p/(1 − p))",
)
logaddexp: Primitive = primitive(
    "logaddexp",
    special.logaddexp,
    lambda y, a, b: share(a, b),
    lambda y, a, b: share(b, a),
    commutes=True,
    at=[
        ((0.0, 0.0), (0.5, 0.5)),
        ((1000.0, -1000.0), (1.0, 0.0)),
        ((INF, 0.0), (1.0, 0.0)),
        ((-INF, -INF), (0.5, 0.5)),
        ((INF, INF), (0.5, 0.5)),
        ((-INF, 3.0), (0.0, 1.0)),
    ],
    note="a row: exp would overflow",
    means="ln(eᵃ + eᵇ)",
)
share: Primitive = primitive(
    "share",
    special.share,
    lambda y, a, b: y * share(b, a),
    lambda y, a, b: -(y * share(b, a)),
    at=[
        ((0.0, 0.0), (0.25, -0.25)),
        ((INF, 0.0), (0.0, 0.0)),
        ((-INF, -INF), (0.25, -0.25)),
        ((INF, INF), (0.25, -0.25)),
        ((0.0, INF), (0.0, -0.0)),
    ],
    note="a row: sigmoid(a − b) would multiply the rounding of a − b by its size",
    means="eᵃ/(eᵃ + eᵇ), of two numbers' softmax the first",
)
gauss: Primitive = primitive(
    "gauss",
    special.gauss,
    lambda y, x: -2.0 * _limit_product(y, x),
    around="exp(−{0}²)",
    latex=(r"\mathrm{{e}}^{{-{0:6}^{{2}}}}", POWER),
    at=[(0.0, 0.0), (INF, 0.0), (-INF, 0.0)],
    through=lambda y, x: (y,),
    note="its slope is a multiple of it",
)
erf: Primitive = primitive(
    "erf", math.erf, lambda y, x: 2.0 / math.sqrt(math.pi) * gauss(x), at=[(INF, 0.0), (-INF, 0.0)]
)
erfc: Primitive = primitive(
    "erfc", math.erfc, lambda y, x: -2.0 / math.sqrt(math.pi) * gauss(x), at=[(INF, 0.0), (-INF, 0.0)]
)
erfinv: Primitive = primitive(
    "erfinv",
    special.erfinv,
    lambda y, x: erfinv_slope(x),
    domain=Domain(Interval(-1, 1, open_low=True, open_high=True)),
    at=[(1.0, INF), (-1.0, INF), (2.0, NAN), (INF, NAN), (-INF, NAN)],
    means="the inverse of erf",
)
erfinv_slope: Primitive = primitive(
    "erfinv_slope",
    special.erfinv_slope,
    lambda y, x: 2.0 * erfinv(x) * y * y,
    domain=Domain(Interval(-1, 1, open_low=True, open_high=True)),
    at=[(0.0, 0.0), (1.0, INF), (-1.0, -INF), (2.0, NAN), (INF, NAN), (-INF, NAN)],
    ulps=8.0,
    note="a row: exp(erfinv(x)²) would multiply the rounding of erfinv(x); its slope has the square of it",
    means="the derivative of erfinv",
)
norm_pdf: Primitive = primitive(
    "norm_pdf",
    special.norm_pdf,
    lambda y, x: -_limit_product(y, x),
    symbol="φ",
    at=[(0.0, 0.0), (INF, 0.0), (-INF, 0.0)],
    through=lambda y, x: (y,),
    note="its slope is a multiple of it",
    means="the density of the normal distribution",
)
norm_cdf: Primitive = primitive(
    "norm_cdf",
    special.norm_cdf,
    lambda y, x: norm_pdf(x),
    symbol="Φ",
    at=[(INF, 0.0), (-INF, 0.0)],
    means="the normal distribution's cumulative probability",
)

# ---- the gamma family, sinc ------------------------------------------------------------------------------------------

_GAMMA = POSITIVE | Domain(Interval(high=0, open_high=True, integers="never"))

gamma: Primitive = primitive(
    "gamma",
    special.gamma,
    lambda y, x: y * digamma(x),
    symbol="Γ",
    domain=_GAMMA,
    at=[(-1.0, NAN), (INF, INF), (-INF, NAN), (0.0, -INF), (-0.0, -INF)],
    ulps=8.0,
    through=lambda y, x: (y,),
    note="its slope is a multiple of it",
)
lgamma: Primitive = primitive(
    "lgamma",
    special.lgamma,
    lambda y, x: digamma(x),
    symbol="ln|Γ|",
    latex=(r"\ln\left|\Gamma\left({0}\right)\right|", CALL),
    domain=_GAMMA,
    at=[(0.0, -INF), (-0.0, INF), (-1.0, NAN), (INF, INF), (-INF, NAN)],
    ulps=8.0,
)
digamma: Primitive = primitive(
    "digamma",
    special.digamma,
    lambda y, x: polygamma(1.0, x),
    symbol="ψ",
    domain=_GAMMA,
    at=[(-1.0, INF), (INF, 0.0), (-INF, NAN), (0.0, INF), (-0.0, INF)],
    ulps=8.0,
)
polygamma: Primitive = primitive(
    "polygamma",
    special.polygamma,
    flat,
    lambda y, n, x: polygamma(n + 1.0, x),
    symbol="ψ⁽ⁿ⁾",
    latex=(r"\psi^{{\left({0}\right)}}\left({1}\right)", CALL),
    domain=(_ORDER, _GAMMA),
    ulps=8.0,
    at=[
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
    at=[(0.0, 0.0), (INF, 0.0), (-INF, 0.0)],
    means="sin(πx)/(πx), 1 at 0",
)
sinc_derivative: Primitive = primitive(
    "sinc_derivative",
    special.sinc_derivative,
    lambda y, x, n: sinc_derivative(x, n + 1.0),
    flat,
    domain=(REAL, _ORDER),
    ulps=16.0,
    at=[((0.0, 0.0), (0.0, 0.0)), ((0.0, 1.0), (-3.289868133696453, 0.0)), ((INF, 1.0), (0.0, 0.0))],
    note="a difference that may cancel to an eighth before it is taken in many digits",
    means="the n-th derivative of sinc",
)

# ---- kinks and choices -----------------------------------------------------------------------------------------------


def _difference(a: float, b: float, *rest: float) -> float:
    return 0.0 if a == b else a - b  # infinities tie too


_UNTIED = Region((REAL, REAL), gap=_difference, note="a ≠ b")

abs: Primitive = primitive(
    "abs",
    abs,
    lambda y, x: sign(x),
    around="|{0}|",
    latex=(r"\left|{0}\right|", ATOM),
    smooth=NONZERO,
    at=[(0.0, 0.0), (-0.0, 0.0), (INF, 1.0), (-INF, -1.0)],
)
relu: Primitive = primitive(
    "relu",
    lambda x: x if x > 0.0 or x != x else 0.0,
    lambda y, x: step(x),
    smooth=NONZERO,
    at=[(0.0, 0.0), (-0.0, 0.0), (NAN, NAN), (INF, 1.0), (-INF, 0.0)],
    choices=(lambda y, x: (less_equal(x, 0.0), False, step(x)),),
)
step: Primitive = primitive(
    "step",
    lambda x: 1.0 if x > 0.0 else x if x != x else 0.0,
    flat,
    smooth=NONZERO,
    at=[(0.0, 0.0), (INF, 0.0), (-INF, 0.0)],
    means="the slope of relu: 1 above 0, else 0",
)
sign: Primitive = primitive(
    "sign",
    lambda x: order(x, 0.0),
    flat,
    symbol="sgn",
    smooth=NONZERO,
    at=[(0.0, 0.0), (-0.0, 0.0), (INF, 0.0), (-INF, 0.0)],
)
order: Primitive = primitive(
    "order",
    lambda a, b: 1.0 if a > b else -1.0 if a < b else 0.0 if a == b else NAN,
    flat,
    flat,
    symbol="≷",
    infix=True,
    precedence=COMPARISON,
    latex=(r"\operatorname{{sgn}}\left({0:1} - {1:2}\right)", CALL),
    smooth=_UNTIED,
    at=[((1.0, 1.0), (0.0, 0.0))],
    means="1, 0 or −1 as a is greater than, equal to or less than b; nan where one is",
)


def _comparison(name: str, symbol: str, value: Callable[..., float]) -> Primitive:
    # What a comparison of numbers without a value yet, such as a compiler's, becomes. Floats and Values are compared at
    # once, by Python's operators.
    return primitive(
        name,
        value,
        flat,
        flat,
        symbol=symbol,
        infix=True,
        precedence=COMPARISON,
        gives=bool,
        smooth=_UNTIED,
        at=[((1.0, 1.0), (0.0, 0.0)), ((NAN, 1.0), (0.0, 0.0))],
    )


less: Primitive = _comparison("less", "<", lambda a, b: 1.0 if a < b else 0.0)
less_equal: Primitive = _comparison("less_equal", "≤", lambda a, b: 1.0 if a <= b else 0.0)
equal: Primitive = _comparison("equal", "==", lambda a, b: 1.0 if a == b else 0.0)
unequal: Primitive = _comparison("unequal", "≠", lambda a, b: 1.0 if a != b else 0.0)
maximum: Primitive = primitive(
    "maximum",
    lambda a, b: a if a > b or a != a else a + b if a == b == 0.0 else b,
    lambda y, a, b: 0.5 + 0.5 * order(a, b),
    lambda y, a, b: 0.5 + 0.5 * order(b, a),
    commutes=True,
    symbol="max",
    smooth=_UNTIED,
    at=[
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
        lambda y, a, b: (less(a, b), False, 0.5 + 0.5 * order(a, b)),
        lambda y, a, b: (less(b, a), False, 0.5 + 0.5 * order(b, a)),
    ),
)
minimum: Primitive = primitive(
    "minimum",
    lambda a, b: a if a < b or a != a else -(-a - b) if a == b == 0.0 else b,
    lambda y, a, b: 0.5 + 0.5 * order(b, a),
    lambda y, a, b: 0.5 + 0.5 * order(a, b),
    commutes=True,
    symbol="min",
    smooth=_UNTIED,
    at=[
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
        lambda y, a, b: (less(b, a), False, 0.5 + 0.5 * order(b, a)),
        lambda y, a, b: (less(a, b), False, 0.5 + 0.5 * order(a, b)),
    ),
)
where: Primitive = primitive(
    "where",
    lambda c, a, b: a if c else b,
    flat,
    lambda y, c, a, b: where(c, 1.0, 0.0),
    lambda y, c, a, b: where(c, 0.0, 1.0),
    takes=(bool, float, float),
    still="a condition",
    simpler=lambda c, a, b: a if a is b or (type(a) is type(b) is float and a.hex() == b.hex()) else None,
    smooth=(NONZERO, REAL, REAL),
    at=[
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
    flat,
    smooth=(NONZERO, NONZERO),
    at=[
        ((0.0, -1.0), (0.0, 0.0)),
        ((2.0, -0.0), (-1.0, 0.0)),
        ((-2.0, 0.0), (-1.0, 0.0)),
        ((0.0, 1.0), (0.0, 0.0)),
        ((-0.0, 1.0), (0.0, 0.0)),
        ((INF, -1.0), (-1.0, 0.0)),
    ],
    means="|a| with the sign of b",
)

# ---- rounding, remainders, parts of a float --------------------------------------------------------------------------


def _whole(rounding: Callable[[float], float]) -> Callable[[float], float]:
    # math.floor and its like give ints and so refuse what no int can be; IEEE 754 keeps it, and the sign of a zero.
    return lambda x: math.copysign(rounding(x), x)


def _itself(x: float) -> float:
    return x


floor: Primitive = primitive(
    "floor",
    _whole(math.floor),
    flat,
    latex=(r"\left\lfloor {0}\right\rfloor", ATOM),
    ieee=_itself,
    smooth=NONINTEGER,
    at=[(1.0, 0.0), (INF, 0.0), (-INF, 0.0), (-1.0, 0.0), (0.0, 0.0)],
)
ceil: Primitive = primitive(
    "ceil",
    _whole(math.ceil),
    flat,
    latex=(r"\left\lceil {0}\right\rceil", ATOM),
    ieee=_itself,
    smooth=NONINTEGER,
    at=[(1.0, 0.0), (INF, 0.0), (-INF, 0.0), (-1.0, 0.0), (0.0, 0.0)],
)
trunc: Primitive = primitive(
    "trunc",
    _whole(math.trunc),
    flat,
    ieee=_itself,
    smooth=NONINTEGER,
    at=[(1.0, 0.0), (INF, 0.0), (-INF, 0.0), (-1.0, 0.0), (0.0, 0.0)],
)
rint: Primitive = primitive(
    "rint",
    _whole(round),
    flat,
    ieee=_itself,
    smooth=Region((REAL,), gap=lambda x: x - math.floor(x) - 0.5, note="x not half-way"),
    at=[(0.5, 0.0), (INF, 0.0), (-INF, 0.0)],
    means="the nearest whole number, the even one of two",
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
    at=[
        ((6.0, 3.0), (1.0, -2.0)),
        ((-7.0, 3.0), (1.0, 2.0)),
        ((1.0, 0.0), (1.0, NAN)),
        ((0.0, 0.0), (1.0, NAN)),
        ((5.0, INF), (1.0, 0.0)),
        ((-5.0, INF), (1.0, 0.0)),
        ((INF, 3.0), (1.0, NAN)),
    ],
    means="the remainder with the sign of a",
)
remainder: Primitive = _division_like(
    "remainder",
    math.remainder,
    _minus_quotient,
    at=[
        ((6.0, 3.0), (1.0, -2.0)),
        ((5.0, 3.0), (1.0, -2.0)),
        ((1.0, 0.0), (1.0, NAN)),
        ((0.0, 0.0), (1.0, NAN)),
        ((5.0, INF), (1.0, 0.0)),
        ((-5.0, INF), (1.0, 0.0)),
        ((INF, 3.0), (1.0, NAN)),
        ((1.5, 3.0), (1.0, 0.0)),
    ],
    means="the remainder nearest to 0",
)
mod: Primitive = _division_like(
    "mod",
    operator.mod,
    lambda y, a, b: -floordiv(a, b),
    symbol="%",
    infix=True,
    precedence=PRODUCT,
    latex=(r"{0:2} \bmod {1:4}", PRODUCT),
    at=[
        ((-7.0, 3.0), (1.0, 3.0)),
        ((6.0, 3.0), (1.0, -2.0)),
        ((1.0, 0.0), (1.0, -INF)),
        ((0.0, 0.0), (1.0, NAN)),
        ((5.0, INF), (1.0, -0.0)),
        ((INF, 3.0), (1.0, NAN)),
    ],
    means="the remainder with the sign of b, Python's %",
)
floordiv: Primitive = primitive(
    "floordiv",
    operator.floordiv,
    flat,
    flat,
    symbol="//",
    infix=True,
    precedence=PRODUCT,
    latex=(r"\left\lfloor\frac{{{0}}}{{{1}}}\right\rfloor", ATOM),
    ieee=ieee.divide,
    domain=(REAL, NONZERO),
    smooth=Region((REAL, NONZERO), gap=lambda a, b: _to_step(a % b, b), note="no step there"),
    at=[((6.0, 3.0), (0.0, 0.0)), ((1.0, 0.0), (0.0, 0.0)), ((0.0, 0.0), (0.0, 0.0)), ((-5.0, INF), (0.0, 0.0))],
)
fraction: Primitive = primitive(
    "fraction",
    lambda x: math.modf(x)[0],
    1.0,
    symbol="frac",
    smooth=NONINTEGER,
    at=[(1.0, 1.0), (INF, 1.0), (-INF, 1.0), (-1.0, 1.0), (0.0, 1.0)],
    means="the part after the point, with the sign of x",
)
ldexp: Primitive = primitive(
    "ldexp",
    lambda x, n: math.ldexp(x, int(n)),
    lambda y, x, n: ldexp(1.0, n),
    flat,
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
    flat,
    flat,
    domain=(REAL, REAL, Domain(Interval(0, 4, integers="only"))),
    smooth=Region((REAL, REAL, Domain(Interval(0, 4, integers="only"))), gap=_difference, note="x ≠ to"),
    at=[((1.0, 1.0, 1.0), (1.0, 0.0, 0.0))],
    means="so many floats from x on towards `to`",
)
ulp: Primitive = primitive(
    "ulp",
    math.ulp,
    flat,
    at=[(1.0, 0.0), (INF, 0.0), (-INF, 0.0)],
    means="the unit in the last place of x",
)

# ---- any number of arguments -----------------------------------------------------------------------------------------


def _pairs(args: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    half = len(args) // 2
    return args[:half], args[half:]


def _partners(y: Any, *args: Any) -> tuple[Any, ...]:
    left, right = _pairs(args)
    return right + left


fsum: Primitive = primitive(
    "fsum",
    lambda *xs: math.fsum(xs),
    each=lambda y, *xs: [1.0] * len(xs),
    commutes=True,
    symbol="Σ",
    ieee=lambda *xs: special.sumprod(xs, [1.0 for _ in xs]),
    means="the sum, rounded once",
)


def _product(*xs: float) -> float:
    # By mantissas and exponents: a partial product may overflow where the whole does not.
    mantissa, exponent = 1.0, 0
    for x in xs:
        factor, power = math.frexp(x)
        mantissa, shift = math.frexp(mantissa * factor)
        exponent += power + shift
    return math.ldexp(mantissa, exponent)


class _ProductsOfOthers(Sequence[Any]):
    # Computed when asked for: a constant's slope is not wanted, and each takes as long as the product itself.
    def __init__(self, xs: tuple[Any, ...]) -> None:
        self.xs = xs

    def __len__(self) -> int:
        return len(self.xs)

    def __getitem__(self, i: Any) -> Any:
        self.xs[i]  # an IndexError beyond the last
        return prod(*self.xs[:i], *self.xs[i + 1 :])


prod: Primitive = primitive(
    "prod",
    _product,
    each=lambda y, *xs: _ProductsOfOthers(xs),
    commutes=True,
    symbol="Π",
    ieee=lambda *xs: INF * math.prod(math.copysign(1.0, x) for x in xs),
)
sumprod: Primitive = primitive(
    "sumprod",
    lambda *args: special.sumprod(*_pairs(args)),
    each=_partners,
    arities=(2, 4, 6),
    symbol="Σ·",
    means="the sum of products of pairs, rounded once",
)

# ---- bookkeeping -----------------------------------------------------------------------------------------------------

constant: Primitive = primitive("constant", lambda: NAN)  # a number in an expression: a node without a gradient
identity: Primitive = primitive(
    "identity", lambda x: x, 1.0, symbol="=", latex=("{0:6}", ATOM), at=[(INF, 1.0), (-INF, 1.0)]
)
stop_gradient: Primitive = primitive(
    "stop_gradient", lambda x: x, flat, still="stopped", symbol="stop", at=[(INF, 0.0), (-INF, 0.0)]
)
