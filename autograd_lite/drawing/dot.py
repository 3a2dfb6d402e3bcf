"""The circuit in DOT, Graphviz's language, by way of the `graphviz` package.

Labels are HTML-like, so that each number keeps its colour: values green, gradients red, local gradients blue.
The same circuit gives the same bytes. Source of the language: graphviz.org/doc/info/lang.html.
"""

from __future__ import annotations

import html

from .model import Circuit, Node

VALUE, GRADIENT, LOCAL_GRADIENT = "#1a7f37", "#cf222e", "#0969da"
QUIET, INK, LINE = "#8c959f", "#24292f", "#57606a"
FONT = "Helvetica"


def dot_source(circuit: Circuit, direction: str = "LR") -> str:
    """The DOT source of a circuit, one line a node and one an edge.

    >>> from autograd_lite import Value
    >>> from autograd_lite.drawing.model import describe
    >>> print(dot_source(describe(Value(3.0, "x") * 2)).count("->"))
    2
    """
    import graphviz

    graph = graphviz.Digraph(
        "circuit",
        graph_attr={"rankdir": direction, "bgcolor": "white", "fontname": FONT},
        node_attr={
            "shape": "box", "style": "rounded", "fontname": FONT, "fontcolor": INK, "color": LINE, "margin": "0.1,0.05"
        },
        edge_attr={"fontname": FONT, "fontsize": "11", "fontcolor": LOCAL_GRADIENT, "color": LINE, "arrowsize": "0.7"},
    )  # fmt: skip
    constants = set()
    for node in circuit.nodes:
        if node.kind == "constant":
            constants.add(node.id)
            graph.node(node.id, _label(node), color="#d0d7de", fontcolor=QUIET)
        else:
            graph.node(node.id, _label(node))
    for edge in circuit.edges:
        quiet = {"color": "#d0d7de", "fontcolor": QUIET} if edge.parent in constants else {}  # no gradient flows there
        graph.edge(edge.parent, edge.child, label=f" {edge.text} ", **quiet)
    return str(graph.source)


def _label(node: Node) -> str:
    rows = []
    if node.label:
        rows.append(f"<B>{_escaped(node.label)}</B>")
    if node.text:
        rows.append(_escaped(node.text))
    if node.kind == "constant":
        rows.append(node.value_text)
    else:
        rows += [_coloured(VALUE, node.value_text), _coloured(GRADIENT, f"∂ {node.gradient_text}")]
    cells = "".join(f"<TR><TD>{row}</TD></TR>" for row in rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{cells}</TABLE>>'


def _escaped(text: str) -> str:
    # Graphviz puts the node's name for \N and the graph's for \G, even in HTML-like labels and even for an entity,
    # unless the backslash ends a run of text: so each is given a run of its own.
    return html.escape(text).replace("\\", f'<FONT FACE="{FONT}">\\</FONT>')


def _coloured(colour: str, text: str) -> str:
    return f'<FONT COLOR="{colour}">{text}</FONT>'
