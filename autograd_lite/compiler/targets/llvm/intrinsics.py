"""What Python's own functions of numbers are on the machine: instructions, or calls of the C library.

`NATIVE` has each as Python means it: with the exceptions that it raises. `QUIET` has those whose result on the machine
is IEEE 754's also where Python raises, as a row of the table wants it. In vectors a function of the C library is that
of glibc's libmvec, if the system has it; else each lane calls the scalar one. Nothing here knows of a derivative.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from ....numerics import special
from ...tracing.python_source import Untranslatable
from .ir import INF, LARGEST, Code, Condition, Number, Truth
from .vectorize import Lanes

NATIVE: dict[Any, Callable[..., Any]] = {}
QUIET: dict[Any, Callable[..., Any]] = {}

# The functions of the C library by Python's names, which are C's; the others have definitions below.
_ONE = (
    *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "cbrt", "erf", "erfc"),
)
_TWO = ("atan2", "pow", "fmod", "remainder")
_POLES = {"log", "log2", "log10", "log1p", "atanh"}  # an infinity of theirs is a ValueError, others' an OverflowError
_BOUNDED = {"sin": 1.0, "cos": 1.0, "tanh": 1.0, "erf": 1.0, "atan": 1.6, "asin": 1.6}
ULPS = 4.0  # what glibc promises of its vector functions; docs/decisions has what was measured
_SLACK = 1.0 + 1e-14  # what a vector function may be off


def native(f: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def keep(apply: Callable[..., Any]) -> Callable[..., Any]:
        NATIVE[f] = apply
        return apply

    return keep


def quiet(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """For what never raises, or gives IEEE 754's result where Python does."""

    def keep(apply: Callable[..., Any]) -> Callable[..., Any]:
        for f in functions:
            QUIET[f] = apply
            NATIVE.setdefault(f, apply)
        return apply

    return keep


def _numbers(lanes: Lanes, args: Sequence[Any]) -> list[Number]:
    for x in args:
        if not isinstance(x, (Number, Truth, float, int)):
            raise Untranslatable(f"{type(x).__name__} is not a number")
    return [lanes.code.number(x) for x in args]


# ---- instructions ----------------------------------------------------------------------------------------------------


def _copysign(code: Code, x: Number, y: Number) -> Number:
    size = code.absolute(x)
    return code.intrinsic("copysign", x, y, facts=(-size.high, size.high, x.nan))


def _root(code: Code, x: Number) -> Number:
    return code.intrinsic("sqrt", x, facts=(-0.0, INF, not (not x.nan and x.low >= 0.0)))


def _floor(x: float) -> float:
    return math.floor(x)  # read as C's


_INSTRUCTIONS: dict[Any, Callable[..., Number | Condition]] = {
    operator.add: lambda code, a, b: code.arithmetic("fadd", a, b),
    operator.sub: lambda code, a, b: code.arithmetic("fsub", a, b),
    operator.mul: lambda code, a, b: code.arithmetic("fmul", a, b),
    operator.truediv: lambda code, a, b: code.arithmetic("fdiv", a, b),
    operator.neg: lambda code, x: code.negate(x),
    abs: lambda code, x: code.absolute(x),
    operator.abs: lambda code, x: code.absolute(x),
    math.fabs: lambda code, x: code.absolute(x),
    math.copysign: _copysign,
    special.fma: lambda code, x, y, z: code.intrinsic("fma", x, y, z),
    getattr(math, "fma", special.fma): lambda code, x, y, z: code.intrinsic("fma", x, y, z),
    math.sqrt: _root,
    math.degrees: lambda code, x: code.arithmetic("fmul", x, 180.0 / math.pi),
    math.radians: lambda code, x: code.arithmetic("fmul", x, math.pi / 180.0),
    math.isnan: lambda code, x: code.is_nan(x),
    math.isfinite: lambda code, x: code.is_finite(x),
    math.isinf: lambda code, x: code.compare("oeq", code.absolute(x), INF),
    _floor: lambda code, x: code.intrinsic("floor", x),
    operator.lt: lambda code, a, b: code.compare("olt", a, b),
    operator.le: lambda code, a, b: code.compare("ole", a, b),
    operator.gt: lambda code, a, b: code.compare("ogt", a, b),
    operator.ge: lambda code, a, b: code.compare("oge", a, b),
    operator.eq: lambda code, a, b: code.compare("oeq", a, b),
    operator.ne: lambda code, a, b: code.compare("une", a, b),
    min: lambda code, *xs: functools.reduce(lambda a, b: code.select(code.compare("olt", b, a), b, a), xs),
}
for _f, _instruction in _INSTRUCTIONS.items():
    quiet(_f)(lambda lanes, *args, run=_instruction: run(lanes.code, *_numbers(lanes, args)))


