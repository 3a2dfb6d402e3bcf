"""Whether a recorded graph is the function: replayed at other points it must give what the function gives there.

A path that was dropped, by `.data`, `float`, `no_grad`, left a constant in the graph. The function, asked at a
point nearby, makes another graph. If that has the same operations, no branch was taken otherwise; if then its value is
not the replayed one, a constant that moves with the inputs is a dropped path. One that is meant is a `stop_gradient`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from ..numerics import ieee
from ..primitives import stop_gradient
from ..recording import differentiating
from ..value import Value, written
from .enclosure import enclose, is_known, program_of
from .programs import Program
from .verdict import GradientError, Report, at_point

_REACHES = (2.0**-20, 2.0**-10)  # of the moves, relative to the point: a choice that is constant in pieces stays
_ROUNDING = 2.0**-44  # of the largest number on the way

Outputs = Callable[[Sequence[Value]], list[Value]]


def find_dropped_paths(
    outputs: Outputs,
    recorded: Sequence[Value],
    inputs: Sequence[Value],
    names: Sequence[str],
    name: str,
    report: Report,
) -> None:
    """A `GradientError` for the first constant in the graphs of `recorded` that moves with the `inputs`.

    Args:
        outputs: the function, from Values to Values.
        recorded: its outputs at `inputs`.
    """
    point = [x.data for x in inputs]
    graphs = [program_of(z, inputs) for z in recorded]
    stopped = {node for _, nodes in graphs for node in nodes if node.op is stop_gradient}
    if stopped:
        report.add_note(f"{len(stopped)} stop_gradient")
    if all(type(x) is int for program, _ in graphs for _, operands in program.steps for x in operands):
        return  # without a constant there is no dropped path
    rng = random.Random(repr(point))
    for reach in _REACHES:
        moved = [x + reach * max(abs(x), 1.0) * rng.choice((-1.0, 1.0)) * rng.uniform(0.5, 1.0) for x in point]
        there = _outputs_at(outputs, moved)
        if there is None or len(there[1]) != len(recorded):
            continue
        for k, z in enumerate(there[1]):
            program, nodes = graphs[k]
            anew, _ = program_of(z, there[0])
            place = _changed_constant(program, anew)
            if place is None or not _differs(program, moved, z.data):
                continue
            again = _outputs_at(outputs, point)
            if again is not None and _changed_constant(program, program_of(again[1][k], again[0])[0]) is not None:
                report.add_note("the function gives another value at the same point")
                return
            index, operand = place
            node = nodes[len(point) + index]
            what = repr(node) if not node.parents else written(node.op, node.parents)  # type: ignore[arg-type]
            raise GradientError(
                f"{name} drops a path at {at_point(point, names)}: operand {operand} of {what} is a constant in the "
                f"graph, and moves with the inputs\n"
                f"  graph     {_operand(program, index, operand)!r}\n"
                f"  function  {_operand(anew, index, operand)!r}, at {at_point(moved, names)}\n"
                "compute with the Value itself, without .data, float() or no_grad; "
                "a constant that is meant is stop_gradient(x)"
            )


def _outputs_at(outputs: Outputs, point: Sequence[float]) -> tuple[list[Value], list[Value]] | None:
    try:
        with differentiating(), ieee.errstate(all="ignore"):
            inputs = [Value(x) for x in point]
            return inputs, outputs(inputs)
    except Exception:  # beyond the domain
        return None


def _changed_constant(program: Program, anew: Program) -> tuple[int, int] | None:
    """The first constant that is another one, in two programs of the same operations; None if they are not that."""
    if len(program) != len(anew):
        return None
    found = None
    for k, ((op, operands), (other, others)) in enumerate(zip(program.steps, anew.steps)):
        if op is not other or len(operands) != len(others):
            return None
        for i, (a, b) in enumerate(zip(operands, others)):
            if type(a) is not type(b) or (type(a) is int and a != b):
                return None  # a branch
            if found is None and a != b and (a == a or b == b):
                found = k, i
    return found


def _operand(program: Program, k: int, i: int) -> Any:
    return program.instructions[k].operands[i]


def _differs(program: Program, moved: Sequence[float], value: float) -> bool:
    """Whether the replayed program has another value at that point than the function, by more than rounding."""
    with ieee.errstate(all="ignore"):
        results = program.results(*moved)
    if not all(map(math.isfinite, [*results, value])):
        return False
    if abs(results[-1] - value) <= _ROUNDING * max(map(abs, results)):
        return False
    if all(is_known(op) for op, _ in program.steps):
        within, _ = enclose(program, moved)
        width = 2.0 * (within.high - within.low)
        return not within.low - width <= value <= within.high + width
    return True
