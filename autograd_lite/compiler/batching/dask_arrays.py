"""A compiled function over rows in Dask arrays: lazy arrays out, whose tasks run the native kernel chunk by chunk.

The function goes to the workers as its traces, once each, under a token of their content; a process that knows the
token has the kernel already. Sums over rows are made per chunk and merged by a tree, with what rounding takes kept
beside them (T. J. Dekker, Numerische Mathematik 18 (1971), by Knuth's sum of two numbers). Imports Dask when called.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import pickle
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ... import trees
from ...trees import LEAF, Tree

if TYPE_CHECKING:
    from ..calling.function import Specialization
    from ..calling.trace_cache import TraceCache
    from ..tracing.guards import Trace
    from .rows import Rows

SPLIT_EVERY = 16  # so many partial sums are merged by one task


def given(arguments: Any) -> bool:
    """Whether a nesting of arguments holds a Dask collection."""
    from dask.base import is_dask_collection

    found: list[bool] = []

    def leaf(x: Any) -> Tree:
        found.append(is_dask_collection(x))
        return LEAF

    trees.mapped(arguments, leaf)
    return any(found)


def over_rows(
    spec: Specialization,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    axes: Sequence[trees.Axes],
    out: Any,
    threads: int | None,
    progress: bool,
) -> Any:
    """The result of `spec` in its nesting, with a lazy Dask array in the place of each array and number.

    What has a result a row has the chunks of the rows. A sum S of numbers t, whose exact sums by chunk are s, is within
    u |S| + u Σ |s| + 32 u Σ |t| of the exact one, u = 2^-53, but for terms in u²: on one machine it is so without the
    second term. (A chunk's rows that branch differently, and each 262,144 of them, are chunks of their own here.)

    ValueError if the numbers of rows differ, or cannot be seen to be the same; TypeError if a shared argument is lazy.
    """
    if out is not None:
        raise ValueError(
            "compile: results of Dask arrays are lazy: leave out= away, or da.store them when they are made"
        )
    if progress:
        raise ValueError(
            "compile: results of Dask arrays are lazy: their progress is shown where they are computed, by Dask's "
            "dashboard, distributed.progress(...) or `with dask.diagnostics.ProgressBar():`"
        )
    arguments = _Arguments(args, kwargs, axes, spec.operator == "hvp", threads)
    blocks = arguments.aligned()
    empty = arguments.rows([_empty(x, axis) for x, axis in zip(blocks, arguments.array_axes)])
    traces = spec.traces(empty.tree)
    if traces.latest() is None:
        traces.at(arguments.rows(arguments.first(blocks)).at(0))
    latest = traces.latest()
    assert latest is not None
    arguments.outputs = latest.output_tree
    arguments.reduced = spec._reduced(empty.tree, list(axes), latest.output_tree.count)
    return _Results(spec, arguments, blocks, Shipped.of(spec, empty.tree)).built()


# ---- what is given ---------------------------------------------------------------------------------------------------


class _Arguments:
    """The arguments of one call, without their rows: what all chunks share.

    `args` has a number in the place of each array of rows.
    """

    def __init__(
        self, args: Sequence[Any], kwargs: dict[str, Any], axes: Sequence[trees.Axes], pairs: bool, threads: int | None
    ) -> None:
        self.kwargs = kwargs
        self.axes = list(axes)
        self.pairs = pairs  # a tuple of primals and one of tangents, as hvp has
        self.threads = threads or 1  # a worker has threads of its own
        self.outputs: Tree = LEAF
        self.reduced: list[bool] = []  # which outputs are sums over the rows
        self.arrays: list[Any] = []
        self.array_axes: list[int] = []
        self.places: list[int] = []
        parts = trees.of_arguments(args, axes, self._part, pairs)
        self.args = parts.unflatten([0.0] * parts.count)
        for name, value in kwargs.items():
            _not_lazy(repr(name), value)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "arrays": None}

    def _part(self, i: int, arg: Any, axis: int | None) -> Tree:
        if axis is None:
            _not_lazy(str(i), arg)
            return Tree(lambda items: arg, (), None)

        def leaf(x: Any) -> Tree:
            self.arrays.append(_dask_array(i, x, axis))
            self.array_axes.append(axis % self.arrays[-1].ndim)
            self.places.append(i)
            return LEAF

        return leaf(arg) if isinstance(arg, list) else trees.mapped(arg, leaf)

    def filled(self, blocks: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments with these blocks as their rows."""

        def part(i: int, x: Any, axis: int | None) -> Tree:
            return Tree(lambda items: x, (), None) if axis is None else trees.mapped(x, lambda _: LEAF)

        return trees.of_arguments(self.args, self.axes, part, self.pairs).unflatten(blocks)  # type: ignore[no-any-return]

    def rows(self, blocks: Sequence[Any]) -> Rows:
        """These blocks with what they share."""
        from .rows import Rows

        return Rows(self.filled(blocks), self.kwargs, self.axes, self.pairs)

    def aligned(self) -> list[Any]:
        """The arrays in the same chunks of rows, of whole rows."""
        import numpy as np
        from dask.array.core import unify_chunks

        lengths = [x.shape[axis] for x, axis in zip(self.arrays, self.array_axes)]
        chunks = [x.chunks[axis] for x, axis in zip(self.arrays, self.array_axes)]
        whole = [
            x.rechunk({a: -1 for a in range(x.ndim) if a != axis}) for x, axis in zip(self.arrays, self.array_axes)
        ]
        if any(np.isnan(lengths)):
            if len({len(sizes) for sizes in chunks}) > 1:
                raise ValueError(
                    f"compile: the rows of the arguments come in {sorted({len(sizes) for sizes in chunks})} chunks of "
                    "unknown sizes, which cannot be aligned: call x.compute_chunk_sizes() on them first"
                )
            return whole
        for i, length in zip(self.places, lengths):
            if length != lengths[0]:
                raise ValueError(f"compile: argument {i} has {length} rows, those before it have {lengths[0]}")
        return unify_chunks(*self.indexed(whole))[1]  # type: ignore[no-any-return]

    def indexed(self, arrays: Sequence[Any]) -> list[Any]:
        """Each array, and after it the indices of its axes, as in Einstein's notation: 0 is that of the rows."""
        pairs: list[Any] = []
        others = itertools.count(1)
        for x, axis in zip(arrays, self.array_axes):
            pairs += [x, tuple([0 if a == axis else next(others) for a in range(x.ndim)])]
        return pairs

    def first(self, arrays: Sequence[Any]) -> list[Any]:
        """The first row of each array: its chunk is computed. Of no row at all, empty ones."""
        import dask

        for i in range(arrays[0].numblocks[self.array_axes[0]]):
            chunks = [x.blocks[(slice(None),) * axis + (i,)] for x, axis in zip(arrays, self.array_axes)]
            heads = [x.map_blocks(_head, axis, dtype=x.dtype) for x, axis in zip(chunks, self.array_axes)]
            found = dask.compute(*heads)
            if all(x.shape[axis] for x, axis in zip(found, self.array_axes)):
                break
        return list(found)


def _head(block: Any, axis: int) -> Any:
    return block[(slice(None),) * axis + (slice(0, 1),)]


def _empty(array: Any, axis: int) -> Any:
    import numpy as np

    return np.empty([0 if a == axis else length for a, length in enumerate(array.shape)])


def _dask_array(i: int, x: Any, axis: int) -> Any:
    import dask.array as da

    array = da.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"compile: argument {i} has rows of {array.dtype}: rows are numbers in an array")
    if not -array.ndim <= axis < array.ndim:
        raise ValueError(f"compile: argument {i} has {array.ndim} axes, none of which is its axis of rows, {axis}")
    return array


