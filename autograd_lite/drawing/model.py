"""What is drawn: a plain description of a graph, in texts, from which every form is made.

Nodes are numbered in topological order, so the same graph has the same description in every run. Each operand is an
edge of its own: ``x * x`` has two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import primitives
from ..graph import topological_order
from ..value import short_label

if TYPE_CHECKING:
    from ..value import Value

UNREACHED = "·"  # the gradient of a node that no backward sweep has reached: unknown is not zero


class Node:
    """A number in the picture: a leaf, a constant, or the output of an operation."""

    __slots__ = ("gradient", "id", "is_constant", "is_leaf", "label", "symbol", "value")

    def __init__(
        self, id: str, label: str, symbol: str, value: str, gradient: str, is_constant: bool, is_leaf: bool
    ) -> None:
        self.id = id
        self.label = label  # on one line, shortened; "" where there is none
        self.symbol = symbol  # of the operation; "" for leaves and constants
        self.value = value
        self.gradient = gradient
        self.is_constant = is_constant
        self.is_leaf = is_leaf


class Edge:
    """One operand of one operation, and the operation's local gradient by it."""

    __slots__ = ("child", "local_gradient", "operand", "parent")

    def __init__(self, parent: str, child: str, operand: int, local_gradient: str) -> None:
        self.parent = parent
        self.child = child
        self.operand = operand
        self.local_gradient = local_gradient


class Circuit:
    """The nodes, each after all of its parents, and the edges, in the order of their children and operands."""

    __slots__ = ("edges", "nodes")

    def __init__(self, nodes: list[Node], edges: list[Edge]) -> None:
        self.nodes = nodes
        self.edges = edges


def describe(root: Value, digits: int = 4) -> Circuit:
    """The graph that `root` was computed by, as it stands now.

    >>> from autograd_lite import Value
    >>> x = Value(3.0, "x")
    >>> circuit = describe(x * x)
    >>> [(edge.parent, edge.child, edge.operand, edge.local_gradient) for edge in circuit.edges]
    [('n0', 'n1', 0, '3'), ('n0', 'n1', 1, '3')]
    """
    order = topological_order(root)
    ids = {node: f"n{i}" for i, node in enumerate(order)}
    nodes, edges = [], []
    for node in order:
        is_constant = node.op is primitives.constant
        nodes.append(
            Node(
                ids[node],
                short_label(node.label) if node.label else "",
                "" if node.op is None or is_constant else node.op.symbol,
                number_text(node.data, digits),
                number_text(node.grad, digits) if node.reached else UNREACHED,
                is_constant,
                node.op is None,
            )
        )
        for operand, (parent, slope) in enumerate(zip(node.parents, node.local_grads)):
            edges.append(Edge(ids[parent], ids[node], operand, number_text(slope, digits)))
    return Circuit(nodes, edges)


def number_text(x: float, digits: int = 4) -> str:
    """`x` to so many significant digits, with a real minus sign.

    >>> number_text(-1234.56), number_text(1e-7)
    ('−1235', '1e−07')
    """
    return f"{x:.{digits}g}".replace("-", "−")