@native(operator.truediv)
def _checked_division(lanes: Lanes, a: Any, b: Any) -> Any:
    lanes.raise_in(lanes.code.compare("oeq", lanes.code.number(b), 0.0), ZeroDivisionError)
    return QUIET[operator.truediv](lanes, a, b)


@native(math.sqrt)
def _checked_root(lanes: Lanes, x: Any) -> Any:
    lanes.raise_in(lanes.code.compare("olt", *_numbers(lanes, (x, 0.0))), ValueError)
    return QUIET[math.sqrt](lanes, x)


# ---- the C library ---------------------------------------------------------------------------------------------------


def _facts(name: str, args: Sequence[Number]) -> tuple[float, float, bool]:
    x = args[0]
    if name in _BOUNDED:
        bound = _BOUNDED[name] * _SLACK
        return -bound, bound, x.nan or name in ("sin", "cos", "asin")
    if name in ("exp", "exp2"):
        return 0.0, (_SLACK if x.high <= 0.0 else LARGEST if x.high < 700.0 else INF), x.nan
    return -INF, INF, True


def c_function(lanes: Lanes, name: str, args: Sequence[Any]) -> Number:
    """The C library's own result."""
    numbers = _numbers(lanes, args)
    text: str = lanes.unit.c_function(lanes.code, name, [x.text for x in numbers])
    return Number(text, *_facts(name, numbers))


def _from_the_library(name: str) -> None:
    f = getattr(math, name)

    def apply(lanes: Lanes, *args: Any) -> Number:
        return c_function(lanes, name, args)

    def checked(lanes: Lanes, *args: Any) -> Number:
        # CPython's rule: a nan out of no nan, or an infinity out of finite numbers, is an exception.
        code, numbers = lanes.code, _numbers(lanes, args)
        y = c_function(lanes, name, numbers)
        invalid: Condition = code.is_nan(y)
        infinite: Condition = code.compare("oeq", code.absolute(y), INF)
        for x in numbers:
            if invalid is not False:
                invalid = code.both(invalid, code.invert(code.is_nan(x)))
            if infinite is not False:
                infinite = code.both(infinite, code.is_finite(x))
        pole: Condition = name in _POLES or (name == "pow" and code.compare("oeq", numbers[0], 0.0))
        lanes.raise_in(code.either(invalid, code.both(infinite, pole)), ValueError)
        lanes.raise_in(code.both(infinite, code.invert(pole)), OverflowError)
        return y

    quiet(f)(apply)
    native(f)(checked)


for _name in (*_ONE, *_TWO):
    _from_the_library(_name)


@quiet(math.hypot)
def _hypot(lanes: Lanes, *args: Any) -> Any:
    if len(args) < 2:
        return QUIET[abs](lanes, args[0] if args else 0.0)
    return functools.reduce(lambda a, b: c_function(lanes, "hypot", (a, b)), args)


# ---- choices ---------------------------------------------------------------------------------------------------------


@quiet(operator.not_)
def _not(lanes: Lanes, t: Condition) -> Condition:
    return lanes.code.invert(t)


@quiet(max)
def _max(lanes: Lanes, *args: Any) -> Any:
    def larger(a: Number, b: Number) -> Number:
        found: Number = lanes.code.select(lanes.code.compare("ogt", b, a), b, a)
        lows = [x.low for x in (a, b) if not x.nan]
        return dataclasses.replace(found, low=max(lows, default=found.low))

    return functools.reduce(larger, _numbers(lanes, args))


@quiet(operator.getitem)
def _item(lanes: Lanes, items: Sequence[Any], index: Any) -> Any:
    """An element of which it is known that it is there."""
    code = lanes.code
    found = items[0]
    for i, x in enumerate(items[1:], 1):
        found = code.select(code.compare("oeq", code.number(index), float(i)), x, found)
    return found


# ---- truths, whole numbers -------------------------------------------------------------------------------------------


@native(bool)
def _bool(lanes: Lanes, x: Any) -> Condition:
    return x if isinstance(x, (Truth, bool)) else lanes.code.nonzero(x)


@native(float)
def _float(lanes: Lanes, x: Any) -> Number:
    return lanes.code.number(x)


