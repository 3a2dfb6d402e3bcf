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
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..trees import LEAF, Tree, mapped, paths
from ..value import Value
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
    ) -> None:
        self.fn: Function = lambda *xs: fn(*xs, **kwargs)
        self.name = called(fn)
        self.kwargs = kwargs
        self.gradient, self.vjp, self.jvp = gradient, vjp, jvp
        self.parts = Parts(args, argnums)
        self.point = self.parts.point
        self.inputs_named = self.parts.names()
        self.library = self.parts.library
        self.upcast = self.seeded = False
        torch = sys.modules["torch"] if self.library == "torch" else None
        state = torch.get_rng_state() if torch is not None else None
        first = self._returned(self.point)
        self.form = Form(first, called(fn))
        self.outputs = self.form.numbers(first)
        self.outputs_named = self.form.names()
        self.is_steady = self._repeats()
        if torch is not None and not (self.is_steady and torch.equal(state, torch.get_rng_state())):
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
        try:
            with warnings.catch_warnings(action="ignore"):  # of points beyond the domain, which nobody asked for
                found = self.form.numbers(self._returned(xs))
        except Exception:  # beyond the domain
            return [math.nan] * len(self.outputs)
        return found if len(found) == len(self.outputs) else [math.nan] * len(self.outputs)

    def rounded(self, xs: list[float]) -> list[float]:
        return xs if self.upcast or self.eps == DOUBLE else self.parts.rounded(xs)

    def exact(self, *xs: Any) -> list[Any]:
        if self.library:
            raise TypeError(f"{self.library} has no numbers of more digits")
        with warnings.catch_warnings(action="ignore"):
            return _singles(self.fn(*self.parts.with_numbers(xs)))

    def _returned(self, xs: Sequence[float]) -> Any:
        with _double_jax(self.upcast and self.library == "jax"), _seeded(self.seeded):
            return self.fn(*self.parts.arguments(xs, self.upcast))

    # ---- its derivatives ----

    @property
    def modes(self) -> tuple[str, ...]:
        """What there is to judge."""
        if self.gradient is not None:
            return ("the gradient handed in",)
        if self.vjp is not None or self.jvp is not None:
            rules = (("reverse mode, as a rule", self.vjp), ("forward mode, as a rule", self.jvp))
            return tuple(mode for mode, rule in rules if rule is not None)
        return ("reverse mode", "forward mode")

    def pull(self, weights: Sequence[float], xs: Sequence[float]) -> list[float]:
        with warnings.catch_warnings(action="ignore"), _seeded(self.seeded):
            args = self.parts.arguments(xs)
            if self.gradient is not None:
                rows = self._rows(_numbers(self.gradient(*args, **self.kwargs)))
                return [math.fsum(w * row[i] for w, row in zip(weights, rows) if w) for i in range(len(self.point))]
            if self.vjp is not None:
                returned, pullback = self.vjp(*args, **self.kwargs)
                if self.form.numbers(returned) != self.form.numbers(self.fn(*args)):
                    raise AssertionError(f"vjp of {self.name} gives other outputs than the function: {returned!r}")
                return self._one_each(_numbers(pullback(self.form.tangents(weights))))
            return _numbers(self._pulled(weights, args))

    def _pulled(self, weights: Sequence[float], args: tuple[Any, ...], again: bool = False) -> Sequence[Any]:
        """The library's own gradient of the outputs, summed with `weights`; `again` to be differentiated itself."""
        seeds = self.form.built(weights)
        if self.library == "torch":
            torch = sys.modules["torch"]
            args, given = self.parts.tracked(args, keep=again)
            outs = [y for y in self.form.chosen(self.fn(*args)) if isinstance(y, torch.Tensor)]
            pairs = [(y, seed.to(y.dtype)) for y, seed in zip(outs, seeds) if y.requires_grad]
            if not pairs:
                return [torch.zeros_like(x) for x in given]
            found: Sequence[Any] = torch.autograd.grad(
                [y for y, _ in pairs], given, [seed for _, seed in pairs],
                create_graph=again, allow_unused=True, materialize_grads=True,
            )  # fmt: skip
            return found
        jax = sys.modules["jax"]
        outs, pullback = jax.vjp(self._of_free(args), *self.parts.chosen(args))
        given = [jax.numpy.asarray(seed, jax.numpy.result_type(y)) for y, seed in zip(outs, seeds)]
        return pullback(tuple(given))  # type: ignore[no-any-return]

    def push(self, direction: Sequence[float], xs: Sequence[float]) -> list[float]:
        with warnings.catch_warnings(action="ignore"), _seeded(self.seeded):
            args = self.parts.arguments(xs)
            if self.jvp is not None:
                tangents = self.parts.tangents(direction)
                returned, pushed = self.jvp(args, tangents, **self.kwargs)
                if self.form.numbers(returned) != self.form.numbers(self.fn(*args)):
                    raise AssertionError(f"jvp of {self.name} gives other outputs than the function: {returned!r}")
                return _numbers(pushed)
            library = sys.modules["torch"].func if self.library == "torch" else sys.modules["jax"]
            along = self.parts.built(direction)
            _, pushed = library.jvp(self._of_free(args), tuple(self.parts.chosen(args)), tuple(along))
            return _numbers(pushed)

    def _of_free(self, args: tuple[Any, ...]) -> Function:
        """The function of those arguments alone that are differentiated, with a tuple of outputs."""
        return lambda *given: tuple(self.form.chosen(self.fn(*self.parts.replaced(args, given))))

    def _rows(self, flat: list[float]) -> list[list[float]]:
        n, m = len(self.point), len(self.outputs)
        if len(flat) != m * n:
            raise TypeError(
                f"the gradient has {len(flat)} numbers: {m} output(s) by {n} input(s) "
                f"({', '.join(self.inputs_named[:6])}{', …' if n > 6 else ''}) have {m * n}"
            )
        return [flat[k * n : (k + 1) * n] for k in range(m)]

    def _one_each(self, flat: list[float]) -> list[float]:
        if len(flat) != len(self.point):
            raise TypeError(f"the pullback gives {len(flat)} numbers: there are {len(self.point)} inputs")
        return flat

    def differentiated(self) -> tuple[Function, tuple[Any, ...]]:
        """The gradient of a sum of all outputs as a function, for the next order, and its arguments."""
        weights = [1.0 + 0.125 * k for k in range(len(self.outputs))]

        def gradient_of(*args: Any) -> Any:
            return self._pulled(weights, args, again=True)

        gradient_of.__name__ = f"the gradient of {self.name}"
        return gradient_of, self.parts.arguments(self.point)


