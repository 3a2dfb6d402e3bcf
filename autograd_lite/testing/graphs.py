"""The derivatives of a recorded graph against the truth: enclosures first, then edges, then the sweep.

A number that lies in a narrow enclosure is right. Where the enclosure says little, every edge is held against the
oracle at the recorded numbers, and the sweep against those edges. The derivatives of a partial derivative, itself a
graph, are enclosed in the same way, and must be those that a second-order sweep over the oracles finds without it.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from mpmath import mp, mpf

from .. import derivatives
from ..coercion import as_float
from ..primitives import Primitive
from ..value import Value
from .edges import Fault, first_fault, ulps_between
from .enclosure import Interval, enclose, enclose_push, enclose_sweep, program_of
from .exact import true_hessian
from .judgement import LATE, Budget
from .verdict import GradientError, Report

Function = Callable[..., Any]
_HUGE = 2.0**1000
_STEP_ERROR = 2.0**-700  # what the difference quotients of `true_hessian` leave where a derivative is exactly 0


class Graph:
    """The derivatives of one output, and all that is known about them."""

    def __init__(self, z: Value, inputs: list[Value], name: str, report: Report, budget: Budget) -> None:
        self.z = z
        self.inputs = inputs
        self.name = name
        self.report = report
        self.budget = budget
        self.program, nodes = program_of(z, inputs)
        self.nodes = nodes[len(inputs) :]
        self._fault: Fault | bool | None = False  # not looked for
        self._swept: list[Interval | None] | None = None

    # ---- first order ----

    def first_order(self, found: dict[str, list[float]]) -> None:
        value, enclosed = enclose(self.program, self.program.point)
        self.in_enclosure(self.z.data, value, f"the value of {self.name}", None, "value")
        for mode, slopes in found.items():
            for i, slope in enumerate(slopes):
                self.in_enclosure(slope, enclosed[i], f"∂f/∂{self.inputs[i].label} of {self.name}", i, mode)
        fault = first_fault(self.nodes, at_kinks_only=True)
        if fault is not None:
            self._fault = fault
            self.fail(f"{self.name} has a wrong number at a kink", fault.found, "see the first wrong edge", None)

    def in_enclosure(self, found: float, within: Interval | None, what: str, i: int | None, mode: str) -> None:
        self.report.numbers += 1
        if within is None:
            within = Interval(0.0, 0.0)
        inside = found in within
        if inside and not (within.is_vague and within.low < within.high):
            return
        bounded = math.isfinite(within.low) and math.isfinite(within.high)
        if not inside and bounded and not self.is_beyond_floats(found):
            self.fail(f"{what} is wrong, in {mode}", found, _between(within, found), i)
        self.decide_by_edges(found, i, what, mode)

    def decide_by_edges(self, found: float, i: int | None, what: str, mode: str) -> None:
        """The enclosure says little: are all edges right, and does the sweep make of them what was found?"""
        self.report.wide += 1
        if self.fault() is not None:
            self.fail(f"{what} is wrong, in {mode}", found, "see the first wrong edge", i)
        if i is None:
            return
        within = self.swept()[i] or Interval(0.0, 0.0)
        if mode.startswith("forward") and found not in within:
            within = enclose_push(self.program, [node.local_grads for node in self.nodes], i)
        if found in within:
            return
        if self.is_beyond_floats(found):
            self.report.undecided.append("a number on the way is no finite float")
        elif math.isfinite(within.low) and math.isfinite(within.high):
            self.fail(
                f"{what} is wrong, in {mode}: every edge is right, and the sweep adds them up wrongly",
                found,
                _between(within, found),
                i,
            )
        else:
            self.report.undecided.append("unbounded even with the graph's own local gradients")

    def is_beyond_floats(self, found: float) -> bool:
        """Whether a result overflowed, or what was found did where some number on the way is too large for a float.

        Then the truth is not a matter of rounding: 0 times inf is 0 in one mode and nan in the other.
        """
        if not all(math.isfinite(x) for node in self.nodes for x in node.record):
            return True
        return not math.isfinite(found) and (
            any(not abs(slope) < _HUGE for node in self.nodes for slope in node.local_grads)
            or any(
                adjoint is not None and not max(abs(adjoint.low), abs(adjoint.high)) < _HUGE for adjoint in self.swept()
            )
        )

    def swept(self) -> list[Interval | None]:
        """The adjoints of all results, if all edges are right."""
        if self._swept is None:
            self._swept = enclose_sweep(self.program, [node.local_grads for node in self.nodes])
        return self._swept

    def kink(self) -> Primitive | None:
        """The first operation that has no derivatives of all orders where it was recorded."""
        for node in self.nodes:
            if node.op is not None and node.parents and node.record[1:] not in node.op.smooth:
                return node.op
        return None

    def forward_along(self, found: float, signs: Sequence[float]) -> None:
        """The forward mode along a direction of ones: the sum of the gradient's enclosures."""
        self.report.numbers += 1
        _, enclosed = enclose(self.program, self.program.point)
        parts = [within for within in enclosed if within is not None]
        low = math.fsum(s * (w.low if s > 0 else w.high) for s, w in zip(signs, enclosed) if w is not None)
        high = math.fsum(s * (w.high if s > 0 else w.low) for s, w in zip(signs, enclosed) if w is not None)
        slack = 2.0**-44 * math.fsum(max(abs(w.low), abs(w.high)) for w in parts)  # of its own additions
        if not math.isfinite(low + high + slack):
            self.report.undecided.append("unbounded even with the graph's own local gradients")
        elif not low - slack <= found <= high + slack:
            self.fail(
                f"the derivative of {self.name} along a random direction is wrong, in forward mode",
                found, _between(Interval(low - slack, high + slack), found), None,
            )  # fmt: skip

    def fault(self) -> Fault | None:
        if self._fault is False:
            self._fault = first_fault(self.nodes)
        return self._fault  # type: ignore[return-value]

    # ---- higher orders ----

    def higher_orders(self, order: int, fn: Function, modes: Sequence[str]) -> None:
        """Each partial derivative, as a graph of its own: its derivatives are enclosed by a sweep over that graph,
        and are those of this graph by a sweep over the oracles that never saw it."""
        point = self.program.point
        everything = tuple(range(len(point)))
        kink = self.kink()
        for i, partial in enumerate(derivatives.gradient(self.z, self.inputs)):
            if kink is not None or self.budget.is_over:
                why = LATE if kink is None else f"no second derivative: a kink of {kink}"
                self.report.numbers += len(point)
                self.report.undecided += [why] * len(point)
                continue
            child = Graph(partial, self.inputs, f"∂({self.name})/∂{self.inputs[i].label}", self.report, self.budget)
            found = {}
            if "reverse" in modes:
                found["reverse over reverse mode"] = backward(partial, self.inputs)
            if "forward" in modes:
                along = tuple(1.0 if j == i else 0.0 for j in everything)
                products = derivatives.hvp(fn, point, along)
                found["forward over reverse mode"] = [
                    as_number(h) for h in (products if len(point) > 1 else [products])
                ]
            child.first_order(found)
            self.is_derivative_of(child, i, found)
            if order > 2:
                child.higher_orders(order - 1, _partial(fn, i, everything), modes)

    def is_derivative_of(self, child: Graph, i: int, found: dict[str, list[float]]) -> None:
        """Whether the derivatives of `child`, this graph's derivative by input `i`, are its second derivatives."""
        _, enclosed = enclose(child.program, child.program.point)
        for j, exact in enumerate(true_hessian(self.program, self.program.point, i)):
            within = enclosed[j] or Interval(0.0, 0.0)
            if exact is None or not abs(exact) < _HUGE:
                continue
            if not within.low - _STEP_ERROR <= exact <= within.high + _STEP_ERROR:
                child.fail(
                    f"∂f/∂x{j} of {child.name} is that of another function: a local derivative, itself a graph, "
                    "is right in value and wrong in what it depends on",
                    next(iter(found.values()))[j],
                    str(mp.nstr(exact, 20)),
                    j,
                )

    # ---- telling ----

    def fail(self, what: str, found: float, truth: str, i: int | None) -> None:
        at = ", ".join(f"{x.label}={x.data!r}" for x in self.inputs)
        summary = f"{what}, at {at}\n  found   {found!r}\n  truth   {truth}"
        raise GradientError(summary, lambda: self.details(i))

    def details(self, i: int | None) -> Iterable[str]:
        fault = self.fault()
        if fault is not None:
            yield f"first wrong edge: {fault}"
        else:
            yield "every edge of the graph is right: the sweep is wrong"
        if i is not None and self.inputs[i].reached:
            yield f"the ledger of {self.inputs[i].label}:"
            yield str(self.inputs[i].explain(self.z, names=False))
        if len(self.program) <= 60:
            yield f"the graph as a program:\n{self.program}"
        target = Path(tempfile.mkdtemp(prefix="autograd_lite-")) / "gradient.svg"
        self.z.draw().save(target)
        yield f"the graph drawn: {target}"


def _between(within: Interval, found: float) -> str:
    nearest = mpf(within.low if found < within.low else within.high)
    return f"between {within.low!r} and {within.high!r}, {ulps_between(found, nearest):.3g} ulp away"


def _partial(fn: Function, i: int, everything: tuple[int, ...]) -> Function:
    slopes = derivatives.grad(fn, everything)
    return lambda *xs: slopes(*xs)[i]


def backward(z: Value, inputs: Sequence[Value]) -> list[float]:
    """The gradient of z by the inputs as `Value.backward` leaves it."""
    for x in inputs:
        x.zero_grad()
    z.zero_grad()
    z.backward()
    return [x.grad for x in inputs]


def as_number(x: Any) -> float:
    """The number of a Value, or of any real number."""
    return x.data if isinstance(x, Value) else as_float(x)
