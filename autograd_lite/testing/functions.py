"""Any function's gradient against the truth: its formulas in very many digits, its floats by finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from mpmath import mp, mpf

from . import differences
from .exact import exact_slopes
from .graphs import as_number
from .verdict import GradientError, Report, at_point

_STRETCHES = (0.75, 0.625, 1.375)
_CLOSE = 30  # digits to which formulas agree that are the same

Function = Callable[..., Any]


def taylor_test(fn: Function, point: Sequence[float], gradient: Sequence[float], direction: Sequence[float]) -> float:
    """The power of h with which f(x + h v) − f(x) − h·∇f·v vanishes; a `GradientError` if that is less than 1.9.

    Args:
        fn: from as many floats as `point` has to one float.
        point, gradient, direction: x, ∇f there, and v.

    It is 2 where the gradient is right, 1 where it is wrong, inf if there is nothing left but rounding.

    >>> round(taylor_test(lambda x, y: x * x * y, [3.0, 2.0], [12.0, 9.0], [1.0, 1.0]), 1)
    2.0
    """
    if not len(point) == len(gradient) == len(direction):
        raise ValueError(
            f"point, gradient and direction differ in length: {len(point)}, {len(gradient)}, {len(direction)}"
        )
    slope = math.fsum(g * v for g, v in zip(gradient, direction))
    rate = differences.remainder_rate(lambda xs: [as_number(fn(*xs))], point, direction, [slope])
    if rate < 1.9:
        raise GradientError(
            f"the gradient {list(gradient)} is wrong at {at_point(point)}: along {list(direction)} the "
            f"remainder of Taylor's first order vanishes as h^{rate:.2f}, not as h²"
        )
    return rate


def compare_formulas(fn: Function, point: Sequence[float], rows: list[list[Any]], name: str, report: Report) -> None:
    """Whether `rows`, one an output, in many digits, are the gradient of `fn`; at a kink, between its sides."""
    for i in range(len(point)):
        for k, (left, right) in enumerate(exact_slopes(fn, point, i)):
            report.numbers += 1
            found = rows[k][i]
            low, high = min(left, right), max(left, right)
            with mp.workdps(2 * _CLOSE):
                margin = mpf(10) ** -_CLOSE * max(abs(low), abs(high), abs(found))
                right_or_between = low - margin <= found <= high + margin
            if not right_or_between:
                truth = repr(float(low)) if low == high else f"between {float(low)!r} and {float(high)!r}"
                raise GradientError(
                    f"∂f/∂x{i} of {name} is wrong, as a formula, at {at_point(point)}\n"
                    f"  found   {float(found)!r}\n  truth   {truth}"
                )


def compare_differences(
    fn: differences.Function,
    point: Sequence[float],
    rows: Sequence[Sequence[float]],
    name: str,
    report: Report,
    mode: str,
    eps: float = 2.0**-52,
) -> None:
    """Whether `rows`, one an output, are the gradient of `fn` as far as finite differences can tell."""
    for i in range(len(point)):
        sides = differences.slopes(fn, point, i, eps)
        for k, (left, right) in enumerate(sides):
            report.numbers += 1
            found = rows[k][i]
            low, high = _bounds(left, right, eps)
            if low <= found <= high:
                if left == right and high - low > 2.0**-10 * abs(found):
                    _second_opinion(fn, point, i, k, found, name, report)
                continue
            # The error is an estimate, one in thousands too small: what is wrong is so at other steps, too.
            others = (_bounds(*differences.slopes(fn, point, i, eps, stretch)[k], eps) for stretch in _STRETCHES)
            if any(other_low <= found <= other_high for other_low, other_high in others):
                report.wide += 1
                continue
            if not (math.isfinite(low) and math.isfinite(high)):
                report.undecided.append("finite differences found no limit")
                continue
            raise GradientError(
                f"∂f/∂x{i} of {name} is wrong, in {mode}, at {at_point(point)}\n  found   {found!r}\n"
                f"  truth   between {low!r} and {high!r}, by finite differences"
            )


def _bounds(left: differences.Slope, right: differences.Slope, eps: float) -> tuple[float, float]:
    """What a slope lies between, of which these are the estimates on both sides."""
    low = min(left.value - left.error, right.value - right.error)
    high = max(left.value + left.error, right.value + right.error)
    rounding = 4.0 * eps * max(abs(low), abs(high))
    return low - rounding, high + rounding


def _second_opinion(
    fn: differences.Function, point: Sequence[float], i: int, k: int, found: float, name: str, report: Report
) -> None:
    """The differences say little: does Taylor's remainder vanish as a square?"""
    report.wide += 1
    rate = differences.remainder_rate(
        lambda xs: [fn(xs)[k]], point, [1.0 if j == i else 0.0 for j in range(len(point))], [found]
    )
    if 0.9 < rate < 1.1:
        raise GradientError(
            f"∂f/∂x{i} of {name} is wrong, at {at_point(point)}\n  found   {found!r}\n"
            f"  truth   another: f(x + h) − f(x) − h·∂f/∂x{i} vanishes as h^{rate:.2f}, not as h²"
        )