def called(fn: Function) -> str:
    """A function's name, as a message has it."""
    return str(getattr(fn, "name", None) or getattr(fn, "__name__", type(fn).__name__))


# ---- arguments and outputs -------------------------------------------------------------------------------------------


class Nested:
    """A nesting of leaves, of which some are chosen: what is differentiated by, or what is differentiated."""

    def __init__(self, nested: Any) -> None:
        self.tree, self.leaves = _unnested(nested)
        self.places: list[int] = []  # of the chosen leaves

    def chosen(self, nested: Any) -> list[Any]:
        """The leaves of another nesting like this at the chosen places."""
        wanted = set(self.places)
        return [leaf for k, leaf in enumerate(_unnested(nested)[1]) if k in wanted]

    def numbers(self, nested: Any) -> list[float]:
        return _numbers(self.chosen(nested))

    def names(self) -> list[str]:
        """Each number by its place: ['w'][0, 1]."""
        where = list(paths(self.tree))
        shapes = {k: tuple(getattr(self.leaves[k], "shape", ())) for k in self.places}
        return [where[k] + index for k, shape in shapes.items() for index in _indices(shape)]

    def built(self, xs: Sequence[Any], like: Callable[[Any, Sequence[Any]], Any] | None = None) -> list[Any]:
        """The chosen leaves made of the numbers `xs`, in their own precision."""
        found, start = [], 0
        for leaf in [self.leaves[k] for k in self.places]:
            end = start + math.prod(getattr(leaf, "shape", ()))
            found.append((like or _like)(leaf, xs[start:end]))
            start = end
        return found

    def replaced(self, nested: Any, given: Sequence[Any]) -> Any:
        """A nesting like this with `given` at the chosen places."""
        return self._with(_unnested(nested)[1], given)

    def tangents(self, xs: Sequence[float]) -> Any:
        """Numbers in this nesting, None by what is not chosen."""
        return self._with([None] * len(self.leaves), self.built(xs))

    def _with(self, leaves: Sequence[Any], given: Sequence[Any]) -> Any:
        leaves = list(leaves)
        for k, x in zip(self.places, given):
            leaves[k] = x
        return self.tree.unflatten(leaves)


