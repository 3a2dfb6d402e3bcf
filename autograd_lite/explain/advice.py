"""What to write instead of a formula that makes an inf or a nan of numbers that are fine.

The formulas stand in the table, with the operation that each ends in (`Primitive.stable_forms`), as text on both sides.
Here they are found in a graph, with the user's own operands for their letters, and tried before they are told:
at the same numbers what is advised has a finite value, and no gradient of it is nan. Else a `where` keeps away from it.
"""

from __future__ import annotations

import math as _math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from .. import math, primitives
from ..expressions import number
from ..graph import topological_order
from ..numerics.domains import Domain, Interval
from ..numerics.ieee import errstate
from ..primitives import constant
from ..recording import recording
from ..value import Value, reverse
from .wording import Names

_LONGEST = 72
_CHAINS = {primitives.fsum: primitives.add, primitives.prod: primitives.mul}  # the same, of any number of operands
Bound = dict[str, Any]  # for each letter its node; for `xs` the list of them


def advice(order: list[Value], node: Value, edge: Value, names: Names) -> str:
    """What to write, in a sentence.

    Args:
        order: the graph, parents first.
        edge: the node whose value or local gradient is not finite.
        node: what is chosen, or not, where nothing better is known: `edge`, or what was computed from it.
        names: what nodes are called.

    >>> x = Value(0.0, "x")
    >>> root = math.sqrt(x)
    >>> f = root * x
    >>> advice(topological_order(f), f, root, Names([x, root, f], False))
    'Write x ** 1.5 instead of sqrt(x) * x.'
    """
    names = names.in_python()
    numbers = {parent: x for node in order for parent, x in zip(node.parents, node.record[1:])}
    same = _structure(order)
    text, size = "", 0
    for end in order:
        for formula, other in end.op.stable_forms if end.op is not None else ():
            bound = next(_matches(_parsed(formula), end, {}, same), {})
            inside = set(topological_order(end, until=_operands(bound))).difference(_operands(bound)) if bound else ()
            if edge in inside and len(inside) > size and _is_fine(other, bound, numbers):
                size = len(inside)
                text = f"Write {_told(other, bound, names)} instead of {names.expression(end, _LONGEST)}."
    return (text or _chosen_before(node, edge, names)).replace("−", "-")


def _chosen_before(node: Value, edge: Value, names: Names) -> str:
    """The advice to choose before the operation, where it is known what its arguments must be."""
    op, numbers = edge.op, edge.record[1:]
    if op is None or op is constant:
        return ""
    boxes = [op.smooth.box(i, len(numbers)) for i in range(len(op.smooth.boxes))]
    conditions = []
    for box in boxes:
        outside = [i for i, x in enumerate(numbers) if x not in box[i] and edge.parents[i].op is not constant]
        conditions += [_condition(edge, i, box[i].intervals[0], names) for i in outside[:1]]
    fixed = [i for i, x in enumerate(numbers) if x not in boxes[0][i] and edge.parents[i].op is constant]
    if fixed and not conditions:
        return _another_constant(edge, fixed[0], boxes[0][fixed[0]], names)
    if len(conditions) < len(boxes) or any(x != x for x in numbers):
        return "Numbers too large or too small for a float: scale them, or compute with their logarithms."
    y = node.record[0]
    there = number(y if _math.isfinite(y) else 0.0, 15)
    known = _math.isfinite(y) and sum(parent.op is not constant for parent in edge.parents) == 1
    otherwise = "" if known else f", with what it should be there for {there}"
    text = names.expression(node, _LONGEST)
    return f"Choose before the operation: where({' or '.join(conditions)}, {text}, {there}){otherwise}."


def _another_constant(edge: Value, place: int, domain: Domain, names: Names) -> str:
    """The advice where it is a constant for which the operation has no derivative."""
    op, x = edge.op, edge.record[place + 1]
    assert op is not None
    first = domain.intervals[0]
    condition = _condition(edge, place, first, names).removeprefix(names(edge.parents[place]))
    condition = f" > {number(first.low, 15)}" if x <= first.low else condition
    text = f"Write a constant{condition} in place of {number(x, 15)}"
    text += f", such as abs({number(x, 15)})" if abs(x) in domain else ""
    for box in (op.domain.box(i, len(edge.parents)) for i in range(len(op.domain.boxes))):
        for parent, other in zip(edge.parents, box):
            if x in box[place] and parent.op is not constant and other.intervals[0].integers == "only":
                text += f"; or stop_gradient({names(parent)}), if it is a whole number and needs no derivative"
    return f"{text}."


