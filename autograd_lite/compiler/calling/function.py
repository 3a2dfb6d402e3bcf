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
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ... import trees
from ...coercion import as_float, short_label
from ...derivatives import Argnums
from ...extras import require
from ...numerics.ieee import frames_to_the_user
from ...trees import Tree, flatten
from ...value import Value
from ..program import Program
from ..targets import python
from ..tracing.guards import Trace, traced
from .operators import applied, programmed

if TYPE_CHECKING:
    from .fast_path import AtPoint, OverRows

MOST_TRACES = 256


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
    ) -> None:
        self.fn = fn
        self.in_axes = in_axes
        self.argnums = argnums
        self.target = target
        self.precise = precise
        self.most_traces = most_traces
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

    def __reduce__(self) -> tuple[Any, ...]:
        options = self.fn, self.in_axes, self.argnums, self.target, self.precise, self.most_traces
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
        most_traces: how many traces are kept for inputs of one shape. Beyond, the least recently used is dropped, with
            a warning.

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
    return Compiled(fn, in_axes, argnums, target, precise, most_traces)


class Specialization:
    """One derivative of a compiled function, or the function itself: its traces, by the shape of the inputs."""

    def __init__(self, compiled: Compiled, operator: str, argnums: Argnums, sparse: bool) -> None:
        self.compiled = compiled
        self.operator = operator
        self.argnums = argnums
        self.name = getattr(compiled.fn, "__name__", "f").replace("<lambda>", "f")
        self.target = _target(compiled.target)
        self.precise = compiled.precise
        self.fn = applied(operator, compiled.fn, argnums, sparse)
        self.traced_fn = self.fn if operator == "value" else applied(operator, programmed(compiled), argnums, sparse)
        self._traces: dict[Tree, TraceCache] = {}
        self._asked: TraceCache | None = None  # those that were asked last
        self._fast_path: AtPoint | None = None
        self._rows_fast_path: OverRows | None = None
        self._empty: Callable[[int], Any]
        self._lock = threading.Lock()

    def latest(self) -> Trace:
        """The trace used last, of inputs of whatever shape."""
        trace = self._asked.latest() if self._asked is not None else None
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
        fast_path = self._fast_path
        if fast_path is not None:
            evaluate, count, results, trace = fast_path
            found = evaluate(args, kwargs, self._empty(count))
            if found is not None:
                return results(found) if out is None else _filled(trace.output_tree, results(found), out)
        over_rows = self._rows_fast_path
        if over_rows is not None and not kwargs and not progress:
            found = over_rows(args, out, threads)
            if found is not None:
                return found
        axes = self.axes(args)
        if any(axis is not None for axis in axes):
            return self._over_rows(args, kwargs, axes, out, threads, progress)
        trace, result = self.at_point(args, kwargs)
        self._shorten(args, kwargs, trace)
        return result if out is None else _filled(trace.output_tree, result, out)

    def axes(self, args: tuple[Any, ...]) -> list[trees.Axes]:
        """For each argument the axis along which its rows lie, or None."""
        return _axes(self.compiled.in_axes, args[0] if self.operator == "hvp" else args)

    def at_point(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Trace, Any]:
        """The trace that is right at these arguments, which have no rows, and what it gives."""
        leaves, tree = flatten((args, kwargs))
        return self.traces(tree)([leaf if type(leaf) is float else as_float(leaf) for leaf in leaves])

    def _shorten(self, args: tuple[Any, ...], kwargs: dict[str, Any], trace: Trace) -> None:
        """Calls at one point with arguments like these go the short way from now on."""
        if hasattr(trace.kernels["scalar"], "into"):
            import numpy as np

            from . import fast_path

            self._empty = np.empty
            self._fast_path = fast_path.at_point(trace, flatten((args, kwargs))[1])

    def csr(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The sparse matrix at one point."""
        np = require("sparse=True", "numpy", "compile")
        csr_array = require("sparse=True", "scipy.sparse").csr_array
        if any(axis is not None for axis in _axes(self.compiled.in_axes, args)):
            raise ValueError(f"compile: {self.operator}(sparse=True) is of one point; this function has rows")
        found = None
        if self._fast_path is not None:
            evaluate, count, _, trace = self._fast_path
            found = evaluate(args, kwargs, np.empty(count))
        if found is None:
            trace, entries = self.at_point(args, kwargs)
            found = np.array(entries.values)
            self._shorten(args, kwargs, trace)
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
        traces = self._traces.get(tree)
        if traces is None:
            labels = _labels(self.compiled.fn, tree, self.operator)
            with self._lock:
                traces = self._traces.setdefault(tree, TraceCache(self, tree, labels))
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
        if trace is not None and not trace.outcomes and not kwargs and given.count:
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


class TraceCache:
    """The traces of one function for inputs of one shape."""

    def __init__(self, spec: Specialization, tree: Tree, labels: list[str | None], kept: Iterable[Trace] = ()) -> None:
        self.spec = spec
        self.tree = tree
        self.labels = labels
        # By outcomes; the one used last at the end.
        self._kept: OrderedDict[tuple[bool, ...], Trace] = OrderedDict((trace.outcomes, trace) for trace in kept)
        self._lock = threading.Lock()
        self._warned = False

    def latest(self) -> Trace | None:
        """The trace used last, if there is one."""
        with self._lock:
            return next(reversed(self._kept.values()), None)

    def kept(self) -> list[Trace]:
        """All of them, the one used last at the end."""
        with self._lock:
            return list(self._kept.values())

    def __call__(self, numbers: list[float]) -> tuple[Trace, Any]:
        """The trace that is right at one point, and the function's result."""
        latest = self.latest()
        if latest is not None:
            outputs = self._run(latest, numbers)
            if outputs[-1] == 0.0 or latest.fits(outputs):
                return self._result(latest, numbers, outputs)
        found = self.at(numbers)
        return self._result(found, numbers, self._run(found, numbers))

    def at(self, numbers: list[float]) -> Trace:
        """The trace that is right at these inputs: one that is kept, or a new one.

        Traces part at the first guard that comes out differently, so each that is tried settles one guard at least.
        """
        with self._lock:
            candidates = list(reversed(self._kept.items()))
        while candidates:
            outcomes, trace = candidates[0]
            met = trace.truths(numbers)
            if met == outcomes:
                with self._lock:
                    if outcomes in self._kept:
                        self._kept.move_to_end(outcomes)
                return trace
            parted = next(i for i, (found, expected) in enumerate(zip(met, outcomes)) if found != expected) + 1
            candidates = [pair for pair in candidates if pair[0][:parted] == met[:parted]]
        return self._traced(numbers)

    def _traced(self, numbers: list[float]) -> Trace:
        trace = traced(self.spec.traced_fn, self.tree, numbers, self.labels)
        most = self.spec.compiled.most_traces
        with self._lock:
            self._kept[trace.outcomes] = trace
            if len(self._kept) <= most:
                return trace
            self._kept.popitem(last=False)
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"{self.spec.compiled!r} has branched in more than {most} ways on inputs of one shape: the trace used "
                "least recently is dropped for each new one. Where a loop's length depends on its inputs the function "
                "may be better left uncompiled; most_traces sets the bound",
                RuntimeWarning,
                stacklevel=frames_to_the_user(),
            )
        return trace

    def _run(self, trace: Trace, numbers: list[float]) -> Sequence[float]:
        kernel = trace.kernels.get("scalar")
        if kernel is None:
            kernel = trace.kernels["scalar"] = self.spec.target.scalar(
                trace.checked(), self.spec.name, precise=self.spec.precise
            )
        return kernel(*numbers)  # type: ignore[no-any-return]

    def _result(self, trace: Trace, numbers: list[float], outputs: Sequence[float]) -> tuple[Trace, Any]:
        if outputs[-1] != 0.0:
            self._reported(numbers)
        return trace, trace.output_tree.unflatten(outputs[: trace.output_tree.count])

    def _reported(self, numbers: list[float]) -> None:
        """Run the function on Values, which report what made an inf or a nan, with its operands and their labels."""
        args, kwargs = self.tree.unflatten([Value(x, label) for x, label in zip(numbers, self.labels)])
        self.spec.fn(*args, **kwargs)


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
