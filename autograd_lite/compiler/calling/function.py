"""`compile`: a function that means what the one it was made of means, and runs it as straight-line code.

A call runs the trace that its inputs fit; where none does, the function is traced at these inputs. Derivatives are
traces of the derivative operators applied to its program (`operators`), so nothing about them is known here. Rows run
through one kernel; those that branch otherwise than the first are gathered and run through a trace of their own.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ... import trees
from ...coercion import short_label
from ...derivatives import Argnums
from ...extras import require
from ...numerics.ieee import errstate, frames_to_the_user
from ...trees import Static, Tree, flatten
from ...value import Value
from ..program import Program
from ..targets import python
from ..tracing.guards import IsPartOfAGraph, Trace, number, traced
from ..tracing.outside import Effects, Outside
from .operators import applied, programmed
from .trace_cache import TraceCache

if TYPE_CHECKING:
    from .fast_path import AtPoint, OverRows

MOST_TRACES = 256
_MOST_SHAPES = 128  # of inputs, a megabyte each: those used last are kept
_FAST_PATHS = 4  # for calls that take turns


class Compiled:
    """A function compiled: made by `compile`, called as the function is.

    >>> from autograd_lite import compile
    >>> f = compile(lambda x, y: x * y + 1.0)
    >>> f(3.0, 4.0), f.value_and_grad(3.0, 4.0)
    (13.0, (13.0, 4.0))
    >>> print(f.source)
    def f(x, y):
        v2 = x * y
        v3 = v2 + 1.0
        return (v3,)
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        in_axes: Any,
        argnums: Argnums,
        target: str,
        precise: bool,
        most_traces: int,
        static_argnums: int | Sequence[int] = (),
    ) -> None:
        self.fn = fn
        self.in_axes = in_axes
        self.argnums = argnums
        self.target = target
        self.precise = precise
        self.most_traces = most_traces
        self.static_argnums = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)
        self.opened = _opening_statics(fn) if self.static_argnums else fn  # takes static arguments in their envelope
        self._outside: Outside | None = None
        self._told: set[str] = set()
        self._specializations: dict[Any, Specialization] = {}
        self._lock = threading.Lock()
        functools.update_wrapper(self, fn, updated=())

    def __call__(
        self, *args: Any, out: Any = None, threads: int | None = None, progress: bool = False, **kwargs: Any
    ) -> Any:
        return self._specialization("value").result(args, kwargs, out, threads, progress)

    def value_and_grad(
        self,
        *args: Any,
        argnums: Argnums | None = None,
        out: Any = None,
        threads: int | None = None,
        progress: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, Any]:
        """The output and its gradient, as `autograd_lite.value_and_grad` has them; with rows, of the sum over them.

        Args:
            args, kwargs: the function's own.
            argnums: by which positional argument to differentiate, or several, in place of the `argnums` of `compile`.
            out: arrays to write the results into, in the nesting of the results, with None for what is to be made anew.
            threads: between how many threads the rows are dealt out; by default one a processor, if they are worth it.
                The result is the same for any number of threads.
            progress: show how many rows are done, by tqdm.

        >>> import numpy as np
        >>> f = compile(lambda x: x[0] * x[1])
        >>> gradient = np.empty(2)
        >>> value, gradient = f.value_and_grad(np.array([2.0, 5.0]), out=(None, gradient))
        >>> value, gradient
        (10.0, array([5., 2.]))
        """
        return self._specialization("value_and_grad", argnums).result(  # type: ignore[no-any-return]
            args, kwargs, out, threads, progress
        )

    def grad(
        self,
        *args: Any,
        argnums: Argnums | None = None,
        out: Any = None,
        threads: int | None = None,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The gradient of the output; with rows, of the sum over them. The options are those of `value_and_grad`.

        >>> compile(lambda x, y: x * y).grad(3.0, 4.0, argnums=(0, 1))
        (4.0, 3.0)
        """
        return self._specialization("grad", argnums).result(args, kwargs, out, threads, progress)

    def jacobian(self, *args: Any, sparse: bool = False, **options: Any) -> Any:
        """All partial derivatives, as `autograd_lite.jacobian` nests them; with rows, one Jacobian a row.

        With `sparse`, a SciPy CSR array of all numbers of the outputs by all numbers of the argument, whose structural
        zeros are never computed. The other `options` are those of `value_and_grad`.

        >>> f = compile(lambda x: [x[0] * x[1], x[0] + 2.0])
        >>> f.jacobian([3.0, 4.0])
        [[4.0, 3.0], [1.0, 0.0]]
        >>> f.jacobian([3.0, 4.0], sparse=True).nnz
        3
        """
        return self._matrix("jacobian", args, sparse, **options)

    def hessian(self, *args: Any, sparse: bool = False, **options: Any) -> Any:
        """All second derivatives, as `autograd_lite.hessian` nests them; with rows, one Hessian a row.

        `sparse` and the other `options` are those of `jacobian`.

        >>> f = compile(lambda x: x[0] * x[0] * x[1])
        >>> f.hessian([3.0, 4.0])
        [[8.0, 6.0], [6.0, 0.0]]
        """
        return self._matrix("hessian", args, sparse, **options)

    def _matrix(
        self,
        operator: str,
        args: tuple[Any, ...],
        sparse: bool,
        argnums: Argnums | None = None,
        out: Any = None,
        threads: int | None = None,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        spec = self._specialization(operator, argnums, sparse)
        if not sparse:
            return spec.result(args, kwargs, out, threads, progress)
        if out is not None:
            raise ValueError(f"compile: {operator}(sparse=True) makes a matrix of its own: leave out= away")
        return spec.csr(args, kwargs)

    def hvp(
        self,
        primals: Sequence[Any],
        tangents: Sequence[Any],
        *,
        out: Any = None,
        threads: int | None = None,
        progress: bool = False,
    ) -> Any:
        """The Hessian times a vector, as `autograd_lite.hvp` nests it; with rows, a product a row.

        The options are those of `value_and_grad`.

        >>> f = compile(lambda x: x[0] * x[0] * x[1])
        >>> f.hvp(([3.0, 4.0],), ([1.0, 0.0],))
        [8.0, 6.0]
        """
        return self._specialization("hvp").result((tuple(primals), tuple(tangents)), {}, out, threads, progress)

    def bind(self, *args: Any, of: str = "value", out: Any = None) -> Callable[[], Any]:
        """The call with these arguments as a function of none, for calls of a fraction of a microsecond.

        It reads whatever numbers the arrays among the arguments hold when it is called, and writes the results into the
        same arrays each time, which it returns: those in `out`, or its own. A number comes in an array without axes.

        Args:
            args: numbers, which stay as they are, and contiguous arrays of float64; no rows.
            of: what to call: "value", "value_and_grad", "grad", "jacobian" or "hessian".
            out: as for `value_and_grad`; its arrays have to be contiguous, of float64.

        >>> import numpy as np
        >>> f, x = compile(lambda x: x[0] * x[1]), np.array([2.0, 5.0])
        >>> call = f.bind(x, of="value_and_grad")
        >>> value, gradient = call()
        >>> x[:] = 3.0, 7.0
        >>> call() == (value, gradient)
        True
        >>> value, gradient
        (array(21.), array([7., 3.]))
        """
        require("compile(...).bind", "numpy", "compile")
        from .bind import bind

        if of not in ("value", "value_and_grad", "grad", "jacobian", "hessian"):
            raise ValueError(f"compile: bind knows no {of!r}: of is the name of a method, or 'value'")
        return bind(self._specialization(of), args, out)

    @property
    def program(self) -> Program:
        """The program of the function's last trace. RuntimeError before there is one: call the function first.

        >>> f = compile(lambda x: x * x)
        >>> f(3.0)
        9.0
        >>> print(f.program)
        program(%0 "x")
          %1 = mul(%0, %0)
          return %1
        """
        return self._specialization("value", None).latest().program

    @property
    def source(self) -> str:
        """The function's last trace as Python source.

        >>> f = compile(lambda x: x * x)
        >>> f(3.0)
        9.0
        >>> print(f.source)
        def f(x):
            v1 = x * x
            return (v1,)
        """
        trace = self._specialization("value", None).latest()
        return python.source(trace.program, getattr(self.fn, "__name__", "f").replace("<lambda>", "f"))

    def __repr__(self) -> str:
        return f"<compiled {getattr(self.fn, '__qualname__', repr(self.fn))}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        if _found(self.fn) is self:  # a decorated function: found again by its name
            return str(self.fn.__qualname__)
        return self._state()

    def _state(self) -> tuple[Any, ...]:
        options = (
            *(self.fn, self.in_axes, self.argnums, self.target, self.precise),
            *(self.most_traces, self.static_argnums),
        )
        with self._lock:
            specs = list(self._specializations.items())
        kept = []
        for key, spec in specs:
            for tree, traces in spec.by_shape().items():
                kept.append((key if isinstance(key, tuple) else (key,), tree, traces.labels, traces.kept()))
        return compile, options, kept

    def __setstate__(self, state: list[Any]) -> None:
        for key, tree, labels, kept in state:
            self._specialization(*key).adopt(tree, labels, kept)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """As a method: what is registered as a nesting, as dataclasses are, is an argument like others; of another
        object the attributes are constants, and the method is compiled for it alone.
        """
        if owner is None:
            return self
        if trees.opened(owner):
            return functools.partial(self, owner)
        methods = owner.__dict__.setdefault("_compiled_methods", {})
        if self not in methods:
            fn, options = self.fn.__get__(owner, kind), self._state()[1][1:]
            methods[self] = Compiled(fn, *options)
        return methods[self]

    def diagnose(self, *args: Any, row: int | None = None, **kwargs: Any) -> Any:
        """Where the first nan or inf is born in a call with these arguments, or in one of its rows: the function runs
        eagerly there, and the output is explained as by `Value.diagnose`.

        >>> import numpy as np
        >>> from autograd_lite import math
        >>> f = compile(lambda x: x * math.log(x), in_axes=0)
        >>> print(f.diagnose(np.array([1.0, 0.0]), row=1))  # doctest: +NORMALIZE_WHITESPACE
        log(x) = log(0) = −inf: the first inf, out of finite numbers, with x = 0.
        It became nan in f = x × log(x) = 0 × −inf = nan, with x = 0, log(x) = −inf.
        Write xlogy(x, x) instead of x * log(x).
        """
        spec = self._specialization("value")
        axes = spec.axes(args)
        if all(axis is None for axis in axes):
            leaves, tree = flatten((args, kwargs))
        else:
            from ..batching.rows import Rows

            given = Rows(args, kwargs, axes)
            if row is None or not -given.count <= row < given.count:
                raise ValueError(f"compile: diagnose explains one of the {given.count} rows: row=i, not {row}")
            leaves, tree = given.at(row % given.count), given.tree
        labels = _labels(self.fn, tree, "value")
        given_args, given_kwargs = tree.unflatten([Value(x, label) for x, label in zip(leaves, labels)])
        with errstate(all="ignore"):
            outputs = [y for y in flatten(spec.fn(*given_args, **given_kwargs))[0] if isinstance(y, Value)]
        if not outputs:
            raise TypeError(f"compile: diagnose: {self!r} returned no number that was computed from its arguments")
        return next((y for y in outputs if y.data - y.data != 0.0), outputs[0]).diagnose()

    def _read_outside(self) -> Outside:
        """What the function reads from outside. Once a name there has been rebound all traces are dropped."""
        outside = self._outside
        if outside is None or not outside.is_unchanged():
            with self._lock:
                before, outside = outside, Outside(self.fn)
                self._outside = outside
                for spec in self._specializations.values() if before is not None else ():
                    spec.forget()
        return outside

    def _accept_outside(self) -> None:
        """What names stand for now is what they stood for when the last trace was made."""
        self._outside = Outside(self.fn)

    def _warn_of(self, effects: dict[str, str]) -> None:
        """Warn of what the function does that compiled code does not: of each kind once."""
        for kind, what in effects.items():
            if kind not in self._told:
                self._told.add(kind)
                warnings.warn(
                    f"compile: {getattr(self.fn, '__name__', 'f')} {what}",
                    RuntimeWarning,
                    stacklevel=frames_to_the_user(),
                )

    def _specialization(self, operator: str, argnums: Argnums | None = None, sparse: bool = False) -> Specialization:
        key: Any = operator
        if sparse or argnums is not None:
            if argnums is None:
                argnums = self.argnums
            key = operator, argnums if isinstance(argnums, int) else tuple(argnums), sparse
        spec = self._specializations.get(key)
        if spec is None:
            with self._lock:
                made = Specialization(self, operator, self.argnums if argnums is None else argnums, sparse)
                spec = self._specializations.setdefault(key, made)
        return spec


def compile(
    fn: Callable[..., Any],
    in_axes: Any = None,
    argnums: Argnums = 0,
    target: str = "auto",
    precise: bool = False,
    most_traces: int = MOST_TRACES,
    static_argnums: int | Sequence[int] = (),
) -> Compiled:
    """`fn`, compiled: the same function, an order of magnitude and more faster.

    Args:
        fn: from numbers in any nesting of tuples, lists, dicts, dataclasses and arrays to numbers in any nesting. It is
            run once on tracers; what it branches on is remembered, and an input that would branch otherwise is traced
            anew.
        in_axes: which arguments have rows, as in `jax.vmap`: None for none, an axis for all, or a tuple with one entry
            an argument: an axis or None for all that it holds, or a nesting like the argument, of axes and None.
        argnums: by which positional argument `value_and_grad` and its like differentiate, or several.
        target: "python", "llvm" or "jax"; "auto" is llvm where llvmlite is installed.
        precise: over rows, call the C library's functions one number at a time, as one evaluation does. Otherwise its
            vector functions are called where the system has them, which are faster and within 4 ulp.
        most_traces: how many traces are kept for inputs of one shape. Beyond, the least recently used is dropped.
        static_argnums: which positional arguments are no numbers to trace but plain Python objects, hashable, such as a
            number of steps or a name: the function is traced for each anew.

    TypeError, when called, if `fn` asks a number for what would be baked in: its `.data`, its `float()`.

    >>> import numpy as np
    >>> f = compile(lambda w, x: (w * x) ** 2, in_axes=(None, 0))
    >>> f(2.0, np.array([1.0, 2.0, 3.0]))
    array([ 4., 16., 36.])
    >>> f.value_and_grad(2.0, np.array([1.0, 2.0, 3.0]))
    (56.0, 56.0)
    """
    if not callable(fn):
        raise TypeError(f"compile: expected a function, got {type(fn).__name__} {short_label(repr(fn), 40)}")
    return Compiled(fn, in_axes, argnums, target, precise, most_traces, static_argnums)


class Specialization:
    """One derivative of a compiled function, or the function itself: its traces, by the shape of the inputs."""

    def __init__(self, compiled: Compiled, operator: str, argnums: Argnums, sparse: bool) -> None:
        self.compiled = compiled
        self.operator = operator
        self.argnums = argnums
        self.name = getattr(compiled.fn, "__name__", "f").replace("<lambda>", "f")
        self.target = _target(compiled.target)
        self.precise = compiled.precise
        fn = compiled.opened
        self.fn = applied(operator, fn, argnums, sparse)
        self.traced_fn = self.fn if operator == "value" else applied(operator, programmed(compiled), argnums, sparse)
        self._traces: dict[Tree, TraceCache] = {}
        self._fast_paths: list[AtPoint] = []
        self._asked: TraceCache | None = None  # those that were asked last
        self._rows_fast_path: OverRows | None = None
        self._empty: Callable[[int], Any]
        self._lock = threading.Lock()

    def latest(self) -> Trace:
        """The trace used last, of inputs of whatever shape."""
        trace = self._asked.latest() if self._asked is not None else None
        if self._asked is None and self._fast_paths:
            trace = self._fast_paths[0].trace
        if trace is None:
            raise RuntimeError(f"{self.compiled!r} has no trace yet: call it first")
        return trace

    def result(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        out: Any = None,
        threads: int | None = None,
        progress: bool = False,
    ) -> Any:
        """What a call with these arguments gives."""
        self.compiled._read_outside()
        for path in self._fast_paths:
            evaluate, count, results, known = path
            found = evaluate(args, kwargs, self._empty(count))
            if found is not None:
                if path is not self._fast_paths[0]:
                    self._fast_paths = [path, *[each for each in self._fast_paths if each is not path]]
                self._asked = None
                return results(found) if out is None else _filled(known.output_tree, results(found), out)
        over_rows = self._rows_fast_path
        if over_rows is not None and not kwargs and not progress:
            try:
                found = over_rows(args, out, threads)
            except Exception:  # which the general way meets again, and says of which row it is
                found = None
            if found is not None:
                return found
        args = self._with_statics(args)
        axes = self.axes(args)
        try:
            if any(axis is not None for axis in axes):
                return self._over_rows(args, kwargs, axes, out, threads, progress)
            trace, result = self.at_point(args, kwargs)
        except IsPartOfAGraph:
            if out is not None:
                raise TypeError(
                    "compile: inside of a derivative or another compiled function there is no out="
                ) from None
            return self._inline(args, kwargs, axes)
        if trace is not None:
            self._shorten(args, kwargs, trace)
        if out is None:
            return result
        return _filled(flatten(result)[1] if trace is None else trace.output_tree, result, out)

    def _with_statics(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, with those that are static in an envelope that is part of their shape."""
        if not self.compiled.static_argnums:
            return args
        given = list(args)
        for place in self.compiled.static_argnums:
            if -len(args) <= place < len(args):
                try:
                    hash(args[place])
                except TypeError as error:
                    raise TypeError(f"compile: argument {place} is static, and has to be hashable: {error}") from None
                given[place] = Static((args[place], repr(args[place])))  # True, 1 and 1.0 are equal
        return tuple(given)

    def _inline(self, args: tuple[Any, ...], kwargs: dict[str, Any], axes: list[trees.Axes]) -> Any:
        """A call with Values or tracers: the function itself, whose operations they record."""
        if all(axis is None for axis in axes):
            return self.fn(*args, **kwargs)
        if self.operator != "value":
            raise TypeError(
                f"compile: {self.operator} over rows of Values or traced numbers: differentiate the function without "
                "rows, or call it with arrays of floats"
            )
        from ..batching.rows import one_by_one

        return one_by_one(self.fn, args, kwargs, axes)

    def traced(self, tree: Tree, numbers: list[float], labels: list[str | None]) -> Trace:
        """A new trace of the function at these inputs."""
        outside = self.compiled._read_outside()
        with Effects(outside) as effects:
            trace = traced(self.traced_fn, tree, numbers, labels, outside)
        if effects.found:
            if "rebinds" in effects.found:
                self.compiled._accept_outside()
            self.compiled._warn_of(effects.found)
        return trace

    def forget(self) -> None:
        """Drop all traces."""
        with self._lock:
            self._traces = {}
            self._fast_paths, self._rows_fast_path = [], None

    def axes(self, args: tuple[Any, ...]) -> list[trees.Axes]:
        """For each argument the axis along which its rows lie, or None."""
        return _axes(self.compiled.in_axes, args[0] if self.operator == "hvp" else args)

    def at_point(self, args: tuple[Any, ...], kwargs: dict[str, Any], always: bool = False) -> tuple[Trace | None, Any]:
        """What the function gives at these arguments, which have no rows, and the trace that gave it; None where it ran
        eagerly, which it does not if a trace is `always` wanted.
        """
        leaves, tree = flatten((args, kwargs))
        return self.traces(tree)([leaf if type(leaf) is float else number(leaf) for leaf in leaves], always)

    def _shorten(self, args: tuple[Any, ...], kwargs: dict[str, Any], trace: Trace) -> None:
        """Calls at one point with arguments like these go the short way from now on."""
        if hasattr(trace.kernels["scalar"], "into"):
            import numpy as np

            from . import fast_path

            self._empty = np.empty
            made = fast_path.at_point(trace, flatten((args, kwargs))[1])
            if made is not None and made not in self._fast_paths:
                self._fast_paths = [made, *self._fast_paths][:_FAST_PATHS]

    def csr(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The sparse matrix at one point."""
        np = require("sparse=True", "numpy", "compile")
        csr_array = require("sparse=True", "scipy.sparse").csr_array
        if any(axis is not None for axis in _axes(self.compiled.in_axes, args)):
            raise ValueError(f"compile: {self.operator}(sparse=True) is of one point; this function has rows")
        self.compiled._read_outside()
        found, trace = None, None
        if self._fast_paths:
            evaluate, count, _, trace = self._fast_paths[0]
            found = evaluate(args, kwargs, np.empty(count))
        if found is None:
            args = self._with_statics(args)
            trace, entries = self.at_point(args, kwargs, True)
            found = np.array(entries.values)
            if trace is not None:
                self._shorten(args, kwargs, trace)
        assert trace is not None
        if "csr" not in trace.kernels:
            pattern = trace.output_tree.unflatten([0.0] * trace.output_tree.count).pattern.content
            trace.kernels["csr"] = (
                np.array(pattern.columns, np.int32),
                np.array(pattern.starts, np.int32),
                pattern.shape,
            )
        columns, starts, shape = trace.kernels["csr"]
        return csr_array((found[: len(columns)], columns.copy(), starts.copy()), shape=shape)

    def traces(self, tree: Tree) -> TraceCache:
        """The traces for inputs of that shape, a tree of ``(args, kwargs)``."""
        with self._lock:
            traces = self._traces.pop(tree, None)
            if traces is None:
                traces = TraceCache(self, tree, _labels(self.compiled.fn, tree, self.operator))
            self._traces[tree] = traces
            if len(self._traces) > _MOST_SHAPES:
                del self._traces[next(iter(self._traces))]
        self._asked = traces
        return traces

    def by_shape(self) -> dict[Tree, TraceCache]:
        """All traces there are."""
        with self._lock:
            return dict(self._traces)

    def adopt(self, tree: Tree, labels: list[str | None], kept: Sequence[Trace]) -> None:
        """Take over traces that another process made, for inputs of that shape."""
        traces = TraceCache(self, tree, labels, kept)
        with self._lock:
            self._asked = self._traces.setdefault(tree, traces)

    def _over_rows(
        self,
        args: Any,
        kwargs: dict[str, Any],
        axes: list[trees.Axes],
        out: Any,
        threads: int | None,
        progress: bool,
    ) -> Any:
        require("compile(in_axes=...)", "numpy", "compile")
        if "dask" in sys.modules:
            from ..batching import dask_arrays

            if dask_arrays.given((args, kwargs)):
                return dask_arrays.over_rows(self, args, kwargs, axes, out, threads, progress)
        if self.compiled.target == "jax":
            from ..batching import jax_arrays

            if jax_arrays.given(args, axes):
                return jax_arrays.over_rows(self, args, kwargs, axes, out, progress)
        from ..batching import rows
        from . import fast_path

        given = rows.Rows(args, kwargs, axes, pairs=self.operator == "hvp")
        found = rows.run(self, given, functools.partial(self._reduced, given.tree, axes), out, threads, progress)
        trace = self.traces(given.tree).latest()
        plain = not kwargs and not self.compiled.static_argnums
        if trace is not None and not trace.outcomes and plain and given.count:
            reduced = self._reduced(given.tree, axes, trace.output_tree.count)
            kernel = rows.kernel_of(self, trace, given.varying, reduced)
            self._rows_fast_path = fast_path.over_rows(trace, kernel, given.tree, args, axes, reduced, out)
        return found

    def _reduced(self, given: Tree, axes: list[trees.Axes], count: int) -> list[bool]:
        """Which outputs are sums over the rows: the output that is differentiated, and gradients by what is shared."""
        if self.operator not in ("grad", "value_and_grad"):
            return [False] * count
        places = [self.argnums] if isinstance(self.argnums, int) else self.argnums
        arguments = given.children[0].children
        flags = [True] if self.operator == "value_and_grad" else []
        for place in places:
            flags += trees.shared(arguments[place], axes[place])
        return flags


def _found(fn: Callable[..., Any]) -> Any:
    """What is found by a function's module and name."""
    found: Any = sys.modules.get(getattr(fn, "__module__", None) or "")
    for name in getattr(fn, "__qualname__", "").split("."):
        found = getattr(found, name, None)
    return found


def _opening_statics(fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    def opened(*args: Any, **kwargs: Any) -> Any:
        return fn(*[arg.content[0] if type(arg) is Static else arg for arg in args], **kwargs)

    return opened


# ---- what is given ---------------------------------------------------------------------------------------------------


def _filled(tree: Tree, result: Any, out: Any) -> Any:
    from .results import filled

    return filled(tree, result, out)


def _target(name: str) -> ModuleType:
    if name == "auto":
        name = "llvm" if importlib.util.find_spec("llvmlite") else "python"
    if name not in ("python", "llvm", "jax"):
        raise ValueError(f'compile: the target is "auto", "python", "llvm" or "jax", not {name!r}')
    if name == "jax":
        require("compile(target='jax')", "jax", "jax")
    return importlib.import_module(f"..targets.{name}", __package__)


def _axes(in_axes: Any, args: tuple[Any, ...]) -> list[trees.Axes]:
    """For each argument the axis along which its rows lie, None, or a list with one for each of its children."""
    if in_axes is None or isinstance(in_axes, int):
        return [in_axes] * len(args)
    axes = in_axes if type(in_axes) in (tuple, list) else [in_axes]  # a nesting like the one argument there is
    if len(axes) != len(args):
        raise ValueError(f"compile: in_axes has an entry for each of {len(axes)} arguments, and {len(args)} were given")
    return [_axis(axis, arg, f"argument {i}") for i, (axis, arg) in enumerate(zip(axes, args))]


def _axis(axis: Any, x: Any, where: str) -> trees.Axes:
    """What in_axes says of an argument or of a part of one: children that are all shared are shared as a whole."""
    if axis is None or isinstance(axis, int):
        return axis
    entries, parts = trees.children(axis), trees.children(x)
    if entries is None or parts is None or entries.keys() != parts.keys():
        raise TypeError(
            f"compile: in_axes has {axis!r} for {where}, {short_label(repr(x), 40)}: write the axis of rows of all "
            "that it holds, None if it has no rows, or a nesting like it, of axes and None"
        )
    found = [_axis(axis, part, f"{where}{step}") for (step, axis), part in zip(entries.items(), parts.values())]
    return None if all(each is None for each in found) else found


def _labels(fn: Callable[..., Any], tree: Tree, operator: str) -> list[str | None]:
    """A name for each input, of a tree of ``(args, kwargs)``: ``x``, ``w[0][1]``; of a tangent its primal's, primed."""
    args, kwargs = tree.children
    if operator == "hvp":
        names = _labels(fn, trees.tuple_tree([args.children[0], kwargs]), "value")
        return [*names, *[name and f"{name}'" for name in names]]
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
    for i in range(len(args.children) - len(named)):
        named.append(f"arg{len(named)}" if rest is None else f"{rest}[{i}]")
    children = [*zip(named, args.children), *zip(kwargs.names, kwargs.children)]
    return [f"{name}{path}" for name, child in children for path in trees.paths(child)]