def _to_whole(f: Any, intrinsic: str) -> None:
    def apply(lanes: Lanes, x: Any) -> Number:
        code = lanes.code
        (a,) = _numbers(lanes, (x,))
        lanes.raise_in(code.is_nan(a), ValueError)
        lanes.raise_in(code.compare("oeq", code.absolute(a), INF), OverflowError)
        # An int has no negative zero: what is 0 is +0.
        y = code.intrinsic(intrinsic, a, facts=(a.low - 1.0, a.high + 1.0, a.nan))
        return dataclasses.replace(code.arithmetic("fadd", y, 0.0), whole=True)

    native(f)(apply)


for _rounding, _intrinsic in (
    (math.floor, "floor"), (math.ceil, "ceil"), (math.trunc, "trunc"), (int, "trunc"), (round, "roundeven"),
):  # fmt: skip
    _to_whole(_rounding, _intrinsic)


def _fmod(a: float, b: float) -> float:
    return math.fmod(a, b)  # read as C's, which raises for nothing


quiet(_fmod)(QUIET[math.fmod])


def _mod(a: float, b: float) -> float:
    # As CPython has it in Objects/floatobject.c.
    rest = _fmod(a, b)
    if rest == 0.0:
        return math.copysign(0.0, b)
    return rest + b if (rest < 0.0) != (b < 0.0) else rest


def _floordiv(a: float, b: float) -> float:
    rest = _fmod(a, b)
    quotient = (a - rest) / b
    if rest != 0.0 and (rest < 0.0) != (b < 0.0):
        quotient = quotient - 1.0
    if quotient == 0.0:
        return math.copysign(0.0, a / b)
    below = _floor(quotient)
    return below + 1.0 if quotient - below > 0.5 else below


def _dividing(f: Any, definition: Callable[[float, float], float]) -> None:
    @native(f)
    def apply(lanes: Lanes, a: Any, b: Any) -> Any:
        lanes.raise_in(lanes.code.compare("oeq", *_numbers(lanes, (b, 0.0))), ZeroDivisionError)
        return lanes.call(definition, _numbers(lanes, (a, b)))


_dividing(operator.mod, _mod)
_dividing(operator.floordiv, _floordiv)


@native(operator.pow)
def _power(lanes: Lanes, a: Any, b: Any) -> Number:
    raise Untranslatable("** of numbers may be complex: math.pow is not")


# ---- sums and products of many ---------------------------------------------------------------------------------------


@native(math.prod)
def _product(lanes: Lanes, items: Any) -> Any:
    numbers = _numbers(lanes, tuple(items))
    return functools.reduce(lambda a, b: lanes.code.arithmetic("fmul", a, b), numbers) if numbers else 1.0


@native(math.fsum)
def _fsum(lanes: Lanes, items: Any) -> Any:
    numbers = _numbers(lanes, tuple(items))
    zero: Condition = True
    for x in numbers:
        zero = lanes.code.both(zero, lanes.code.compare("oeq", x, 0.0))
    return _exact_sum(lanes, numbers, zero, lambda *xs: math.fsum(xs), numbers)


@native(special.sumprod)
def _sumprod(lanes: Lanes, p: Any, q: Any) -> Any:
    code, xs, ys = lanes.code, _numbers(lanes, p), _numbers(lanes, q)
    if len(xs) != len(ys):
        raise Untranslatable("the lengths differ")
    terms: list[Number] = []
    zero: Condition = True
    for x, y in zip(xs, ys):
        product = code.arithmetic("fmul", x, y)
        terms += [product, code.intrinsic("fma", x, y, code.negate(product))]
        nothing = code.either(code.compare("oeq", x, 0.0), code.compare("oeq", y, 0.0))
        zero = code.both(zero, code.both(nothing, code.compare("oeq", product, 0.0)))
    half = len(xs)
    return _exact_sum(lanes, terms, zero, lambda *all: special.sumprod(all[:half], all[half:]), [*xs, *ys])


