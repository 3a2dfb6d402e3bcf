"""Nestings of numbers: tuples, named tuples, lists, dicts, dataclasses, classes that were registered and NumPy arrays,
flattened to a list and built again.

A function's inputs and outputs come in any nesting; what computes on them wants a flat list. A `Tree` is the shape that
is left when the numbers are taken out. JAX calls it a pytree; as there, a dict goes by its sorted keys, and None is an
empty tree. NumPy is never imported to look: whoever hands in an array has it already.
"""

from __future__ import annotations

import functools
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
        """What its children are asked for by: the keys of a dict, the fields of a dataclass, or 0, 1, ..."""
        if isinstance(self.keys, _Fields):
            return self.keys.names
        if isinstance(self.keys, tuple) and self.keys[0] is dict:
            return self.keys[1:]
        return range(len(self.children))

    @property
    def steps(self) -> list[str]:
        """How Python writes the way to each child: ``['w']``, ``.w``, ``[0]``."""
        return [f".{name}" if isinstance(self.keys, _Fields) else f"[{name!r}]" for name in self.names]

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


class _Fields(NamedTuple):
    """What tells a dataclass's node from others: its class, the fields that are children, and those that are not."""

    kind: type
    names: tuple[str, ...]
    static: tuple[Any, ...]


LEAF = Tree(None, (), None)


class Static(NamedTuple):
    """Something in a nesting that is no number: it has no leaf, and belongs to the shape."""

    content: Any


def flatten(tree: Any) -> tuple[list[Any], Tree]:
    """The leaves of a nesting from left to right, arrays in C order, and its shape.

    Whatever is no container is a leaf; an array without axes is its element.
    """
    leaves: list[Any] = []

    def leaf(x: Any) -> Tree:
        if type(x) is not float and is_array(x, 0):
            refuse_mask(x)
            if x.ndim:
                leaves.extend(x.ravel().tolist())
                return array_tree(x.shape)
            x = x[()]
        leaves.append(x)
        return LEAF

    return leaves, mapped(tree, leaf)


def mapped(x: Any, leaf: Callable[[Any], Tree]) -> Tree:
    """The shape of a nesting with `leaf` deciding about what is no container."""
    container = None if type(x) is float else opened(x)
    if container is None:
        return leaf(x)
    make, items, keys = container
    return Tree(make, tuple([mapped(item, leaf) for item in items]), keys)


def children(x: Any) -> dict[str, Any] | None:
    """The children of a container by the way to each, as Python writes it; None for what is no container.

    >>> children({"w": [1.0], "b": 2.0})
    {"['b']": 2.0, "['w']": [1.0]}
    """
    container = opened(x)
    if container is None:
        return None
    make, items, keys = container
    return dict(zip(Tree(make, (LEAF,) * len(items), keys).steps, items))


Axes = int | list[Any] | None  # of rows: one for all that an argument holds, or a list with those of its children


def spread(x: Any, axes: Axes, part: Callable[[Any, int | None], Tree]) -> Tree:
    """The shape of a nesting with `part` deciding about what one axis is for."""
    if not isinstance(axes, list):
        return part(x, axes)
    container = opened(x)
    assert container is not None  # it has children
    make, items, keys = container
    return Tree(make, tuple([spread(item, axis, part) for item, axis in zip(items, axes)]), keys)


def of_arguments(
    args: Sequence[Any], axes: Sequence[Axes], part: Callable[[int, Any, int | None], Tree], pairs: bool = False
) -> Tree:
    """The shape of a tuple of arguments, as `spread`; `pairs`: of a pair of such tuples."""
    if pairs:
        return tuple_tree([of_arguments(group, axes, part) for group in args])
    shapes = [spread(arg, axis, functools.partial(part, i)) for i, (arg, axis) in enumerate(zip(args, axes))]
    return tuple_tree(shapes)


def shared(tree: Tree, axes: Axes) -> list[bool]:
    """For each leaf whether it has no axis of rows."""
    if isinstance(axes, list):
        return [flag for child, axis in zip(tree.children, axes) for flag in shared(child, axis)]
    return [axes is None] * tree.count


_Container = tuple[Callable[[list[Any]], Any], Sequence[Any], Any]


def opened(x: Any) -> _Container | None:
    """What builds a container like `x`, its children, and what tells it from others; None for what is no container."""
    kind = type(x)
    if x is None or kind is Static:
        return (lambda items: x), (), (kind, x)
    if kind in _registered:
        flatten_func, unflatten_func = _registered[kind]
        items, aux = flatten_func(x)
        return (lambda items: unflatten_func(aux, tuple(items))), tuple(items), (kind, aux)
    if isinstance(x, (list, tuple)):
        fields = getattr(x, "_fields", None)
        if fields is not None:
            return (lambda items: kind(*items)), x, (kind, fields)
        plain = list if isinstance(x, list) else tuple
        return plain, x, plain
    if isinstance(x, dict):
        given, keys = list(x), _ordered(x)

        def refill(items: list[Any]) -> dict[Any, Any]:
            filled = dict(zip(keys, items))
            return {key: filled[key] for key in given}

        return refill, [x[key] for key in keys], (dict, *keys)
    return _opened_fields(x, kind) if hasattr(kind, "__dataclass_fields__") else None


