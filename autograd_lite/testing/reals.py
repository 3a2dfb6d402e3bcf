"""What an oracle is written with: mpmath's numbers, at its working precision, or enclosures in mpmath's `iv`.

On intervals the basic operations are mpmath's; of a function that it lacks, the enclosure comes from its monotony: the
values at the ends and at the extrema between them, in more digits than asked for, rounded outwards. Source: Moore,
Interval Analysis (1966).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import mpmath
from mpmath import iv, mp, mpf

Number = Any  # mpmath's, an interval or not: it has no types of its own
Function = Callable[..., Number]


class Points:
    """What an oracle is written with, on mpmath's numbers."""

    number = mpf
    exp, log, sqrt = map(staticmethod, (mp.exp, mp.log, mp.sqrt))
    sin, cos, atan2 = map(staticmethod, (mp.sin, mp.cos, mp.atan2))

    @property
    def pi(self) -> Number:
        return +mp.pi

    @property
    def ln2(self) -> Number:
        return +mp.ln2

    @property
    def ln10(self) -> Number:
        return +mp.ln10

    @staticmethod
    def power(a: Number, b: Number) -> Number:
        """a**b where a is positive, or b a whole number."""
        return power_of(a, b)

    @staticmethod
    def monotone(
        f: Function, *xs: Number, within: tuple[float, float] = (-math.inf, math.inf), turns: Any = None
    ) -> Number:
        """f(*xs)."""
        return f(*xs)

    @staticmethod
    def exact(f: Function, *xs: Number) -> Number:
        """f(*xs)."""
        return f(*xs)

    @staticmethod
    def gentle(f: Function, x: Number, steepest: Callable[[], Number]) -> Number:
        """f(x)."""
        return f(x)

    @staticmethod
    def convex(f: Function, slope: Function, x: Number) -> Number:
        """f(x)."""
        return f(x)

    @staticmethod
    def clip(x: Number, low: float = -math.inf, high: float = math.inf) -> Number:
        """x, which lies between `low` and `high`."""
        return x

    @staticmethod
    def is_zero(x: Number) -> bool:
        return bool(x == 0)

    @staticmethod
    def abs(x: Number) -> Number:
        return abs(x)

    @staticmethod
    def side(x: Number) -> Number:
        """-1 where x is negative, else 1: the zero of the reals is +0."""
        return mpf(-1 if x < 0 else 1)

    @staticmethod
    def choose(c: Number, a: Number, b: Number) -> Number:
        """a where c is not zero, else b."""
        return a if c else b

    @staticmethod
    def rational(f: Function, *xs: Number) -> Number | None:
        """f of rational numbers, rounded once; None where an interval has more than one."""
        exact = f(*(Fraction(*mpmath.libmp.to_rational(x._mpf_)) for x in xs))
        return mpf(exact.numerator) / exact.denominator