def _not_lazy(name: str, arg: Any) -> None:
    if given(arg):
        raise TypeError(
            f"compile: argument {name} is shared by all rows, and is lazy: compute it first, as in dask.compute(w)[0], "
            "or give it an axis of rows in in_axes"
        )


# ---- the graph of tasks ----------------------------------------------------------------------------------------------


class _Results:
    """The lazy results of one call."""

    def __init__(self, spec: Specialization, arguments: _Arguments, blocks: Sequence[Any], shipped: Shipped) -> None:
        import dask.array as da
        import numpy as np
        from dask import delayed
        from dask.base import tokenize

        reduced = arguments.reduced
        self.arguments = arguments
        self.prefix = spec.name if spec.operator == "value" else f"{spec.name}.{spec.operator}"
        token = tokenize(shipped.token, reduced, [x.name for x in blocks], arguments.args, arguments.kwargs)
        self.token = tokenize(token, arguments.axes, arguments.threads)
        pairs = arguments.indexed(blocks)
        # Of all the indices, since what has fewer is not fused with what reads the chunks.
        self.indices = tuple(range(1 + max(i for indices in pairs[1::2] for i in indices)))
        self.chunks = da.blockwise(
            _of_chunk,
            self.indices,
            *(delayed(shipped, name=f"{self.prefix}-program-{shipped.token}", traverse=False), None),
            *(delayed(arguments, name=f"{self.prefix}-shared-{self.token}", traverse=False), None),
            *pairs,
            name=f"{self.prefix}-{self.token}",
            align_arrays=False,
            meta=np.empty((0,) * len(self.indices), dtype=object),
        )
        self.sums: Any = self._sums(sum(reduced)) if any(reduced) else None

    def _sums(self, count: int) -> Any:
        """The sums over all rows, as one array."""
        import dask.array as da
        import numpy as np

        partial = da.blockwise(
            *(_piece, (0, len(self.indices), len(self.indices) + 1), self.chunks, self.indices, -1, None),
            new_axes={len(self.indices): 2, len(self.indices) + 1: count},
            adjust_chunks={0: lambda rows: 1},
            meta=np.empty((0, 0, 0)),
            name=f"{self.prefix}-{self.token}-sums",
        )
        merged = da.reduction(
            partial,
            chunk=_as_it_is,
            combine=_merged,
            aggregate=_total,
            axis=0,
            split_every=SPLIT_EVERY,
            dtype=float,
            meta=np.empty((0, 0)),
            name=self.prefix,
        )
        return merged[0]

    def built(self) -> Any:
        """All of them, in the nesting of the outputs."""
        return self._built(self.arguments.outputs, iter(self.arguments.reduced), itertools.count(), itertools.count())

    def _built(self, tree: Tree, reduced: Iterator[bool], arrays: Iterator[int], sums: Iterator[int]) -> Any:
        import dask.array as da
        import numpy as np

        if tree.shape is None:
            return tree.built([self._built(child, reduced, arrays, sums) for child in tree.children])
        if not tree.count:
            return da.from_array(np.empty(tree.shape))
        flags = [next(reduced) for _ in range(tree.count)]  # alike for all numbers of one array
        if all(flags):
            places = [next(sums) for _ in range(tree.count)]
            return self.sums[places[0] : places[-1] + 1].reshape(tree.shape) if tree.shape else self.sums[places[0]]
        which = next(arrays)
        new_axes = {len(self.indices) + axis: length for axis, length in enumerate(tree.shape)}
        return da.blockwise(
            *(_piece, (0, *new_axes), self.chunks, self.indices, which, None),
            new_axes=new_axes,
            meta=np.empty((0,) * (1 + len(tree.shape))),
            name=f"{self.prefix}-{self.token}-{which}",
        )


