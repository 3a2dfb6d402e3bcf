"""What a compiled function gives, in the nesting of its outputs: fresh numbers and arrays, or the caller's own, `out`.

An `out` has the nesting of the result, with None for what is to be made anew: ``out=(None, gradient)``. It is written
where it lies if the kernel can; an array of another type or layout, or one that lies over an input, gets a copy.
Imports NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from ...primitives import fsum
from ...trees import Tree, opened

_CAST: Final = "same_kind"


def builder(tree: Tree) -> Callable[[Any], Any]:
    """What makes the nesting out of an array of its numbers; arrays in it are views of that one.

    It is one expression of Python's, which takes a fraction of the time of a walk through the nesting.
    """
    if tree.count > _MOST and _pieces(tree) > _MOST:
        return lambda numbers: tree.unflatten(numbers.tolist())
    made: dict[str, Any] = {}
    return eval(f"lambda numbers: {_expression(tree, 0, made)}", made)  # type: ignore[no-any-return]


_MOST = 500  # numbers and arrays that an expression is made for


def _pieces(tree: Tree) -> int:
    return 1 if tree.shape is not None else sum(map(_pieces, tree.children))


def _expression(tree: Tree, start: int, made: dict[str, Any]) -> str:
    shape = tree.shape
    if shape == ():
        return f"numbers.item({start})"
    stop = start + tree.count
    if shape is not None:
        return f"numbers[{start}:{stop}]" + (f".reshape({shape})" if len(shape) > 1 else "")
    if tree.children and all(child.shape == () for child in tree.children):
        items = f"numbers[{start}:{stop}].tolist()"
        if tree.make is list:
            return items
    else:
        items = ""
        for child in tree.children:
            items += _expression(child, start, made) + ", "
            start += child.count
        if tree.make is tuple:
            return f"({items})"
        items = f"[{items}]"
    name = f"made{len(made)}"
    made[name] = tree.built
    return f"{name}({items})"


def filled(tree: Tree, found: Any, out: Any) -> Any:
    """The result of a call at one point, copied into what is given in `out`."""
    values = list(_values(tree, found))
    for i, part in enumerate(parts(tree, out)):
        if part.given is not None:
            _checked(part, part.tree.shape or ())
            np.copyto(part.given, values[i], casting=_CAST)
            values[i] = part.given
    return nested(tree, values)


def held(tree: Tree, out: Any, numbers: Any) -> Any:
    """The nesting of a result with an array for each number and array, contiguous and of doubles: those given in `out`,
    and views of `numbers`, which has those of all.
    """
    values = []
    for part in parts(tree, out):
        shape = part.tree.shape or ()
        if part.given is not None:
            _checked(part, shape)
            if part.given.dtype != np.float64 or not part.given.flags.c_contiguous:
                raise TypeError(f"compile: out{part.path} has to be a contiguous array of float64 to be bound")
        own = numbers[part.first : part.first + part.tree.count].reshape(shape)
        values.append(own if part.given is None else part.given)
    return nested(tree, values)


def arrays(tree: Tree, out: Any) -> list[tuple[int, Any]]:
    """Each array of such a nesting, and which of the outputs is its first."""
    return [(part.first, part.given) for part in parts(tree, out)]


class Part(NamedTuple):
    """A number or an array among the outputs: the first of the outputs that it takes, what is given for it, and where
    it is, as Python would write it: ``[1]['w']``.
    """

    tree: Tree
    first: int
    given: Any
    path: str


def parts(tree: Tree, out: Any) -> list[Part]:
    """The numbers and arrays among the outputs, with what is given for each in `out`."""
    found: list[Part] = []
    _collect(tree, out, 0, "", found)
    return found


def _collect(tree: Tree, out: Any, first: int, path: str, found: list[Part]) -> int:
    if tree.shape is not None:
        found.append(Part(tree, first, out, path))
        return first + tree.count
    for step, child, each in zip(tree.steps, tree.children, _children(tree, out, path)):
        first = _collect(child, each, first, path + step, found)
    return first


def nested(tree: Tree, values: Sequence[Any]) -> Any:
    """The nesting of the outputs, of a value for each of its parts."""
    return _nested(tree, iter(values))


def _nested(tree: Tree, values: Iterator[Any]) -> Any:
    # A function of its own: one inside of `nested` would refer to itself, and so keep the arrays till Python's garbage
    # collector comes by.
    if tree.shape is not None:
        return next(values)
    return tree.built([_nested(child, values) for child in tree.children])


def is_sum(part: Part, reduced: Sequence[bool]) -> bool:
    """Whether a part is a sum over the rows, as `reduced` says of each output; what has no number counts as one."""
    return not part.tree.count or reduced[part.first]


class Results:
    """The results over `count` rows: sums of the outputs that are `reduced`, a row an entry for the others.

    `inputs` are the arrays that are read meanwhile. TypeError or ValueError if `out` does not fit.
    """

    def __init__(self, tree: Tree, reduced: Sequence[bool], count: int, out: Any, inputs: Sequence[Any]) -> None:
        self.tree = tree
        self.reduced = reduced
        self.parts = parts(tree, out)
        self.sums: list[list[float]] = [[] for _ in reduced]
        self._arrays: list[Any] = []
        self._direct: list[bool] = []
        for part in self.parts:
            shape = part.tree.shape or ()
            array = part.given
            if is_sum(part, self.reduced):
                if array is not None:
                    _checked(part, shape)
            elif array is None:
                array = np.empty((count, *shape))
            else:
                _checked(part, (count, *shape))
            self._arrays.append(array)
            self._direct.append(part.given is None or is_sum(part, self.reduced) or _fits(array, inputs))

    @property
    def as_they_lie(self) -> bool:
        """Whether kernels can write all arrays without a copy."""
        return all(self._direct)

    def tables(self, begin: int, end: int) -> list[Any]:
        """For each part the table that its rows from `begin` to `end` are put in; None for sums."""
        found: list[Any] = []
        for part, array, direct in zip(self.parts, self._arrays, self._direct):
            if is_sum(part, self.reduced):
                found += [None] * part.tree.count
            elif direct:
                found.append(array[begin:end].reshape(end - begin, part.tree.count))
            else:
                found.append(np.empty((end - begin, part.tree.count)))
        return found

    def add(self, sums: Sequence[float]) -> None:
        """What a kernel summed, for each output."""
        for terms, term, is_sum in zip(self.sums, sums, self.reduced):
            if is_sum:
                terms.append(term)

    def put(self, tables: Sequence[Any], row: int, numbers: Sequence[float]) -> None:
        """The outputs of one row of those in the tables."""
        given = [table for table in tables if table is not None]
        for part in self.parts:
            mine = numbers[part.first : part.first + part.tree.count]
            if not is_sum(part, self.reduced):
                given.pop(0)[row] = mine
                continue
            for terms, term in zip(self.sums[part.first :], mine):
                terms.append(term)

    def took(self, begin: int, end: int, tables: Sequence[Any]) -> None:
        """The tables hold their rows now."""
        wanted = [
            (a, d) for part, a, d in zip(self.parts, self._arrays, self._direct) if not is_sum(part, self.reduced)
        ]
        for (array, direct), table in zip(wanted, [table for table in tables if table is not None]):
            if not direct:
                block = array[begin:end]
                np.copyto(block, table.reshape(block.shape), casting=_CAST)

    def nested(self) -> Any:
        """All of them, in the nesting of the outputs."""
        found = []
        for part, array in zip(self.parts, self._arrays):
            if is_sum(part, self.reduced):
                numbers = [float(fsum(*self.sums[i])) for i in range(part.first, part.first + part.tree.count)]
                value = part.tree.unflatten(numbers)
                if array is not None:
                    np.copyto(array, value, casting=_CAST)
                    value = array
                found.append(value)
            else:
                found.append(array)
        return nested(self.tree, found)


# ---- nestings --------------------------------------------------------------------------------------------------------


def _children(tree: Tree, out: Any, path: str) -> Sequence[Any]:
    if out is None:
        return [None] * len(tree.children)
    container, count = opened(out), len(tree.children)
    numbered = isinstance(tree.names, range)
    alike = container and (container[2] == tree.keys or (numbered and isinstance(out, (tuple, list))))
    if container and alike and len(container[1]) == count:
        return container[1]
    kind = f"tuple or list of {count}" if numbered else f"{tree.keys[0].__name__} with the keys {[*tree.names]}"
    raise TypeError(f"compile: out{path} is to be a {kind}, with an array or None for each, as the result is")


def _values(tree: Tree, found: Any) -> Iterator[Any]:
    if tree.shape is not None:
        yield found
        return
    for child, part in zip(tree.children, opened(found)[1]):  # type: ignore[index]
        yield from _values(child, part)


def _checked(part: Part, shape: tuple[int, ...]) -> None:
    """TypeError or ValueError unless what is given for a part can hold it."""
    given = part.given
    if not isinstance(given, np.ndarray):
        raise TypeError(f"compile: out{part.path} is to be an array of shape {shape}, not {type(given).__name__}")
    if given.shape != shape:
        raise ValueError(f"compile: out{part.path} has shape {given.shape}, the result there {shape}")
    if not given.flags.writeable:
        raise ValueError(f"compile: out{part.path} is read-only")
    if not np.can_cast(np.float64, given.dtype, _CAST):
        raise TypeError(f"compile: out{part.path} is an array of {given.dtype}, which cannot hold floats")


def _fits(array: Any, inputs: Sequence[Any]) -> bool:
    """Whether a kernel can write its doubles there."""
    return (
        array.dtype == np.float64
        and array.dtype.isnative
        and (array.ndim < 3 or array.flags.c_contiguous)
        and not any(np.may_share_memory(array, each) for each in inputs)
    )


__all__ = ["Part", "Results", "arrays", "builder", "filled", "held", "is_sum", "nested", "parts"]
