"""`check_gradients`: is a gradient right? Anybody's, of any order, in both modes, and with no tolerance to choose.

Of a graph of ours the truth is known: every number must lie in the enclosure of an independent sweep in interval
arithmetic. Where that is too wide to say anything, each edge is held against the oracle at the recorded numbers and the
sweep against those edges. What is not ours is differentiated with very many digits if its code takes such numbers, and
by finite differences that estimate their own error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import derivatives
from ..graph import topological_order
from ..trees import Tree, flatten
from ..value import Value, as_float, differentiating
from . import foreign
from .enclosure import is_known
from .exact import exact_rule_gradient, exact_values
from .functions import compare_differences, compare_formulas
from .graphs import Graph, as_number, backward
from .verdict import Report

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
) -> Report:
    """Check the derivatives of a function at a point; a `GradientError`, an AssertionError, if one is wrong.

    Args:
        fn: takes numbers in any nesting of tuples, lists, dicts and arrays, and returns numbers in any nesting. With
            tensors of PyTorch or arrays of JAX as arguments, a function of theirs, differentiated by them.
        args: the point.
        order: the highest order of derivative to check.
        oracle: "enclosure" (an interval sweep, for graphs of ours), "mpmath" (very many digits), "differences"
            (Richardson's, with an error estimate, and the rate of Taylor's remainder); "auto" takes what says most.
        modes: "reverse", "forward", or both.
        gradient: a gradient of your own of `fn`, to check in place of this engine's: it takes the same arguments and
            returns one number for each number among them, of several outputs one row each.

    Returns:
        What was compared, and how much of it was decided in which way; also events in hypothesis' statistics.

    At a kink the gradient must lie between the slopes on both sides, and each operation's be what the table documents.
    ValueError for an unknown oracle, mode or order; TypeError if `fn` or `gradient` return what is no number.

    >>> from autograd_lite import custom, math
    >>> check_gradients(lambda x, y: math.sin(x) * y, 1.0, 2.0, order=2)
    Report(17 numbers are right, 0 by their edges, 0 undecided)
    >>> check_gradients(lambda x: x**3, 2.0, gradient=lambda x: 3 * x**2)
    Report(2 numbers are right, 0 by their edges, 0 undecided)
    >>> check_gradients(custom(lambda x: x**3, lambda y, x: 2 * x**2, name="cube"), 2.0)
    Traceback (most recent call last):
      ...
    autograd_lite.testing.verdict.GradientError: ∂f/∂x0 of cube is wrong, as a formula, at x0=2.0
      found   8.0
      truth   12.0
    """
    if oracle not in ORACLES:
        raise ValueError(f"oracle={oracle!r}: an oracle is one of {', '.join(map(repr, ORACLES))}")
    if isinstance(modes, str) or not modes or not set(modes) <= set(MODES):
        raise ValueError(f"modes={modes!r}: modes are a tuple of {' and '.join(map(repr, MODES))}")
    if type(order) is not int or order < 1:
        raise ValueError(f"order={order!r}: an order is 1, 2, 3 …")
    if not args:
        raise TypeError("check_gradients: give the point after the function: check_gradients(f, 1.0, 2.0)")
    leaves, tree = flatten(args)
    library = foreign.library_of(leaves)
    if library is not None or gradient is not None:
        if order > 1:
            raise ValueError(f"order={order}: of what is not ours, check its gradient: check_gradients(jax.grad(f), x)")
        if oracle == "enclosure":
            raise ValueError('oracle="enclosure" is for graphs of this engine: leave it out')
        return _check_foreign(fn, args, gradient, library, oracle, modes)
    return _check_ours(fn, [as_number(x) for x in leaves], tree, order, oracle, modes)


# ---- graphs of ours --------------------------------------------------------------------------------------------------


def _check_ours(fn: Function, point: list[float], tree: Tree, order: int, oracle: str, modes: Sequence[str]) -> Report:
    report = Report()
    with differentiating():
        inputs = [Value(x, f"x{i}") for i, x in enumerate(point)]
        outputs = _outputs(fn, fn(*tree.unflatten(inputs)))
    known = all(is_known(node.op) for node in topological_order(*outputs) if node.op is not None and node.parents)
    if oracle == "enclosure" and not known:
        raise ValueError('oracle="enclosure": the graph has an operation that is no row of the table; leave it out')
    pushed = _pushed(fn, point, tree) if "forward" in modes else []
    for k, z in enumerate(outputs):
        check = Graph(z, inputs, _called(fn), k if len(outputs) > 1 else None, report)
        found = {}
        if "reverse" in modes:
            found["reverse mode"] = backward(z, inputs)
            if known:  # a rule of the user's own may be for floats alone
                found["reverse mode, as a graph"] = [g.data for g in derivatives.gradient(z, inputs)]
        if "forward" in modes:
            found["forward mode"] = [column[k] for column in pushed]
        if known and oracle in ("auto", "enclosure"):
            check.first_order(found)
        elif known and oracle == "mpmath":
            check.by_digits(found)
        else:
            _unknown_graph(check, fn, tree, k, found, oracle)
        if order > 1:

            def output(*xs: Any, k: int = k) -> Value:
                return _outputs(fn, fn(*tree.unflatten(xs)))[k]

            if known:
                check.higher_orders(order, output, modes)
            else:
                _unknown_orders(output, check.name, point, order, report)
    return report.told()


def _outputs(fn: Function, returned: Any) -> list[Value]:
    found = flatten(returned)[0]
    if not found or not any(isinstance(z, Value) for z in found):
        raise TypeError(
            f"{_called(fn)} returned {returned!r}, in which there is no Value: compute with operators and "
            "autograd_lite.math, or hand in its gradient as gradient=…"
        )
    return [z if isinstance(z, Value) else Value(as_float(z)) for z in found]


def _called(fn: Function) -> str:
    return str(getattr(fn, "name", None) or getattr(fn, "__name__", type(fn).__name__))


def _pushed(fn: Function, point: list[float], tree: Tree) -> list[list[float]]:
    """For each input the derivatives of all outputs by it, in forward mode."""
    primals = tree.unflatten(point)
    columns = []
    for i in range(len(point)):
        tangents = tree.unflatten(1.0 if j == i else 0.0 for j in range(len(point)))
        columns.append([as_number(t) for t in flatten(derivatives.jvp(fn, primals, tangents)[1])[0]])
    return columns


# ---- graphs with operations that are no rows of the table ------------------------------------------------------------


def _unknown_graph(check: Graph, fn: Function, tree: Tree, k: int, found: dict[str, list[float]], oracle: str) -> None:
    """The formulas in very many digits, if they can be run so, and the floats by finite differences."""
    point = check.program.point

    def flat(*xs: Any) -> list[Any]:
        return [flatten(fn(*tree.unflatten(xs)))[0][k]]

    if oracle in ("auto", "mpmath"):
        try:
            rules = exact_rule_gradient(check.program, point)
            compare_formulas(flat, point, [rules], check.name, check.report)
        except TypeError as error:
            if oracle == "mpmath":
                raise TypeError(f'oracle="mpmath": {check.name} cannot be run with more digits: {error}') from None
    if oracle in ("auto", "differences"):
        for mode, slopes in found.items():
            compare_differences(
                lambda xs: [as_number(y) for y in flat(*xs)], point, [slopes], check.name, check.report, mode
            )


def _unknown_orders(fn: Function, name: str, point: Sequence[float], order: int, report: Report) -> None:
    """Each partial derivative as a function of its own, by finite differences."""
    for i in range(len(point)):
        partial = _partial(fn, i, len(point))
        slopes = [as_number(h) for h in derivatives.grad(partial, tuple(range(len(point))))(*point)]
        label = f"∂({name})/∂x{i}"
        compare_differences(lambda xs: [as_number(partial(*xs))], point, [slopes], label, report, "reverse mode")  # noqa: B023
        if order > 2:
            _unknown_orders(partial, label, point, order - 1, report)


def _partial(fn: Function, i: int, n: int) -> Function:
    slopes = derivatives.grad(fn, tuple(range(n)))
    return lambda *xs: slopes(*xs)[i]


# ---- what is not ours ------------------------------------------------------------------------------------------------


def _check_foreign(
    fn: Function, args: tuple[Any, ...], gradient: Function | None, library: Any, oracle: str, modes: Sequence[str]
) -> Report:
    report = Report()
    black_box = foreign.BlackBox(fn, args, gradient, library)
    name = _called(fn)
    if library is None and oracle in ("auto", "mpmath"):
        try:
            outputs = exact_values(black_box.outputs, black_box.point)
            formulas = black_box.rows(exact_values(black_box.gradient, black_box.point), len(outputs))
            compare_formulas(black_box.outputs, black_box.point, formulas, name, report)
        except TypeError as error:
            if oracle == "mpmath":
                raise TypeError(f'oracle="mpmath": {name} cannot be run with more digits: {error}') from None
    if oracle in ("auto", "differences"):
        for mode, found in black_box.jacobians(modes):
            compare_differences(black_box.floats, black_box.point, found, name, report, mode, black_box.eps)
    return report.told()