def _condition(edge: Value, operand: int, interval: Interval, names: Names) -> str:
    """What an argument must be for the operation to be smooth, without a change where it is defined."""
    x = edge.record[operand + 1]
    for relation, end, beyond in ((">", interval.low, -1.0), ("<", interval.high, 1.0)):
        over = _math.nextafter(end, beyond * _math.inf)
        args = (*edge.record[1 : operand + 1], over, *edge.record[operand + 2 :])
        if (x - end) * beyond >= 0.0 and edge.op is not None and args not in edge.op.domain:
            return f"{names(edge.parents[operand])} {relation} {number(end, 15)}"
    return f"{names(edge.parents[operand])} != {number(x, 15)}"


# ---- formulas in a graph ---------------------------------------------------------------------------------------------


def _evaluated(text: str, letters: Mapping[str, Any]) -> Any:
    with recording(), errstate(all="ignore"):
        return eval(text, {**vars(primitives), **vars(math), "abs": abs, **letters})


@cache
def _parsed(formula: str) -> Value:
    letters = {letter: Value(1.0, letter) for letter in "xyzt"}
    found: Value = _evaluated(formula, {**letters, "xs": [Value(1.0, "xs")]})
    return found


def _structure(order: list[Value]) -> dict[Value, int]:
    """A number for each node; of two that are computed in the same way from the same, the same number."""
    seen: dict[Any, int] = {}
    found: dict[Value, int] = {}
    for node in order:
        key = node.data if node.op is constant else (node.op, *[found[parent] for parent in node.parents])
        found[node] = seen.setdefault(key if node.op is not None else node, len(seen))
    return found


def _matches(formula: Value, node: Value, bound: Bound, same: Mapping[Value, int]) -> Iterator[Bound]:
    """The ways in which a node is the formula, whose letters may be bound already."""
    op = formula.op
    if op is None:
        known = bound.get(formula.label or "")
        if known is None or same[known] == same[node]:
            yield {**bound, formula.label or "": node}
    elif op is constant:
        if node.op is constant and node.data == formula.data:
            yield bound
    elif op in _CHAINS:
        terms = _terms(node, op)
        matched = [next(_matches(formula.parents[0], term, bound, same), None) for term in terms]
        if len(terms) > 1 and None not in matched:
            yield {**bound, "xs": [found["xs"] for found in matched if found]}
    else:
        for operands in _read_as(op, node, formula, same):
            ways = [bound]
            for part, operand in zip(formula.parents, operands):
                ways = [found for way in ways for found in _matches(part, operand, way, same)]
            yield from ways


def _read_as(
    op: primitives.Primitive, node: Value, formula: Value, same: Mapping[Value, int]
) -> Iterator[tuple[Value, ...]]:
    """The operands of the node as that operation: in both orders if it has none; a product too may be a square."""
    if node.op is op and len(node.parents) == len(formula.parents):
        yield node.parents
        if op in _CHAINS.values():
            yield node.parents[::-1]
    elif op is primitives.pow and formula.parents[1].data == 2.0 and node.op is primitives.mul:
        yield from [(a, formula.parents[1]) for a, b in [node.parents] if same[a] == same[b]]


def _terms(node: Value, op: primitives.Primitive) -> list[Value]:
    """The terms of a sum, or the factors of a product, however it is put together."""
    found, stack = [], [node]
    while stack:
        term = stack.pop()
        if term.op is op or term.op is _CHAINS[op]:
            stack += reversed(term.parents)
        elif not (term.op is constant and term.data == _CHAINS[op](0.0, 0.0)):
            found.append(term)
    return found


def _operands(bound: Bound) -> list[Value]:
    nodes = [node for value in bound.values() for node in (value if isinstance(value, list) else [value])]
    return list(dict.fromkeys(nodes))


def _each(bound: Bound, of: Any) -> Bound:
    return {letter: list(map(of, x)) if isinstance(x, list) else of(x) for letter, x in bound.items()}


def _is_fine(formula: str, bound: Bound, numbers: Mapping[Value, float]) -> bool:
    leaves = {node: node.data if node.op is constant else Value(numbers[node]) for node in _operands(bound)}
    z = _evaluated(formula, _each(bound, leaves.__getitem__))
    if not isinstance(z, Value):
        return _math.isfinite(z)
    return _math.isfinite(z.data) and all(
        adjoint == adjoint for x, adjoint in reverse({z: 1.0}).items() if not x.parents
    )


def _told(formula: str, bound: Bound, names: Names) -> str:
    """The formula with the operands for its letters, in parentheses where they are not the whole of an argument."""

    def operand(found: re.Match[str]) -> str:
        x = bound[found[1] or found[3]]
        if isinstance(x, list):
            return ", ".join(map(names, x)) if found[2] else f"[{', '.join(map(names, x))}]"
        return names(x) if found[1] else f"{found[2]}{names.atom(x)}"

    letters = "|".join(bound)
    return re.sub(rf"(?:^|(?<=[(\[])|(?<=, ))({letters})(?=[,)\]]|$)|(\*?)\b({letters})\b", operand, formula)
