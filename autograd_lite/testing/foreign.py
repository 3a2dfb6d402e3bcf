"""Anybody's functions as functions of floats: NumPy's, PyTorch's, JAX's, hand-written ones.

What is differentiated are the numbers with a fraction: floats, and arrays and tensors of them, in their own precision.
All else in the arguments, integers, truths, strings, other objects, is passed on as it is. A function of low precision
is evaluated in double precision for the truth, where it then computes the same. Libraries are used as they were
imported by whoever made the arguments, and are never imported here.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..trees import LEAF, Tree, mapped, paths
from ..value import Value
from .judgement import OutOfTime
from .verdict import Report

Function = Callable[..., Any]
DOUBLE = 2.0**-52


class Foreign:
    """A function and its derivatives, as functions of a flat list of floats: a `judgement.Subject`.

    Args:
        fn, args, kwargs: what is called; `argnums` are the positions of the arguments to differentiate by.
        gradient: one number for each number among them, of several outputs one row each; or
        vjp: from the arguments to the outputs and a pullback; or jvp: from primals and tangents to both outputs.
    """

    def __init__(
        self,
        fn: Function,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        argnums: tuple[int, ...] | None,
        *,
        gradient: Function | None = None,
        vjp: Function | None = None,
        jvp: Function | None = None,
        report: Report,
        latest: float = math.inf,
    ) -> None:
        self.latest = latest
        self.fn: Function = lambda *xs: fn(*xs, **kwargs)
        self.name = called(fn)
        self.kwargs = kwargs
        self.gradient, self.vjp, self.jvp = gradient, vjp, jvp
        self.parts = Parts(args, argnums)
        self.point = self.parts.numbers()
        self.inputs_named = self.parts.names()
        self.library = self.parts.library
        self.upcast = self.seeded = False
        first = self._returned(self.point)
        self.form = Form(first, called(fn))
        self.outputs = self.form.numbers(first)
        self.outputs_named = self.form.names()
        self.is_steady = self._repeats()
        if not self.is_steady and self.library == "torch":
            self.seeded = True  # dropout, for one
            self.outputs = self.values(self.point)
            self.is_steady = self._repeats()
            report.add_note("the same random numbers in every call")
        self.eps = max(self.parts.eps, self.form.eps)
        self.fine = self.eps
        self.tiny = _TINY[self.eps]
        if self.eps > DOUBLE and self.is_steady:
            self._try_double()

    def _repeats(self) -> bool:
        return all(a == b or (a != a and b != b) for a, b in zip(self.outputs, self.values(self.point)))

    def _try_double(self) -> None:
        """Evaluate in double precision from here on, if that is the same function."""
        self.upcast = True
        try:
            returned = self._returned(self.point)
            form = Form(returned, self.name)
            wide = form.numbers(returned)
        except Exception:  # weights of low precision inside, for one
            self.upcast = False
            return
        size = max([1e-30, *[abs(y) for y in [*self.outputs, *self.point] if math.isfinite(y)]])
        if form.eps == DOUBLE and len(wide) == len(self.outputs) and all(
            abs(a - b) <= 64.0 * self.eps * size or a == b or (a != a and b != b)
            for a, b in zip(self.outputs, wide)
        ):  # fmt: skip
            self.fine, self.outputs = DOUBLE, wide
        else:
            self.upcast = False

    # ---- the function ----

    def values(self, xs: Sequence[float]) -> list[float]:
        if time.process_time() > self.latest:
            raise OutOfTime
        try:
            with self._quietly():
                found = self.form.numbers(self._returned(xs))
        except Exception:  # beyond the domain
            return [math.nan] * len(self.outputs)
        return found if len(found) == len(self.outputs) else [math.nan] * len(self.outputs)

    def rounded(self, xs: list[float]) -> list[float]:
        return xs if self.upcast or self.eps == DOUBLE else self.parts.rounded(xs)

    def exact(self, *xs: Any) -> list[Any]:
        if self.library:
            raise TypeError(f"{self.library} has no numbers of more digits")
        with self._quietly():
            return Form(returned := self.fn(*self.parts.with_numbers(xs)), self.name).leaves(returned)

    def _returned(self, xs: Sequence[float]) -> Any:
        with _double_jax(self.upcast and self.library == "jax"), _seeded(self.seeded):
            return self.fn(*self.parts.arguments(xs, self.upcast))

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of points beyond the domain, which the caller did not ask for
            yield

    # ---- its derivatives ----

    @property
    def modes(self) -> tuple[str, ...]:
        """What there is to judge."""
        if self.gradient is not None:
            return ("the gradient handed in",)
        if self.vjp is not None or self.jvp is not None:
            rules = (("reverse mode, as a rule", self.vjp), ("forward mode", self.jvp))
            return tuple(mode for mode, rule in rules if rule is not None)
        return ("reverse mode", "forward mode")

    def pull(self, weights: Sequence[float], xs: Sequence[float]) -> list[float]:
        with self._quietly(), _seeded(self.seeded):
            args = self.parts.arguments(xs)
            if self.gradient is not None:
                rows = self._rows([_float(g) for g in _flat(self.gradient(*args, **self.kwargs))])
                return [math.fsum(w * row[i] for w, row in zip(weights, rows) if w) for i in range(len(self.point))]
            if self.vjp is not None:
                returned, pullback = self.vjp(*args, **self.kwargs)
                if self.form.numbers(returned) != self.form.numbers(self.fn(*args)):
                    raise AssertionError(f"vjp of {self.name} gives other outputs than the function: {returned!r}")
                return self._one_each(_flat(pullback(self.form.like(weights))))
            return self._pulled(weights, args)

    def _pulled(self, weights: Sequence[float], args: tuple[Any, ...]) -> list[float]:
        if self.library == "torch":
            torch = sys.modules["torch"]
            args, given = self.parts.tracked(args)
            outs = [y for y in self.form.leaves_of(self.fn(*args)) if isinstance(y, torch.Tensor)]
            seeds = self.form.seeds(weights)
            pairs = [(y, s) for y, s in zip(outs, seeds) if y.requires_grad]
            if not pairs:
                return [0.0] * len(self.point)
            found = torch.autograd.grad(
                [y for y, _ in pairs], given, [s for _, s in pairs], allow_unused=True, materialize_grads=True
            )
            return [x for g in found for x in _numbers(g)]
        _, pullback = sys.modules["jax"].vjp(self._of_free(args), *self.parts.free(args))
        return [x for g in pullback(tuple(self.form.seeds(weights))) for x in _numbers(g)]

    def push(self, direction: Sequence[float], xs: Sequence[float]) -> list[float]:
        with self._quietly(), _seeded(self.seeded):
            args = self.parts.arguments(xs)
            if self.jvp is not None:
                tangents = self.parts.tangents(direction)
                returned, pushed = self.jvp(args, tangents, **self.kwargs)
                if self.form.numbers(returned) != self.form.numbers(self.fn(*args)):
                    raise AssertionError(f"jvp of {self.name} gives other outputs than the function: {returned!r}")
                return [_float(t) for t in _flat(pushed)]
            library = sys.modules["torch"].func if self.library == "torch" else sys.modules["jax"]
            along = self.parts.free(self.parts.tangents(direction))
            _, pushed = library.jvp(self._of_free(args), tuple(self.parts.free(args)), tuple(along))
            return [x for t in pushed for x in _numbers(t)]

    def _of_free(self, args: tuple[Any, ...]) -> Function:
        """The function of those arguments alone that are differentiated, with a tuple of outputs."""
        return lambda *given: tuple(self.form.leaves_of(self.fn(*self.parts.replaced(args, given))))

    def _rows(self, flat: list[Any]) -> list[list[Any]]:
        n, m = len(self.point), len(self.outputs)
        if len(flat) != m * n:
            raise TypeError(
                f"the gradient has {len(flat)} numbers: {m} output(s) by {n} input(s) "
                f"({', '.join(self.inputs_named[:6])}{', …' if n > 6 else ''}) have {m * n}"
            )
        return [flat[k * n : (k + 1) * n] for k in range(m)]

    def _one_each(self, flat: list[Any]) -> list[float]:
        if len(flat) != len(self.point):
            raise TypeError(f"the pullback gives {len(flat)} numbers: there are {len(self.point)} inputs")
        return [_float(g) for g in flat]

    def differentiated(self) -> tuple[Function, tuple[Any, ...]]:
        """The gradient of a sum of all outputs as a function, for the next order, and its arguments."""
        weights = [1.0 + 0.125 * k for k in range(len(self.outputs))]

        def gradient_of(*args: Any) -> Any:
            if self.library == "torch":
                torch = sys.modules["torch"]
                kept, given = self.parts.tracked(args, keep=True)
                outs = [y for y in self.form.leaves_of(self.fn(*kept)) if isinstance(y, torch.Tensor)]
                seeds = [s.to(y.dtype) for y, s in zip(outs, self.form.seeds(weights))]
                return torch.autograd.grad(
                    outs, given, seeds, create_graph=True, allow_unused=True, materialize_grads=True
                )
            jax = sys.modules["jax"]
            outs, pullback = jax.vjp(self._of_free(args), *self.parts.free(args))
            return pullback(tuple(s.astype(y.dtype) for y, s in zip(outs, self.form.seeds(weights))))

        gradient_of.__name__ = f"the gradient of {self.name}"
        return gradient_of, self.parts.arguments(self.point)


def called(fn: Function) -> str:
    """A function's name, as a message has it."""
    return str(getattr(fn, "name", None) or getattr(fn, "__name__", type(fn).__name__))


