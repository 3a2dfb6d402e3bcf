"""A compiled function over rows: arrays of inputs in, one result a row or sums over all of them out.

Arrays are read and written where they lie; what has to be converted is converted a block of rows at a time, so that
arrays in a file may be larger than memory. One trace is run over all rows at once; rows that branch otherwise are told
by its guards, gathered, and run through a trace of their own, till none is left. What is summed counts only the rows a
trace is right for. Imports NumPy when called.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ... import primitives, trees
from ...coercion import as_float
from ...extras import require
from ...trees import Tree, flatten
from ..program import Program
from ..tracing.guards import Trace
from ..tracing.tracer import restart

if TYPE_CHECKING:
    from ..calling.function import Specialization, TraceCache
    from ..calling.results import Results

_BLOCK = 1 << 18  # rows that are converted, or gathered, at once

_emitting = threading.RLock()  # once, however many threads ask for it


class Rows:
    """The arguments of one call, in the order of the function's inputs: a number that all rows share, or an array whose
    first axis is that of the rows, which stands for as many inputs as a row of it has numbers.
    """

    def __init__(
        self, args: Sequence[Any], kwargs: dict[str, Any], axes: Sequence[trees.Axes], pairs: bool = False
    ) -> None:
        self.inputs: list[Any] = []
        self.count = -1
        self.tree = trees.tuple_tree([trees.of_arguments(args, axes, self._part, pairs), self._shared(kwargs)])
        self.arrays = [x for x in self.inputs if type(x) is not float]
        self.varying = tuple([v for x in self.inputs for v in ([False] if type(x) is float else [True] * _width(x))])
        if self.count < 0:
            raise ValueError("compile: in_axes names rows, but the arguments it names hold no number")

    def _part(self, i: int, x: Any, axis: int | None) -> Tree:
        return self._shared(x) if axis is None else self._varying(i, x, axis)

    def _shared(self, arg: Any) -> Tree:
        leaves, tree = flatten(arg)
        self.inputs += [leaf if type(leaf) is float else as_float(leaf) for leaf in leaves]
        return tree

    def _varying(self, i: int, arg: Any, axis: int) -> Tree:
        import numpy as np

        if trees.opened(arg) and not isinstance(arg, list):
            return trees.mapped(arg, lambda child: self._varying(i, child, axis))
        array = np.asarray(arg)
        if array.dtype.kind not in "biuf":
            raise TypeError(
                f"compile: argument {i} has rows of {array.dtype}: rows are numbers in an array, "
                "or arrays in tuples, dicts and dataclasses"
            )
        if not -array.ndim <= axis < array.ndim:
            raise ValueError(f"compile: argument {i} has {array.ndim} axes, none of which is its axis of rows, {axis}")
        array = np.moveaxis(array, axis, 0) if axis else array
        if self.count < 0:
            self.count = len(array)
        elif self.count != len(array):
            raise ValueError(f"compile: argument {i} has {len(array)} rows, those before it have {self.count}")
        self.inputs.append(array)
        return trees.array_tree(array.shape[1:]) if array.ndim > 1 else trees.LEAF

    def at(self, row: int) -> list[float]:
        """The inputs of one row; of no row at all, zeros."""
        found: list[float] = []
        for x in self.inputs:
            if type(x) is float:
                found.append(x)
            else:
                found += map(float, x[row].ravel().tolist()) if self.count else [0.0] * _width(x)
        return found

    def block(self, which: Any) -> list[Any]:
        """The inputs of some of the rows, by a slice or by their numbers: tables of doubles, with a column an input."""
        import numpy as np

        found = []
        for x in self.inputs:
            if type(x) is not float:
                x = np.asarray(x[which], dtype=np.float64)
                x = x.reshape(len(x), _width(x))
            found.append(x)
        return found

    @property
    def as_they_lie(self) -> bool:
        """Whether kernels can read all arrays without a copy."""
        return all(x.dtype == "f8" and x.dtype.isnative and (x.ndim < 3 or x.flags.c_contiguous) for x in self.arrays)


def _width(array: Any) -> int:
    return math.prod(array.shape[1:])


def run(
    spec: Specialization,
    rows: Rows,
    reduced: Callable[[int], list[bool]],
    out: Any,
    threads: int | None,
    progress: bool,
) -> Any:
    """The function's outputs over the rows, in their nesting: summed where `reduced`, of their number, says so."""
    from ..calling.results import Results

    traces = spec.traces(rows.tree)
    trace = traces.latest() or traces.at(rows.at(0))
    tree = trace.output_tree
    results = Results(tree, reduced(tree.count), rows.count, out, rows.arrays)
    size = max(rows.count, 1)
    if progress:
        size = min(max(size // 200, 4096), _BLOCK)
    elif trace.outcomes or not (rows.as_they_lie and results.as_they_lie):
        size = _BLOCK
    with _progress(progress, rows.count, spec.name) as advance:
        for begin in range(0, rows.count, size):
            end = min(begin + size, rows.count)
            _run_block(spec, traces, rows, results, begin, end, threads)
            advance(end - begin)
    return results.nested()


def _run_block(
    spec: Specialization, traces: TraceCache, rows: Rows, results: Results, begin: int, end: int, threads: int | None
) -> None:
    import numpy as np

    trace = traces.latest()
    assert trace is not None
    tables: list[Any] = results.tables(begin, end)
    fits = _run_trace(spec, trace, rows, slice(begin, end), results, tables, threads)
    left: Any = () if fits is None else begin + np.flatnonzero(fits == 0.0)
    while len(left):
        trace = traces.at(rows.at(int(left[0])))
        block: list[Any] = [None if table is None else np.empty((len(left), table.shape[1])) for table in tables]
        fits = _run_trace(spec, trace, rows, left, results, block, threads)
        done = np.full(len(left), True) if fits is None else fits != 0.0
        for table, found in zip(tables, block):
            if table is not None:
                table[left[done] - begin] = found[done]
        if not done[0]:  # the vectors' rounding decides otherwise than one evaluation: then that is what counts
            results.put(tables, int(left[0]) - begin, trace.program(*rows.at(int(left[0]))))
            done[0] = True
        left = left[~done]
    results.took(begin, end, tables)


def _run_trace(
    spec: Specialization,
    trace: Trace,
    rows: Rows,
    which: Any,
    results: Results,
    tables: Sequence[Any],
    threads: int | None,
) -> Any:
    """Run a trace over some rows; for which of them it is right, 1.0 or 0.0 for each, or None if for all."""
    import numpy as np

    inputs = rows.block(which)
    count = which.stop - which.start if isinstance(which, slice) else len(which)
    fits = np.ones(count) if trace.outcomes else None
    kernel = kernel_of(spec, trace, rows.varying, results.reduced)
    results.add(kernel(inputs, tables if fits is None else [*tables, fits], count, threads))
    return fits


@contextlib.contextmanager
def _progress(wanted: bool, count: int, name: str) -> Iterator[Callable[[int], object]]:
    if not wanted:
        yield lambda rows: None
        return
    with require("progress=True", "tqdm.auto", "progress").tqdm(
        total=count, desc=name, unit="row", unit_scale=True
    ) as bar:
        yield bar.update


def kernel_of(spec: Specialization, trace: Trace, varying: tuple[bool, ...], reduced: Sequence[bool]) -> Any:
    """The kernel of a trace for inputs of which some vary from row to row, emitted when it is first asked for."""
    layout = varying, tuple(reduced)
    kernel = trace.kernels.get(layout)
    if kernel is None:
        with _emitting:
            kernel = trace.kernels.get(layout)
            if kernel is None:
                program = guarded(trace, reduced)
                flags = [*reduced, *([False] if trace.outcomes else [])]
                kernel = spec.target.rows(program, varying, flags, precise=spec.precise)
                trace.kernels[layout] = kernel
    return kernel


def guarded(trace: Trace, reduced: Sequence[bool]) -> Program:
    """The program that gives a trace's outputs and, where it has guards, whether all came out as they should.

    What is summed is 0.0 where they did not.
    """
    builder, outputs = restart(trace.program)
    own = outputs[: len(reduced)]
    if not trace.outcomes:
        return builder.program(own)
    fits: Any = 1.0
    for guard, outcome in zip(outputs[len(reduced) :], trace.outcomes):
        fits = primitives.where(guard, fits, 0.0) if outcome else primitives.where(guard, 0.0, fits)
    summed = [primitives.where(fits, output, 0.0) if is_sum else output for output, is_sum in zip(own, reduced)]
    return builder.program([*summed, fits])
