"""The short way from the arguments of a call to a kernel, for calls like one that went the general way.

How the numbers of such arguments are read is written as a Python function, once for each shape of them. Whatever is
unusual (another type, shape or layout, a branch taken otherwise, an inf or a nan to report) is a miss, and left to the
general way. Imports NumPy.
"""

from __future__ import annotations

import array
import itertools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...trees import Tree
from ..targets.llvm.row_layout import Plan, Table
from ..targets.llvm.row_loop import HEADER, MOVE
from ..tracing.guards import Trace
from .results import builder, is_sum, nested, parts

_MOST = 500  # lines of such a function
_DOUBLES = np.dtype(np.float64)
_DTYPES = frozenset(map(np.dtype, ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u4", "u2", "u1", "?")))
_NUMBERS = frozenset((float, int, bool, *(dtype.type for dtype in _DTYPES)))
_UNUSUAL = (TypeError, ValueError, KeyError, IndexError, OverflowError, BufferError)  # what such an argument raises


class AtPoint(NamedTuple):
    """`evaluate` takes the arguments, those by name, and an array of `size` numbers, which it fills and returns, or
    None for a miss; `results` makes the nesting of the outputs out of it.
    """

    evaluate: Callable[[Any, Any, Any], Any]
    size: int
    results: Callable[[Any], Any]
    trace: Trace


def at_point(trace: Trace, tree: Tree) -> AtPoint | None:
    """The short way for calls at one point whose arguments are such a tree of ``(args, kwargs)``; None if there is
    none.
    """
    into = getattr(trace.kernels["scalar"], "into", None)
    if "fast path" not in trace.kernels:
        evaluate = into and _evaluation(tree, into)
        size = trace.output_tree.count + len(trace.outcomes) + 1
        trace.kernels["fast path"] = evaluate and AtPoint(evaluate, size, builder(trace.output_tree), trace)
    return trace.kernels["fast path"]  # type: ignore[no-any-return]


def _evaluation(tree: Tree, into: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], Any] | None:
    reader = _Reader()
    if not (reader.read(tree.children[0], "args") and reader.read(tree.children[1], "kwargs")):
        return None
    numbers = [text for text, _, is_array in reader.values if not is_array]
    if len(reader.values) == 1 and not numbers:
        name = reader.values[0][0]
        lines = [f"given = {name} if {name}.dtype is doubles else {name}.astype(doubles, 'C')"]
    elif len(numbers) == len(reader.values):
        lines = [*_numbers(numbers), "given = array('d', numbers)"]
    else:
        lines = [f"given = empty({tree.count})", *reader.filling(0)]
    return reader.function([*lines, "into(given, out)", "return out if out.item(-1) == 0.0 else None"], into)


class _Reader:
    """The lines of a function ``(args, kwargs, out)`` that looks at its arguments: it returns None for a miss."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.values: list[tuple[str, int, bool]] = []  # what gives numbers, how many, and whether it is an array
        self._names: dict[str, Any] = {}

    def read(self, tree: Tree, name: str) -> bool:
        """What has that name is to be such a tree; False for other containers than tuples, lists and dicts."""
        kind = tree.keys[0] if isinstance(tree.keys, tuple) and tree.shape is None else tree.keys
        if tree.shape == ():
            self.values.append((name, 1, False))
        elif tree.shape is not None:
            self.lines.append(f"if type({name}) is not ndarray or {name}.shape != {tree.shape}: return None")
            self.lines.append(f"if {name}.dtype is not doubles and {name}.dtype not in dtypes: return None")
            self.values.append((name, tree.count, True))
        elif kind not in (tuple, list, dict):
            return False
        else:
            size = len(tree.children)
            self.lines.append(f"if type({name}) is not {kind.__name__} or len({name}) != {size}: return None")
            if kind is not dict and all(child.shape == () for child in tree.children):
                self.values.append((f"*{name}", size, False))
                return True
            for key, child in zip(tree.names, tree.children):
                inner, place = f"v{len(self._names)}", f"k{len(self._names)}"
                self._names[place] = key
                self.lines.append(f"{inner} = {name}[{place}]")
                if len(self.lines) > _MOST or not self.read(child, inner):
                    return False
        return True

    def filling(self, at: int) -> list[str]:
        """Lines that put the numbers into ``given``, from that place on."""
        lines = []
        for is_array, run in itertools.groupby(self.values, key=operator.itemgetter(2)):
            texts, counts, _ = zip(*run)
            if not is_array:
                lines += [*_numbers(texts), f"given[{at}:{at + sum(counts)}] = numbers"]
                at += sum(counts)
                continue
            for text, count in zip(texts, counts):
                lines.append(f"given[{at}:{at + count}] = {text}.ravel()")
                at += count
        self.values = []
        return lines

    def function(self, lines: Iterable[str], into: Any = None) -> Callable[..., Any]:
        """The function of all lines so far and of these."""
        names = self._names | {"into": into, "array": array.array, "empty": np.empty, "ndarray": np.ndarray}
        names |= {"doubles": _DOUBLES, "dtypes": _DTYPES, "known": _NUMBERS.issuperset, "unusual": _UNUSUAL}
        body = "\n        ".join([*self.lines, *lines])
        exec(f"def read(args, kwargs, out):\n    try:\n        {body}\n    except unusual:\n        return None", names)
        return names["read"]  # type: ignore[no-any-return]


def _numbers(texts: Sequence[str]) -> list[str]:
    return [f"numbers = ({''.join(f'{text}, ' for text in texts)})", "if not known(map(type, numbers)): return None"]


# ---- rows ------------------------------------------------------------------------------------------------------------


class _Columns(NamedTuple):
    """An array with rows: the shape of a row, the array's strides, and the words of a plan where its moves begin, and
    for the bytes from row to row.
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    bases: slice
    steps: slice


class OverRows:
    """The short way for calls over any number of rows, whose arrays are read and written where they lie.

    The plan of such a call (see `row_layout`) is a template, to whose addresses those of the arrays are added.
    """

    def __init__(self, kernel: Any, trace: Trace, read: Any, places: list[int], given: list[Any], reduced: Any) -> None:
        self._kernel = kernel
        self._tree = trace.output_tree
        self._read = read
        self._places = places  # of the arguments that have rows
        self._parts = [(part.tree, is_sum(part, reduced)) for part in parts(self._tree, None)]
        self._template, self._columns = given

    def __call__(self, args: tuple[Any, ...], out: Any, threads: int | None) -> Any:
        """What the call gives; None for a miss."""
        words = type(self._template).from_buffer_copy(self._template)
        ints = np.frombuffer(words, np.int64)
        shared = ints[-len(self._kernel.varying) :].view(np.float64)
        if self._read(args, {}, shared) is None:
            return None
        rows = [args[place] for place in self._places]
        count = len(rows[0]) if isinstance(rows[0], np.ndarray) and rows[0].ndim else 0
        given = [None] * len(self._parts) if out is None else [part.given for part in parts(self._tree, out)]
        arrays = []
        for x, (tree, summed) in zip(given, self._parts):
            if x is not None and (summed or not _is_free(x, rows)):
                return None
            if not summed:
                arrays.append(np.empty((count, *(tree.shape or ()))) if x is None else x)
        for x, (shape, strides, bases, steps) in zip([*rows, *arrays], self._columns):
            if type(x) is not np.ndarray or x.dtype is not _DOUBLES or x.shape != (count, *shape) or not count:
                return None
            if x.strides != strides:
                if x.strides[1:] != strides[1:] or x[0].size == 1:  # a lone column may be used where it lies
                    return None
                ints[steps] = x.strides[0]
            address = x.__array_interface__["data"][0]
            if address % 8:
                return None
            ints[bases] += address
        sums, rest = iter(self._kernel.run(Plan(words, count, (args, arrays)), threads)), iter(arrays)
        return nested(self._tree, [tree.unflatten(sums) if summed else next(rest) for tree, summed in self._parts])


def _is_free(array: Any, rows: Sequence[Any]) -> bool:
    """Whether a result may be written there while the rows are read."""
    return (
        isinstance(array, np.ndarray)
        and array.flags.writeable
        and not any(isinstance(x, np.ndarray) and np.may_share_memory(array, x) for x in rows)
    )


def over_rows(
    trace: Trace, kernel: Any, tree: Tree, args: tuple[Any, ...], axes: Sequence[Any], reduced: Sequence[bool], out: Any
) -> OverRows | None:
    """The short way for calls with such arguments, which this kernel of a trace without guards is for; None if there is
    none.
    """
    if not hasattr(kernel, "template") or len(axes) != len(args):
        return None
    reader, lines, places, at = _Reader(), [f"if len(args) != {len(args)}: return None", "given = out"], [], 0
    arrays: list[tuple[int, Any]] = []  # with rows, each with the place of its first column
    for place, (x, axis, each) in enumerate(zip(args, axes, tree.children[0].children)):
        if axis is None:
            reader.lines.append(f"a{place} = args[{place}]")
            if not reader.read(each, f"a{place}"):
                return None
            lines += reader.filling(at)
        elif axis or not isinstance(x, np.ndarray):
            return None
        else:
            places.append(place)
            arrays.append((at, x))
        at += each.count
    if not places:
        return None
    inputs, count = len(arrays), len(args[places[0]])
    for part in parts(trace.output_tree, out):
        if not is_sum(part, reduced):
            fresh = np.empty((count, *(part.tree.shape or ())))
            arrays.append((part.first, fresh if part.given is None else part.given))
    tables, columns, word = [], [], len(HEADER) + MOVE.index("base")
    for first, x in arrays:
        if type(x) is not np.ndarray or x.dtype is not _DOUBLES or not x.size or not x[0].flags.c_contiguous:
            return None
        tables.append(Table(first, 0, x[0].size, x.strides[0], 8))
        end = word + len(MOVE) * kernel.moves(x[0].size)
        bases, steps = (slice(at, end, len(MOVE)) for at in (word, word + MOVE.index("stride") - MOVE.index("base")))
        columns.append(_Columns(x.shape[1:], x.strides, bases, steps))
        word = end
    template = kernel.template(tables[:inputs], tables[inputs:])
    return OverRows(kernel, trace, reader.function([*lines, "return out"]), places, [template, columns], reduced)