# ---- what a task does ------------------------------------------------------------------------------------------------


def _of_chunk(shipped: Shipped, arguments: _Arguments, *blocks: Any) -> tuple[Any, ...]:
    """A chunk's arrays of results, with a row for each of its own, and after them its sums."""
    import numpy as np

    found = shipped.spec.result(
        arguments.filled(list(map(_whole, blocks))), arguments.kwargs, threads=arguments.threads
    )
    arrays: list[Any] = []
    sums: list[float] = []
    _parted(arguments.outputs, found, iter(arguments.reduced), arrays, sums)
    return *arrays, np.array([[sums, [0.0] * len(sums)]])


def _parted(tree: Tree, found: Any, reduced: Iterator[bool], arrays: list[Any], sums: list[float]) -> None:
    if tree.shape is None:
        for child, part in zip(tree.children, trees.opened(found)[1]):  # type: ignore[index]
            _parted(child, part, reduced, arrays, sums)
    elif tree.count:
        flags = [next(reduced) for _ in range(tree.count)]
        if all(flags):
            sums += trees.flatten(found)[0]
        else:
            arrays.append(found)


def _whole(block: Any) -> Any:
    while isinstance(block, list) and len(block) == 1:  # of an axis in one piece
        (block,) = block
    return block


def _piece(results: Any, which: int) -> Any:
    return _whole(results)[which]


