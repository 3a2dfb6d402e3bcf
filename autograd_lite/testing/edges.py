"""The recorded graph against the truth, node by node and edge by edge: where the first wrong number is.

At the floats that were recorded, each value and each local gradient is within its primitive's bound, in ulps of the
oracle's, to 50 digits. At a kink, a tie or a pole a local gradient is what its primitive documents, and lies between
the slopes on both sides. If all edges are right, a wrong gradient is the sweep's fault.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from mpmath import iv, mp, mpf

from ..primitives import Point, Primitive, constant
from ..value import Value, written
from . import oracles
from .enclosure import Interval, interval_ends, is_known, working_precision

_UNDERFLOW = 2.0**-1022  # what is smaller has lost bits, or all of them


class Fault(NamedTuple):
    """A number in a recorded graph that is wrong: the value of `node`, or its local gradient by operand `edge`."""

    node: Value
    edge: int | None
    found: float
    truth: Any
    ulps: float
    why: str

    def __str__(self) -> str:
        assert self.node.op is not None
        what = "its value" if self.edge is None else f"its local gradient by operand {self.edge}"
        operation = written(self.node.op, self.node.parents)
        apart = f", {self.ulps:.3g} ulp away" if math.isfinite(self.ulps) else ""
        return (
            f"{operation} = {self.node.data!r}: {what} is {self.found!r}, not {_shown(self.truth)}{apart} ({self.why})"
        )


def first_fault(order: Iterable[Value], at_kinks_only: bool = False) -> Fault | None:
    """The first wrong number of the nodes in `order`, parents first; None if there is none.

    >>> from autograd_lite.graph import topological_order
    >>> x = Value(2.0)
    >>> first_fault(topological_order(x * x)) is None
    True
    """
    for node in order:
        if node.op is None or not node.parents or not is_known(node.op):
            continue
        if at_kinks_only and node.record[1:] in node.op.smooth:
            continue
        fault = _fault_of_value(node, node.op)
        if fault is not None:
            return fault
        slopes = node.local_grads
        for i, parent in enumerate(node.parents):
            if parent.op is not constant:
                fault = fault_of_slope(node.op, node.record, i, slopes[i], node)
                if fault is not None:
                    return fault
    return None


def _fault_of_value(node: Value, op: Primitive) -> Fault | None:
    y, *args = node.record
    for i, (parent, arg) in enumerate(zip(node.parents, args)):
        if parent.op is not None and parent.op is not constant and not _same(parent.record[0], arg):
            return Fault(node, None, arg, parent.record[0], math.nan, f"recorded for operand {i}")
    if tuple(args) not in op.domain or not all(map(math.isfinite, args)):
        return None
    truth = oracles.true_value(op, args)
    apart = ulps_between(y, truth)
    if apart > op.ulps and any(map(_is_negative_zero, args)):  # which mpmath does not tell from 0
        with working_precision():
            return (
                None if y in interval_ends(oracles.enclosed_value(op, args)) else Fault(node, None, y, truth, apart, "")
            )
    return Fault(node, None, y, truth, apart, f"{op} is good to {op.ulps:g} ulp") if apart > op.ulps else None


def fault_of_slope(op: Primitive, record: Point, i: int, found: float, node: Any) -> Fault | None:
    """What is wrong with the local gradient `found` by argument `i`, of the operation with that record."""
    args = record[1:]
    documented = documented_slope(op, i, args)
    if documented is not None:
        if not _same(found, documented):
            return Fault(node, i, found, documented, math.nan, "documented in the table for this very point")
        return None
    if not all(map(math.isfinite, record)):
        return None
    smooth = args in op.smooth
    if not smooth and not _between_the_sides(op, i, args, found):
        return Fault(node, i, found, sides(op, i, args), math.nan, "the slopes on both sides of this kink")
    if not smooth and any(map(_is_negative_zero, args)):  # which mpmath does not tell from 0
        return None
    try:
        truth = oracles.true_slope(op, i, args)
    except (ArithmeticError, ValueError):  # no slope: the sides have been looked at
        return None
    if isinstance(truth, mp.mpc):  # a negative base to a power that is about to be broken
        return None if found != found else Fault(node, i, found, math.nan, math.nan, "there is no real slope")
    if not mp.isfinite(truth):
        return None
    apart = ulps_between(found, truth)
    if apart <= op.ulps:
        return None
    return Fault(node, i, found, truth, apart, f"{op} is good to {op.ulps:g} ulp")


def documented_slope(op: Primitive, i: int, args: Point) -> float | None:
    """The slope that the primitive gives for exactly this point, if it names it."""
    for point, slopes in op.special_slopes:
        if len(point) == len(args) and all(map(_identical, point, args)):
            return slopes[i]
    return None


def sides(op: Primitive, i: int, args: Point) -> Interval:
    """The slopes on all sides of a kink, as one interval.

    >>> from autograd_lite.primitives import abs
    >>> sides(abs, 0, (0.0,))
    Interval(-1.0, 1.0)
    """
    boxes = [op.domain.box(k, len(args)) for k in range(len(op.domain.boxes))]
    box = next((box for box in boxes if all(x in place for x, place in zip(args, box))), boxes[0])
    with working_precision():
        around = []
        for x, place in zip(args, box):
            width = 0.0 if place.discrete else 2.0**-40 * max(abs(x), 2.0**-900)
            around.append(iv.mpf([x - width, x + width]))
        return interval_ends(oracles.enclosed_slope(op, i, around))


def _between_the_sides(op: Primitive, i: int, args: Point, found: float) -> bool:
    between = sides(op, i, args)
    bounded = math.isfinite(between.low) and math.isfinite(between.high)
    return found in between or not bounded


def ulps_between(found: float, truth: Any) -> float:
    """How many ulps of `truth`, an mpmath number, lie between it and `found`.

    >>> ulps_between(1.0 + 2.0**-52, mpf(1))
    1.0
    """
    nearest = float(truth)
    if not math.isfinite(found) or not math.isfinite(nearest):
        return 0.0 if _same(found, nearest) else math.inf
    with mp.workdps(60):
        apart = abs(mpf(found) - truth)
        return 0.0 if apart <= _UNDERFLOW else float(apart / math.ulp(nearest))


def _same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


def _identical(a: float, b: float) -> bool:
    return _same(a, b) and math.copysign(1.0, a) == math.copysign(1.0, b)


def _is_negative_zero(x: float) -> bool:
    return x == 0.0 and math.copysign(1.0, x) < 0.0


def _shown(truth: Any) -> str:
    return repr(truth) if isinstance(truth, float | Interval) else str(mp.nstr(truth, 20))
