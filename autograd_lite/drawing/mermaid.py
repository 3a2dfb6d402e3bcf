"""The circuit in Mermaid, which GitHub, GitLab and many editors draw where it stands in Markdown.

A flowchart: value and gradient in each node, the local gradient on each edge, groups as subgraphs, and a class for each
kind of node. Every character of a label that could mean something to Mermaid or HTML is written as its number.
Source of the language: mermaid.js.org/syntax/flowchart.html.
"""

from __future__ import annotations

from dataclasses import replace

from .abridge import both_ends, folded, quotient
from .dot import nested
from .model import Circuit, Edge, Node, with_copies
from .style import rows

MOST_EDGES, MOST_CHARACTERS = 500, 50_000  # Mermaid's own limits, which a page can raise and a diagram can't

_SHAPES = {"leaf": '["{}"]', "constant": '["{}"]', "operation": '("{}")', "group": '[["{}"]]', "folded": '(["{}"])'}
# A class a kind, then one a mark; of the classes of a node the last one's stroke is seen.
_CLASSES = {
    "leaf": "fill:#ddf4ff,stroke:#0969da,color:#24292f",
    "constant": "fill:#f6f8fa,stroke:#d0d7de,color:#57606a",
    "operation": "fill:#ffffff,stroke:#57606a,color:#24292f",
    "group": "fill:#fff8c5,stroke:#9a6700,color:#24292f",
    "folded": "fill:#f6f8fa,stroke:#57606a,color:#57606a,stroke-dasharray:4 3",
    "kink": "stroke:#bc4c00,stroke-width:3px",
    "born": "stroke:#cf222e,stroke-width:4px",
    "wrong": "stroke:#cf222e,stroke-width:4px,stroke-dasharray:6 3",
}


def mermaid(circuit: Circuit, direction: str = "LR") -> str:
    """The source of a flowchart, one line a node and one an edge; of a circuit too large for Mermaid, more is folded.

    >>> from autograd_lite import Value
    >>> from autograd_lite.drawing.model import describe
    >>> x = Value(3.0, "x")
    >>> f = x * x
    >>> f.backward()
    >>> print("\\n".join(mermaid(describe(f)).splitlines()[:5]))
    flowchart LR
        n0["x<br/>3<br/>∂ 6"]
        n1("×<br/>9<br/>∂ 1")
        n0 -->|"3"| n1
        n0 -->|"3"| n1
    """
    drawn = with_copies(circuit)
    source = _source(drawn, direction)
    most = len(circuit.nodes)
    while most > 1 and (len(drawn.edges) > MOST_EDGES or len(source) > MOST_CHARACTERS):
        most = most * 4 // 5
        drawn = with_copies(_folded(circuit, most))
        source = _source(drawn, direction)
    return source


def _folded(circuit: Circuit, most: int) -> Circuit:
    """The circuit with at most so many of its nodes drawn by themselves."""
    place = {node.id: i for i, node in enumerate(circuit.nodes)}
    operands: list[list[int]] = [[] for _ in circuit.nodes]
    for edge in circuit.edges:
        operands[place[edge.child]].append(place[edge.parent])
    parents = [tuple(sources) for sources in operands]
    kept = both_ends(parents, most)
    nodes: list[Node] = []
    drawn_as: dict[str, Node] = {}
    for piece in quotient(parents, folded(parents, kept))[1]:
        first = circuit.nodes[piece[0]]
        if piece[0] not in kept:
            count = sum(circuit.nodes[i].count for i in piece)
            first = Node(f"m{first.id[1:]}", "folded", f"… {count:,} more nodes", count=count, group=first.group)
        nodes.append(first)
        drawn_as.update((circuit.nodes[i].id, first) for i in piece)
    edges: dict[object, Edge] = {}
    for edge in circuit.edges:
        parent, child = drawn_as[edge.parent], drawn_as[edge.child]
        if "folded" not in (parent.kind, child.kind):
            edges[id(edge)] = edge
        elif parent is not child:
            edges[parent.id, child.id] = Edge(parent.id, child.id, edge.operand)
    left_out = sum(node.count for node in nodes if node.kind == "folded")
    notes = [f"{left_out:,} of {circuit.total:,} nodes are folded: Mermaid draws {MOST_EDGES} edges at most"]
    return replace(circuit, nodes=nodes, edges=list(edges.values()), notes=notes)


def _source(circuit: Circuit, direction: str) -> str:
    lines = [f"flowchart {direction}"]
    lines += [f"    %% {note}" for note in circuit.notes]
    if circuit.past.told:
        lines.append(f'    past["{"<br/>".join(map(escaped, circuit.past.told))}"]')
        lines.append("    style past fill:none,stroke:none,color:#9a6700")
    within: dict[str | None, list[Node]] = {}
    for node in circuit.nodes:
        within.setdefault(node.group, []).append(node)
    depth = 0
    for opens, group in nested(circuit.groups):
        depth += opens
        indent = "    " * (depth - 1)
        if group is not None:
            lines.append(f'{indent}subgraph {group.id}["{escaped(group.name) or " "}"]' if opens else f"{indent}end")
        if opens:
            inside = within.get(group.id if group else None, [])
            lines += [f"{'    ' * depth}{node.id}{_SHAPES[node.kind].format(_label(node))}" for node in inside]
        depth -= not opens
    for edge in circuit.edges:
        label = f'|"{escaped(edge.text)}"|' if edge.text else ""
        lines.append(f"    {edge.parent} -->{label} {edge.child}")
    quiet = [str(i) for i, edge in enumerate(circuit.edges) if edge.quiet]
    lines.append("    linkStyle default stroke:#57606a,color:#0969da")
    if quiet:
        lines.append(f"    linkStyle {','.join(quiet)} stroke:#d0d7de,color:#57606a")
    members: dict[str, list[str]] = {}
    for node in circuit.nodes:
        for name in _classes(node):
            members.setdefault(name, []).append(node.id)
    for name, style in _CLASSES.items():
        if name in members:
            lines.append(f"    classDef {name} {style}")
            lines.append(f"    class {','.join(members[name])} {name}")
    return "\n".join(lines)


def _label(node: Node) -> str:
    return "<br/>".join(escaped(": ".join(run.text for run in row)) for row in rows(node))


def _classes(node: Node) -> list[str]:
    marks = ["born" if mark == "gradient born" else mark for mark in node.marks]
    return [node.kind, *dict.fromkeys(marks), *(["wrong"] if node.check and not node.check.agrees else [])]


def escaped(text: str) -> str:
    """`text` as Mermaid shows it unchanged, in quotes.

    >>> escaped('a "b" #1')
    'a #34;b#34; #35;1'
    """
    return "".join(_escape(character) for character in text)


def _escape(character: str) -> str:
    if character.isalnum() or character == " " or ord(character) > 127:
        return character
    # Mermaid still reads \\n, $$…$$ and fa:fa-car once the numbers are characters: a word joiner keeps these apart.
    return f"#{ord(character)};" + ("\u2060" if character in "\\$:" else "")