def _as_it_is(x: Any, axis: Any, keepdims: bool) -> Any:
    return x


def _merged(partial: Any, axis: Any = 0, keepdims: bool = True) -> Any:
    """Sums, and what rounding took from them, of several chunks as those of all."""
    import numpy as np

    total, lost = partial[0]
    with np.errstate(all="ignore"):
        for other, more in partial[1:]:
            summed = total + other
            part = summed - total
            lost = lost + more + ((total - (summed - part)) + (other - part))
            total = summed
    return np.stack([total, lost])[None]


def _total(partial: Any, axis: Any = 0, keepdims: bool = False) -> Any:
    import numpy as np

    total, lost = _merged(partial)[0]
    with np.errstate(all="ignore"):
        return np.stack([np.where(np.isfinite(total), total + lost, total), np.zeros(len(total))])


# ---- the function, on its way ----------------------------------------------------------------------------------------


class Shipped:
    """One derivative of a compiled function, for arguments of one shape, as it is sent to other processes.

    It unpickles to what the process has under its token already. The user's function itself is in it as bytes, which
    are looked at only where rows branch as none did before it was sent.
    """

    def __init__(self, token: str, payload: bytes, spec: Specialization) -> None:
        self.token, self.payload, self.spec = token, payload, spec

    @staticmethod
    def of(spec: Specialization, tree: Tree) -> Shipped:
        """As it stands now: with the traces that were made so far."""
        traces = spec.traces(tree)
        kept = sorted(traces.kept(), key=lambda trace: trace.outcomes)
        known = _sent.get(traces)
        if known is None or known[0] != kept:
            make, (fn, *options) = spec.compiled._state()[:2]
            name = getattr(fn, "__name__", "f")
            payload = pickle.dumps(
                (make, name, _pickled(fn), options, spec.operator, spec.argnums, tree, traces.labels, kept)
            )
            shipped = Shipped(hashlib.sha256(payload).hexdigest()[:32], payload, spec)
            known = _sent[traces] = kept, shipped
            _keep(shipped)
        return known[1]

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (self.token, self.payload)


class _Later:
    """A function that is unpickled when it is first called."""

    def __init__(self, name: str, pickled: bytes) -> None:
        self.__name__ = self.__qualname__ = name
        self.pickled = pickled

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn(*args, **kwargs)

    @functools.cached_property
    def fn(self) -> Callable[..., Any]:
        """The function."""
        return pickle.loads(self.pickled)  # type: ignore[no-any-return]


def _pickled(fn: Callable[..., Any]) -> bytes:
    import cloudpickle

    return cloudpickle.dumps(fn)  # type: ignore[no-any-return]


_MOST_KEPT = 64  # functions; of those beyond, a process has those used last
_here: OrderedDict[str, Shipped] = OrderedDict()
_sent: weakref.WeakKeyDictionary[TraceCache, tuple[list[Trace], Shipped]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def _arrived(token: str, payload: bytes) -> Shipped:
    with _lock:
        found = _here.get(token)
    if found is None:
        make, name, pickled, options, operator, argnums, tree, labels, kept = pickle.loads(payload)
        spec = make(_Later(name, pickled), *options)._specialization(operator, argnums)
        spec.adopt(tree, labels, kept)
        found = Shipped(token, payload, spec)
    return _keep(found)


def _keep(shipped: Shipped) -> Shipped:
    with _lock:
        found = _here.setdefault(shipped.token, shipped)
        _here.move_to_end(shipped.token)
        if len(_here) > _MOST_KEPT:
            _here.popitem(last=False)
    return found
