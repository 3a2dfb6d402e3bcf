"""A function at a point, as a graph to draw: its inputs are called what its parameters are called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..graph import topological_order
from ..recording import recording
from ..trees import flatten, path
from ..value import NOT_CHOSEN, Value, reverse


@contextmanager
def evaluated(fn: Callable[..., Any], args: tuple[Any, ...]) -> Iterator[Value]:
    """The output of ``fn(*args)``, with the gradients of one backward sweep from it; as soon as the block is left, no
    node that was there before, such as a weight that `fn` uses, has any other gradient than it had.

    TypeError if an argument holds what is no number, or `fn` returns anything but one number.
    """
    name = getattr(fn, "__name__", type(fn).__name__)
    with recording():
        given = [_leaves(arg, label, name) for arg, label in zip(args, _parameters(fn, len(args)))]
        returned = fn(*given)
    found, tree = flatten(returned)
    if tree.shape != () or not isinstance(found[0], Value):
        what = type(returned).__name__ if tree.shape == () else f"{len(found)} numbers"
        raise TypeError(f"draw: {name} must return one number computed from its arguments, not {what}")
    (root,) = found
    if root.parents and root.label is None and name.isidentifier():
        root.named(name)
    before = {node: node._grad for node in topological_order(root)}
    adjoints = reverse({root: 1.0})
    try:
        for node in before:
            adjoint = adjoints.get(node)
            node._grad = 0.0 if adjoint is NOT_CHOSEN else adjoint
        yield root
    finally:
        for node, grad in before.items():
            node._grad = grad


def _leaves(arg: Any, label: str, name: str) -> Any:
    """The argument with a leaf of its own for each number in it: ``w[0][1]``."""
    leaves, tree = flatten(arg)
    nodes = []
    for i, leaf in enumerate(leaves):
        called = label + path(tree, i)
        try:
            nodes.append(Value(leaf.data if isinstance(leaf, Value) else leaf, called))
        except TypeError as error:
            raise TypeError(f"draw: {called} of {name}: {error}") from None
    return tree.unflatten(nodes)


def _parameters(fn: Callable[..., Any], count: int) -> list[str]:
    """What the first so many positional arguments are called."""
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):  # of a function written in C
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind == p.VAR_POSITIONAL), "x")
    return [*names[:count], *(f"{rest}[{i}]" for i in range(count - len(names)))]
