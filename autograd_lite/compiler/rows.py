"""A compiled function over rows: arrays of inputs in, one result a row or sums over all of them out.

The arguments become columns, one a number of the row, not copied where they need not be. One trace is run over all
rows at once; rows that branch otherwise are told by its guards, gathered, and run through a trace of their own, till
none is left. What is summed counts only the rows a trace is right for. Imports NumPy when called.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import primitives, trees
from ..trees import Tree, flatten
from ..value import as_float
from .program import Program
from .record import Trace
from .trace import restart

if TYPE_CHECKING:
    from .function import Mode


class Rows:
    """The arguments of one call, as columns.

    `columns` has for each input of the function a number, shared by all rows, or an array with one a row.
    """

    def __init__(self, args: Sequence[Any], kwargs: dict[str, Any], axes: Sequence[Any]) -> None:
        self.columns: list[Any] = []
        self.count: int | None = None
        shapes = [self._argument(i, arg, axis) for i, (arg, axis) in enumerate(zip(args, axes))]
        self.tree = trees.tuple_tree([trees.tuple_tree(shapes), self._shared(kwargs)])
        self.varying = tuple([not isinstance(column, float) for column in self.columns])
        if self.count is None:
            raise ValueError("compile: in_axes names rows, but the arguments it names hold no number")

    def _argument(self, i: int, arg: Any, axis: Any) -> Tree:
        if isinstance(axis, list):  # a tuple of arguments, as hvp has two of
            return trees.tuple_tree([self._argument(j, each, a) for j, (each, a) in enumerate(zip(arg, axis))])
        return self._shared(arg) if axis is None else self._varying(i, arg, axis)

    def _shared(self, arg: Any) -> Tree:
        leaves, tree = flatten(arg)
        self.columns += [leaf if type(leaf) is float else as_float(leaf) for leaf in leaves]
        return tree

    def _varying(self, i: int, arg: Any, axis: int) -> Tree:
        import numpy as np

        if isinstance(arg, (tuple, dict)):
            return trees.mapped(arg, lambda child: self._varying(i, child, axis))
        array = np.asarray(arg)
        if array.dtype.kind not in "biuf":
            raise TypeError(
                f"compile: argument {i} has rows of {array.dtype}: rows are numbers in an array, "
                "or arrays in tuples and dicts"
            )
        if array.dtype != np.float64:
            array = array.astype(np.float64)
        if not -array.ndim <= axis < array.ndim:
            raise ValueError(f"compile: argument {i} has {array.ndim} axes, none of which is its axis of rows, {axis}")
        array = np.moveaxis(array, axis, 0)
        if self.count is None:
            self.count = len(array)
        elif self.count != len(array):
            raise ValueError(f"compile: argument {i} has {len(array)} rows, those before it have {self.count}")
        shape = array.shape[1:]
        table = array.reshape(len(array), math.prod(shape)) if shape else array[:, None]
        self.columns += list(table.T)
        return trees.array_tree(shape) if shape else trees.LEAF

    def at(self, row: int) -> list[float]:
        """The inputs of one row; of no row at all, zeros."""
        if not self.count:
            return [column if isinstance(column, float) else 0.0 for column in self.columns]
        return [column if isinstance(column, float) else float(column[row]) for column in self.columns]

    def taken(self, which: Any) -> list[Any]:
        """The columns of some of the rows."""
        return [column if isinstance(column, float) else column[which] for column in self.columns]


def run(mode: Mode, rows: Rows, reduced: Sequence[bool], threads: int | None) -> list[Any]:
    """For each output of the function a column with one number a row, or, where `reduced`, the sum over the rows."""
    import numpy as np

    traces = mode.traces(rows.tree)
    count = rows.count or 0
    columns = rows.columns
    left: Any = np.arange(count)
    trace = traces.latest() or traces.at(rows.at(0))
    results: list[Any] = [0.0 if is_sum else np.empty(count) for is_sum in reduced]
    while True:
        whole = len(left) == count
        block = [None if is_sum else results[j] if whole else np.empty(len(left)) for j, is_sum in enumerate(reduced)]
        fits = np.empty(len(left))
        kernel = _kernel(mode, trace, rows.varying, reduced)
        sums = kernel(columns, [*block, fits] if trace.outcomes else block, len(left), threads)
        done = fits != 0.0 if trace.outcomes else np.full(len(left), True)
        for j, column in enumerate(block):
            if column is None:
                results[j] += sums[j]
            elif not whole:
                results[j][left[done]] = column[done]
        if done.all():
            return results
        left = left[~done]
        columns = rows.taken(left)
        trace = traces.at(rows.at(int(left[0])))


def _kernel(mode: Mode, trace: Trace, varying: tuple[bool, ...], reduced: Sequence[bool]) -> Any:
    layout = varying, tuple(reduced)
    kernel = trace.kernels.get(layout)
    if kernel is None:
        program = guarded(trace, reduced)
        flags = [*reduced, *([False] if trace.outcomes else [])]
        kernel = trace.kernels[layout] = mode.target.rows(program, varying, flags)
    return kernel


def guarded(trace: Trace, reduced: Sequence[bool]) -> Program:
    """The program that gives a trace's outputs and, where it has guards, whether all came out as they should.

    What is summed is 0.0 where they did not.
    """
    builder, _, outputs = restart(trace.program)
    own = outputs[: len(reduced)]
    if not trace.outcomes:
        return builder.program(own)
    fits: Any = 1.0
    for guard, outcome in zip(outputs[len(reduced) :], trace.outcomes):
        fits = primitives.where(guard, fits, 0.0) if outcome else primitives.where(guard, 0.0, fits)
    summed = [primitives.where(fits, output, 0.0) if is_sum else output for output, is_sum in zip(own, reduced)]
    return builder.program([*summed, fits])


def assembled(tree: Tree, results: Sequence[Any], reduced: Sequence[bool]) -> Any:
    """Columns and sums in the nesting of the outputs: an array of the function's has a first axis more, of rows."""
    import numpy as np

    if tree.shape is not None:
        if tree.shape == ():
            return results[0]
        if not tree.count or reduced[0]:
            return tree.unflatten([float(x) for x in results])
        return np.stack(results, axis=1).reshape(-1, *tree.shape)
    parts, start = [], 0
    for child in tree.children:
        stop = start + child.count
        parts.append(assembled(child, results[start:stop], reduced[start:stop]))
        start = stop
    return tree.built(parts)
