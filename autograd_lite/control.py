"""Loops that are one operation of a program: `scan` and `while_loop`, with the names and arguments of `jax.lax`; and
what looks numbers up by a number: `take` and `interp`.

Run on numbers and Values they are loops of Python, whose steps make one group in a drawing. While a function is being
compiled their body is traced once, so that what is compiled does not grow with the number of steps.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from numbers import Real
from operator import index
from typing import Any

from . import primitives, trees
from .coercion import short_label
from .recording import group, tracing
from .trees import Tree, flatten
from .value import Value


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """Go along `xs` with a carry: ``carry, y = f(carry, x)`` for each x; the last carry, and all the y stacked.

    Args:
        f: from the carry and an element of `xs` to the next carry, of the same nesting, and an output of the step.
        init: the first carry: numbers in any nesting.
        xs: lists, ranges or arrays (along their first axis), all of one length, alone or in tuples, dicts and
            dataclasses, whose element has a number or a row in place of each. None for a number of steps alone: then
            each x is None.
        length: the number of steps, where `xs` does not say it.
        reverse: go from the last element to the first; outputs stand where their element stands.

    An output that is a number is stacked to a list, an array to an array with an axis more in front, a tuple, dict or
    dataclass to one of stacks; so stacked outputs serve as `xs` again. Of no steps there are none: an empty list.
    Compiled, a stack is read like a list; its numbers are written out one by one where that is not enough, up to 1,000.
    A body that is compiled is traced once: where it would branch on a number of its own, write `where`.

    TypeError if the carry changes its nesting, or `f` returns no pair; ValueError if lengths are missing or differ.

    >>> scan(lambda total, x: (total + x, total), 0.0, [1.0, 2.0, 3.0])
    (6.0, [0.0, 1.0, 3.0])
    >>> scan(lambda c, x: (c + x["t"] * x["w"], None), 0.0, {"t": [1.0, 2.0], "w": range(2)}, reverse=True)
    (2.0, None)
    >>> from autograd_lite import grad
    >>> grad(lambda a: scan(lambda y, _: (a * y, None), 1.0, length=10)[0])(1.0)
    10.0
    """
    count = _length(xs, length)
    carry, tree = flatten(init)
    y_tree: Tree | None = None

    def step(carry: Sequence[Any], x: Any) -> tuple[list[Any], list[Any]]:
        nonlocal y_tree
        returned = f(tree.unflatten(carry), x)
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise TypeError(
                f"scan: f returns a pair (carry, y), with None for y where there is none; it returned "
                f"{short_label(repr(returned), 40)}"
            )
        y, now = flatten(returned[1])
        y_tree = y_tree or now
        _same("scan: f returned an output", now, y_tree, "the one before it")
        return _next("scan: f", returned[0], tree), y

    if not count:
        return init, []
    tracer = tracing.get()
    if tracer is not None:
        carry, stacks = tracer.scan(step, carry, xs, count, reverse)
        return tree.unflatten(carry), _in_nest(y_tree, stacks, tracer.stacked)
    rows: list[Any] = [None] * count
    with group(f"scan × {count}"):
        for i in reversed(range(count)) if reverse else range(count):
            carry, rows[i] = step(carry, element(xs, i))
    return tree.unflatten(carry), _in_nest(y_tree, list(zip(*rows)), stacked)


def while_loop(cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init_val: Any) -> Any:
    """Repeat ``val = body_fun(val)`` as long as ``cond_fun(val)`` is true, and return `val`, at first `init_val`.

    Args:
        cond_fun: from the value to a truth.
        body_fun: from the value to the next one, of the same nesting.
        init_val: numbers in any nesting.

    It has derivatives in reverse too: the values on the way are kept then, so memory grows with the number of steps.
    TypeError if the value changes its nesting.

    >>> newton = lambda a: while_loop(lambda x: abs(x * x - a) > 1e-9, lambda x: (x + a / x) / 2, a)
    >>> round(newton(2.0), 6)
    1.414214
    >>> from autograd_lite import grad
    >>> round(grad(newton)(4.0), 6)
    0.25
    """
    val, tree = flatten(init_val)

    def body(val: Sequence[Any]) -> list[Any]:
        return _next("while_loop: body_fun", body_fun(tree.unflatten(val)), tree)

    tracer = tracing.get()
    if tracer is not None:
        return tree.unflatten(tracer.while_loop(lambda val: cond_fun(tree.unflatten(val)), body, val))
    with group("while loop"):
        while cond_fun(tree.unflatten(val)):
            val = body(val)
    return tree.unflatten(val)


# ---- xs --------------------------------------------------------------------------------------------------------------


def take(xs: Any, i: Any) -> Any:
    """The entry of `xs` number `i`, which may be a number that is being traced; nan where there is none.

    Args:
        xs: numbers, or nestings of them that are all alike, in a list, a tuple or along the first axis of an array.
        i: a number, rounded down, from 0, or from −1 backwards. It has no gradient; the entry has that of its own.

    Run on numbers and Values it picks the entry; compiled it is a choice in halves, for all inputs the same code.
    TypeError if `xs` has no entries or they are not alike.

    >>> from autograd_lite import grad
    >>> take([10.0, 20.0, 30.0], 1), take([10.0, 20.0, 30.0], -1.0), take([10.0, 20.0, 30.0], 3)
    (20.0, 30.0, nan)
    >>> grad(lambda xs: take(xs, 1) ** 2)([1.0, 2.0, 3.0])
    [0.0, 4.0, 0.0]
    """
    opened = [flatten(x) for x in _listed(xs)]
    count = len(opened)
    if not count or any(tree != opened[0][1] for _, tree in opened):
        raise TypeError("take: xs has entries, all nested alike: numbers, or rows of an array")
    if _is_known(i):
        k = _data(i)
        if -count <= k < count:
            return opened[math.floor(k)][1].unflatten(opened[math.floor(k)][0])
        return opened[0][1].unflatten([math.nan] * opened[0][1].count)
    k = primitives.floor(i)
    k = primitives.where(primitives.less(k, 0.0), k + count, k)
    found = []
    for column in zip(*[leaves for leaves, _ in opened]):
        (entry,) = _among(lambda j: primitives.less(k, float(j)), [column])
        entry = primitives.where(primitives.less(k, float(count)), entry, math.nan)
        found.append(primitives.where(primitives.less(k, 0.0), math.nan, entry))
    return opened[0][1].unflatten(found)


def interp(x: Any, xp: Any, fp: Any) -> Any:
    """The line through the points (xp, fp), at `x`, and beyond them the first and the last of `fp`, as `numpy.interp`.

    Args:
        x: a number, or numbers in any nesting, whose nesting the result has.
        xp: where the points are, in rising order.
        fp: the values there, as many.

    Gradients by all three; by `x` at a point it is that of the segment to the right. Compiled, the segment is a choice
    in halves. ValueError if there are no points or the lengths differ.

    >>> from autograd_lite import grad
    >>> interp(1.5, [0.0, 1.0, 2.0], [0.0, 10.0, 14.0]), interp([-1.0, 9.0], [0.0, 1.0], [3.0, 5.0])
    (12.0, [3.0, 5.0])
    >>> grad(interp, argnums=(0, 2))(1.5, [0.0, 1.0, 2.0], [0.0, 10.0, 14.0])
    (4.0, [0.0, 0.5, 0.5])
    """
    points, values = list(_listed(xp)), list(_listed(fp))
    if not points or len(points) != len(values):
        raise ValueError(
            f"interp: as many values fp as points xp, and one at least, not {len(values)} and {len(points)}"
        )
    leaves, tree = flatten(x)
    return tree.unflatten([_interpolated(each, points, values) for each in leaves])


def _interpolated(x: Any, points: Sequence[Any], values: Sequence[Any]) -> Any:
    known = all(map(_is_known, (x, *points)))
    if len(points) == 1:
        return values[0] + 0.0 * x if known else primitives.where(primitives.equal(x, x), values[0], x)
    segments = [points[:-1], points[1:], values[:-1], values[1:]]
    if known:
        u, at = _data(x), [_data(each) for each in points]
        if u < at[0] or u > at[-1]:
            return values[0] if u < at[0] else values[-1]
        j = min(bisect.bisect_right(at, u) - 1, len(at) - 2)
        a, b, fa, fb = (column[j] for column in segments)
        return fb if at[j] == at[j + 1] else fa + (x - a) / (b - a) * (fb - fa)
    a, b, fa, fb = _among(lambda j: primitives.less(x, points[j]), segments)
    inside = primitives.where(primitives.equal(a, b), fb, fa + (x - a) / (b - a) * (fb - fa))
    inside = primitives.where(primitives.less(points[-1], x), values[-1], inside)
    return primitives.where(primitives.less(x, points[0]), values[0], inside)


def _among(is_before: Callable[[int], Any], columns: Sequence[Sequence[Any]]) -> list[Any]:
    """Of each column the entry at the last place that what is looked for is not before, by halves."""
    if len(columns[0]) == 1:
        return [column[0] for column in columns]

    def chosen(low: int, high: int) -> list[Any]:
        if high - low == 1:
            return [column[low] for column in columns]
        middle = (low + high) // 2
        before = is_before(middle)
        return [primitives.where(before, a, b) for a, b in zip(chosen(low, middle), chosen(middle, high))]

    return chosen(0, len(columns[0]))


def _listed(xs: Any) -> Any:
    return xs.tolist() if trees.is_array(xs) and xs.ndim == 1 else xs  # Python's floats


def _is_known(x: Any) -> bool:
    return isinstance(x, (Value, Real))


def _data(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


def is_stack(xs: Any) -> bool:
    """Whether `xs` has its elements along its first axis: it is no nesting of such."""
    return (isinstance(xs, Sequence) and not isinstance(xs, (tuple, str))) or trees.is_array(xs)


def element(xs: Any, i: int) -> Any:
    """Element `i` of `xs`, in its nesting."""
    if xs is None:
        return None
    if is_stack(xs):
        x = xs[i]
        return x.item() if hasattr(x, "item") and not trees.is_array(x) else x
    make, items, _ = trees.opened(xs)  # type: ignore[misc]
    return make([element(item, i) for item in items])


def _length(xs: Any, length: int | None) -> int:
    """The number of steps."""
    found: dict[str, int] = {} if length is None else {"length": index(length)}
    _lengths(xs, "xs", found)
    if not found:
        raise ValueError("scan: xs has no elements to go along: give length, the number of steps")
    (first, count), *others = found.items()
    for name, other in others:
        if other != count:
            raise ValueError(f"scan: {first} {'is' if first == 'length' else 'has'} {count}, and {name} has {other}")
    if count < 0:
        raise ValueError(f"scan: length is the number of steps, not {count}")
    return count


def _lengths(xs: Any, path: str, found: dict[str, int]) -> None:
    if is_stack(xs):
        found[path] = len(xs)
        return
    container = trees.opened(xs)
    if container is None:
        raise TypeError(f"scan: {path} is {short_label(repr(xs), 40)}, not a list or an array of elements")
    make, items, keys = container
    for step, item in zip(Tree(make, (trees.LEAF,) * len(items), keys).steps, items):
        _lengths(item, path + step, found)


# ---- nestings --------------------------------------------------------------------------------------------------------


def _next(what: str, val: Any, tree: Tree) -> list[Any]:
    leaves, now = flatten(val)
    _same(f"{what} returned a carry", now, tree, "the one it was given")
    return leaves


def _same(what: str, now: Tree, before: Tree, of: str) -> None:
    if now != before:
        path, here, there = trees.difference(now, before)
        where = f", at {path}" if path else ""
        raise TypeError(f"{what} that is not nested like {of}{where}: {here!r}, not {there!r}")


def _in_nest(tree: Tree | None, stacks: Sequence[Any], stack_of: Callable[[Tree, Sequence[Any]], Any]) -> Any:
    """What was stacked number by number, in the nesting of a step's output: tuples and dicts hold stacks."""
    assert tree is not None  # there was a step
    if tree.make is None or tree.shape is not None or tree.keys is list:
        return stack_of(tree, stacks)
    parts, start = [], 0
    for child in tree.children:
        parts.append(_in_nest(child, stacks[start : start + child.count], stack_of))
        start += child.count
    return tree.built(parts)


def stacked(tree: Tree, stacks: Sequence[Any]) -> Any:
    """The steps' outputs of that nesting, whose numbers are stacked: an array, or a list."""
    rows = zip(*stacks)
    if tree.make is None:
        return [x for (x,) in rows]
    if tree.shape is not None:
        return trees.array_tree((len(stacks[0]), *tree.shape)).unflatten([x for row in rows for x in row])
    return [tree.unflatten(row) for row in rows]