def _opened_fields(x: Any, kind: type) -> _Container:
    from dataclasses import fields

    given = {field.name: getattr(x, field.name) for field in fields(x) if field.init}
    static = {field.name: given.pop(field.name) for field in fields(x) if field.init and field.metadata.get("static")}

    def make(items: list[Any]) -> Any:
        values = dict(zip(given, items)) | static
        try:
            return kind(**values)
        except Exception as error:
            if isinstance(error, TypeError) and any(hasattr(item, "__apply__") for item in items):
                raise  # its own code takes no Values
            made: Any = object.__new__(kind)  # its own code may refuse what is no parameter: a gradient below 0
            for name, value in values.items():
                object.__setattr__(made, name, value)
            return made

    return make, list(given.values()), _Fields(kind, tuple(given), tuple(static.items()))


_registered: dict[type, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {}


def register_pytree_node(
    nodetype: type,
    flatten_func: Callable[[Any], tuple[Iterable[Any], Any]],
    unflatten_func: Callable[[Any, tuple[Any, ...]], Any],
) -> None:
    """Take instances of a class as nestings of numbers: as arguments and results of derivatives and of `compile`.

    Args:
        nodetype: the class.
        flatten_func: from an instance to the pair of its children, numbers or nestings, and of what else it is made of,
            which has to be hashable.
        unflatten_func: from what else it is made of and a tuple of children to an instance. The children may be other
            objects than numbers.

    The name and the arguments are those of `jax.tree_util`. Dataclasses and named tuples need no registering: the
    fields of a dataclass that its constructor takes are children, but for those with
    ``field(metadata={"static": True})``. TypeError if `nodetype` is no class.

    >>> from autograd_lite import grad
    >>> class Line:
    ...     def __init__(self, slope, offset):
    ...         self.slope, self.offset = slope, offset
    >>> register_pytree_node(Line, lambda a: ((a.slope, a.offset), None), lambda aux, children: Line(*children))
    >>> grad(lambda line: line.slope * 3.0 + line.offset)(Line(2.0, 1.0)).slope
    3.0
    """
    if not isinstance(nodetype, type):
        raise TypeError(f"register_pytree_node: expected a class, got {type(nodetype).__name__} {nodetype!r}")
    _registered[nodetype] = flatten_func, unflatten_func


def _ordered(x: dict[Any, Any]) -> list[Any]:
    # Two dicts that are equal have the same shape, whatever the order they were filled in.
    try:
        return sorted(x)
    except TypeError:
        return list(x)


def is_array(x: Any, least: int = 1) -> bool:
    """Whether `x` is a NumPy array with at least one axis, or with at least so many."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(x, numpy.ndarray) and x.ndim >= least


def refuse_mask(x: Any) -> None:
    """TypeError for a masked array, whose mask would be dropped."""
    if hasattr(x, "mask") and is_array(x, 0):
        raise TypeError("a masked array's mask would be lost here: write x.filled(value), or x.compressed()")


def array_tree(shape: tuple[int, ...]) -> Tree:
    """The shape of an array: of float64 where all its leaves are floats, else of objects."""
    count = 1
    for length in shape:
        count *= length

    def make(items: list[Any]) -> Any:
        import numpy as np

        if all(type(item) is float for item in items):
            return np.array(items, dtype=float).reshape(shape)
        # An assignment of a list would ask each item whether it is an array of its own.
        return np.fromiter(items, dtype=object, count=len(items)).reshape(shape)

    return Tree(make, (LEAF,) * count, _Array(shape))


def tuple_tree(children: Iterable[Tree]) -> Tree:
    """The shape of a tuple."""
    return Tree(tuple, tuple(children), tuple)


def difference(a: Tree, b: Tree, at: str = "") -> tuple[str, Tree, Tree]:
    """Where two shapes first differ, as it would be written, and what each has there.

    >>> difference(flatten((1.0, {"w": 2.0}))[1], flatten((1.0, {"w": [2.0]}))[1])
    ("[1]['w']", *, [*])
    """
    if a.keys == b.keys and a.shape is None:
        for step, x, y in zip(a.steps, a.children, b.children):
            if x != y:
                return difference(x, y, at + step)
    return at, a, b


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
    for step, child in zip(tree.steps, tree.children):
        for below in paths(child):
            yield step + below
