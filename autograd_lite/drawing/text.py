"""The circuit as a text tree, rooted at the output.

Each line has a node's name or symbol, its value and its gradient ∂; the branch that leads to it bears the local
gradient. A node met again is named, not expanded again. The walk keeps its own stack.
"""

from __future__ import annotations

from .model import Circuit, Edge, Node

MOST_LINES = 200


def text_tree(circuit: Circuit, most: int = MOST_LINES) -> str:
    """The tree, of at most `most` lines and one that says how many nodes they leave out.

    >>> from autograd_lite import Value
    >>> from autograd_lite.drawing.model import describe
    >>> print(text_tree(describe(Value(3.0, "x") * 2)))
    × = 6  ∂ ·
    ├─[2]─ x = 3  ∂ ·
    └─[3]─ 2
    """
    nodes = {node.id: node for node in circuit.nodes}
    operands: dict[str, list[Edge]] = {}
    for edge in circuit.edges:
        operands.setdefault(edge.child, []).append(edge)
    root = circuit.nodes[-1]
    lines: list[str] = []
    shown: set[str] = set()
    stack = [(root.id, "", "")]  # a node, what stands before it, and before the lines of its operands
    while stack and len(lines) < most:
        id, before, below = stack.pop()
        lines.append(before + _line(nodes[id], id in shown))
        if id in shown:
            continue
        shown.add(id)
        edges = operands.get(id, [])
        for edge in reversed(edges):
            last = edge is edges[-1]
            slope = f"[{edge.text}]─ "
            stack.append((edge.parent, f"{below}{'└─' if last else '├─'}{slope}", f"{below}{'   ' if last else '│  '}"))
    if stack:
        lines.append(f"… abridged after {most} lines: {len(shown)} of {circuit.total} nodes are shown")
    return "\n".join(lines)


def _line(node: Node, again: bool) -> str:
    if node.kind == "folded":
        return node.label
    name = ": ".join(part for part in (node.label, node.text) if part)
    value = f"{name} = {node.value_text}" if name else node.value_text
    if again:
        return f"{value}  (see above)"
    return value if node.kind == "constant" else f"{value}  ∂ {node.gradient_text}"
