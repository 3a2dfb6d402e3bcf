"""Finite differences that know their own error, for functions that only take floats.

A function is sampled along a line at steps that shrink from the size of the point to its last bits, whatever the scale
that the function changes on. Differences of neighbouring steps are extrapolated to step 0 (Richardson; Ridders' choice
of the best entry, 1982). The error of an entry is how far its neighbours are, and the function's noise: how far the
differences at all smaller steps, times the step, are from it. So an entry that smaller steps do not confirm is as
uncertain as they make it, be the cause rounding, a jump, or a scale that the larger steps passed over.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

Function = Callable[[list[float]], list[float]]  # from inputs to outputs, all floats
_COLUMNS = 4  # of Richardson's table
_CONFIRMING = 3  # steps smaller than those of an entry, without which it says nothing
_SURE = 8.0  # times the measured noise
_LEVELS = 15
_LEAST = {52: 2.0**-1070, 23: 2.0**-145, 7: 2.0**-130, 10: 2.0**-22}  # by the bits, the smallest numbers, and some more
_GOOD = 2.0**-6  # the relative error of a slope at larger steps that is worth a word


_Quotients = list[tuple[float, float, float]]  # steps, quotients, and the rounding of the function there


class Slope(NamedTuple):
    """A one- or two-sided slope, an estimate of its error, and the step that it was found with."""

    value: float
    error: float
    step: float


class Sides(NamedTuple):
    """The slopes on both sides of a point, the same where the function is smooth, and the size of its differences."""

    left: Slope
    right: Slope
    scale: float
    others: tuple[Slope, ...] = ()  # those of larger steps, where the smaller ones have another


class Line:
    """A function of floats, sampled at ``point ± t·direction``.

    Args:
        fn: the function; it gives nan where it is not defined.
        here: its outputs at the point.
        eps: the spacing of the numbers that `fn` computes with, relative to them.
        stretch: lengthens all steps, so that other roundings are met.
        rounded: the point as `fn` takes it, in numbers of its own precision.

    >>> line = Line(lambda x: [x[0] ** 3], [2.0], [1.0], [8.0])
    >>> left, right, *_ = line.slopes([1.0])
    >>> left == right, abs(left.value - 12.0) <= left.error < 1e-8
    (True, True)
    >>> left, right, *_ = Line(lambda x: [abs(x[0])], [0.0], [1.0], [0.0]).slopes([1.0])
    >>> round(left.value, 6), round(right.value, 6)
    (-1.0, 1.0)
    """

    def __init__(
        self,
        fn: Function,
        point: Sequence[float],
        direction: Sequence[float],
        here: Sequence[float],
        eps: float = 2.0**-52,
        stretch: float = 1.0,
        rounded: Callable[[list[float]], list[float]] = lambda xs: xs,
    ) -> None:
        self.here, self.eps = here, eps
        bits = round(-math.log2(eps))
        self.least = _LEAST.get(bits, _LEAST[52])
        self.ratio = 8.0 if bits > 40 else 4.0 if bits > 16 else 2.0
        moving = [i for i, v in enumerate(direction) if v]
        alone = moving[0] if len(moving) == 1 else None
        size = max([1.0, *[abs(point[i] / direction[i]) for i in moving[:1] if alone is not None]])
        tops = [math.ldexp(stretch, math.frexp(size)[1] - (3 if bits > 40 else 2))]
        nearest = min([abs(point[i] / direction[i]) for i in moving if point[i]], default=1.0)
        if nearest < 2.0**-10:  # as a logarithm wants it
            tops.append(math.ldexp(stretch, math.frexp(nearest)[1] - 3))

        def along(t: float) -> tuple[float, list[float]]:
            moved = rounded([x + t * v if v else x for x, v in zip(point, direction)])
            return ((moved[alone] - point[alone]) / direction[alone] if alone is not None else t), fn(moved)

        self.ladders: list[list[tuple[float, list[float], float, list[float]]]] = []
        for top in tops:
            ladder: list[tuple[float, list[float], float, list[float]]] = []
            for k in range(_LEVELS):
                step = top / self.ratio**k
                (ahead, after), (behind, before) = along(step), along(-step)
                if ahead > 0.0 > behind and (not ladder or ahead < 0.9 * ladder[-1][0]):  # not lost in the last bit
                    ladder.append((ahead, after, -behind, before))
            self.ladders.append(ladder)

    def slopes(self, weights: Sequence[float], noise: float = 0.0) -> Sides:
        """The slopes of the sum of all outputs times their `weights`, which is known to have that much noise."""
        chosen = [(k, w) for k, w in enumerate(weights) if w]

        def weighed(outputs: Sequence[float]) -> float:
            return sum(w * outputs[k] for k, w in chosen)

        def size(outputs: Sequence[float]) -> float:
            return sum(abs(w * outputs[k]) for k, w in chosen)

        y, own = weighed(self.here), size(self.here)
        middle: list[_Quotients] = []
        right: list[_Quotients] = []
        left: list[_Quotients] = []
        weighted = [[(weighed(after), weighed(before)) for _, after, _, before in ladder] for ladder in self.ladders]
        # Steps that change nothing beside larger ones that do: the function is rounded to more than its last bit.
        steps = sorted(
            ((step[0], pair) for ladder, ends in zip(self.ladders, weighted) for step, pair in zip(ladder, ends)),
            key=lambda item: -item[0],
        )
        quantum = max(_quantum([pair[side] - y for _, pair in steps]) for side in (0, 1))
        steppy = quantum > 64.0 * self.eps * own + self.least
        own = max(own, quantum / self.eps, noise / self.eps)
        for ladder, ends in zip(self.ladders, weighted):
            for table in (middle, right, left):
                table.append([])
            for (ahead, after, behind, before), (a, b) in zip(ladder, ends):
                grain_a, grain_b = (
                    self.eps * max(own, size(after)) + self.least,
                    self.eps * max(own, size(before)) + self.least,
                )
                right[-1].append((ahead, (a - y) / ahead, grain_a))
                left[-1].append((behind, (y - b) / behind, grain_b))
                width = (ahead + behind) / 2.0
                middle[-1].append((width, (a - b) / (2.0 * width), max(grain_a, grain_b)))
        central, other = _limit(middle, self.ratio**2)
        on_the_left, left_other = _limit(left, self.ratio)
        on_the_right, right_other = _limit(right, self.ratio)
        others = tuple(slope for slope in (other, left_other, right_other) if slope is not None)
        if steppy:  # steps of its own, as `floor` has them, or those of a lower precision inside?
            others += (Slope(0.0, 0.0, 0.0),)
        if not math.isfinite(on_the_left.error) or not math.isfinite(on_the_right.error):
            # The function ends here, or jumps: the side that has a slope.
            best = min(central, on_the_left, on_the_right, key=lambda slope: slope.error)
            return Sides(best, best, self._scale(right + left, best.step), others)
        apart = abs(on_the_left.value - on_the_right.value)
        # At a kink the two sides differ by more than their errors, and the middle between them is no slope.
        if apart > on_the_left.error + on_the_right.error:
            step = min(on_the_left.step, on_the_right.step)
            return Sides(on_the_left, on_the_right, self._scale(right + left, step), others)
        return Sides(central, central, self._scale(right + left, central.step), others)

    def _scale(self, tables: list[_Quotients], step: float) -> float:
        near = [abs(q) for table in tables for h, q, _ in table if step <= h <= 64.0 * step and math.isfinite(q)]
        return max(near, default=0.0)


def noise(samples: Sequence[float]) -> float:
    """The noise of a function from its values at equidistant points: 0 if it is smooth on their scale.

    Differences of a high order are those of the noise alone, whose standard deviation they then agree on. Source: Moré
    & Wild, Estimating computational noise, SIAM J. Sci. Comput. 33 (2011).

    >>> noise([math.exp(k / 8.0) for k in range(9)]), 0.2 < noise([round(k / 3.0) for k in range(9)]) < 0.4
    (0.0, True)
    """
    level, factor = list(samples), 1.0
    found: list[tuple[float, bool]] = []
    for k in range(1, len(samples) - 1):
        level = [after - before for before, after in itertools.pairwise(level)]
        factor *= k / (2.0 * (2.0 * k - 1.0))
        found.append((math.sqrt(factor * sum(d * d for d in level) / len(level)), min(level) < 0.0 < max(level)))
    for k in range(len(found) - 2):
        sizes = [size for size, _ in found[k : k + 3]]
        if found[k][1] and max(sizes) <= 4.0 * min(sizes):
            return sizes[0]
    return 0.0


def _quantum(changes: list[float]) -> float:
    """The least change but 0, of steps that shrink, if smaller steps change nothing; else 0."""
    last = max((k for k, change in enumerate(changes) if change == 0.0), default=0)
    return min((abs(change) for change in changes[:last] if abs(change) > 0.0), default=0.0)


def _limit(ladders: list[_Quotients], ratio: float) -> tuple[Slope, Slope | None]:
    """The limit of quotients, ``(step, quotient, rounding of the function)``, whose errors are powers of ``1/ratio``
    from one step to the next; and the limit of larger steps, if they have a good one of their own."""
    entries = []
    for ladder in ladders:
        row: list[float] = []
        for h, quotient, _ in ladder:
            new, factor = [quotient], 1.0
            for before in row[:_COLUMNS]:
                factor *= ratio
                better = new[-1] + (new[-1] - before) / (factor - 1.0)
                spread = abs(better - new[-1]) + abs(better - before)
                new.append(better)
                if math.isfinite(spread):
                    entries.append((h, better, spread))
            row = new
    samples = sorted(sample for ladder in ladders for sample in ladder if math.isfinite(sample[1]))
    best, other = Slope(math.nan, math.inf, 0.0), None
    for h, value, spread in sorted(entries):
        if spread >= max(best.error, _GOOD * abs(value)):
            continue
        noise = grains = 0.0
        count = 0
        for step, quotient, grain in samples:
            if step > h:
                break
            grains = max(grains, grain)
            if step < h:
                noise = max(noise, abs(quotient - value) * step)
                count += 1
        if count < _CONFIRMING:
            continue
        own = spread + _SURE * grains / h
        error = max(own, spread + _SURE * noise / h)
        if abs(value - best.value) > best.error + own:  # two scales, and each has a limit of its own
            if error < _GOOD * abs(value):
                other = Slope(value, error, h)
        elif error < best.error:
            best = Slope(value, error, h)
    return best, other


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
