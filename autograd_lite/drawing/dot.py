"""The circuit in DOT, Graphviz's language, by way of the `graphviz` package; and what Graphviz's SVG is given after.

Labels are HTML-like, so that each number keeps its colour, and so that operands that may not change places have each a
port of its own where they arrive: without these Graphviz puts either first (its `ordering=in` gives way to crossings
and to clusters). The same circuit gives the same bytes. Sources: graphviz.org/doc/info/lang.html and
graphviz.org/doc/info/shapes.html#html.
"""

from __future__ import annotations

import itertools
import re
from html import escape
from xml.etree import ElementTree

from .layout import Rect
from .model import Circuit, Edge, Group, Node, with_copies
from .style import FLUID, FONT, LIGHT, Run, drawing_id, fill, framed, hover, hover_edge, outline, rows, stroke, summary
from .svg import text_width

ARRIVES = {"LR": "w", "RL": "e", "TB": "n", "BT": "s"}  # on which side of a box
_SVG = "{http://www.w3.org/2000/svg}"
_ID = "\0"  # stands for the drawing's own id until that is known


def dot_source(circuit: Circuit, direction: str = "LR") -> str:
    """The DOT source of a circuit, one line a node and one an edge.

    >>> from autograd_lite import Value
    >>> from autograd_lite.drawing.model import describe
    >>> print(dot_source(describe(Value(3.0, "x") * 2)).count("->"))
    2
    """
    import graphviz

    circuit = with_copies(circuit)
    notes = {"label": _plain("\n".join(circuit.notes)), "labeljust": "l"} if circuit.notes else {}
    graph = graphviz.Digraph(
        "circuit",
        graph_attr={
            "id": _ID, "rankdir": direction, "bgcolor": LIGHT["page"], "fontname": FONT, "fontsize": "11",
            "fontcolor": LIGHT["quiet"], "tooltip": _plain(summary(circuit)[0]), **notes,
        },
        node_attr={
            "shape": "box", "fontname": FONT, "fontsize": "12", "margin": "0.1,0.04", "width": "0.3", "height": "0.3",
        },
        edge_attr={"fontname": FONT, "fontsize": "11", "arrowsize": "0.7"},
    )  # fmt: skip
    in_group: dict[str | None, list[Node]] = {}
    for node in circuit.nodes:
        in_group.setdefault(node.group, []).append(node)
    for opens, box in nested(circuit.groups):
        if opens:
            graph.body.append(_opening(box) if box else "")
            for node in in_group.get(box.id if box else None, ()):
                graph.node(node.id, _label(node, direction), **_look(node, node is circuit.nodes[-1]))
        else:
            graph.body.append("\t}\n")
    nodes = {node.id: node for node in circuit.nodes}
    for edge in circuit.edges:
        port = f":i{edge.operand}:{ARRIVES[direction]}" if nodes[edge.child].in_order else ""
        graph.edge(edge.parent, edge.child + port, **_edge_look(edge, nodes))
    source = str(graph.source)
    return source.replace(_ID, drawing_id(source))


def finished(svg: str, circuit: Circuit) -> str:
    """Graphviz's SVG with what this package's own has: an id, colours for dark pages, exact numbers on hover.

    ValueError if it is not the drawing of that circuit.
    """
    circuit = with_copies(circuit)
    own = re.search(r'<g id="(ag[0-9a-f]{8})"', svg)
    id = own[1] if own else ""
    nodes = {node.id: node for node in circuit.nodes}
    titles = {node.id: hover(node) for node in circuit.nodes}
    titles |= {f"{e.child}_{e.operand}": hover_edge(e, nodes[e.parent], nodes[e.child]) for e in circuit.edges}
    titles |= {group.id: group.name for group in circuit.groups}
    missing = set(titles)

    def titled(found: re.Match[str]) -> str:
        missing.discard(found[2])
        return f"{found[1]}{escape(titles.get(found[2], ''))}</title>"

    start, end = svg.find("<svg "), svg.rfind("</svg>")
    body = re.sub(rf'(<g id="{id}_([^"]+)" class="\w+">\s*<title>)[^<]*</title>', titled, svg[start + 5 : end])
    if start < 0 or end < 0 or missing:
        raise ValueError("Graphviz returned another drawing than it was given")
    body = re.sub(r"<!--.*?-->\n?", "", body, flags=re.DOTALL)
    attributes, _, rest = body.partition(">")
    rest = rest.replace(f'<g id="{id}" class="graph"', '<g class="graph"').replace("<title>circuit</title>\n", "")
    attributes = attributes.replace(' xmlns="http://www.w3.org/2000/svg"', "")
    return framed(rest, id, f"{FLUID} {attributes}", circuit)


