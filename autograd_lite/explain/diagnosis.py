"""Where a nan or an inf was born: forward, out of finite numbers, or else backward, out of finite gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ..coercion import as_float
from ..expressions import number
from ..graph import topological_order
from ..primitives import constant
from ..value import Value
from .advice import advice
from .steps import Step, Steps, Term
from .wording import Names, added, check_value, product


def diagnose(
    z: Value, seed: float = 1.0, *, names: bool | Mapping[str, object] = True, precision: int = 4
) -> Diagnosis:
    """Where a nan or an inf was born in z's graph, going forward, else backward; and what to write instead.

    Args:
        z: the output.
        seed: ∂z/∂z, where the backward pass starts.
        names: what nodes without a label are called: True for the caller's variables, False, or a namespace.
        precision: how many significant digits are printed.

    >>> from autograd_lite import errstate, math
    >>> x, y = Value(0.0, "x"), Value(2.0, "y")
    >>> with errstate(divide="ignore"):
    ...     f = math.log(x) * y
    >>> print(diagnose(f))
    log(x) = log(0) = −inf: the first inf, out of finite numbers, with x = 0. Choose before the operation: \
where(x > 0, log(x), 0), with what it should be there for 0.
    >>> print(diagnose(math.sqrt(x) * x))
    the gradient becomes nan on the way from sqrt(x) to x: 0 × inf here, for the local gradient of f by sqrt(x) is 0 \