def _exact_sum(
    lanes: Lanes, terms: Sequence[Number], zero: Condition, exactly: Callable[..., float], args: Sequence[Number]
) -> Any:
    """The sum with the rounding errors summed too (Ogita, Rump & Oishi 2005), where it is sure to be rounded rightly:
    where summing the errors loses nothing, as mostly with few terms; else unless the terms all but cancel, or the sum
    lies next to the middle of two floats. Then, and where it is not finite, Python's."""
    code = lanes.code
    if not terms:
        return 0.0
    total, error, size, gone = terms[0], code.number(0.0), code.absolute(terms[0]), code.number(0.0)
    for x in terms[1:]:
        total, lost = _two_sum(code, total, x)
        error, less = _two_sum(code, error, lost)
        gone = code.arithmetic("fadd", gone, code.absolute(less))
        size = code.arithmetic("fadd", size, code.absolute(x))
    found, rest = _two_sum(code, total, error)
    bound = code.arithmetic("fmul", size, len(terms) ** 2 * 2.0**-104)  # what summing the errors has lost, and twice it
    sure: Condition = True
    for end in ("fadd", "fsub"):
        moved = code.arithmetic("fadd", found, code.arithmetic(end, rest, bound))
        sure = code.both(sure, code.compare("oeq", moved, found))
    sure = code.either(sure, code.compare("oeq", gone, 0.0))
    good = code.both(code.both(code.compare("ogt", size, 1e-270), code.is_finite(size)), sure)
    found = code.select(zero, 0.0, found)
    bad = code.invert(code.either(good, zero))
    before, raised = lanes.active, lanes.raised()
    made = lanes.only(bad, lambda: {"value": lanes.unit.python(lanes, exactly, list(args), "exact")}, True, {})
    lanes.settle(before, raised)
    return code.select(bad, made.get("value", 0.0), found)


def _two_sum(code: Code, a: Number, b: Number) -> tuple[Number, Number]:
    """The sum, and what rounding it has lost (Knuth)."""
    total = code.arithmetic("fadd", a, b)
    back = code.arithmetic("fsub", total, a)
    lost = code.arithmetic(
        "fadd", code.arithmetic("fsub", a, code.arithmetic("fsub", total, back)), code.arithmetic("fsub", b, back)
    )
    return total, lost


@native(math.factorial)
def _factorial(lanes: Lanes, n: Any) -> Any:
    return lanes.unit.looked_up(lanes, "factorial", [float(math.factorial(k)) for k in range(171)], n)


# ---- the bits of a float ---------------------------------------------------------------------------------------------


def _bits(code: Code, x: Number) -> str:
    return code.op(f"bitcast {code.number_type} {x.text} to {code.word_type}")


def _from_bits(code: Code, word: str) -> Number:
    return Number(code.op(f"bitcast {code.word_type} {word} to {code.number_type}"))


def _word(code: Code, instruction: str, a: str, b: str) -> str:
    return code.op(f"{instruction} {code.word_type} {a}, {b}")


@native(math.frexp)
def _frexp(lanes: Lanes, x: Any) -> tuple[Any, Any]:
    code = lanes.code
    (a,) = _numbers(lanes, (x,))
    size = code.absolute(a)
    tiny = code.compare("olt", size, 2.0**-1000)
    word = _bits(code, code.select(tiny, code.arithmetic("fmul", a, 2.0**100), a))
    field = _word(code, "and", _word(code, "lshr", word, code.word(52)), code.word(0x7FF))
    exponent = Number(code.op(f"sitofp {code.word_type} {field} to {code.number_type}"))
    exponent = code.arithmetic("fsub", exponent, code.select(tiny, 1122.0, 1022.0))
    mantissa = _word(code, "and", word, code.word(~(0x7FF << 52)))
    mantissa = _word(code, "or", mantissa, code.word(1022 << 52))
    itself = code.either(code.compare("oeq", a, 0.0), code.invert(code.is_finite(a)))
    return code.select(itself, a, _from_bits(code, mantissa)), code.select(itself, 0.0, exponent)  # which is small


@native(math.ldexp)
def _ldexp(lanes: Lanes, x: Any, n: Any) -> Number:
    code = lanes.code
    a, k = _numbers(lanes, (x, n))
    k = code.select(code.compare("ogt", k, 9999.0), 9999.0, k)
    k = code.select(code.compare("olt", k, -9999.0), -9999.0, k)
    y = Number(lanes.unit.c_function(code, "ldexp", [a.text, k.text]))
    lanes.raise_in(code.both(code.compare("oeq", code.absolute(y), INF), code.is_finite(a)), OverflowError)
    return y


@native(math.modf)
def _modf(lanes: Lanes, x: Any) -> tuple[Number, Number]:
    code = lanes.code
    (a,) = _numbers(lanes, (x,))
    whole = code.intrinsic("trunc", a)
    rest = code.arithmetic("fsub", a, whole)
    rest = code.select(code.compare("oeq", code.absolute(a), INF), 0.0, rest)
    return code.intrinsic("copysign", rest, a), whole
