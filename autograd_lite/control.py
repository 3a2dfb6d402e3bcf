"""Loops that are one operation of a program: `scan` and `while_loop`, with the names and arguments of `jax.lax`.

Run on numbers and Values they are loops of Python, whose steps make one group in a drawing. While a function is being
compiled their body is traced once, so that what is compiled does not grow with the number of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index
from typing import Any

from . import trees
from .coercion import short_label
from .recording import group, tracing
from .trees import Tree, flatten


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
