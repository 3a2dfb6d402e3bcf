"""The chain rule, twice: the reverse sweep and the forward sweep over any graph, each in a few lines.

    ∂z/∂x = Σᵢ ∂z/∂yᵢ · ∂yᵢ/∂x   over the successors yᵢ of x

Neither knows a derivative or a kind of number: what one node passes on is the caller's `pull` or `push`. A term of None
is no path at all, which is not the same as a zero. Source: Griewank & Walther, Evaluating Derivatives (2008), ch. 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .graph import N


def reverse(order: Iterable[N], adjoints: dict[N, Any], pull: Callable[[N, Any], Iterable[Any]]) -> dict[N, Any]:
    """Carry `adjoints` back from the outputs: `order` has each node before its parents.

    ``pull(node, adjoint)`` gives one term for each parent, ``adjoint · ∂node/∂parent``, or None for no path.
    """
    get = adjoints.get
    for node in order:
        parents = node.parents
        if parents and (adjoint := get(node)) is not None:
            for parent, term in zip(parents, pull(node, adjoint)):
                if term is not None:
                    before = get(parent)
                    adjoints[parent] = term if before is None else before + term
    return adjoints


def forward(order: Iterable[N], tangents: dict[N, Any], push: Callable[[N, list[Any]], Iterable[Any]]) -> dict[N, Any]:
    """Carry `tangents` on from the inputs: `order` has each node after its parents.

    ``push(node, tangents)`` gives one term for each parent, ``∂node/∂parent · tangent``, or None for no path; the
    tangent is None where there is none.
    """
    for node in order:
        if node.parents and node not in tangents:
            along = [tangents.get(parent) for parent in node.parents]
            total = None
            if any(tangent is not None for tangent in along):
                for term in push(node, along):
                    if term is not None:
                        total = term if total is None else total + term
            if total is not None:
                tangents[node] = total
    return tangents
