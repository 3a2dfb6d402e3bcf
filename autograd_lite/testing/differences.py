"""Finite differences that know their own error, and the rate test, for functions that only take floats.

Central differences at ten step sizes are extrapolated to step 0 (Richardson; the tableau is Ridders', 1982). The error
of each entry is estimated by its neighbours, and by the noise of the function, which is measured by differences of high
order on a fine grid (Moré & Wild, Estimating computational noise, 2011). Nothing is assumed about either.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

Function = Callable[[list[float]], list[float]]  # from inputs to outputs, all floats

_LEVELS = 10


class Slope(NamedTuple):
    """A one- or two-sided slope, and an estimate of its error."""

    value: float
    error: float


def slopes(
    fn: Function, point: Sequence[float], i: int, eps: float = 2.0**-52, stretch: float = 1.0
) -> list[tuple[Slope, Slope]]:
    """For each output of `fn` the slopes by input `i` on the left and on the right: the same where `fn` is smooth.

    `eps` is the spacing of the numbers that `fn` computes with, relative to them; `stretch` lengthens all steps, so
    that other roundings are met.

    >>> ((left, right),) = slopes(lambda x: [x[0] ** 3], [2.0], 0)
    >>> left == right, abs(left.value - 12.0) <= left.error < 1e-8
    (True, True)
    >>> ((left, right),) = slopes(lambda x: [abs(x[0])], [0.0], 0)
    >>> round(left.value, 6), round(right.value, 6)
    (-1.0, 1.0)
    """

    here = fn(list(point))

    def along(t: float) -> list[float]:
        moved = list(point)
        moved[i] = point[i] + t
        try:
            return fn(moved)
        except (ArithmeticError, ValueError):  # beyond the domain
            return [math.nan] * len(here)

    scale = max(abs(point[i]), 1.0)
    noise = _noise(along, scale, eps, len(here))
    # Steps that a power of two divides evenly, so that x + h is exact where x has bits to spare.
    steps = [math.ldexp(stretch, math.frexp(scale)[1] - 4 - k) for k in range(_LEVELS)]
    ahead, behind = [along(h) for h in steps], [along(-h) for h in steps]
    found = []
    for k, y in enumerate(here):
        right = [(after[k] - y) / h for h, after in zip(steps, ahead)]
        left = [(y - before[k]) / h for h, before in zip(steps, behind)]
        middle = [(a + b) / 2.0 for a, b in zip(left, right)]
        grain = [max(noise[k], eps * max(abs(y), abs(a[k]), abs(b[k]))) for a, b in zip(ahead, behind)]
        central = _extrapolated(middle, steps, grain, 4.0)
        sides = _extrapolated(left, steps, grain, 2.0), _extrapolated(right, steps, grain, 2.0)
        apart = abs(sides[0].value - sides[1].value)
        # At a kink the two sides differ by more than their errors, and the middle between them is no slope.
        kinked = apart > 8.0 * (sides[0].error + sides[1].error)
        found.append(sides if kinked else (central, central))
    return found


def _extrapolated(first: list[float], steps: list[float], noise: list[float], ratio: float) -> Slope:
    """The limit of quotients whose errors are powers of ``1/ratio`` from one step to the next.

    The large steps are left out until the limit is one that the smallest steps confirm: across a jump they tell lies.
    """
    for k in range(len(steps) - 3):
        best = _limit(first[k:], steps[k:], noise[k:], ratio)
        wide = 4.0 * abs(first[-1] - first[-2]) + 8.0 * noise[-1] / steps[-1]
        if abs(best.value - first[-1]) <= wide:
            return best
    return Slope(first[-1], max(wide, abs(first[-1] - first[-3])))


def _limit(first: list[float], steps: list[float], noise: list[float], ratio: float) -> Slope:
    best = Slope(math.nan, math.inf)
    row: list[float] = []
    for k, quotient in enumerate(first):
        new, factor = [quotient], 1.0
        rounding = 4.0 * noise[k] / steps[k]
        for j, before in enumerate(row):
            factor *= ratio
            new.append(new[j] + (new[j] - before) / (factor - 1.0))
            error = 2.0 * max(abs(new[-1] - new[j]), abs(new[-1] - before)) + rounding
            if error < best.error:
                best = Slope(new[-1], error)
        row = new
    return best


def _noise(along: Callable[[float], list[float]], scale: float, eps: float, outputs: int) -> list[float]:
    """The standard deviation of the rounding of each output, by differences of order 4 to 7 on a fine grid."""
    table = [along(k * scale * eps * 64.0) for k in range(-4, 5)]
    levels = []
    for out in range(outputs):
        column = [row[out] for row in table]
        level = 0.0
        for order in range(1, 8):
            column = [b - a for a, b in itertools.pairwise(column)]
            if order >= 4 and all(map(math.isfinite, column)):
                weight = math.factorial(order) ** 2 / math.factorial(2 * order)
                level = max(level, math.sqrt(weight * sum(d * d for d in column) / len(column)))
        levels.append(level)
    return levels


def remainder_rate(fn: Function, point: Sequence[float], direction: Sequence[float], slope: Sequence[float]) -> float:
    """How fast fn(x + h v) − fn(x) − h·`slope` vanishes with h, as a power of h: 2 for the true slopes along v, 1 for
    others; inf if there is nothing but rounding.

    >>> round(remainder_rate(lambda x: [x[0] ** 3], [2.0], [1.0], [12.0]), 1)
    2.0
    >>> round(remainder_rate(lambda x: [x[0] ** 3], [2.0], [1.0], [12.1]), 1)
    1.0
    """
    here = fn(list(point))
    steps = [2.0**-k for k in range(4, 24)]
    sizes = []
    for h in steps:
        there = fn([x + h * v for x, v in zip(point, direction)])
        sizes.append(
            (
                max(abs(b - a - h * s) for a, b, s in zip(here, there, slope)),
                2.0**-50 * max(max(abs(a), abs(b), abs(h * s)) for a, b, s in zip(here, there, slope)),
            )
        )
    told = [k for k, (size, rounding) in enumerate(sizes) if size > 16.0 * rounding]
    if len(told) < 3:
        return math.inf
    # The smallest steps at which the remainder is no rounding, and one more: across a jump it vanishes at once.
    tail = [(steps[k], max(sizes[k][0], 1e-300)) for k in [*told[-5:], min(told[-1] + 1, len(steps) - 1)]]
    xs, ys = [math.log2(h) for h, _ in tail], [math.log2(size) for _, size in tail]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / sum((x - mean_x) ** 2 for x in xs)
