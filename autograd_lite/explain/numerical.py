"""Every gradient beside a derivative that owes the chain rule nothing: difference quotients of the recorded graph.

Only what lies between a node and the output is evaluated again, with the node's number moved a little. Quotients over
ever larger steps, each extrapolated twice (Richardson 1911), carry a bound on their own error: what extrapolation
changed, and what the rounding of every operation on the way may add. A step is believed while it agrees with all
smaller ones (Lepski 1991), which do not reach as far. A gradient is wrong when it is further off than that error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ..graph import topological_order
from ..operators import quietly
from ..primitives import Primitive, constant, stop_gradient
from ..value import Value, reverse

FINEST = 48  # bits by which the smallest step is smaller than the number that is moved
FINEST_AT_ZERO = 2.0**-120
AGREED = 8  # so many scales have to agree
NEAR = 2.0**-30  # nearer to a kink than this, relative to the arguments, is at it
SMALLEST = 2.0**-1022  # normal number
MOST_SCALES = 25  # beyond the number's own
RESOLVED = 2.0**-6
SLOWEST, FASTEST = 0.02, 0.98  # powers of the step by which quotients grow without bound
LOOKING = 64  # nodes looked at in the time of one that is evaluated so often
ULPS = 4.0  # of a local gradient and its product
EPSILON = 2.0**-52
INF = math.inf


@dataclass(frozen=True, slots=True)
class Quotient:
    """A difference quotient in the limit, and how far off it may be; nan and inf where there was no limit.

    >>> Quotient(1.0, 1e-9).meets(Quotient(1.0 + 1e-10, 0.0))
    True
    """

    value: float
    error: float

    def meets(self, other: Quotient) -> bool:
        """Whether both may stand for the same number."""
        return abs(self.value - other.value) <= self.error + other.error


_NOTHING = Quotient(math.nan, INF)


@dataclass(frozen=True, slots=True)
class Estimate:
    """∂z/∂node by difference quotients, beside the gradient by the chain rule.

    Attributes:
        value: the quotient; from both sides, or from one at an edge of a domain; nan where there is none. An infinity
            where the gradient is one and quotients grow without bound in its direction, as of ``sqrt(x)`` at 0.
        error: how far it may be off; inf where nothing is known.
        left, right: from either side.
        at_kink: whether an operation on the way sits at a kink, a tie, a jump or an edge: there a gradient is a choice.
        gradient: by the reverse sweep, from ∂z/∂z = 1.
        rounding: how far rounding in that sweep may have moved it: terms far larger than their sum leave an error.
        jump: where the output jumps, its limit from the left, what it is at the point, and its limit from the right.

    >>> x = Value(0.0, "x")
    >>> estimate = numerical_gradients(abs(x))[x]
    >>> estimate.verdict, estimate.at_kink, estimate.gradient
    ('agrees', True, 0.0)
    >>> estimate.left.value, estimate.right.value
    (-1.0, 1.0)
    """

    value: float
    error: float
    left: Quotient
    right: Quotient
    at_kink: bool
    gradient: float
    rounding: float = 0.0
    jump: tuple[float, float, float] | None = None

    @property
    def verdict(self) -> str:
        """One of "agrees", "mismatch", "kink" (a slope was chosen that is no other's), "jump" (there is no slope) and
        "unknown" (no estimate).
        """
        g = self.gradient
        if self.jump is not None:
            return "jump"
        if g == self.value or abs(g - self.value) <= self.error + self.rounding < INF:
            return "agrees"
        if self.at_kink:
            low = min(self.left.value - self.left.error, self.right.value - self.right.error)
            high = max(self.left.value + self.left.error, self.right.value + self.right.error)
            return "agrees" if -INF < low <= g <= high < INF else "kink"
        return "mismatch" if self.error < INF and math.isfinite(g) else "unknown"


def numerical_gradients(
    z: Value, nodes: Iterable[Value] | None = None, most: int | None = None
) -> dict[Value, Estimate]:
    """An estimate of ∂z/∂node for each of the `nodes`, or for all that `z` was computed from but the constants.

    The graph is evaluated at the numbers it was recorded with; nothing in it changes. Takes some fifty evaluations of
    what lies between each node and `z`: for circuits that one looks at. A node without a path to `z` has slope 0.
    At most `most` operations are evaluated so often, if that is given: nodes for which it is not enough are left out.

    >>> from autograd_lite import math
    >>> x, y = Value(0.5, "x"), Value(2.0, "y")
    >>> found = numerical_gradients(math.sin(x) * y)
    >>> found[x].verdict, abs(found[x].value - 2.0 * math.cos(0.5)) <= found[x].error < 1e-10
    ('agrees', True)
    """
    order = topological_order(z)
    adjoints = reverse({z: 1.0})
    asked = [node for node in order if node.op is not constant] if nodes is None else list(nodes)
    z_is_finite = math.isfinite(z.record[0] if z.record else z.data)
    roundings = _roundings(order, adjoints)
    left = INF if most is None else most
    found: dict[Value, Estimate] = {}
    for node in asked:
        gradient = adjoints.get(node, 0.0)
        if not z_is_finite and node in adjoints:
            found[node] = Estimate(math.nan, INF, _NOTHING, _NOTHING, False, gradient)
        elif left >= len(order) / LOOKING:
            replay = _between(order, node, z)
            work = max(len(replay.between), len(order) / LOOKING)
            if work <= left:
                left -= work
                found[node] = replace(_estimate(replay, gradient), rounding=roundings.get(node, 0.0))
    return found


def _roundings(order: list[Value], adjoints: dict[Value, float]) -> dict[Value, float]:
    """How far rounding may have moved each adjoint: products, sums and local gradients, carried on by the sweep."""
    moved: dict[Value, float] = {}
    sums: dict[Value, float] = {}
    for node in reversed(order):
        if node not in adjoints:
            continue
        for parent, slope in zip(node.parents, node.local_grads):
            term = slope * adjoints[node]
            if parent in adjoints and math.isfinite(term):
                sums[parent] = sums.get(parent, 0.0) + term
                rounded = ULPS * abs(term) + (abs(sums[parent]) if sums[parent] != term else 0.0)
                carried = abs(slope) * moved.get(node, 0.0)
                moved[parent] = moved.get(parent, 0.0) + carried + rounded * EPSILON
    return moved


def _estimate(replay: _Replay, gradient: float) -> Estimate:
    at_kink = _has_kink(replay)
    if at_kink and (jump := _jump(replay)):
        return Estimate(math.nan, INF, _NOTHING, _NOTHING, at_kink, gradient, jump=jump)
    if math.isinf(gradient):
        return _without_bound(replay, at_kink, gradient)
    centre = _limit(replay.central, _scales(replay.number), 16.0)
    if replay.is_lost():
        return Estimate(math.nan, INF, _NOTHING, _NOTHING, at_kink, gradient)
    if not at_kink and centre.error < INF:
        return _believed(centre, centre, centre, replay, at_kink, gradient)
    left, right = _from_both_sides(replay)
    two_sided = left.error < INF and right.error < INF
    if two_sided and left.meets(right) and centre.error < INF:
        best = centre
    elif two_sided:
        best = _NOTHING
    else:  # at an edge there is one side only
        best = min(left, right, key=lambda quotient: quotient.error)
    return _believed(best, left, right, replay, at_kink, gradient)


def _believed(
    best: Quotient, left: Quotient, right: Quotient, replay: _Replay, at_kink: bool, gradient: float
) -> Estimate:
    """`best`, unless it is mostly error and quotients still grow where they come out of the noise: then unresolved."""
    if best.error > RESOLVED * abs(best.value) and any(_grows(replay, way) in (INF, -INF) for way in (-1.0, 1.0)):
        best = left = right = _NOTHING
    return Estimate(best.value, best.error, left, right, at_kink, gradient)


def _without_bound(replay: _Replay, at_kink: bool, gradient: float) -> Estimate:
    """Whether the quotients grow without bound, as the gradient says, on each side that there is."""
    ways = [_grows(replay, way) for way in (-1.0, 1.0)]
    left, right = (Quotient(gradient, 0.0) if way == gradient else _NOTHING for way in ways)
    agrees = all(way in (gradient, None) for way in ways) and gradient in ways
    value, error = (gradient, 0.0) if agrees else (math.nan, INF)
    return Estimate(value, error, left, right, at_kink, gradient)


def _jump(replay: _Replay) -> tuple[float, float, float] | None:
    """The output's limit from the left, what it is at the point, and its limit from the right, where they differ."""
    (here, at_rest), limits, jumps = replay(0.0), [], False
    for way in (-1.0, 1.0):
        (near, noise), (far, _), *_, (farther, _) = [replay(way * s) for s in _scales(replay.number)[:AGREED]]
        change = abs(near - here)
        jumps = jumps or (change > 64.0 * (noise + at_rest) and abs(near - farther) < 0.1 * change)
        limits.append(near - (far - near) / 3.0 if math.isfinite(near - far) else near)
    return (limits[0], here, limits[1]) if jumps else None


def _grows(replay: _Replay, way: float) -> float | None:
    """The infinity that quotients to one side grow to as the steps shrink, by a power of the step; nan if they do not,
    and None if there are none, on the far side of an edge.

    A power of -1 or so is that of a jump, which has no slope. Looked at are the scales just above the noise.
    """
    clear: list[tuple[float, float]] = []
    known = False
    for scale in _scales(replay.number):
        (there, noise), (here, _) = replay(way * scale), replay(0.0)
        change = abs(there - here)
        known = known or change == change
        if 64.0 * noise < change < INF:
            clear.append((scale, math.copysign(change, way * (there - here)) / scale))
    if not known:
        return None
    clear = clear[:AGREED]
    powers = [
        math.log(fine / coarse) / math.log(larger / smaller) if fine / coarse > 0.0 else math.nan
        for (smaller, fine), (larger, coarse) in pairwise(clear)
    ]
    grows = len(powers) == AGREED - 1 and all(SLOWEST < power < FASTEST for power in powers)
    return math.copysign(INF, clear[0][1]) if grows else math.nan


# ---- evaluating again ------------------------------------------------------------------------------------------------

_Moved = list[tuple[int, Value | None, float]]  # operand, where it comes from (None: the node itself), offset


@dataclass(slots=True)
class _Replay:
    """The output as a function of how far one number is moved; only the operations in between are evaluated again.

    Args:
        number: what is moved.
        between: each operation on the way with its numbers, and which of them move.
        z: the output; None if it does not depend on the number at all.
    """

    number: float
    between: list[tuple[Value, Primitive, list[float], _Moved]]
    z: Value | None
    _known: dict[float, tuple[float, float]] = field(default_factory=dict)

    def __call__(self, step: float) -> tuple[float, float]:
        """The output, and how far the rounding of each operation on the way may have moved it."""
        if step not in self._known:
            self._known[step] = self._evaluated(step)
        return self._known[step]

    def _evaluated(self, step: float) -> tuple[float, float]:
        if self.z is None:
            return 0.0, 0.0
        values: dict[Value, tuple[float, float]] = {}
        for node, op, at_rest, moved in self.between:
            numbers = at_rest.copy()
            for operand, parent, offset in moved:
                numbers[operand] += step if parent is None else 0.0
                if parent is not None:
                    numbers[operand] = values[parent][0] + offset
            y = op(*numbers)
            noise = op.ulps * math.ulp(y)
            for operand, parent, _ in moved:
                if parent is not None and (handed_on := values[parent][1]):
                    noise += abs(quietly(op.derivative(operand), (y, *numbers))) * handed_on
            values[node] = y, noise
        return values.get(self.z, (self.number + step, 0.0))

    def is_lost(self) -> bool:
        """Whether rounding leaves next to nothing of the output, as of ``sin(x * 2.0**60)``."""
        here, noise = self(0.0)
        moved = max([abs(here), *(abs(there - here) for there, _ in self._known.values())])
        return noise > max(moved, SMALLEST) / 16.0  # what is exactly 0, as 0 * x, has the rounding of a subnormal

    def central(self, step: float) -> tuple[float, float]:
        """The difference quotient over that step to both sides, and its noise."""
        (above, up), (below, down) = self(step), self(-step)
        quotient = (above - below) / (2.0 * step)
        return quotient, (up + down) / (2.0 * step) + self._moved_off(quotient, step)

    def one_sided(self, step: float) -> tuple[float, float]:
        """The same to one side, that of the step's sign."""
        (there, noise), (here, at_rest) = self(step), self(0.0)
        quotient = (there - here) / step
        return quotient, (noise + at_rest) / abs(step) + self._moved_off(quotient, step)

    def _moved_off(self, quotient: float, step: float) -> float:
        # The number may not have moved by exactly one step, but to the nearest float.
        return abs(quotient * math.ulp(abs(self.number) + abs(step)) / step)


def _between(order: list[Value], x: Value, z: Value) -> _Replay:
    number = x.record[0] if x.record else x.data
    between: list[tuple[Value, Primitive, list[float], _Moved]] = []
    after = {x}
    for node in order:
        op = node.op
        if op is None or op is stop_gradient or node is x or after.isdisjoint(node.parents):
            continue
        moved: _Moved = []
        for operand, (parent, taken) in enumerate(zip(node.parents, node.record[1:])):
            if parent is x:
                number = taken  # a leaf may have got another number since
                moved.append((operand, None, 0.0))
            elif parent in after:
                moved.append((operand, parent, taken - parent.record[0]))
        moved = [move for move in moved if not is_discrete(op, move[0], len(node.parents))]
        if moved:
            after.add(node)
            between.append((node, op, list(node.record[1:]), moved))
    return _Replay(number, between, z if z in after else None)


def is_discrete(op: Primitive, operand: int, arity: int) -> bool:
    """Whether the operation has values at isolated numbers of that operand only: no derivative by it then."""
    return all(op.domain.box(i, arity)[operand].discrete for i in range(len(op.domain.boxes)))


def _has_kink(replay: _Replay) -> bool:
    """Whether an operation on the way has more than one slope at its arguments, or next to them, or none."""
    return any(
        not _is_far_from_kinks(op, tuple(numbers)) and not _is_smooth(op, numbers, operand)
        for _, op, numbers, moved in replay.between
        for operand, _, _ in moved
    )


def _is_far_from_kinks(op: Primitive, numbers: tuple[float, ...]) -> bool:
    return numbers in op.smooth and op.smooth.depth(numbers) > NEAR * max(map(abs, numbers))


def _is_smooth(op: Primitive, numbers: list[float], operand: int) -> bool:
    """Whether quotients to both sides agree with the primitive: its region of smoothness may leave out too much."""
    y = Value(op(*numbers))
    replay = _Replay(numbers[operand], [(y, op, numbers, [(operand, None, 0.0)])], y)
    left, right = _from_both_sides(replay)
    chosen = Quotient(quietly(op.derivative(operand), (y.data, *numbers)), 0.0)
    return max(left.error, right.error) < INF and left.meets(right) and chosen.meets(left) and chosen.meets(right)


# ---- limits ----------------------------------------------------------------------------------------------------------


def _scales(x: float) -> list[float]:
    """Powers of two: a factor of 4 apart from a tiny part of `x` to a quarter of it, and some more up to 1/4."""
    if not math.isfinite(x):
        return []
    own = max(math.frexp(x if x else FINEST_AT_ZERO)[1] - 2, -1060)
    low = own if x == 0.0 else max(own - FINEST, -1060)
    high = max(own, -2)
    exponents = [*range(low, own, 2), *range(own, high + 1, max(2, (high - own) // MOST_SCALES))]
    return [math.ldexp(1.0, k) for k in exponents]


def _from_both_sides(replay: _Replay) -> tuple[Quotient, Quotient]:
    scales = _scales(replay.number)
    return _limit(replay.one_sided, [-scale for scale in scales], 4.0), _limit(replay.one_sided, scales, 4.0)


def _limit(quotient: Callable[[float], tuple[float, float]], scales: list[float], shrinks: float) -> Quotient:
    """The limit for small steps; over a step four times smaller the error is `shrinks` times smaller.

    At each scale, small ones first, three quotients are extrapolated twice. The error allows for what came out of two
    of them, as if the second extrapolation had gained nothing: where some higher derivative jumps, it has not.
    Where it is neither little nor lost in the noise, the function was not resolved.
    """
    again = 4.0 * shrinks if shrinks == 4.0 else 16.0 * shrinks  # how the error of the first extrapolation shrinks
    believed, low, high, agreed = _NOTHING, -INF, INF, 0
    for scale in scales:
        (fine, noise), (middle, noise_2), (coarse, noise_3) = (quotient(scale * part) for part in (0.0625, 0.25, 1.0))
        once, before = fine + (fine - middle) / (shrinks - 1.0), middle + (middle - coarse) / (shrinks - 1.0)
        change = (once - before) / (again - 1.0)
        value, noise = once + change, 1.25 * max(noise, noise_2, noise_3)
        error = 1.25 * abs(once - before) + noise
        if not math.isfinite(value + error) or value + error < low or value - error > high:
            break
        if error - noise > max(noise, RESOLVED * abs(value)):
            continue
        low, high, agreed = max(low, value - error), min(high, value + error), agreed + 1
        if error < believed.error:
            believed = Quotient(value, error)
    return believed if agreed >= AGREED else _NOTHING
