"""The circuit as a text tree, rooted at the output.

Each line has a node's name or symbol, its value and its gradient ∂; the branch that leads to it bears the local
gradient. A node met again is named, not expanded again. The walk keeps its own stack.
"""

from __future__ import annotations

from .model import Circuit, Edge, Node
from .style import held, mark_text

MOST_LINES = 200


def text_tree(circuit: Circuit, most: int = MOST_LINES) -> str:
    """The tree, of at most `most` lines and one that says how many nodes they leave out.

    >>> from autograd_lite import Value
    >>> from autograd_lite.drawing.model import describe
    >>> print(text_tree(describe(Value(3.0, "x") * 2)))
    × = 6  ∂ ·
    ├─[2]─ x = 3  ∂ ·
    └── 2
    """
    nodes = {node.id: node for node in circuit.nodes}
    operands: dict[str, list[Edge]] = {}
    for edge in circuit.edges:
        operands.setdefault(edge.child, []).append(edge)
    groups = _paths(circuit)
    lines: list[str] = []
    shown: set[str] = set()
    # A node, what stands before it and before the lines of its operands, and the group it is used in.
    stack: list[tuple[str, str, str, str | None]] = [(circuit.nodes[-1].id, "", "", None)]
    while stack and len(lines) < most:
        id, before, below, around = stack.pop()
        group = nodes[id].group
        within = f"  in {groups[group]}" if group and group != around and id not in shown else ""
        lines.append(before + _line(nodes[id], id in shown) + within)
        if id in shown:
            continue
        shown.add(id)
        edges = operands.get(id, [])
        for edge in reversed(edges):
            last = edge is edges[-1]
            slope = "" if edge.quiet else f"[{edge.text or '…'}]"
            branch = f"{below}{'└─' if last else '├─'}{slope}─ "
            stack.append((edge.parent, branch, f"{below}{'   ' if last else '│  '}", group))
    if stack:
        lines.append(f"… abridged after {most} lines: {len(shown)} of {circuit.total} nodes are shown")
    return "\n".join([*lines, *circuit.notes])


def _paths(circuit: Circuit) -> dict[str, str]:
    """What each group is called, with those around it."""
    paths: dict[str, str] = {}
    for group in circuit.groups:
        paths[group.id] = f"{paths[group.parent]} / {group.name}" if group.parent else group.name
    return paths


def _line(node: Node, again: bool) -> str:
    if node.kind == "folded":
        return node.label
    text = (
        node.op.name if node.op is not None and node.op.result_type is bool else node.text
    )  # "equal = 0", not "= = 0"
    name = ": ".join(part for part in (node.label, text) if part)
    value = f"{name} = {node.value_text}" if name and node.value_text else name or node.value_text
    if node.output is not None:
        value += f"  {node.output.text}"
    if again:
        return f"{value}  (see above)"
    if node.gradient_text:
        value += f"  ∂ {node.gradient_text}"
    if node.signal is not None:
        value += f"  {node.signal.text}"
    if node.check:
        value += f" {node.check.text}{'' if node.check.agrees else ' disagree!'}"
    if node.kind == "group":
        value += f"  ({held(node)})"
    return value + "".join(f"  ({mark_text(node, mark)})" for mark in node.marks)
