"""Functions that are not ours, seen as functions from floats to floats: plain Python and NumPy with a gradient written
by hand, PyTorch's and JAX's with their own.

PyTorch and JAX are never imported here: whoever hands in a tensor has them already.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..trees import flatten
from ..value import Value, as_float

Function = Callable[..., Any]


def library_of(leaves: Sequence[Any]) -> str | None:
    """ "torch" or "jax" if there is a tensor of theirs among the arguments."""
    for leaf in leaves:
        root = type(leaf).__module__.partition(".")[0]
        if root == "torch":
            return "torch"
        if root in ("jax", "jaxlib"):
            return "jax"
    return None


class BlackBox:
    """A function and its gradient, as functions of a flat list of floats.

    Attributes:
        point: the arguments, flat.
        eps: the relative spacing of the numbers that the function computes with.
    """

    def __init__(self, fn: Function, args: tuple[Any, ...], gradient: Function | None, library: str | None) -> None:
        self.fn = fn
        self.own = gradient
        self.library = library
        leaves, self.tree = flatten(args)
        self.parts = [_Part(leaf, library) for leaf in leaves]
        self.point = [x for part in self.parts for x in part.numbers]
        self.eps = max(part.eps for part in self.parts)

    def arguments(self, xs: Sequence[Any]) -> tuple[Any, ...]:
        """The function's arguments, with the numbers `xs` in their places."""
        built, start = [], 0
        for part in self.parts:
            built.append(part.build(xs[start : start + len(part.numbers)]))
            start += len(part.numbers)
        return self.tree.unflatten(built)  # type: ignore[no-any-return]

    def outputs(self, *xs: Any) -> list[Any]:
        """The function's outputs, flat."""
        return [number for leaf in flatten(self.fn(*self.arguments(xs)))[0] for number in _numbers(leaf)]

    def floats(self, xs: Sequence[float]) -> list[float]:
        """The function's outputs as floats."""
        return [as_float(y.data if isinstance(y, Value) else y) for y in self.outputs(*xs)]

    def gradient(self, *xs: Any) -> list[Any]:
        """The hand-written gradient, flat: of several outputs one row each."""
        assert self.own is not None
        return [number for leaf in flatten(self.own(*self.arguments(xs)))[0] for number in _numbers(leaf)]

    def jacobians(self, modes: Sequence[str]) -> Iterator[tuple[str, list[list[float]]]]:
        """What is to be checked: rows of floats, one an output, each with the name of its mode."""
        m = len(self.floats(self.point))
        if self.own is not None:
            flat = [as_float(g.data if isinstance(g, Value) else g) for g in self.gradient(*self.point)]
            yield "the gradient handed in", self.rows(flat, m)
            return
        jacobian = _torch_jacobian if self.library == "torch" else _jax_jacobian
        for mode in modes:
            yield f"{mode} mode", jacobian(self, mode, m)

    def rows(self, flat: list[Any], outputs: int) -> list[list[Any]]:
        """The numbers of a gradient as one row an output."""
        n = len(self.point)
        if len(flat) != outputs * n:
            raise TypeError(
                f"the gradient has {len(flat)} numbers: {outputs} output(s) by {n} input(s) have {outputs * n}"
            )
        return [flat[k * n : (k + 1) * n] for k in range(outputs)]


class _Part:
    """One leaf of the arguments: a number, or a tensor with its shape and kind of numbers."""

    def __init__(self, leaf: Any, library: str | None) -> None:
        self.leaf = leaf
        self.library = library if library_of([leaf]) else None
        self.numbers = [float(x) for x in _numbers(leaf)]
        self.eps = 2.0**-52
        if self.library == "torch":
            self.eps = float(sys.modules["torch"].finfo(leaf.dtype).eps)
        elif self.library == "jax":
            self.eps = float(sys.modules["jax"].numpy.finfo(leaf.dtype).eps)

    def build(self, xs: Sequence[Any]) -> Any:
        if self.library == "torch":
            return (
                sys.modules["torch"].tensor(xs, dtype=self.leaf.dtype, device=self.leaf.device).reshape(self.leaf.shape)
            )
        if self.library == "jax":
            return sys.modules["jax"].numpy.asarray(xs, dtype=self.leaf.dtype).reshape(self.leaf.shape)
        return xs[0]


def _numbers(leaf: Any) -> list[Any]:
    """The numbers in one leaf: a tensor has many."""
    if isinstance(leaf, Value):
        return [leaf]
    if library_of([leaf]) == "torch":
        return list(leaf.detach().double().reshape(-1).tolist())
    if library_of([leaf]) == "jax":
        return list(leaf.reshape(-1).tolist())
    return [leaf]


def _torch_jacobian(box: BlackBox, mode: str, m: int) -> list[list[float]]:
    torch = sys.modules["torch"]
    tensors = [part.build(part.numbers) for part in box.parts]
    free = [i for i, part in enumerate(box.parts) if part.library]

    def fn(*given: Any) -> tuple[Any, ...]:
        built = list(tensors)
        for i, tensor in zip(free, given):
            built[i] = tensor
        found = flatten(box.fn(*box.tree.unflatten(built)))[0]
        return tuple(y if isinstance(y, torch.Tensor) else torch.tensor(y) for y in found)

    given = tuple(tensors[i] for i in free)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # PyTorch's forward mode warns of PyTorch's own doings
        if mode == "reverse":
            found = torch.autograd.functional.jacobian(fn, given)
        else:
            found = torch.func.jacfwd(fn, argnums=tuple(range(len(free))))(*given)
    return _table(box, found, m, free)


def _jax_jacobian(box: BlackBox, mode: str, m: int) -> list[list[float]]:
    jax = sys.modules["jax"]
    arrays = [part.build(part.numbers) for part in box.parts]
    free = [i for i, part in enumerate(box.parts) if part.library]

    def fn(*given: Any) -> tuple[Any, ...]:
        built = list(arrays)
        for i, array in zip(free, given):
            built[i] = array
        return tuple(flatten(box.fn(*box.tree.unflatten(built)))[0])

    operator = jax.jacrev if mode == "reverse" else jax.jacfwd
    return _table(box, operator(fn, argnums=tuple(range(len(free))))(*[arrays[i] for i in free]), m, free)


def _rows(
    box: BlackBox, torch: Any, fn: Function, mode: str, m: int, free: list[int], tensors: list[Any]
) -> list[list[float]]:
    given = [tensors[i] for i in free]
    if mode == "reverse":
        found = torch.autograd.functional.jacobian(fn, tuple(given))
    else:
        found = torch.func.jacfwd(fn, argnums=tuple(range(len(free))))(*given)
    return _table(box, found, m, free)


def _table(box: BlackBox, blocks: Any, m: int, free: list[int]) -> list[list[float]]:
    """Rows of floats from one block an output and input, each of shape outputs + inputs; 0 by what is no tensor."""
    rows: list[list[float]] = []
    for block in blocks:  # of one output tensor
        by_input = [_numbers(part) for part in block]
        sizes = [len(box.parts[i].numbers) for i in free]
        count = len(by_input[0]) // sizes[0]
        for k in range(count):
            row: list[float] = []
            for i, part in enumerate(box.parts):
                if i in free:
                    at = free.index(i)
                    row += by_input[at][k * sizes[at] : (k + 1) * sizes[at]]
                else:
                    row += [0.0] * len(part.numbers)
            rows.append(row)
    assert len(rows) == m
    return rows
