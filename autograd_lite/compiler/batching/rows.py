"""A compiled function over rows: arrays of inputs in, one result a row or sums over all of them out.

Arrays are read and written where they lie; what has to be converted is converted a block of rows at a time, so that
arrays in a file may be larger than memory. One trace is run over all rows at once; rows that branch otherwise are told
by its guards, gathered, and run through a trace of their own, till none is left. What is summed counts only the rows a
trace is right for. Imports NumPy when called.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ... import primitives, trees
from ...extras import require
from ...trees import Tree, flatten
from ...value import Value
from ..program import Program
from ..targets import python
from ..tracing.guards import IsPartOfAGraph, Trace, number
from ..tracing.tracer import Tracer, restart

if TYPE_CHECKING:
    from ..calling.function import Specialization
    from ..calling.results import Results
    from ..calling.trace_cache import TraceCache

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
        self.inputs += [leaf if type(leaf) is float else number(leaf) for leaf in leaves]
        return tree

    def _varying(self, i: int, arg: Any, axis: int) -> Tree:
        import numpy as np

        if trees.opened(arg) and not isinstance(arg, list):
            return trees.mapped(arg, lambda child: self._varying(i, child, axis))
        trees.refuse_mask(arg)
        array = np.asarray(arg)
        if array.dtype.kind == "O" and any(isinstance(x, (Value, Tracer)) for x in array.flat):
            raise IsPartOfAGraph
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
    first = traces.latest() or _served(traces, rows, 0, lambda trace: None)
    tree = first.output_tree if isinstance(first, Trace) else first[1]
    results = Results(tree, reduced(tree.count), rows.count, out, rows.arrays)
    size = max(rows.count, 1)
    if progress:
        size = min(max(size // 200, 4096), _BLOCK)
    elif not isinstance(first, Trace) or first.outcomes or not (rows.as_they_lie and results.as_they_lie):
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

    tables: list[Any] = results.tables(begin, end)
    left: Any = np.arange(begin, end)
    trace = traces.latest()
    if trace is not None:
        fits = _run_trace(spec, trace, rows, slice(begin, end), results, tables, threads)
        left = () if fits is None else begin + np.flatnonzero(fits == 0.0)

    def emit(trace: Trace) -> object:
        return None if spec.target is python else kernel_of(spec, trace, rows.varying, results.reduced)

    while len(left):
        row = int(left[0])
        found = _served(traces, rows, row, emit)
        tree = found.output_tree if isinstance(found, Trace) else found[1]
        if tree != results.tree:
            raise TypeError(f"compile: {spec.name} returns {tree} in row {row}, and {results.tree} in others")
        if isinstance(found, tuple):
            results.put(tables, row - begin, found[0])
            left = left[1:]
            continue
        if spec.target is python:  # which has no vectors
            results.put(tables, row - begin, traces.run(found, rows.at(row))[: tree.count])
            left = left[1:]
            continue
        block: list[Any] = [None if table is None else np.empty((len(left), table.shape[1])) for table in tables]
        fits = _run_trace(spec, found, rows, left, results, block, threads)
        done = np.full(len(left), True) if fits is None else fits != 0.0
        for table, part in zip(tables, block):
            if table is not None:
                table[left[done] - begin] = part[done]
        if not done[0]:  # the vectors' rounding decides otherwise than one evaluation: then that is what counts
            results.put(tables, row - begin, found.program(*rows.at(row))[: tree.count])
            done[0] = True
        left = left[~done]
    results.took(begin, end, tables)


def _served(
    traces: TraceCache, rows: Rows, row: int, emit: Callable[[Trace], object]
) -> Trace | tuple[list[float], Tree]:
    """The trace for a row, or what the function gives there; an exception says which row it is of."""
    try:
        return traces.serving(rows.at(row), emit)
    except Exception as error:
        _note(error, traces.spec, row)
        raise


def one_by_one(fn: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], axes: Sequence[Any]) -> Any:
    """The function's outputs at each row, in arrays of objects: of rows that are part of a graph."""
    import numpy as np

    from ..calling.results import nested, parts

    def split(arg: Any, axis: trees.Axes) -> Iterator[Any]:
        if axis is None:
            return itertools.repeat(arg)
        container = None if isinstance(arg, list) and not isinstance(axis, list) else trees.opened(arg)
        if container is None:
            return iter(np.moveaxis(np.asarray(arg, dtype=object), axis, 0))
        axes = axis if isinstance(axis, list) else [axis] * len(container[1])
        return (container[0](list(row)) for row in zip(*map(split, container[1], axes)))

    found = [flatten(fn(*row, **kwargs)) for row in zip(*map(split, args, axes))]
    count = len(found)
    tree = found[0][1]
    table = np.empty((count, tree.count), dtype=object)
    for i, (leaves, _) in enumerate(found):
        table[i] = leaves
    return nested(
        tree,
        [
            table[:, part.first : part.first + part.tree.count].reshape(count, *(part.tree.shape or ()))
            for part in parts(tree, None)
        ],
    )


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
    given = tables if fits is None else [*tables, fits]
    try:
        results.add(kernel(inputs, given, count, threads))
    except Exception as error:
        place = _raising(kernel, inputs, given, count, type(error))
        _note(error, spec, int(which.start + place if isinstance(which, slice) else which[place]))
        raise
    return fits


def _raising(kernel: Any, inputs: Sequence[Any], outputs: Sequence[Any], count: int, kind: type[Exception]) -> int:
    """The first of the rows for which a kernel raises, by halves."""
    import numpy as np

    begin, end = 0, count
    while end - begin > 1:
        middle = (begin + end) // 2
        some = [x if isinstance(x, float) else x[begin:middle] for x in inputs]
        try:
            kernel(some, [None if y is None else np.empty_like(y[begin:middle]) for y in outputs], middle - begin, 1)
        except kind:
            end = middle
        else:
            begin = middle
    return begin


def _note(error: Exception, spec: Specialization, row: int) -> None:
    error.add_note(f"in row {row} of {spec.name}")


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
    if not trace.outcomes:
        return trace.program
    builder, outputs = restart(trace.program)
    own = outputs[: len(reduced)]
    fits: Any = 1.0
    for guard, outcome in zip(outputs[len(reduced) :], trace.outcomes):
        fits = primitives.where(guard, fits, 0.0) if outcome else primitives.where(guard, 0.0, fits)
    summed = [primitives.where(fits, output, 0.0) if is_sum else output for output, is_sum in zip(own, reduced)]
    return builder.program([*summed, fits])
