"""`check_gradients`: is a gradient right? Anybody's, of any order, in both modes.

Of a graph of ours the truth is known: every number must lie in the enclosure of an independent sweep in interval
arithmetic, and the graph must be the function. Where that is too wide to say anything, each edge is held against the
oracle at the recorded numbers and the sweep against those edges. What is not ours, or has operations that are no rows
of the table, is judged by `judgement`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import derivatives
from ..coercion import as_float
from ..graph import topological_order
from ..primitives import stop_gradient
from ..recording import differentiating
from ..trees import flatten, paths
from ..value import Value
from .enclosure import is_known
from .foreign import DOUBLE, Foreign, Parts, called, is_foreign
from .graphs import Graph, as_number, backward
from .judgement import FEW, LATE, Budget, Judge
from .programs import Program
from .replay import find_dropped_paths
from .verdict import GradientError, Report

ORACLES = ("auto", "enclosure", "mpmath", "differences")
MODES = ("reverse", "forward")

Function = Callable[..., Any]


def check_gradients(
    fn: Function,
    *args: Any,
    order: int = 1,
    oracle: str = "auto",
    modes: Sequence[str] = MODES,
    gradient: Function | None = None,
    vjp: Function | None = None,
    jvp: Function | None = None,
    argnums: int | Sequence[int] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    rtol: float = 0.0,
    atol: float = 0.0,
    budget: float = 0.15,
) -> Report:
    """Check the derivatives of a function at a point; a `GradientError`, an AssertionError, if one is wrong.

    Args:
        fn: takes numbers in any nesting of tuples, lists, dicts and arrays, and returns numbers in any nesting. With
            tensors of PyTorch or arrays of JAX as arguments, a function of theirs, differentiated by them.
        args: the point. Floats, and arrays and tensors of them, are differentiated, in their own precision; integers,
            truths, strings and other objects are passed on as they are. (Where there is no float, integers are one.)
        order: the highest order of derivative to check.
        oracle: "enclosure" (an interval sweep, for graphs of ours), "mpmath" (very many digits, and strict: within 8
            ulps), "differences" (finite ones); "auto" takes what says most.
        modes: "reverse", "forward", or both.
        gradient: a gradient of your own of `fn`, to check in place of this engine's: it takes the same arguments and
            returns one number for each number among them, of several outputs one row each.
        vjp: a rule in reverse mode: of the same arguments, returns the outputs and a pullback, which takes cotangents
            in the outputs' nesting and returns those of the arguments.
        jvp: a rule in forward mode: of the primals and the tangents, two tuples, returns the outputs and theirs.
        argnums: the position of the argument to differentiate by, or several; all by default.
        kwargs: keyword arguments of `fn`, and of the rules.
        rtol, atol: what a derivative may be off by besides its rounding, relative to the true one and absolutely.
        budget: seconds of the processor, without those of the first calls. What has not been judged then is undecided,
            "for lack of time", and is not called right: it is no more than that the gradient is right along two random
            directions. A small function, which takes no more than 256 calls, is judged for up to 60 budgets.

    Returns:
        What was compared, and how much of it was decided in which way; true if nothing is undecided. Also events in
        hypothesis' statistics.

    What rounding may do to a right gradient is written in docs/testing.md, and measured. At a kink the gradient must
    lie between the slopes on both sides, along random directions too, and each operation's of ours be what the table
    documents; nothing of second order is certified there. A path that a graph of ours lost, by `.data` or `no_grad`, is
    found by replaying the graph at other points.
    ValueError for an unknown oracle, mode or order; TypeError if `fn` or `gradient` return what is no number.

    >>> from autograd_lite import custom, math
    >>> check_gradients(lambda x, y: math.sin(x) * y, 1.0, 2.0, order=2)
    Report(17 numbers are right, 0 by their edges, 0 undecided)
    >>> check_gradients(lambda x: x**3, 2.0, gradient=lambda x: 3 * x**2)
    Report(1 numbers are right, 0 by their edges, 0 undecided)
    >>> check_gradients(custom(lambda x: x**3, lambda y, x: 2 * x**2, name="cube"), 2.0)
    Traceback (most recent call last):
      ...
    autograd_lite.testing.verdict.GradientError: ∂f/∂x0 of cube is wrong, in reverse mode, at x0=2.0
      found   8.0
      truth   12.0, to 50 digits
      ratio   0.6667
    """
    __tracebackhide__ = True  # of a failing test pytest shows the test
    if oracle not in ORACLES:
        raise ValueError(f"oracle={oracle!r}: an oracle is one of {', '.join(map(repr, ORACLES))}")
    if isinstance(modes, str) or not modes or not set(modes) <= set(MODES):
        raise ValueError(f"modes={modes!r}: modes are a tuple of {' and '.join(map(repr, MODES))}")
    if type(order) is not int or order < 1:
        raise ValueError(f"order={order!r}: an order is 1, 2, 3 …")
    if not args:
        raise TypeError("check_gradients: give the point after the function: check_gradients(f, 1.0, 2.0)")
    report = Report()
    chosen = (argnums,) if isinstance(argnums, int) else None if argnums is None else tuple(argnums)
    rules = {"gradient": gradient, "vjp": vjp, "jvp": jvp}
    handed_in = any(rule is not None for rule in rules.values())
    if is_foreign(args) or handed_in:
        if handed_in and order > 1:
            raise ValueError(
                f"order={order}: of a gradient handed in, check its gradient: check_gradients(g, x, gradient=…)"
            )
        if oracle == "enclosure":
            raise ValueError('oracle="enclosure" is for graphs of this engine: leave it out')
        subject = Foreign(fn, args, kwargs or {}, chosen, report=report, **rules)
        _check_foreign(subject, order, oracle, modes, (rtol, atol, Budget(budget)), report)
        return report.told()
    check = _Ours(fn, Parts(args, chosen), kwargs or {}, report, oracle, modes, (rtol, atol, Budget(budget)))
    check.all_orders(order)
    return report.told()


# ---- graphs of ours --------------------------------------------------------------------------------------------------


class _Ours:
    """A function of Values at a point."""

    def __init__(
        self, fn: Function, parts: Parts, kwargs: Mapping[str, Any], report: Report, oracle: str,
        modes: Sequence[str], limits: tuple[float, float, Budget],
    ) -> None:  # fmt: skip
        self.fn, self.parts, self.kwargs = fn, parts, kwargs
        self.report, self.oracle, self.modes, self.limits = report, oracle, modes, limits
        self.point = parts.point
        self.names = parts.names()
        self.called = called(fn)
        with differentiating():
            self.inputs = [Value(x, name) for x, name in zip(self.point, self.names)]
            returned = self._returned(self.inputs)
        self.outputs = self._values(returned)
        places = list(paths(flatten(returned)[1]))
        self.outputs_named = [f"{self.called}{place}" for place in places]

    def _returned(self, xs: Sequence[Any]) -> Any:
        return self.fn(*self.parts.with_numbers(xs), **self.kwargs)

    def _values(self, returned: Any) -> list[Value]:
        found = flatten(returned)[0]
        try:
            if not found:
                raise TypeError("no output")
            return [z if isinstance(z, Value) else Value(as_float(z)) for z in found]
        except TypeError:
            raise TypeError(
                f"{self.called} returned {returned!r}, in which there is no number: compute with operators and "
                "autograd_lite.math, or hand in its gradient as gradient=…"
            ) from None

    def output(self, k: int) -> Function:
        return lambda *xs: self._values(self._returned(xs))[k]

    def all_orders(self, order: int) -> None:
        __tracebackhide__ = True
        known = all(
            is_known(node.op) for node in topological_order(*self.outputs) if node.op is not None and node.parents
        )
        if self.oracle == "enclosure" and not known:
            raise ValueError('oracle="enclosure": an operation lies outside the table of primitives; leave it out')
        find_dropped_paths(
            lambda xs: self._values(self._returned(xs)), self.outputs, self.inputs, self.names, self.called, self.report
        )
        pushed = self._pushed() if "forward" in self.modes and len(self.point) <= FEW else []
        for k, z in enumerate(self.outputs):
            if k and self.limits[2].is_over:
                self.report.numbers += len(self.point)
                self.report.undecided += [LATE] * len(self.point)
                continue
            check = Graph(z, self.inputs, self.outputs_named[k], self.report, self.limits[2])
            found = {}
            if "reverse" in self.modes:
                found["reverse mode"] = backward(z, self.inputs)
                if known:  # a rule of the user's own may be for floats alone
                    found["reverse mode, as a graph"] = [g.data for g in derivatives.gradient(z, self.inputs)]
            if pushed:
                found["forward mode"] = [column[k] for column in pushed]
            if not known or self.oracle in ("mpmath", "differences"):
                self._unknown(check, k, order)
                continue
            check.first_order(found)
            if "forward" in self.modes and not pushed:
                self._along(check, k)
            if order > 1:
                check.higher_orders(order, self.output(k), self.modes)

    def _pushed(self) -> list[list[float]]:
        """For each input the derivatives of all outputs by it, in forward mode."""
        return [self._push([float(j == i) for j in range(len(self.point))]) for i in range(len(self.point))]

    def _push(self, direction: Sequence[float]) -> list[float]:
        pushed = derivatives.jvp(lambda *xs: self._values(self._returned(xs)), tuple(self.point), tuple(direction))
        return [as_number(t) for t in pushed[1]]

    def _along(self, check: Graph, k: int) -> None:
        """Of many inputs the forward mode is run along one random direction."""
        rng = random.Random(repr(self.point))
        signs = [rng.choice((-1.0, 1.0)) for _ in self.point]
        check.forward_along(self._push(signs)[k], signs)

    # ---- with operations that are outside the table of primitives ----

    def _unknown(self, check: Graph, k: int, order: int) -> None:
        __tracebackhide__ = True
        subject = _Recorded(check.program, check.name, self.names, self.output(k))
        try:
            _judge(subject, [f"{mode} mode" for mode in self.modes], self.oracle, *self.limits, self.report)
        except GradientError as error:
            raise GradientError(error.summary, lambda: self._own_operations(check)) from None
        self._partials(subject, order)

    def _partials(self, subject: _Recorded, order: int) -> None:
        """Each partial derivative as a function of its own, whose gradient is judged."""
        __tracebackhide__ = True
        for i, name in enumerate(self.names if order > 1 else []):
            label = f"∂({subject.name})/∂{name}"
            child = _Recorded(None, label, self.names, subject.partial(i), self.point)
            _judge(child, ["reverse mode"], self.oracle, *self.limits, self.report)
            self._partials(child, order - 1)

    def _own_operations(self, check: Graph) -> list[str]:
        """The first operation that is outside the table of primitives and is wrong by itself."""
        for node in check.nodes:
            if node.op is None or not node.parents or is_known(node.op) or len(check.program) < 2:
                continue
            try:
                check_gradients(node.op, *node.record[1:], modes=("reverse",), oracle=self.oracle)
            except GradientError as error:
                return [f"first wrong operation: {error.summary}"]
        return []


class _Recorded:
    """One output of a function of Values, for the judgement: a recorded graph, in which what is stopped is constant."""

    eps = fine = DOUBLE
    tiny = 2.0**-1022

    def __init__(
        self, program: Program | None, name: str, names: list[str], fn: Function, point: Sequence[float] = ()
    ) -> None:
        self.name, self.inputs_named, self.outputs_named = name, names, [""]
        self.point = list(program.point if program is not None else point)
        self.fn = fn if program is None else _frozen(program)
        self.outputs = self.values(self.point)

    def values(self, xs: Sequence[float]) -> list[float]:
        try:
            return [as_number(self.fn(*xs))]
        except Exception:  # beyond the domain
            return [math.nan]

    def rounded(self, xs: list[float]) -> list[float]:
        return xs

    def exact(self, *xs: Any) -> list[Any]:
        return [self.fn(*xs)]

    def pull(self, weights: Sequence[float], xs: Sequence[float]) -> list[float]:
        inputs = [Value(x) for x in xs]
        z = self.fn(*inputs)
        return [weights[0] * g for g in backward(z, inputs)] if isinstance(z, Value) else [0.0] * len(xs)

    def push(self, direction: Sequence[float], xs: Sequence[float]) -> list[float]:
        return [as_number(derivatives.jvp(self.fn, tuple(xs), tuple(direction))[1])]

    def partial(self, i: int) -> Function:
        slopes = derivatives.grad(self.fn, tuple(range(len(self.point))))
        return lambda *xs: slopes(*xs)[i]


def _frozen(program: Program) -> Function:
    held = program.results(*program.point)

    def run(*xs: Any) -> Any:
        results = list(xs)
        for op, operands in program.steps:
            args = [results[x] if type(x) is int else x for x in operands]
            results.append(held[len(results)] if op is stop_gradient else op(*args))
        return results[-1]

    return run


# ---- what is judged --------------------------------------------------------------------------------------------------


def _check_foreign(
    subject: Foreign, order: int, oracle: str, modes: Sequence[str], limits: tuple[float, float, Budget], report: Report
) -> None:
    __tracebackhide__ = True
    if not subject.is_steady:
        report.numbers += len(subject.point)
        report.undecided += ["the function gives another value at the same point"] * len(subject.point)
        return
    asked = [mode for mode in subject.modes if mode.partition(" ")[0] in modes or len(subject.modes) < 2]
    _judge(subject, asked, oracle, *limits, report)
    for _ in range(order - 1):
        fn, args = subject.differentiated()
        with limits[2].unpaid():
            subject = Foreign(fn, args, {}, None, report=report)
        _judge(subject, ["reverse mode"], oracle, *limits, report)


def _judge(
    subject: Any, modes: Sequence[str], oracle: str, rtol: float, atol: float, budget: Budget, report: Report
) -> None:
    __tracebackhide__ = True
    judge = Judge(subject, report, oracle, rtol, atol, budget)
    for mode in modes:
        if mode == "forward mode" and len(modes) > 1 and isinstance(subject, Foreign) and subject.jvp is None:
            try:  # a rule of the user's own may have no forward mode, and so an operation of PyTorch's
                with budget.unpaid():
                    subject.push([0.0] * len(subject.point), subject.point)
            except Exception as error:
                report.add_note(f"reverse mode alone: there is no forward mode ({type(error).__name__})")
                continue
        judge.mode(mode)
