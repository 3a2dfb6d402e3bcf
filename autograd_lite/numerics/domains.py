"""Domains: where an operation is defined, and where it is smooth.

A `Domain` is a union of real intervals, each of which may hold all its reals, only its integers, or all but its
integers. A `Region` is a set of argument tuples: a union of boxes (one domain an argument), less an exceptional
set such as ``a == b`` where the operation has a tie. Both are data: they can be asked, printed and sampled from, and
know how deep inside them a point lies.
Imports `math` alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

INF = math.inf


class Interval:
    """The reals from `low` to `high`; infinite ends are never included, finite ones unless said to be open.

    `integers` is None for all the reals in between, "only" for the integers among them, "never" for all others.

    >>> Interval(0, 1, open_low=True)
    (0, 1]
    >>> 0.5 in Interval(0, 1), 2.0 in Interval(0, 1)
    (True, False)
    """

    __slots__ = ("high", "integers", "low", "open_high", "open_low")

    def __init__(
        self,
        low: float = -INF,
        high: float = INF,
        *,
        open_low: bool = False,
        open_high: bool = False,
        integers: str | None = None,
    ) -> None:
        self.low, self.high = float(low), float(high)
        self.open_low = open_low or low == -INF
        self.open_high = open_high or high == INF
        self.integers = integers

    def __contains__(self, x: float) -> bool:
        inside = self.least <= x <= self.greatest  # False for nan
        if not inside or self.integers is None:
            return inside
        return (x == math.floor(x)) == (self.integers == "only")

    @property
    def least(self) -> float:
        """The least float inside the two ends.

        >>> unit = Interval(0, 1, open_low=True)
        >>> unit.least, unit.greatest
        (5e-324, 1.0)
        """
        return math.nextafter(self.low, INF) if self.open_low else self.low

    @property
    def greatest(self) -> float:
        """The greatest float inside the two ends."""
        return math.nextafter(self.high, -INF) if self.open_high else self.high

    def depth(self, x: float) -> float:
        """How far `x` is from what is outside; inf among isolated integers, 0 where `x` is not inside.

        >>> Interval(0, 3).depth(2.5), Interval(0, 3, integers="never").depth(1.75)
        (0.5, 0.25)
        """
        if x not in self:
            return 0.0
        if self.integers == "only":
            return INF
        ends = min(x - self.low, self.high - x)
        return ends if self.integers is None else min(ends, abs(x - round(x)))

    def __repr__(self) -> str:
        low, high = ("−∞" if self.low == -INF else f"{self.low:.6g}"), ("∞" if self.high == INF else f"{self.high:.6g}")
        reals = f"{'(' if self.open_low else '['}{low}, {high}{')' if self.open_high else ']'}"
        return {None: reals, "only": f"ℤ ∩ {reals}", "never": f"{reals} ∖ ℤ"}[self.integers]


class Domain:
    """A union of intervals.

    >>> NONZERO
    (−∞, 0) ∪ (0, ∞)
    >>> 0.0 in NONZERO, 5e-324 in NONZERO
    (False, True)
    >>> INTEGER.discrete, NONZERO.discrete, NONZERO.depth(0.25)
    (True, False, 0.25)
    """

    __slots__ = ("intervals",)

    def __init__(self, *intervals: Interval) -> None:
        self.intervals = intervals

    def __contains__(self, x: float) -> bool:
        return any(x in interval for interval in self.intervals)

    def __iter__(self) -> Iterator[Interval]:
        return iter(self.intervals)

    @property
    def discrete(self) -> bool:
        """Whether it holds isolated numbers only: nothing is differentiated by such an argument."""
        return all(interval.integers == "only" for interval in self.intervals)

    def depth(self, x: float) -> float:
        """How far `x` is from what is outside."""
        return max(interval.depth(x) for interval in self.intervals)

    def __or__(self, other: Domain) -> Domain:
        return Domain(*self.intervals, *other.intervals)

    def __repr__(self) -> str:
        return "ℝ" if self is REAL else "ℤ" if self is INTEGER else " ∪ ".join(map(repr, self.intervals))


REAL = Domain(Interval())
INTEGER = Domain(Interval(integers="only"))
NONINTEGER = Domain(Interval(integers="never"))
POSITIVE = Domain(Interval(0, open_low=True))
NONNEGATIVE = Domain(Interval(0))
NEGATIVE = Domain(Interval(high=0, open_high=True))
NONZERO = NEGATIVE | POSITIVE
ZERO = Domain(Interval(0, 0))
UNIT = Domain(Interval(0, 1))
SYMMETRIC_UNIT = Domain(Interval(-1, 1))


class Region:
    """A set of argument tuples: a union of `boxes`, less where `gap`, a distance from an exceptional set, is 0.

    A box is one domain an argument; a box of one domain fits any number of arguments.

    >>> Region((REAL, REAL), gap=lambda a, b: a - b, note="a ≠ b")
    ℝ × ℝ, a ≠ b
    >>> (1.0, 1.0) in Region((REAL, REAL), gap=lambda a, b: a - b, note="a ≠ b")
    False
    >>> Region((REAL, POSITIVE)).box(0, 2)
    (ℝ, (0, ∞))
    """

    __slots__ = ("boxes", "gap", "note")

    def __init__(
        self, *boxes: tuple[Domain, ...], gap: Callable[..., float] | None = None, note: str | None = None
    ) -> None:
        self.boxes = boxes
        self.gap = gap
        self.note = note

    def box(self, index: int, arity: int) -> tuple[Domain, ...]:
        """The `index`-th box with exactly `arity` domains."""
        box = self.boxes[index]
        return box * arity if len(box) == 1 else box

    def __contains__(self, args: tuple[float, ...]) -> bool:
        boxed = any(
            all(x in domain for x, domain in zip(args, self.box(i, len(args)), strict=True))
            for i in range(len(self.boxes))
        )
        return boxed and not (self.gap is not None and self.gap(*args) == 0.0)

    def depth(self, args: tuple[float, ...]) -> float:
        """How far `args` is, in its coordinates or its gap, from what is outside.

        >>> Region((POSITIVE, REAL), gap=lambda a, b: a - b).depth((2.0, 5.0))
        2.0
        """
        arity = len(args)
        boxed = max(
            min(domain.depth(x) for x, domain in zip(args, self.box(i, arity), strict=True))
            for i in range(len(self.boxes))
        )
        return boxed if self.gap is None else min(boxed, abs(self.gap(*args)))

    def __repr__(self) -> str:
        boxes = " ∪ ".join(
            text if len(self.boxes) == 1 else f"({text})" for text in (" × ".join(map(repr, box)) for box in self.boxes)
        )
        return f"{boxes}, {self.note}" if self.note else boxes


def region(where: Domain | tuple[Domain, ...] | Region) -> Region:
    """A `Region` from its short forms: one domain for every argument, or a tuple with one domain each."""
    if isinstance(where, Region):
        return where
    return Region(where if isinstance(where, tuple) else (where,))
