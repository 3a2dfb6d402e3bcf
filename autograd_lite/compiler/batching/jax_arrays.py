"""A compiled function over rows in JAX arrays: it runs where they are, on every device that has some of them.

XLA splits the work as the rows are split, and adds up what is summed across the devices. Rows that branch otherwise
than the first are not gathered, which would move them: each trace runs over all rows, and counts where it is right.
Numbers have the arrays' own precision. Imports JAX.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ... import trees
from ...trees import LEAF, Tree
from ..targets.jax import evaluate
from ..tracing.guards import Trace

if TYPE_CHECKING:
    from ..calling.function import Specialization


def given(args: Sequence[Any], axes: Sequence[Any]) -> bool:
    """Whether an argument that has rows holds a JAX array."""
    found: list[bool] = []

    def part(i: int, x: Any, axis: int | None) -> Tree:
        found.extend(axis is not None and isinstance(leaf, jax.Array) for leaf in trees.flatten(x)[0])
        return LEAF

    trees.of_arguments(args, axes, part, False)
    return any(found)


def over_rows(
    spec: Specialization,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    axes: Sequence[trees.Axes],
    out: Any,
    progress: bool,
) -> Any:
    """The results of `spec` as JAX arrays in their nesting, of the precision of the rows.

    What has a result a row is sharded as the rows are; sums over the rows are on every device.
    """
    if out is not None or progress:
        raise ValueError(
            "compile: rows in JAX arrays give JAX arrays, all at once: leave out= and progress= away, or hand in NumPy "
            "arrays"
        )
    arguments = _Arguments(args, kwargs, axes, spec.operator == "hvp")
    traces = spec.traces(arguments.tree)
    trace = traces.latest() or traces.at(arguments.numbers(0))
    reduced = spec._reduced(arguments.tree, list(axes), trace.output_tree.count)
    made_for, left, results = 0, None, None
    with jax.enable_x64(arguments.dtype == jnp.float64):
        while True:
            step = _step(trace, arguments.layout, reduced)
            results, left, more, one = step(arguments.arrays, left, results, made_for)
            if not more:
                return _nested(trace.output_tree, iter(results))
            made_for = int(one)
            trace = traces.at(arguments.numbers(made_for))


class _Arguments:
    """The arguments of one call: JAX arrays, the axes along which their rows lie, and the shape of one row's inputs."""

    def __init__(self, args: Sequence[Any], kwargs: dict[str, Any], axes: Sequence[trees.Axes], pairs: bool) -> None:
        self._places: list[int] = []
        self._axes: list[int | None] = []
        self.arrays: list[Any] = []
        self.tree = trees.tuple_tree([trees.of_arguments(args, axes, self._part, pairs), self._part(-1, kwargs, None)])
        lengths = [(i, x.shape[a]) for i, x, a in zip(self._places, self.arrays, self._axes) if a is not None]
        for i, length in lengths:
            if length != lengths[0][1]:
                raise ValueError(f"compile: argument {i} has {length} rows, those before it have {lengths[0][1]}")
        self.count = lengths[0][1]
        self.dtype = jnp.result_type(*[x.dtype for x, a in zip(self.arrays, self._axes) if a is not None], jnp.float32)
        with jax.enable_x64(self.dtype == jnp.float64):
            self.arrays = [jnp.asarray(x, self.dtype) for x in self.arrays]
        self.layout = tuple([(x.shape, a) for x, a in zip(self.arrays, self._axes)])

    def _part(self, i: int, arg: Any, axis: int | None) -> Tree:
        def leaf(x: Any) -> Tree:
            array = x if isinstance(x, jax.Array) else np.asarray(x)
            if array.dtype.kind not in "biuf":
                raise TypeError(f"compile: argument {i} holds {array.dtype}: arguments are real numbers")
            if axis is not None and not -array.ndim <= axis < array.ndim:
                raise ValueError(
                    f"compile: argument {i} has {array.ndim} axes, none of which is its axis of rows, {axis}"
                )
            self._places.append(i)
            self.arrays.append(array)
            self._axes.append(None if axis is None else axis % array.ndim)
            shape = _row_shape(array.shape, self._axes[-1])
            return trees.array_tree(shape) if shape else LEAF

        return trees.mapped(arg, leaf)

    def numbers(self, row: int) -> list[float]:
        """The inputs of one row; of no row at all, zeros."""
        found: list[float] = []
        for x, axis in zip(self.arrays, self._axes):
            if axis is not None and not self.count:
                x = np.zeros(_row_shape(x.shape, axis))
            elif axis is not None:
                x = _row(x, axis, row)
            found += map(float, np.asarray(x).ravel().tolist())
        return found


