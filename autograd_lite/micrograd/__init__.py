"""micrograd's own names on this engine, so that its notebooks and the lecture's run with the import line changed.

`engine.Value` has `_prev`, `_op`, `_backward` and makes the nodes that micrograd makes; `nn` has its networks; `trace`
and `draw_dot` are those that its notebook defines, with the label that the lecture adds. The names are those of
github.com/karpathy/micrograd.
"""

from __future__ import annotations

import re
from typing import Any

from ..graph import topological_order
from ..primitives import constant
from . import engine, nn
from .engine import Value, adopted
from .nn import MLP, Layer, Module, Neuron

__all__ = ["MLP", "Layer", "Module", "Neuron", "Value", "draw_dot", "engine", "nn", "trace"]


def trace(root: Any) -> tuple[set[Value], set[tuple[Value, Value]]]:
    """The nodes that `root` was computed from, itself included, and the edges between them, each (operand, result).

    >>> a = Value(2.0)
    >>> b = a * a
    >>> nodes, edges = trace(b)
    >>> len(nodes), edges == {(a, b)}
    (2, True)
    """
    nodes = _nodes(root)
    return set(nodes), {(operand, node) for node in nodes for operand in node._prev}


def draw_dot(root: Any, format: str = "svg", rankdir: str = "LR") -> Any:
    """The graph as a `graphviz.Digraph`: a box of label, data and grad for each node, an oval for each operation.

    `rankdir` is "LR" or "TB", else a ValueError. Jupyter shows the result; ``.source`` is its DOT.

    >>> print(draw_dot(Value(2.0, label="a").tanh()).source)  # doctest: +ELLIPSIS
    digraph {
    ...[label="{ a | data 2.0000 | grad 0.0000 }" shape=record]
    ...
    """
    if rankdir not in ("LR", "TB"):
        raise ValueError(f"draw_dot: rankdir is LR or TB, not {rankdir!r}")
    from graphviz import Digraph

    dot = Digraph(format=format, graph_attr={"rankdir": rankdir})
    names = {node: f"n{place}" for place, node in enumerate(_nodes(root))}
    for node, name in names.items():
        label = re.sub(r"([\\{}|<> ])", r"\\\1", node.label or "")
        dot.node(name, f"{{ {label} | data {node.data:.4f} | grad {node.grad:.4f} }}", shape="record")
        if node._prev:
            dot.node(f"{name}op", node._op)
            dot.edge(f"{name}op", name)
        for operand in sorted((names[operand] for operand in node._prev), key=lambda n: int(n[1:])):
            dot.edge(operand, f"{name}op")
    return dot


def _nodes(root: Any) -> list[Value]:
    """Operands first; the numbers that are exponents are no nodes."""
    return [adopted(node) for node in topological_order(root) if node.op is not constant]