class Intervals:
    """What an oracle is written with, on intervals: each result encloses those of `Points` for all points in them."""

    number = iv.mpf
    exp, sin, cos = map(staticmethod, (iv.exp, iv.sin, iv.cos))

    @property
    def pi(self) -> Number:
        return +iv.pi

    @property
    def ln2(self) -> Number:
        return iv.log(iv.mpf(2))

    @property
    def ln10(self) -> Number:
        return iv.log(iv.mpf(10))

    def log(self, x: Number) -> Number:
        x = self.clip(x, 0.0)
        return EVERYTHING if x is EVERYTHING else iv.log(x)

    def sqrt(self, x: Number) -> Number:
        x = self.clip(x, 0.0)
        return EVERYTHING if x is EVERYTHING else iv.sqrt(x)

    def power(self, a: Number, b: Number) -> Number:
        """a**b where a is positive, or b a whole number."""
        (low, high), (least, most) = ends_of(a), ends_of(b)
        if low > 0:
            return self.monotone(power_of, a, b)
        if least == most == mp.floor(least) and mp.isfinite(least):
            turns = [mpf(0)] if low <= 0 <= high else []
            return EVERYTHING if turns and least < 0 else self.monotone(lambda x: power_of(x, least), a, turns=turns)
        if least > 0 and high >= 0:
            return self.monotone(power_of, self.clip(a, 0.0), b)
        return EVERYTHING

    def atan2(self, y: Number, x: Number) -> Number:
        (bottom, top), (left, _) = ends_of(y), ends_of(x)
        if left > 0 or bottom > 0 or top < 0:
            return self.monotone(mp.atan2, y, x)
        return iv.mpf([-1, 1]) * iv.pi

    def monotone(
        self,
        f: Function,
        *xs: Number,
        within: tuple[float, float] = (-math.inf, math.inf),
        turns: Iterable[Number] | None = None,
    ) -> Number:
        """f on intervals, as far as they lie `within` its domain: f is monotone in each argument alone, or, of one
        argument, between its `turns`."""
        ends = []
        for x in xs:
            x = self.clip(x, *within)
            if x is EVERYTHING:
                return EVERYTHING
            low, high = ends_of(x)
            ends.append([low] if low == high else [low, high])
        if turns is not None:
            low, high = ends[0][0], ends[0][-1]
            ends[0] += [turn for turn in turns if low < turn < high]
        with mp.workprec(iv.prec + 30):
            try:
                values = [f(*corner) for corner in itertools.product(*ends)]
            except (ArithmeticError, ValueError):  # a pole
                return EVERYTHING
            return _outwards(min(values), max(values))

    def exact(self, f: Function, *xs: Number) -> Number:
        """f on intervals: it is monotone in each argument, and of numbers gives one of a few digits, never rounded."""
        with mp.workprec(iv.prec + 60):
            values = [f(*corner) for corner in itertools.product(*map(ends_of, xs))]
            return interval_of(min(values), max(values))

    def gentle(self, f: Function, x: Number, steepest: Callable[[], Number]) -> Number:
        """f on an interval, where no slope of f is greater than `steepest`: the mean value theorem."""
        low, high = ends_of(x)
        if low == high:
            return self.monotone(f, x)
        if not mp.isfinite(high - low):
            return EVERYTHING
        middle = _middle(x)
        return self.monotone(f, middle) + (x - middle) * _both_ways(steepest())

    def convex(self, f: Function, slope: Function, x: Number) -> Number:
        """f on an interval where it is convex and has the enclosed `slope`: below the chord, above the tangents."""
        low, high = ends_of(x)
        ends = self.monotone(f, x)
        if low == high or ends is EVERYTHING:
            return ends
        middle = _middle(x)
        tangents = self.monotone(f, middle) + slope(x) * (x - middle)
        return interval_of(min(ends_of(tangents)[0], ends_of(ends)[0]), ends_of(ends)[1])

    @staticmethod
    def clip(x: Number, low: float = -math.inf, high: float = math.inf) -> Number:
        """The part of x between `low` and `high`; all the reals where there is none."""
        least, most = ends_of(x)
        if least >= low and most <= high:
            return x
        if least > high or most < low:
            return EVERYTHING
        return interval_of(max(least, mpf(low)), min(most, mpf(high)))

    @staticmethod
    def is_zero(x: Number) -> bool:
        return ends_of(x) == (0, 0)

    def abs(self, x: Number) -> Number:
        low, high = ends_of(x)
        return x if low >= 0 else -x if high <= 0 else interval_of(mpf(0), max(-low, high))

    @staticmethod
    def side(x: Number) -> Number:
        """-1 where x is negative, 1 where it is positive; both where it may be zero, of either sign."""
        low, high = ends_of(x)
        return iv.mpf(1 if low > 0 else -1 if high < 0 else [-1, 1])

    @staticmethod
    def choose(c: Number, a: Number, b: Number) -> Number:
        """a where c is not zero, else b; both where c may be either."""
        low, high = ends_of(c)
        if low > 0 or high < 0:
            return a
        if low == high:
            return b
        (least, most), (other_least, other_most) = ends_of(iv.convert(a)), ends_of(iv.convert(b))
        return interval_of(min(least, other_least), max(most, other_most))

    def rational(self, f: Function, *xs: Number) -> Number | None:
        """f of rational numbers; None where an interval has more than one."""
        if any(low != high or not mp.isfinite(low) for low, high in map(ends_of, xs)):
            return None
        return self.monotone(functools.partial(points.rational, f), *xs)


points, intervals = Points(), Intervals()
EVERYTHING = iv.mpf(["-inf", "inf"])


def ends_of(x: Number) -> tuple[Number, Number]:
    low, high = x._mpi_
    return mp.make_mpf(low), mp.make_mpf(high)


def interval_of(low: Number, high: Number) -> Number:
    return iv.make_mpf((low._mpf_, high._mpf_))


def _middle(x: Number) -> Number:
    low, high = ends_of(x)
    with mp.workprec(iv.prec + 60):
        middle = (low + high) / 2
    return interval_of(middle, middle)


def _outwards(low: Number, high: Number) -> Number:
    """From `low` to `high` and a little further: mpmath's functions are off by a few of the 30 bits to spare."""
    if low != low or high != high:
        return EVERYTHING
    margin = mp.ldexp(1, -iv.prec - 10)
    return interval_of(low - abs(low) * margin, high + abs(high) * margin)


def _both_ways(x: Number) -> Number:
    return iv.mpf([-1, 1]) * x


def power_of(a: Number, b: Number) -> Number:
    if not a > 0 or mp.isinf(a) or mp.isinf(b):
        return mp.power(a, b)
    with mp.workprec(mp.prec + 20 + max(0, mp.mag(b) + mp.mag(mp.log(a)))):  # an error of bˑlog a is one of its size
        return mp.exp(b * mp.log(a))


def settled(f: Function) -> Function:
    """f where its terms may cancel: evaluated with more and more digits, until the working precision's no longer
    change."""

    @functools.wraps(f)
    def evaluate(*args: Number) -> Number:
        bits = mp.prec
        before, work = None, bits + 30
        while True:
            with mp.workprec(work):
                result = f(*args)
                if result == before:
                    return result
                if before is not None and abs(result - before) <= abs(result) * mp.ldexp(1, -bits - 10):
                    return result
            before, work = result, 2 * work + 60

    return evaluate