@functools.partial(jax.jit, static_argnums=1)
def _row(x: Any, axis: int, row: Any) -> Any:
    """One row, wherever it is: summed, since that is what arrays on several devices do whatever their layout."""
    there = jnp.expand_dims(jnp.arange(x.shape[axis]) == row, [a for a in range(x.ndim) if a != axis])
    return jnp.sum(jnp.where(there, x, 0), axis)


def _row_shape(shape: tuple[int, ...], axis: int | None) -> tuple[int, ...]:
    return shape if axis is None else (*shape[:axis], *shape[axis + 1 :])


class _Part(NamedTuple):
    """An array, or a number, of one row's outputs: the places of its numbers, its shape, whether it is summed."""

    places: range
    shape: tuple[int, ...]
    is_sum: bool

    def of(self, outputs: Sequence[Any], count: int, takes: Any, before: Any) -> Any:
        """Its rows, or their sum, where `takes` is true or None; else what was there before."""
        numbers = [outputs[place] for place in self.places]
        if self.is_sum:
            sums = [jnp.sum(y if takes is None else jnp.where(takes, y, 0.0)) for y in numbers]
            total = jnp.stack(sums).reshape(self.shape) if sums else jnp.zeros(self.shape)
            return total if before is None else before + total
        rows = jnp.stack(numbers, axis=1).reshape(count, *self.shape) if numbers else jnp.zeros((count, *self.shape))
        if takes is None:
            return rows
        return jnp.where(takes.reshape(count, *[1] * len(self.shape)), rows, 0.0 if before is None else before)


def _parts(tree: Tree, reduced: Sequence[bool], start: int = 0) -> Iterator[_Part]:
    if tree.shape is not None:
        places = range(start, start + tree.count)
        yield _Part(places, tree.shape, all(reduced[place] for place in places))
        return
    for child in tree.children:
        yield from _parts(child, reduced, start)
        start += child.count


def _nested(tree: Tree, arrays: Iterator[Any]) -> Any:
    if tree.shape is not None:
        return next(arrays)
    return tree.built([_nested(child, arrays) for child in tree.children])


def _step(trace: Trace, layout: Any, reduced: Sequence[bool]) -> Callable[..., Any]:
    """A trace over all rows: a function of the arguments, of the rows that are left, of the results so far, and of the
    row that it was made for. It gives the results, the rows that are left then, whether there are any, and one.

    The row it was made for counts even where single precision decides otherwise than double did.
    """
    key = "devices", layout, tuple(reduced)
    if key not in trace.kernels:
        trace.kernels[key] = jax.jit(functools.partial(_advanced, trace, layout, reduced))
    return trace.kernels[key]  # type: ignore[no-any-return]


def _advanced(
    trace: Trace, layout: Any, reduced: Sequence[bool], arrays: Sequence[Any], left: Any, results: Any, made_for: Any
) -> Any:
    inputs = [column for x, (_, axis) in zip(arrays, layout) for column in _columns(x, axis)]
    like = next(column for x, (_, axis) in zip(arrays, layout) if axis is not None for column in _columns(x, axis))
    outputs = [jnp.broadcast_to(y, like.shape) for y in evaluate(trace.program, inputs)]
    takes = None
    if trace.outcomes:
        right: Any = True
        for guard, outcome in zip(outputs[len(reduced) :], trace.outcomes):
            right = right & ((guard != 0) == outcome)
        takes = right | (jnp.arange(len(like)) == made_for)
        takes, left = (takes, ~takes) if left is None else (takes & left, left & ~takes)
    parts = list(_parts(trace.output_tree, reduced))
    found = [part.of(outputs, len(like), takes, old) for part, old in zip(parts, results or [None] * len(parts))]
    if left is None:
        return found, None, None, None
    return found, left, jnp.any(left), jnp.argmax(left) if len(like) else 0


def _columns(x: Any, axis: int | None) -> Iterator[Any]:
    for index in np.ndindex(_row_shape(x.shape, axis)):
        yield x[index] if axis is None else x[(*index[:axis], slice(None), *index[axis:])]