def check_apart(svg: str) -> None:
    """ValueError where in Graphviz's drawing a line or a number lies on a box or on a number."""
    boxes: list[Rect] = []
    texts: list[Rect] = []
    lines: list[list[complex]] = []
    for part in ElementTree.fromstring(svg).iter(f"{_SVG}g"):
        kind = part.get("class")
        if kind == "node":
            shape = next(at for one in part.iter() if (at := one.get("points") or one.get("d")))
            xs, ys = zip(*((at.real, at.imag) for at in _points(shape)))
            boxes.append((min(xs), min(ys), max(xs), max(ys)))
        elif kind == "edge":
            ends = next(_points(one.get("d", "")) for one in part.iter(f"{_SVG}path"))
            pieces = [ends[i : i + 4] for i in range(0, len(ends) - 3, 3)]
            lines.append([_bezier(piece, t / 8) for piece in pieces for t in range(8)][2:])
        for text in part.iter(f"{_SVG}text") if kind in ("edge", "cluster") else ():
            x, y, half = *(float(text.get(axis, "0")) for axis in "xy"), text_width((text.text or "").strip(), 4.5)
            texts.append((x - half, y - 7.0, x + half, y - 1.0))
    crossed = any(
        x0 < at.real < x1 and y0 < at.imag < y1 for x0, y0, x1, y1 in [*boxes, *texts] for way in lines for at in way
    )
    pairs = [*itertools.combinations(texts, 2), *itertools.product(boxes, texts)]
    if crossed or any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for a, b in pairs):
        raise ValueError("in its drawing a line or a number lies on another, or on a box")


def _points(text: str) -> list[complex]:
    return [complex(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", text)]


def _bezier(ends: list[complex], t: float) -> complex:
    a, b, c, d = ends
    return (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t * t * (1 - t) * c + t**3 * d


def nested(groups: list[Group]) -> list[tuple[bool, Group | None]]:
    """What is opened and closed, from the whole drawing, which is None, inwards."""
    inside: dict[str | None, list[Group]] = {}
    for box in groups:
        inside.setdefault(box.parent, []).append(box)
    order: list[tuple[bool, Group | None]] = []
    stack: list[tuple[bool, Group | None]] = [(True, None)]
    while stack:
        opened, group = stack.pop()
        order.append((opened, group))
        if opened:
            if group is not None:
                stack.append((False, group))
            stack += [(True, inner) for inner in reversed(inside.get(group.id if group else None, []))]
    return order


def _opening(group: Group) -> str:
    import graphviz

    look = {
        "id": f"{_ID}_{group.id}",
        "label": _plain(group.name),
        "tooltip": _plain(group.name),
        "labeljust": "l",
        "style": "rounded,dotted",
        "color": LIGHT["quiet"],
    }
    return f"\tsubgraph cluster_{group.id} {{\n\t\tgraph{graphviz.quoting.attr_list(attributes=look)}\n"


def _look(node: Node, output: bool) -> dict[str, str]:
    role, thick, dashed = outline(node, output)
    styles = ["filled", *(["rounded"] if node.kind != "leaf" else []), *(["dashed"] if dashed else [])]
    look = {
        "id": f"{_ID}_{node.id}",
        "tooltip": _plain(hover(node)),
        "style": ",".join(styles),
        "color": LIGHT[role],
        "fillcolor": LIGHT[fill(node)],
    }
    if thick != 1.0:
        look["penwidth"] = f"{thick:g}"
    if node.kind == "group":
        look["peripheries"] = "2"
    if node.in_order:
        look["margin"] = "0"
    return look


def _edge_look(edge: Edge, nodes: dict[str, Node]) -> dict[str, str]:
    about = _plain(hover_edge(edge, nodes[edge.parent], nodes[edge.child]))
    role, thick = stroke(edge)
    look = {
        "id": f"{_ID}_{edge.child}_{edge.operand}",
        "tooltip": about,
        "color": LIGHT[role],
        "fontcolor": LIGHT["quiet" if edge.quiet else "local"],
    }
    if thick != 1.0:
        look["penwidth"] = f"{thick:g}"
    if edge.text:
        look |= {"label": f" {edge.text} ", "labeltooltip": about}
    return look


def _label(node: Node, direction: str) -> str:
    cells = "".join(f"<TR><TD>{'  '.join(map(_run, row))}</TD></TR>" for row in rows(node))
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="'
    label = f'{table}1">{cells}</TABLE>'
    if not node.in_order:
        return f"<{label}>"
    count = len(node.operands)
    ports = [f'<TD PORT="i{i}"></TD>' for i in range(count)]
    if direction in ("TB", "BT"):
        lines = ["".join(ports), f'<TD COLSPAN="{count}">{label}</TD>'][:: 1 if direction == "TB" else -1]
    else:
        lines = ports
        whole = f'<TD ROWSPAN="{count}">{label}</TD>'
        lines[0] = lines[0] + whole if direction == "LR" else whole + lines[0]
    return f'<{table}3"><TR>{"</TR><TR>".join(lines)}</TR></TABLE>>'


def _run(run: Run) -> str:
    # Graphviz puts the node's name for \N and the graph's for \G, even in HTML-like labels and even for an entity,
    # unless the backslash ends a run of text: so each is given a run of its own.
    text = escape(run.text).replace("\\", f'<FONT FACE="{FONT}">\\</FONT>')
    text = f"<B>{text}</B>" if run.bold else text
    return f'<FONT COLOR="{LIGHT[run.role]}">{text}</FONT>'


def _plain(text: str) -> str:
    """A text as the value of an attribute in which Graphviz reads entities and backslashes."""
    return escape(text).replace("\\", "\\\\").replace("\n", "&#10;")
