"""Derivatives to very many digits: mpmath's numbers in place of floats.

`Exact` numbers run through any function written in operators and `autograd_lite.math`; the values they take are the
oracles', and `exact_gradient` differentiates by central differences with steps so small, in so many digits, that what
is left of error is far below any float's. Of a program, `true_gradient` and `true_hessian` sweep over the oracles'
slopes. None of it uses the table's derivatives. Source of the second order: Griewank & Walther (2008), ch. 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from mpmath import mp, mpf

from ..operators import Operators
from ..primitives import Primitive
from . import oracles, reals
from .enclosure import is_known, sweep
from .programs import Program

DIGITS = 60
_BITS, _STEP_BITS = 900, 250  # central differences are then exact to about 150 digits of a smooth function

Number = Any
Function = Callable[..., Any]


class Exact(Operators):
    """A real number to as many digits as mpmath works with.

    It has the operators, and hands `autograd_lite.math` the oracles' values. What would round it to a float, as
    Python's `math.sin` does, is a TypeError.

    >>> from autograd_lite import math
    >>> print(mp.nstr(math.sin(Exact(mpf(1)) / 3).number, 12))
    0.327194696796
    """

    __slots__ = ("number",)

    def __init__(self, number: Number) -> None:
        self.number = number

    @staticmethod
    def __apply__(op: Primitive, args: tuple[Any, ...]) -> Any:
        if not all(isinstance(x, (Exact, int, float)) for x in args):
            return NotImplemented
        if is_known(op):
            return Exact(oracles.oracle(op).value(reals.points, *map(_number, args)))
        return Exact(_number(op.value(*[Exact(_number(arg)) for arg in args])))

    def _compared(self, op: Primitive, a: Any, b: Any) -> Any:
        if not all(isinstance(x, (Exact, int, float)) for x in (a, b)):
            return NotImplemented
        return op.value(_number(a), _number(b)) != 0.0

    def __float__(self) -> float:
        raise TypeError("an exact number is not rounded to a float: write autograd_lite.math.sin(x) for math.sin(x)")

    def __repr__(self) -> str:
        return f"Exact({mp.nstr(self.number, 20)})"

    def __bool__(self) -> bool:
        return bool(self.number != 0)

    def __hash__(self) -> int:
        return hash(self.number)


def _number(x: Any) -> Number:
    return x.number if isinstance(x, Exact) else mpf(x)


# ---- of any function -------------------------------------------------------------------------------------------------


def exact_values(fn: Callable[..., Sequence[Any]], point: Sequence[float]) -> list[Number]:
    """The outputs of `fn` at `point`, as mpmath's numbers; a TypeError where it does not take `Exact` ones."""
    with mp.workprec(_BITS):
        return [_number(y) for y in fn(*[Exact(mpf(x)) for x in point])]


def exact_slopes(
    fn: Callable[..., Sequence[Any]], point: Sequence[float], direction: Sequence[float]
) -> list[tuple[Number, Number]]:
    """For each output of `fn` the slopes along `direction` behind the point and ahead, equal where `fn` is smooth.

    >>> with mp.workdps(20):
    ...     print(exact_slopes(lambda x: [abs(x), x * x], [0.0], [1.0])[0])
    (mpf('-1.0'), mpf('1.0'))
    """
    sizes = [1.0, *[abs(x) for x in point if x and math.isfinite(x)]]
    with mp.workprec(_BITS - 3 * mp.mag(min(sizes)) + mp.mag(max(sizes))):  # 1 + 1e-200 is 1 in 600 bits
        step = mp.ldexp(min(sizes) if all(x for x, v in zip(point, direction) if v) else 1, -_STEP_BITS)

        def at(k: int) -> list[Number]:
            return [_number(y) for y in fn(*[Exact(mpf(x) + k * step * v) for x, v in zip(point, direction)])]

        far_left, left, here, right, far_right = map(at, (-2, -1, 0, 1, 2))
        slopes = []
        for a, b, c, d, e in zip(far_left, left, here, right, far_right):
            on_the_left, on_the_right = (3 * c - 4 * b + a) / (2 * step), (4 * d - e - 3 * c) / (2 * step)
            central = (d - b) / (2 * step)
            # On a smooth function the one-sided slopes differ by terms in step² alone.
            apart = abs(on_the_right - on_the_left)
            smooth = apart <= mp.ldexp(1 + abs(central), -_STEP_BITS // 2)
            slopes.append((central, central) if smooth else (on_the_left, on_the_right))
        return slopes


# ---- of a program ----------------------------------------------------------------------------------------------------


def true_gradient(program: Program, point: Sequence[float], digits: int = DIGITS) -> list[Number | None]:
    """The gradient by each input, by the oracles' slopes, to about `digits` digits; None for no path."""
    with mp.workdps(digits):
        _, slopes = _run(program, [mpf(x) for x in point])
        return sweep(program, slopes, mpf(1))[: len(point)]


def true_hessian(program: Program, point: Sequence[float], i: int, digits: int = DIGITS) -> list[Number | None]:
    """The derivatives by input `i` of the gradient: its central difference, in five times the digits and a step that is
    small beside every number on the way.

    >>> square = Program((3.0, 2.0), [("mul", 0, 0), ("mul", 2, 1)])
    >>> [int(mp.nint(h)) for h in true_hessian(square, (3.0, 2.0), 0)]
    [4, 6]
    """
    with mp.workdps(digits):
        bits = mp.prec
        sizes = [mpf(1), *[abs(x) for x in _run(program, [mpf(x) for x in point])[0] if x and mp.isfinite(x)]]
        least, most = mp.mag(min(sizes)), mp.mag(max(sizes))
    if least < -1100:  # what no float can be: the graph has a 0 there
        return [None] * len(point)
    with mp.workprec(5 * bits - 3 * least + most):  # cosh(1e-165) is 1 in all but its 330th digit
        step = mp.ldexp(1, least - 2 * bits)
        moved = [[x + way * step if j == i else mpf(x) for j, x in enumerate(point)] for way in (1, -1)]
        after, before = (true_gradient(program, xs, mp.dps) for xs in moved)
        return [None if a is None or b is None else (a - b) / (2 * step) for a, b in zip(after, before)]


def _run(program: Program, inputs: list[Number]) -> tuple[list[Number], list[list[Number]]]:
    values, slopes = list(inputs), []
    for op, operands in program.steps:
        args = [values[x] if type(x) is int else mpf(x) for x in operands]
        truth = oracles.oracle(op)
        values.append(truth.value(reals.points, *args))
        slopes.append(
            [mpf(truth.slope(k)(reals.points, *args)) if type(x) is int else None for k, x in enumerate(operands)]
        )
    return values, slopes
