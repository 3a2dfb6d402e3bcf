"""Copies and pickles of a graph: whole, without recursion, and inside a derivative with the path kept.

The state of a node is a tuple; a subclass's attributes go beside it. `Value`'s methods call the functions here.
"""

from __future__ import annotations

import copy as standard
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from . import primitives, recording
from .graph import topological_order
from .recording import differentiating, is_recording, tracing
from .value import Value


def copied(node: Value) -> Value:
    """`copy.copy(node)`: a node of the same parents."""
    return _with_attributes(_with_state(_state(node)), _attributes(node))


def deep_copied(node: Value, memo: dict[int, Any]) -> Value:
    """`copy.deepcopy(node)`: a copy of its graph; inside a derivative a node computed from this one."""
    kept = _keeps_its_path(node)
    order = [node] if kept else [other for other in topological_order(node) if id(other) not in memo]
    for original in order:
        kind, op, parents, *rest = _state(original)
        parents = parents if kept else tuple(memo[id(parent)] for parent in parents)
        memo[id(original)] = _with_state((kind, op, parents, *rest))
    memo.setdefault(id(memo), []).append(node)  # as the copy module has it: what is copied must outlive the memo
    for original in order:  # a subclass's attributes may lead back into the graph, which is whole by now
        _with_attributes(memo[id(original)], standard.deepcopy(_attributes(original), memo))
    return memo[id(node)]  # type: ignore[no-any-return]


def reduced(node: Value) -> tuple[Any, ...]:
    """What a pickle of `node` is made of: its ancestors one by one, parents first."""
    if _keeps_its_path(node):
        raise TypeError(
            "a pickle of a Value inside a derivative would drop its gradient in silence: write copy.deepcopy(v), "
            "which keeps the path, or pickle its number, v.data"
        )
    ancestors = _pickling.get()()
    if ancestors is None or node not in ancestors.members:
        ancestors = _Ancestors(topological_order(node))
        return _last, (ancestors, _End(ancestors))
    attributes = _attributes(node)
    return (_with_state, (_state(node),)) if attributes is None else (_with_state, (_state(node),), attributes)


def _keeps_its_path(node: Value) -> bool:
    if tracing.get() is not None:  # a copy must not hide from a compiler what comes from outside
        return True
    began = differentiating.variable.get()[0]
    return began is not None and (node.op is not None or node.born >= began) and is_recording()


_State = tuple[Any, ...]


def _state(node: Value) -> _State:
    if _keeps_its_path(node):
        data = node._data
        return type(node), primitives.identity, (node,), (data, data), data, node._grad, node.label, node.group
    return type(node), node.op, node.parents, node.record, node._data, node._grad, node.label, node.group


def _with_state(state: _State) -> Value:
    kind, *rest, names = state
    node: Value = kind.__new__(kind)
    node.op, node.parents, node.record, node._data, node._grad, node.label = rest
    node._adjoint = None
    if names:
        node._group = names
    if node.op is None:
        node._born = recording.runs  # a leaf made now, as every other
    return node


def _attributes(node: Value) -> Any:
    """What a subclass's instance has beyond a Value: its ``__getstate__()``, by default its dict and its slots."""
    if type(node) is Value:
        return None
    if type(node).__getstate__ is not object.__getstate__:
        return node.__getstate__()
    state: Any = object.__getstate__(node)
    own, slots = state
    return own, {name: value for name, value in slots.items() if name not in Value.__slots__}


def _with_attributes(node: Value, attributes: Any) -> Value:
    if hasattr(node, "__setstate__"):
        node.__setstate__(attributes)
    elif attributes is not None:
        own, slots = attributes
        for name, value in {**(own or {}), **slots}.items():
            setattr(node, name, value)
    return node


def _last(nodes: list[Value], end: Any) -> Value:
    return nodes[-1]


class _Ancestors(list["Value"]):
    """A node's ancestors and itself, parents first. Pickled one by one in that order, each finds its parents already in
    the pickler's memo: nothing recurses, and what several graphs of one pickle share stays shared."""

    __slots__ = ("__weakref__", "members", "outer")

    members: set[Value]
    outer: Callable[[], _Ancestors | None]

    def __reduce__(self) -> tuple[Any, ...]:
        self.members = set(self)
        self.outer = _pickling.get()
        _pickling.set(weakref.ref(self))
        return list, (), None, iter(self)


class _End:
    """What a pickler reaches when it has written the last of the ancestors: from here on they are no longer underway.

    A pickling that fails never comes here; then its ancestors are freed, hence the weak reference to them.
    """

    def __init__(self, ancestors: _Ancestors) -> None:
        self.ancestors = ancestors

    def __reduce__(self) -> tuple[Any, ...]:
        _pickling.set(self.ancestors.outer)
        return tuple, ()


_pickling: ContextVar[Callable[[], _Ancestors | None]] = ContextVar("autograd_lite.pickling", default=lambda: None)
