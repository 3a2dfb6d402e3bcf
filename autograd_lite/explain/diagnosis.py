"""Where a nan or an inf was born: forward, out of finite numbers, or else backward, out of finite gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..graph import topological_order
from ..primitives import constant
from ..value import Value, as_float
from .steps import Steps
from .wording import Names, added, number, product


def diagnose(
    z: Value, seed: float = 1.0, *, names: bool | Mapping[str, object] = True, precision: int = 4
) -> Diagnosis:
    """The first node of z's graph where a nan or an inf was born, going forward, and if all is finite there, backward.

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
    log(x) = log(0) = −inf: the first inf, out of finite numbers, with x = 0.
    >>> print(diagnose(math.sqrt(x) * y))
    the gradient becomes inf on the way from sqrt(x) to x: the local gradient of sqrt(x) by x is inf, with x = 0.
    >>> print(diagnose(x * y))
    all finite: every number and every gradient.
    """
    if not isinstance(z, Value):
        raise TypeError(f"diagnose: expected a Value, got {type(z).__name__}")
    order = topological_order(z)
    words = Names(order, names, [z])
    return (
        _forward(order, words, precision)
        or _backward(Steps(z, as_float(seed), False, names, precision), words, precision)
        or _FINE
    )


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
    return tuple(zip(node.parents, node._record[1:]))


def _with_inputs(node: Value, names: Names, precision: int) -> str:
    shown = [
        f"{names(parent)} = {number(x, precision)}" for parent, x in _inputs(node)[:8] if parent.op is not constant
    ]
    return f", with {', '.join(dict.fromkeys(shown))}" if shown else ""


def _kind(x: float) -> str:
    return "nan" if x != x else "inf"


def _forward(order: list[Value], names: Names, precision: int) -> Diagnosis | None:
    first: Value | None = None
    for node in order:
        y = node._record[0] if node._record else node.data
        if math.isfinite(y):
            continue
        if first is None:
            first, born = node, y
        elif born == born and y != y:  # an inf that became a nan
            text = _birth(first, born, names, precision)
            text += f" It became nan in {_equation(node, names, precision)}{_with_inputs(node, names, precision)}."
            return Diagnosis("forward", first, _inputs(first), None, text)
    if first is None:
        return None
    return Diagnosis("forward", first, _inputs(first), None, _birth(first, born, names, precision))


def _birth(node: Value, y: float, names: Names, precision: int) -> str:
    if not node.parents:
        kind = "a constant" if node.op is constant else "a leaf"
        name = names.given(node)
        return f"{f'{name} = ' if name else ''}{number(y)}: it came in with {kind}, no operation made it."
    equation = _equation(node, names, precision)
    return f"{equation}: the first {_kind(y)}, out of finite numbers{_with_inputs(node, names, precision)}."


def _equation(node: Value, names: Names, precision: int) -> str:
    return f"{names.definition(node)} = {names.in_numbers(node, precision)} = {number(node._record[0], precision)}"


def _backward(steps: Steps, names: Names, precision: int) -> Diagnosis | None:
    for step in steps:
        for sent in step.terms:
            if math.isfinite(sent.total):
                continue
            node, adjoint = step.node, step.adjoint
            assert adjoint is not None  # only forward steps have none
            this, by = names(node), names(sent.parent)
            if not math.isfinite(adjoint):
                why = f"the sweep starts with {number(adjoint, precision)}"
            elif not math.isfinite(sent.local_grad):
                why = f"the local gradient of {this} by {by} is {number(sent.local_grad, precision)}"
            elif sent.before is None or not math.isfinite(sent.term):
                why = f"the product overflows, {product([sent.local_grad, adjoint], sent.term, precision)}"
            else:
                why = f"the sum overflows, {added([number(sent.before, precision), number(sent.term, precision)])}"
            text = f"the gradient becomes {_kind(sent.total)} on the way from {this} to {by}: {why}"
            text += f"{_with_inputs(node, names, precision)}."
            return Diagnosis("backward", node, _inputs(node), sent.operand, text)
    return None