and the local gradient of sqrt(x) by x is inf, with x = 0. Write x ** 1.5 instead of sqrt(x) * x.
    >>> print(diagnose(x * y))
    all finite: every number and every gradient.
    """
    check_value("diagnose", z)
    order = topological_order(z)
    words = Names(order, names, [z])
    forward = _forward(order, words, precision)
    backward = _backward(Steps(z, as_float(seed), False, names, precision), words, only_nan=forward is not None)
    if forward is None and backward is None:
        return _FINE
    found, node, edge = forward or backward  # type: ignore[misc]
    text = found.text
    if forward is not None and backward is not None and not math.isnan(order[-1].record[0] if z.parents else z.data):
        told, other, _ = backward
        text = f"{text} Backward, {told.text}"
        node = other if edge in set(topological_order(other)) else node
    what = advice(order, node, edge, Names(order, names, [z], precision=15))
    return replace(found, text=f"{text} {what}".rstrip())


_Found = tuple["Diagnosis", Value, Value]  # and the node that is to be chosen or not, and the one that is not finite
_Arrived = dict[Value, list[tuple[Step, Term]]]  # for each node the terms sent to it so far


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """What was found.

    Attributes:
        direction: "forward", "backward", or None where all is finite.
        node: forward, where the first number that is not finite was born; backward, the node whose operation made the
            first gradient that is not.
        inputs: the node's operands, with the numbers it was computed from.
        operand: backward, the one whose gradient is not finite.
        text: the whole story in a sentence or two.

    >>> x = Value(0.0, "x")
    >>> found = diagnose(x**0.5)
    >>> found.direction, found.operand, found.finite
    ('backward', 0, False)
    """

    direction: str | None
    node: Value | None
    inputs: tuple[tuple[Value, float], ...]
    operand: int | None
    text: str

    @property
    def finite(self) -> bool:
        """Whether there is nothing to find."""
        return self.direction is None

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


_FINE = Diagnosis(None, None, (), None, "all finite: every number and every gradient.")


def _inputs(node: Value) -> tuple[tuple[Value, float], ...]:
    return tuple(zip(node.parents, node.record[1:]))


def _with_inputs(node: Value, names: Names, precision: int) -> str:
    shown = [
        f"{names(parent)} = {number(x, precision)}" for parent, x in _inputs(node)[:8] if parent.op is not constant
    ]
    return f", with {', '.join(dict.fromkeys(shown))}" if shown else ""


def _kind(x: float) -> str:
    return "nan" if x != x else "inf"


def _forward(order: list[Value], names: Names, precision: int) -> _Found | None:
    first: Value | None = None
    for node in order:
        y = node.record[0] if node.record else node.data
        if math.isfinite(y):
            continue
        if first is None:
            first, born = node, y
        elif born == born and y != y:  # an inf that became a nan
            text = _birth(first, born, names, precision)
            text += f" It became nan in {_equation(node, names, precision)}{_with_inputs(node, names, precision)}."
            return Diagnosis("forward", first, _inputs(first), None, text), node, first
    if first is None:
        return None
    return Diagnosis("forward", first, _inputs(first), None, _birth(first, born, names, precision)), first, first


def _birth(node: Value, y: float, names: Names, precision: int) -> str:
    if not node.parents:
        kind = "a constant" if node.op is constant else "a leaf"
        name = names.given(node)
        return f"{f'{name} = ' if name else ''}{number(y)}: it came in with {kind}, no operation made it."
    equation = _equation(node, names, precision)
    return f"{equation}: the first {_kind(y)}, out of finite numbers{_with_inputs(node, names, precision)}."


def _equation(node: Value, names: Names, precision: int) -> str:
    return f"{names.definition(node)} = {names.in_numbers(node, precision)} = {number(node.record[0], precision)}"


def _backward(steps: Steps, names: Names, only_nan: bool) -> _Found | None:
    arrived: _Arrived = {}

    def not_finite() -> Iterator[tuple[Step, Term]]:
        for step in steps:
            for sent in step.terms:
                arrived.setdefault(sent.parent, []).append((step, sent))
                if not math.isfinite(sent.total):
                    yield step, sent

    text, found, first = "the gradient", None, None
    for step, sent in not_finite():
        if (first is not None or only_nan) and sent.total == sent.total:
            continue
        why, *found = _meeting(step, sent, arrived, steps, names)
        text += f" becomes {_kind(sent.total)} on the way from {names(step.node)} to {names(sent.parent)}: {why}"
        text += f"{_with_inputs(step.node, names, steps.precision)}."
        first = first or (step.node, sent.operand)
        if sent.total != sent.total:
            break
        text += " It"
    if first is None or found is None:
        return None
    node, operand = first
    chosen, edge = found
    return Diagnosis("backward", node, _inputs(node), operand, text.removesuffix(" It")), chosen, edge


def _meeting(step: Step, sent: Term, arrived: _Arrived, steps: Steps, names: Names) -> tuple[str, Value, Value]:
    """Why the gradient is not finite from this term on; the node to be chosen or not, and the one not finite."""
    node, adjoint, slope, precision = step.node, step.adjoint, sent.local_grad, steps.precision
    assert adjoint is not None  # only forward steps have none
    here = _local(step, sent, names, precision)
    if math.isnan(sent.term) and slope == 0.0 and math.isinf(adjoint):
        above, edge = _from_above(node, math.isinf, arrived, steps, names)
        return f"0 × {number(adjoint)} here, for {here} and {above}", edge, edge
    if math.isnan(sent.term) and adjoint == 0.0 and math.isinf(slope):
        above, other = _from_above(node, lambda x: x == 0.0, arrived, steps, names)
        return f"0 × {number(slope)} here, for {above} and {here}", other, node
    if not math.isfinite(adjoint) and node is steps.z:
        why = f"the sweep starts with {number(adjoint, precision)}"
    elif not math.isfinite(slope):
        why = here
    elif sent.before is None or not math.isfinite(sent.term):
        why = f"the product overflows, {product([slope, adjoint], sent.term, precision)}"
    else:
        why = f"the sum overflows, {added([number(sent.before, precision), number(sent.term, precision)])}"
    return why, node, node


def _local(step: Step, sent: Term, names: Names, precision: int) -> str:
    return f"the local gradient of {names(step.node)} by {names(sent.parent)} is {number(sent.local_grad, precision)}"


def _from_above(
    node: Value, is_it: Callable[[float], bool], arrived: _Arrived, steps: Steps, names: Names
) -> tuple[str, Value]:
    """What made the gradient of `node` what it is, zero or infinite, and the node where that was."""
    while True:
        terms = arrived.get(node, [])
        for step, sent in terms:
            if is_it(sent.local_grad):
                return _local(step, sent, names, steps.precision), step.node
        onward = [step.node for step, _ in terms if step.adjoint is not None and is_it(step.adjoint)]
        if not onward:
            gradient = sum(sent.term for _, sent in terms) if terms else steps.seed
            return f"the gradient of {names(node)} is {number(gradient, steps.precision)}", node
        node = onward[0]
