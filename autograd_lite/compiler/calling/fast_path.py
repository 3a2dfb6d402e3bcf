"""The short way from the arguments of a call to a kernel, for calls like one that went the general way.

The arguments are looked at in machine code (see `c_api`). Whatever is unusual (another type, shape or layout, a branch
taken otherwise, an inf or a nan to report) is a miss, and left to the general way. Imports NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import trees
from ...trees import Tree
from ..targets.llvm.c_api import Argument
from ..tracing.guards import Trace
from .results import builder, is_sum, nested, parts

_MOST = 64  # arrays


class AtPoint(NamedTuple):
    """`evaluate` takes the arguments and an array of `size` numbers, which it fills and returns, or None for a miss;
    `results` makes the nesting of the outputs out of it.
    """

    evaluate: Callable[[Any, Any], Any]
    size: int
    results: Callable[[Any], Any]
    trace: Trace


def at_point(trace: Trace, args: tuple[Any, ...]) -> AtPoint | None:
    """The short way for calls at one point with such arguments; None if there is none."""
    kernel = trace.kernels["scalar"]
    arguments = _arguments(args, [None] * len(args))
    if arguments is None or not hasattr(kernel, "evaluation"):
        return None
    if arguments not in trace.kernels:
        evaluate = kernel.evaluation(arguments)
        count = trace.output_tree.count + len(trace.outcomes) + 1
        trace.kernels[arguments] = evaluate and AtPoint(evaluate, count, builder(trace.output_tree), trace)
    return trace.kernels[arguments]  # type: ignore[no-any-return]


class OverRows:
    """The short way for calls over any number of rows, whose arrays are read and written where they lie."""

    def __init__(self, kernel: Any, planned: Any, tree: Tree, reduced: Sequence[bool], first: int) -> None:
        self._kernel = kernel
        self._planned = planned
        self._tree = tree
        self._first = first  # of the arguments that have rows
        self._parts = [(part.tree, is_sum(part, reduced)) for part in parts(tree, None)]

    def __call__(self, args: tuple[Any, ...], out: Any, threads: int | None) -> Any:
        """What the call gives; None for a miss."""
        if len(args) <= self._first or not isinstance(args[self._first], np.ndarray) or not args[self._first].ndim:
            return None
        count = len(args[self._first])
        given = [None] * len(self._parts) if out is None else [part.given for part in parts(self._tree, out)]
        arrays = []
        for array, (tree, summed) in zip(given, self._parts):
            if not summed:
                arrays.append(np.empty((count, *(tree.shape or ()))) if array is None else array)
            elif array is not None:
                return None
        plan = self._planned(args, tuple(arrays))
        if plan is None:
            return None
        sums, rest = iter(self._kernel.run(plan, threads)), iter(arrays)
        return nested(self._tree, [tree.unflatten(sums) if summed else next(rest) for tree, summed in self._parts])


def over_rows(
    trace: Trace, kernel: Any, args: tuple[Any, ...], axes: Sequence[Any], reduced: Sequence[bool], out: Any
) -> OverRows | None:
    """The short way for calls with such arguments, which this kernel of a trace without guards is for; None if there is
    none.
    """
    arguments, tree = _arguments(args, axes), trace.output_tree
    if arguments is None or not hasattr(kernel, "planner"):
        return None
    results = tuple(
        [
            Argument(np.ndarray if part.given is None else type(part.given), part.tree.shape, rows=True)
            for part in parts(tree, out)
            if not is_sum(part, reduced)
        ]
    )
    if not all(x.size for x in (*arguments, *results)) or len(arguments) + len(results) > _MOST:
        return None
    key = arguments, results
    if key not in trace.kernels:
        trace.kernels[key] = kernel.planner(*key)
    if trace.kernels[key] is None:
        return None
    first = next(i for i, argument in enumerate(arguments) if argument.rows)
    return OverRows(kernel, trace.kernels[key], tree, reduced, first)


def _arguments(args: tuple[Any, ...], axes: Sequence[Any]) -> tuple[Argument, ...] | None:
    """What such arguments are, or None if some of them are not to be read where they lie."""
    found = []
    for x, axis in zip(args, axes):
        if isinstance(x, (float, int)) and axis is None:
            found.append(Argument(type(x)))
        elif not trees.is_array(x) or x.dtype != np.float64 or not x.dtype.isnative:
            return None
        elif axis is None and x.flags.c_contiguous:
            found.append(Argument(type(x), x.shape))
        elif axis == 0 and (x.strides[0] == 8 or math.prod(x.shape[1:]) > 1):
            found.append(Argument(type(x), x.shape[1:], rows=True))
        else:
            return None
    return tuple(found)
