"""Where a graph sits at a kink, a tie, a jump or an edge: there a gradient is one choice among several slopes.

Such a node is one whose arguments lie outside its primitive's region of smoothness. What happens to either side
is computed next to the point, by the primitive's own value and local derivatives there, one argument at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..expressions import number
from ..graph import topological_order
from ..operators import quietly
from ..primitives import Primitive, constant
from ..value import Value
from .numerical import is_discrete
from .tables import from_text
from .wording import Names, check_value, counted

NEAR_ZERO = 2.0**-500  # next to 0: small, and its square and root are still far from the ends of the floats
FARTHER = 256.0


def kinks(z: Value, *, names: bool | Mapping[str, object] = True, precision: int = 4) -> Kinks:
    """The nodes of z's graph that sit at a kink, a tie, a jump or an edge, with the slopes to both sides.

    Args:
        z: the output.
        names: what nodes without a label are called: True for the caller's variables, False, or a namespace.
        precision: how many significant digits are printed.

    A recorded comparison at its threshold, ``where(greater(x, 2), …)`` at 2, is a jump or a tie of what chooses by it.
    A branch that a Python ``if`` did not take is not in the graph, nor is a comparison that came out as a bool, as
    ``x > 2`` does: these are not asked about.

    >>> from autograd_lite import math
    >>> a, b = Value(1.0, "a"), Value(1.0, "b")
    >>> m = math.maximum(a, b)
    >>> print(kinks(m + abs(a - b)))
    2 kinks:
      m = max(a, b), a tie at a = 1, b = 1
        slope by a: 0 to the left, 1 to the right; 0.5 was taken
        slope by b: 0 to the left, 1 to the right; 0.5 was taken
      abs(a − b), a kink at a − b = 0
        slope by a − b: −1 to the left, 1 to the right; 0 was taken
    """
    check_value("kinks", z)
    order = topological_order(z)
    asked = [node for node in order if node is z or not _is_truth(node)]
    found = Kinks(kink for node in asked for kink in kinks_at(node))
    found._names, found._precision = Names(order, names, [z]), precision
    return found


@dataclass(frozen=True, slots=True)
class Side:
    """One argument of a node at a kink: the local gradient in the limit from either side, and what the primitive chose.

    Attributes:
        operand: which argument; one that is a recorded comparison turns at this point.
        left, right: the slopes, as limits; nan where the operation is not defined on that side.
        jump_left, jump_right: the limit of the value on that side, less the value; 0.0 where it is continuous.
        chosen: the local gradient that the primitive has there.
        by: the node that is moved: the argument itself, or one of those that are compared.
        at: its number.

    >>> (side,) = kinks(abs(Value(0.0)))[0].sides
    >>> side.left, side.right, side.chosen
    (-1.0, 1.0, 0.0)
    """

    operand: int
    left: float
    right: float
    jump_left: float
    jump_right: float
    chosen: float
    by: Value
    at: float


@dataclass(frozen=True, slots=True, eq=False)
class Kink:
    """A node that sits at a kink, with a `Side` for each argument that has one; `kind` is "tie", "kink", "jump",
    "edge" (of the domain) or "pole".

    >>> kink = kinks(abs(Value(0.0)))[0]
    >>> kink.kind, kink.node.op
    ('kink', abs)
    """

    node: Value
    kind: str
    sides: tuple[Side, ...]


class Kinks(tuple[Kink, ...]):
    """The kinks of a graph, in its order.

    >>> found = kinks(abs(Value(0.0)) + abs(Value(1.0)))
    >>> len(found), [kink.kind for kink in found]
    (1, ['kink'])
    """

    _names: Names
    _precision: int

    def __str__(self) -> str:
        if not self:
            return "no kinks: every operation is smooth where it was evaluated"
        lines = [f"{counted(len(self), 'kink')}:"]
        for kink in self:
            lines += [f"  {line}" for line in self._told(kink)]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return from_text(str(self))

    def _told(self, kink: Kink) -> list[str]:
        names, node = self._names, kink.node
        at = dict.fromkeys(f"{names(side.by)} = {self._number(side.at)}" for side in kink.sides)
        article = "an" if kink.kind == "edge" else "a"
        lines = [f"{names.definition(node)}, {article} {kink.kind} at {', '.join(at)}"]
        for side in kink.sides:
            by, y, jumps = names(side.by), node.record[0], (side.jump_left, side.jump_right)
            if any(jumps) or _is_truth(node.parents[side.operand]):
                lines.append(self._both(f"value by {by}", [y + jump for jump in jumps], y))
            if not _is_truth(node.parents[side.operand]):
                lines.append(self._both(f"slope by {by}", [side.left, side.right], side.chosen))
        return lines

    def _both(self, what: str, sides: list[float], chosen: float) -> str:
        left, right = ("undefined" if x != x else self._number(x) for x in sides)
        return f"  {what}: {left} to the left, {right} to the right; {self._number(chosen)} was taken"

    def _number(self, x: float) -> str:
        return number(x, self._precision)


# ---- next to the point -----------------------------------------------------------------------------------------------


def kinks_at(node: Value) -> Iterator[Kink]:
    """The node's own `Kink`, if it has one."""
    op, numbers = node.op, node.record[1:]
    if op is None or not node.parents:
        return
    smooth = numbers in op.smooth or not all(map(math.isfinite, numbers))
    sides: list[Side] = []
    for operand, parent in enumerate(node.parents):
        if _is_truth(parent):
            sides += _turns(op, node.record, operand, parent)
        if smooth or parent.op is constant or is_discrete(op, operand, len(numbers)) or _made_of_truths(parent):
            continue
        chosen = quietly(op.derivative(operand), node.record)
        (left, jump_left), (right, jump_right) = (_limits(op, node.record, operand, way, chosen) for way in (-1.0, 1.0))
        if math.isinf(node.record[0]) or not (left == right == chosen and jump_left == jump_right == 0.0):
            sides.append(Side(operand, left, right, jump_left, jump_right, chosen, parent, numbers[operand]))
    if sides:
        yield Kink(node, _kind(op, node.record[0], sides), tuple(sides))


