"""Nestings of numbers: tuples, named tuples, lists, dicts and NumPy arrays, flattened to a list and built again.

A function's inputs and outputs come in any nesting; what computes on them wants a flat list. A `Tree` is the shape that
is left when the numbers are taken out. JAX calls it a pytree; as there, a dict goes by its sorted keys, and None is an
empty tree. NumPy is never imported to look: whoever hands in an array has it already.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any


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
        is_array = isinstance(self.keys, tuple) and len(self.keys) == 2 and self.keys[0] == "array"
        return self.keys[1] if is_array else None

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
        return isinstance(other, Tree) and self.keys == other.keys and self.children == other.children

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.unflatten([_Star()] * self.count))


class _Star:
    def __repr__(self) -> str:
        return "*"


LEAF = Tree(None, (), None)


def flatten(tree: Any) -> tuple[list[Any], Tree]:
    """The leaves of a nesting from left to right, arrays in C order, and its shape.

    Whatever is no container is a leaf, a 0-d array too.
    """
    leaves: list[Any] = []
    return leaves, _flattened(tree, leaves)


def _flattened(x: Any, leaves: list[Any]) -> Tree:
    kind = type(x)
    if kind is float:
        leaves.append(x)
        return LEAF
    if isinstance(x, (list, tuple)):
        children = tuple(_flattened(item, leaves) for item in x)
        fields = getattr(x, "_fields", None)
        if fields is not None:
            return Tree(lambda items: kind(*items), children, (kind, fields))
        return Tree(list if isinstance(x, list) else tuple, children, list if isinstance(x, list) else tuple)
    if isinstance(x, dict):
        given, keys = list(x), _ordered(x)

        def refill(items: list[Any]) -> dict[Any, Any]:
            filled = dict(zip(keys, items))
            return {key: filled[key] for key in given}

        return Tree(refill, tuple(_flattened(x[key], leaves) for key in keys), keys)
    if x is None:
        return Tree(lambda items: None, (), type(None))
    if is_array(x):
        leaves.extend(x.ravel().tolist())
        return array_tree(x.shape)
    leaves.append(x)
    return LEAF


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

    return Tree(make, (LEAF,) * count, ("array", shape))


def tuple_tree(children: Iterable[Tree]) -> Tree:
    """The shape of a tuple."""
    return Tree(tuple, tuple(children), tuple)


def path(tree: Any, place: int) -> str:
    """Where the leaf number `place` stands, as it would be written: ``['w'][0, 1]``; empty for a lone number.

    >>> path({"w": [1.0, (2.0, 3.0)]}, 2)
    "['w'][1][1]"
    """
    if isinstance(tree, dict):
        items: Sequence[tuple[Any, Any]] = [(key, tree[key]) for key in _ordered(tree)]
    elif isinstance(tree, (list, tuple)):
        items = list(enumerate(tree))
    elif is_array(tree):
        indices = []
        for length in reversed(tree.shape):
            place, index = divmod(place, length)
            indices.append(index)
        return f"[{', '.join(map(str, reversed(indices)))}]"
    else:
        return ""
    for key, child in items:
        count = len(flatten(child)[0])
        if place < count:
            return f"[{key!r}]{path(child, place)}"
        place -= count
    raise IndexError(f"{tree!r} has no leaf {place}")