# ---- arguments and outputs -------------------------------------------------------------------------------------------


class Parts:
    """The arguments: which of their leaves are differentiated, and how they are built of floats."""

    def __init__(self, args: tuple[Any, ...], argnums: tuple[int, ...] | None) -> None:
        self.leaves: list[Any] = []
        counts: list[int] = []
        trees = []
        for arg in args:
            trees.append(_mapped(arg, self.leaves))
            counts.append(len(self.leaves))
        self.tree = Tree(tuple, tuple(trees), tuple)
        owner = [next(a for a, count in enumerate(counts) if k < count) for k in range(len(self.leaves))]
        chosen = None if argnums is None else {a % len(args) for a in argnums if -len(args) <= a < len(args)}
        if argnums is not None and len(chosen or ()) != len(argnums):
            raise ValueError(f"argnums={argnums}: there are {len(args)} arguments, from 0 to {len(args) - 1}")
        self.places = [k for k, x in enumerate(self.leaves) if _has_fraction(x) and (not chosen or owner[k] in chosen)]
        if not self.places:  # whole numbers are numbers where there are no others
            whole = [k for k, x in enumerate(self.leaves) if type(x) is int and (not chosen or owner[k] in chosen)]
            self.leaves = [float(x) if k in whole else x for k, x in enumerate(self.leaves)]
            self.places = whole
        if not self.places:
            raise TypeError(
                "nothing to differentiate by: the arguments are "
                f"{', '.join(type(x).__name__ for x in args)}; write floats, 2.0 for '2.0', or choose other argnums"
            )
        for k in self.places:
            if _is_complex(self.leaves[k]):
                raise TypeError(
                    f"x{owner[k]} is complex: gradients here are of real numbers; give the real and the imaginary part "
                    "as two arguments"
                )
        kinds = [kind for k in self.places if (kind := _library_of(self.leaves[k]))]
        self.library = kinds[0] if kinds else None
        self.sizes = [len(_numbers(self.leaves[k])) for k in self.places]
        self.eps = max(_eps_of(self.leaves[k]) for k in self.places)

    def numbers(self) -> list[float]:
        return [x for k in self.places for x in _numbers(self.leaves[k])]

    def names(self) -> list[str]:
        """Each number by its place: x0, x1['w'][0, 1]."""
        found = []
        for k, where in enumerate(paths(self.tree)):
            if k in self.places:
                position, _, rest = where[1:].partition("]")
                shape = getattr(self.leaves[k], "shape", ())
                found += [f"x{position}{rest}{index}" for index in _indices(tuple(shape))]
        return found

    def arguments(self, xs: Sequence[float], double: bool = False) -> tuple[Any, ...]:
        built, start = list(self.leaves), 0
        for k, size in zip(self.places, self.sizes):
            built[k] = _like(self.leaves[k], xs[start : start + size], double)
            start += size
        return self.tree.unflatten(built)  # type: ignore[no-any-return]

    def with_numbers(self, xs: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments with any kind of numbers, arrays being arrays of objects."""
        built, start = list(self.leaves), 0
        for k, size in zip(self.places, self.sizes):
            part = list(xs[start : start + size])
            if getattr(self.leaves[k], "shape", ()) == ():
                built[k] = part[0]
            else:
                numpy = sys.modules["numpy"]
                built[k] = numpy.empty(size, dtype=object)
                built[k][:] = part
                built[k] = built[k].reshape(self.leaves[k].shape)
            start += size
        return self.tree.unflatten(built)  # type: ignore[no-any-return]

    def tangents(self, direction: Sequence[float]) -> tuple[Any, ...]:
        """A direction in the nesting of the arguments, None by what is not differentiated."""
        built: list[Any] = [None] * len(self.leaves)
        start = 0
        for k, size in zip(self.places, self.sizes):
            built[k] = _like(self.leaves[k], direction[start : start + size], False)
            start += size
        return self.tree.unflatten(built)  # type: ignore[no-any-return]

    def free(self, args: tuple[Any, ...]) -> list[Any]:
        leaves = self._leaves(args)
        return [leaves[k] for k in self.places]

    def replaced(self, args: tuple[Any, ...], given: Sequence[Any]) -> tuple[Any, ...]:
        leaves = self._leaves(args)
        for k, x in zip(self.places, given):
            leaves[k] = x
        return self.tree.unflatten(leaves)  # type: ignore[no-any-return]

    def tracked(self, args: tuple[Any, ...], keep: bool = False) -> tuple[tuple[Any, ...], list[Any]]:
        """PyTorch's tensors, recording; if `keep`, those that do so already as they are."""
        given = [x if keep and x.requires_grad else x.detach().requires_grad_() for x in self.free(args)]
        return self.replaced(args, given), given

    def read(self, args: tuple[Any, ...]) -> list[float]:
        return [x for leaf in self.free(args) for x in _numbers(leaf)]

    def rounded(self, xs: list[float]) -> list[float]:
        return self.read(self.arguments(xs))

    def _leaves(self, args: tuple[Any, ...]) -> list[Any]:
        leaves: list[Any] = []
        _mapped(args, leaves)
        return leaves


class Form:
    """The outputs: their nesting, and how numbers come out of them."""

    def __init__(self, returned: Any, name: str) -> None:
        self.found: list[Any] = []
        self.tree = _mapped(returned, self.found)
        for y in self.found:
            if _is_complex(y):
                raise TypeError(f"{name} returned complex numbers: return their real and imaginary part")
            if not _is_number(y):
                raise TypeError(f"{name} returned {y!r}, which is no number")
        self.eps = max([DOUBLE, *[_eps_of(y) for y in self.found if _has_fraction(y)]])

    def leaves_of(self, returned: Any) -> list[Any]:
        found: list[Any] = []
        _mapped(returned, found)
        return [y for y, first in zip(found, self.found) if _has_fraction(first) or not _library_of(first)]

    def leaves(self, returned: Any) -> list[Any]:
        """The single numbers, of whatever kind."""
        found: list[Any] = []
        _mapped(returned, found)
        return [y for leaf in found for y in (leaf.reshape(-1).tolist() if hasattr(leaf, "reshape") else [leaf])]

    def numbers(self, returned: Any) -> list[float]:
        return [x for y in self.leaves_of(returned) for x in _numbers(y)]

    def names(self) -> list[str]:
        kept = [(y, where) for y, where in zip(self.found, paths(self.tree)) if _has_fraction(y) or not _library_of(y)]
        return [where + index for y, where in kept for index in _indices(tuple(getattr(y, "shape", ())))]

    def seeds(self, weights: Sequence[float]) -> list[Any]:
        """Cotangents, one array an output."""
        built, start = [], 0
        for y in self.found:
            if _has_fraction(y) or not _library_of(y):
                size = len(_numbers(y))
                built.append(_like(y, weights[start : start + size], False))
                start += size
        return built

    def like(self, weights: Sequence[float]) -> Any:
        """Cotangents in the outputs' nesting."""
        return self.tree.unflatten(self.seeds(weights))


def _indices(shape: tuple[int, ...]) -> list[str]:
    if not shape:
        return [""]
    found = [""]
    for length in shape:
        found = [f"{before}{', ' if before else ''}{i}" for before in found for i in range(length)]
    return [f"[{index}]" for index in found]


# ---- leaves ----------------------------------------------------------------------------------------------------------


def _mapped(x: Any, leaves: list[Any]) -> Tree:
    """The nesting of x, in which an array or a tensor is one leaf."""

    def leaf(y: Any) -> Tree:
        leaves.append(y)
        return LEAF

    return mapped(x, leaf)


def _library_of(x: Any) -> str | None:
    for kind in type(x).__mro__:
        root = kind.__module__.partition(".")[0]
        if root == "torch":
            return "torch"
        if root in ("jax", "jaxlib"):
            return "jax"
    return None


def is_foreign(args: Any) -> bool:
    """Whether there are tensors or arrays of another library's among the arguments."""
    leaves: list[Any] = []
    _mapped(args, leaves)
    return any(map(_library_of, leaves))


def _dtype(x: Any) -> str:
    return str(getattr(x, "dtype", "")).rpartition(".")[2]


def _has_fraction(x: Any) -> bool:
    if isinstance(x, float | Value | complex):
        return True
    return "float" in _dtype(x) or _is_complex(x) or (_dtype(x) == "object" and not _library_of(x))


def _is_complex(x: Any) -> bool:
    return isinstance(x, complex) or "complex" in _dtype(x)


def _is_number(x: Any) -> bool:
    return isinstance(x, Value) or hasattr(x, "dtype") or hasattr(x, "__float__") or hasattr(type(x), "__apply__")


_BITS = {"float16": 10, "bfloat16": 7, "float32": 23}
_TINY = {DOUBLE: 2.0**-1022, 2.0**-23: 2.0**-126, 2.0**-10: 2.0**-14, 2.0**-7: 2.0**-126}  # by their eps


def _eps_of(x: Any) -> float:
    return 2.0 ** -_BITS.get(_dtype(x), 52)


def _numbers(leaf: Any) -> list[float]:
    """The numbers in one leaf, as floats."""
    library = _library_of(leaf)
    if library == "torch":
        return leaf.detach().double().reshape(-1).tolist()  # type: ignore[no-any-return]
    if library == "jax":
        return sys.modules["numpy"].asarray(leaf).astype(float).reshape(-1).tolist()  # type: ignore[no-any-return]
    if hasattr(leaf, "reshape"):
        return [_float(x) for x in leaf.reshape(-1).tolist()]
    return [_float(leaf)]


def _float(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


def _flat(returned: Any) -> list[Any]:
    """All numbers of what a gradient returned."""
    leaves: list[Any] = []
    _mapped(returned, leaves)
    return [x for leaf in leaves for x in (leaf.tolist() if _dtype(leaf) == "object" and hasattr(leaf, "ndim")
            and leaf.ndim == 1 else _numbers(leaf) if hasattr(leaf, "reshape") and _dtype(leaf) != "object"
            else leaf.reshape(-1).tolist() if hasattr(leaf, "reshape") else [leaf])]  # fmt: skip


def _like(leaf: Any, xs: Sequence[float], double: bool) -> Any:
    """Numbers in the shape and the precision of a leaf, or in double precision."""
    library = _library_of(leaf)
    if library == "torch":
        torch = sys.modules["torch"]
        dtype = torch.float64 if double else leaf.dtype
        return torch.tensor(xs, dtype=torch.float64, device=leaf.device).to(dtype).reshape(leaf.shape)
    if library == "jax":
        numpy = sys.modules["numpy"]
        array = numpy.asarray(xs, dtype=numpy.float64).reshape(leaf.shape)
        return sys.modules["jax"].numpy.asarray(array, dtype="float64" if double else leaf.dtype)
    if hasattr(leaf, "dtype"):
        numpy = sys.modules["numpy"]
        dtype = "float64" if double or leaf.dtype == object else leaf.dtype
        array = numpy.asarray(xs, dtype=dtype).reshape(leaf.shape)
        return array if isinstance(leaf, numpy.ndarray) else array[()]
    return xs[0]


@contextlib.contextmanager
def _double_jax(on: bool) -> Iterator[None]:
    if not on:
        yield
        return
    with sys.modules["jax"].enable_x64(True):
        yield


@contextlib.contextmanager
def _seeded(on: bool) -> Iterator[None]:
    """The same random numbers in every call, of PyTorch."""
    if not on:
        yield
        return
    torch = sys.modules["torch"]
    before = torch.get_rng_state()
    torch.manual_seed(0)
    try:
        yield
    finally:
        torch.set_rng_state(before)