class Parts(Nested):
    """The arguments: which of their leaves are differentiated, and how they are built of floats."""

    def __init__(self, args: tuple[Any, ...], argnums: tuple[int, ...] | None) -> None:
        super().__init__(args)
        owner = [int(where[1:].partition("]")[0]) for where in paths(self.tree)]
        asked = None if argnums is None else {a % len(args) for a in argnums if -len(args) <= a < len(args)}
        if argnums is not None and len(asked or ()) != len(argnums):
            raise ValueError(f"argnums={argnums}: there are {len(args)} arguments, from 0 to {len(args) - 1}")
        free = [k for k in range(len(self.leaves)) if not asked or owner[k] in asked]
        self.places = [k for k in free if _has_fraction(self.leaves[k])]
        if not self.places:  # whole numbers are numbers where there are no others
            self.places = [k for k in free if type(self.leaves[k]) is int]
            for k in self.places:
                self.leaves[k] = float(self.leaves[k])
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
        self.eps = max(_eps_of(self.leaves[k]) for k in self.places)
        self.point = self.numbers(args)

    def names(self) -> list[str]:
        """Each number by its place: x0, x1['w'][0, 1]."""
        return [f"x{name[1:].replace(']', '', 1)}" for name in super().names()]

    def arguments(self, xs: Sequence[float], double: bool = False) -> tuple[Any, ...]:
        given = self.built(xs, lambda leaf, part: _like(leaf, part, double))
        return self._with(self.leaves, given)  # type: ignore[no-any-return]

    def with_numbers(self, xs: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments with any kind of numbers, arrays being arrays of objects."""
        return self._with(self.leaves, self.built(xs, _of_objects))  # type: ignore[no-any-return]

    def tracked(self, args: tuple[Any, ...], keep: bool = False) -> tuple[tuple[Any, ...], list[Any]]:
        """PyTorch's tensors, recording; if `keep`, those that do so already as they are."""
        given = [x if keep and x.requires_grad else x.detach().requires_grad_() for x in self.chosen(args)]
        return self.replaced(args, given), given

    def rounded(self, xs: list[float]) -> list[float]:
        return self.numbers(self.arguments(xs))


class Form(Nested):
    """The outputs: their nesting, and how numbers come out of them."""

    def __init__(self, returned: Any, name: str) -> None:
        super().__init__(returned)
        for y in self.leaves:
            if _is_complex(y):
                raise TypeError(f"{name} returned complex numbers: return their real and imaginary part")
            if not _is_number(y):
                raise TypeError(f"{name} must return numbers; it returned {y!r}")
        self.places = [k for k, y in enumerate(self.leaves) if _has_fraction(y) or not _library_of(y)]
        self.eps = max([DOUBLE, *[_eps_of(y) for y in self.leaves if _has_fraction(y)]])


def _indices(shape: tuple[int, ...]) -> list[str]:
    if not shape:
        return [""]
    found = [""]
    for length in shape:
        found = [f"{before}{', ' if before else ''}{i}" for before in found for i in range(length)]
    return [f"[{index}]" for index in found]


# ---- leaves ----------------------------------------------------------------------------------------------------------


def _unnested(x: Any) -> tuple[Tree, list[Any]]:
    """The nesting of x, in which an array or a tensor is one leaf, and the leaves."""
    leaves: list[Any] = []

    def leaf(y: Any) -> Tree:
        leaves.append(y)
        return LEAF

    return mapped(x, leaf), leaves


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
    return any(map(_library_of, _unnested(args)[1]))


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


def _singles(nested: Any) -> list[Any]:
    """The single numbers in a nesting, of whatever kind."""
    leaves = _unnested(nested)[1]
    return [y for leaf in leaves for y in (leaf.reshape(-1).tolist() if hasattr(leaf, "reshape") else [leaf])]


def _numbers(nested: Any) -> list[float]:
    """The single numbers in a nesting, as floats."""
    return [x if type(x) is float else x.data if isinstance(x, Value) else float(x) for x in _singles(nested)]


def _like(leaf: Any, xs: Sequence[float], double: bool = False) -> Any:
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


def _of_objects(leaf: Any, xs: Sequence[Any]) -> Any:
    """Numbers of any kind in the shape of a leaf."""
    if getattr(leaf, "shape", ()) == ():
        return xs[0]
    array = sys.modules["numpy"].empty(len(xs), dtype=object)
    array[:] = xs
    return array.reshape(leaf.shape)


def _double_jax(on: bool) -> contextlib.AbstractContextManager[Any]:
    return sys.modules["jax"].enable_x64(True) if on else contextlib.nullcontext()


@contextlib.contextmanager
def _seeded(on: bool) -> Iterator[None]:
    """The same random numbers in every call, of PyTorch."""
    if not on:
        yield
        return
    torch = sys.modules["torch"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
