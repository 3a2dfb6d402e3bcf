"""Nestings of numbers: tuples, named tuples, lists, dicts and NumPy arrays, flattened to a list and built again.

A function's inputs and outputs come in any nesting; what computes on them wants a flat list. A `Tree` is the shape that
is left when the numbers are taken out. JAX calls it a pytree; as there, a dict goes by its sorted keys, and None is an
empty tree. NumPy is never imported to look: whoever hands in an array has it already.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple


class Tree:
    """The shape of a nesting, without its numbers.

    >>> leaves, tree = flatten({"w": [1.0, (2.0, 3.0)], "b": 4.0})
    >>> leaves, tree.unflatten([10, 20, 30, 40])
    ([4.0, 1.0, 2.0, 3.0], {'w': [20, (30, 40)], 'b': 10})
    """

    __slots__ = ("children", "count", "keys", "make")

    def __init__(self, make: Callable[[list[Any]], Any] | None, children: tuple[Tree, ...], keys: Any) -> None:
        self.make = make  # builds the node out of its children; None for a leaf
        self.children = children
        self.keys = keys  # what tells two nodes of one kind apart: their type, and names or shape
        self.count: int = 1 if make is None else sum(child.count for child in children)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of an array, () for a lone number; None for any other container."""
        if self.make is None:
            return ()
        return self.keys.shape if isinstance(self.keys, _Array) else None

    @property
    def names(self) -> Sequence[Any]:
        """What its children are asked for by: the keys of a dict, or 0, 1, ..."""
        if isinstance(self.keys, tuple) and self.keys[0] is dict:
            return self.keys[1:]
        return range(len(self.children))

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """The nesting with these leaves in place of the ones that were taken out."""
        return self._built(iter(leaves))

    def built(self, children: list[Any]) -> Any:
        """The outermost container alone, of children that are built already."""
        assert self.make is not None
        return self.make(children)

    def _built(self, leaves: Iterator[Any]) -> Any:
        if self.make is None:
            return next(leaves)
        return self.make([child._built(leaves) for child in self.children])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tree) or self.keys != other.keys:
            return False
        return self.shape is not None or self.children == other.children

    def __hash__(self) -> int:
        return hash((self.keys, () if self.shape is not None else self.children))

    def __reduce__(self) -> tuple[Any, ...]:
        return _tree_of, (self.unflatten([0.0] * self.count),)

    def __repr__(self) -> str:
        return repr(self.unflatten([_Star()] * self.count))


def _tree_of(nesting: Any) -> Tree:
    return flatten(nesting)[1]


class _Star:
    def __repr__(self) -> str:
        return "*"


class _Array(NamedTuple):
    """What tells an array's node from others."""

    shape: tuple[int, ...]


LEAF = Tree(None, (), None)


class Static(NamedTuple):
    """Something in a nesting that is no number: it has no leaf, and belongs to the shape."""

    content: Any


def flatten(tree: Any) -> tuple[list[Any], Tree]:
    """The leaves of a nesting from left to right, arrays in C order, and its shape.

    Whatever is no container is a leaf, a 0-d array too.
    """
    leaves: list[Any] = []

    def leaf(x: Any) -> Tree:
        if is_array(x):
            leaves.extend(x.ravel().tolist())
            return array_tree(x.shape)
        leaves.append(x)
        return LEAF

    return leaves, mapped(tree, leaf)


def mapped(x: Any, leaf: Callable[[Any], Tree]) -> Tree:
    """The shape of a nesting with `leaf` deciding about what is no tuple, list, dict or None."""
    kind = type(x)
    if kind is float:
        return leaf(x)
    if x is None or kind is Static:
        return Tree(lambda items: x, (), (kind, x))
    if isinstance(x, (list, tuple)):
        children = tuple([mapped(item, leaf) for item in x])
        fields = getattr(x, "_fields", None)
        if fields is not None:
            return Tree(lambda items: kind(*items), children, (kind, fields))
        plain = list if isinstance(x, list) else tuple
        return Tree(plain, children, plain)
    if isinstance(x, dict):
        given, keys = list(x), _ordered(x)

        def refill(items: list[Any]) -> dict[Any, Any]:
            filled = dict(zip(keys, items))
            return {key: filled[key] for key in given}

        return Tree(refill, tuple([mapped(x[key], leaf) for key in keys]), (dict, *keys))
    return leaf(x)


def _ordered(x: dict[Any, Any]) -> list[Any]:
    # Two dicts that are equal have the same shape, whatever the order they were filled in.
    try:
        return sorted(x)
    except TypeError:
        return list(x)


def is_array(x: Any) -> bool:
    """Whether `x` is a NumPy array with at least one axis."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(x, numpy.ndarray) and x.ndim > 0


def array_tree(shape: tuple[int, ...]) -> Tree:
    """The shape of an array: of float64 where all its leaves are floats, else of objects."""
    count = 1
    for length in shape:
        count *= length

    def make(items: list[Any]) -> Any:
        import numpy as np

        if all(type(item) is float for item in items):
            return np.array(items, dtype=float).reshape(shape)
        array = np.empty(len(items), dtype=object)
        array[:] = items
        return array.reshape(shape)

    return Tree(make, (LEAF,) * count, _Array(shape))


def tuple_tree(children: Iterable[Tree]) -> Tree:
    """The shape of a tuple."""
    return Tree(tuple, tuple(children), tuple)


def path(tree: Tree, place: int) -> str:
    """Where the leaf number `place` stands, as it would be written: ``['w'][0, 1]``; empty for a lone number.

    >>> path(flatten({"w": [1.0, (2.0, 3.0)]})[1], 2)
    "['w'][1][1]"
    """
    return next(itertools.islice(paths(tree), place, None))


def paths(tree: Tree) -> Iterator[str]:
    """Where each leaf stands, in order."""
    if tree.shape is not None:
        for index in itertools.product(*map(range, tree.shape)):
            yield f"[{', '.join(map(str, index))}]" if index else ""
        return
    for key, child in zip(tree.names, tree.children):
        for below in paths(child):
            yield f"[{key!r}]{below}"