def _is_truth(node: Value) -> bool:
    return node.op is not None and node.op.result_type is bool


def _made_of_truths(node: Value) -> bool:
    return _is_truth(node) or any(map(_is_truth, node.parents))


def _turns(op: Primitive, record: tuple[float, ...], operand: int, comparison: Value) -> Iterator[Side]:
    """The sides of an operation where the comparison that is one of its arguments turns."""
    y, *numbers = record
    for side in (side for kink in kinks_at(comparison) for side in kink.sides):
        left, right = (
            op(*numbers[:operand], numbers[operand] + turned, *numbers[operand + 1 :]) - y
            for turned in (side.jump_left, side.jump_right)
        )
        yield Side(operand, 0.0, 0.0, left, right, 0.0, side.by, side.at)


def _kind(op: Primitive, y: float, sides: list[Side]) -> str:
    if math.isinf(y):
        return "pole"
    if any(side.jump_left or side.jump_right for side in sides):
        return "jump"
    if any(slope != slope for side in sides for slope in (side.left, side.right)):
        return "edge"
    return "tie" if op.selects and len(op.derivatives) > 1 else "kink"


def _limits(op: Primitive, record: tuple[float, ...], operand: int, way: float, chosen: float) -> tuple[float, float]:
    """The limits, on one side of the point, of the local derivative and of the value less the value at the point."""
    y, numbers = record[0], list(record[1:])
    x = numbers[operand]
    step = math.nextafter(x, way * math.inf) - x if x else way * NEAR_ZERO
    slopes, values = [], []
    for distance in (1.0, FARTHER, FARTHER**2):
        numbers[operand] = x + distance * step
        if distance == 1.0 and tuple(numbers) not in op.domain:
            return math.nan, 0.0
        values.append(op(*numbers))
        slopes.append(quietly(op.derivative(operand), (values[-1], *numbers)))
    return _slope_in_the_limit(slopes, chosen), _jump([value - y for value in values])


def _slope_in_the_limit(slopes: list[float], chosen: float) -> float:
    """What slopes next to the point, further off, and further still come from."""
    near, far, farther = slopes
    change, before = abs(near - far), abs(far - farther)
    noise = 64.0 * math.ulp(near) if math.isfinite(near) else math.inf
    if abs(near - chosen) <= max(4.0 * change, noise):
        return chosen
    if change > noise and change >= 0.9 * before:  # it goes on growing
        return math.copysign(math.inf, near - far)
    if abs(near) <= 0.9 * abs(far) <= 0.81 * abs(farther):
        return 0.0
    return near - (far - near) / (FARTHER - 1.0) if change > noise else near


def _jump(differences: list[float]) -> float:
    near, far, _ = differences
    if not math.isfinite(near):
        return 0.0
    return near if near and abs(near) >= 0.9 * abs(far) else 0.0
