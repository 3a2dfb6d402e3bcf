"""What a node and an edge look like, for every form that draws them: rows of text, colours, outlines, hover texts.

Value, gradient and local gradient are told apart by colour, and by place and prefix for whoever sees no colours: the
value under the name, the gradient under it after a ∂, the local gradient on the edge. Each colour has a darker page's
counterpart of equal standing; both have a contrast of at least 4.5 to their page.
"""

from __future__ import annotations

import hashlib
from html import escape
from typing import NamedTuple

from .model import UNREACHED, Circuit, Edge, Node, exact_text
from .networks import Vector

FONT = "Helvetica,Arial,sans-serif"
FLUID = 'style="max-width:100%;height:auto"'  # no wider than what it is shown in

# role: on a light page, on a dark one
COLOURS = {
    "page": ("#ffffff", "#0d1117"),
    "ink": ("#1f2328", "#e6edf3"),
    "line": ("#59636e", "#9198a1"),
    "value": ("#1a7f37", "#3fb950"),
    "gradient": ("#cf222e", "#ff7b72"),
    "local": ("#0969da", "#58a6ff"),
    "quiet": ("#656d76", "#8b949e"),
    "faint": ("#d1d9e0", "#3d444d"),
    "leaf": ("#f6f8fa", "#151b23"),
    "mark": ("#9a6700", "#d29922"),
    "active": ("#8250df", "#a371f7"),
    "wrong": ("#d1242f", "#f85149"),
    "plus": ("#0550ae", "#79c0ff"),
    "minus": ("#bc4c00", "#ffa657"),
}
LIGHT = {role: light for role, (light, _) in COLOURS.items()}

MOST_EXACT = 100  # numbers of a vector, on hover

MARKS = {"kink": "at {kink}", "born": "{value} born here", "gradient born": "∂ {gradient} born here"}


class Run(NamedTuple):
    """A piece of a row of text in one colour; where it is a vector's, that vector."""

    text: str
    role: str
    bold: bool = False
    vector: Vector | None = None


def rows(node: Node) -> list[list[Run]]:
    """The rows of text in a node's box, from above.

    >>> from .model import Node
    >>> [[run.text for run in row] for row in rows(Node("n0", "leaf", "x", value_text="3", gradient_text="6"))]
    [['x'], ['3'], ['∂ 6']]
    """
    if node.kind == "folded":
        return [[Run(node.label, "quiet")]]
    if node.kind == "constant":
        name = [Run(node.label, "quiet")] if node.label else []
        return [row for row in (name, [Run(node.value_text, "quiet")]) if row]
    if node.copies:
        found = [[Run(f"↗ {node.label}", "ink", bold=True)], [Run(f"{node.copies:,} uses", "quiet")]]
        return [*found, [Run(node.value_text, "value")]]
    name = [Run(node.label, "ink", bold=True)] if node.label else []
    if node.text:
        name.append(Run(node.text, "ink"))
    found = [name] if name else []
    if node.kind == "group":
        found.append([Run(held(node), "quiet")])
    if node.value_text:
        found.append([Run(node.value_text, "value")])
    if node.output is not None:
        found.append([Run(node.output.text, "value", vector=node.output)])
    if node.gradient_text:
        found.append([Run(f"∂ {node.gradient_text}", "gradient")])
    if node.signal is not None:
        found.append([Run(node.signal.text, "gradient", vector=node.signal)])
    if node.check is not None:
        found.append([Run(node.check.text, "quiet" if node.check.agrees else "wrong")])
    found += [[Run(mark_text(node, mark), "mark")] for mark in node.marks]
    return found


def held(node: Node) -> str:
    """What stands for several: how many alike, or in a row, or how many nodes."""
    return node.times or f"{node.count:,} node{'s' * (node.count != 1)}"


def mark_text(node: Node, mark: str) -> str:
    return MARKS[mark].format(kink=node.kink, value=node.value_text, gradient=node.gradient_text)


def outline(node: Node, output: bool = False) -> tuple[str, float, bool]:
    """The colour's role, the width and whether it is dashed: what is wrong or remarkable about a node is outlined."""
    if node.active:
        return "active", 3.0, False
    if node.check is not None and not node.check.agrees:
        return "wrong", 2.5, True
    if node.marks:
        return "mark", 2.0, False
    if node.kind == "folded" or node.copies:
        return "line", 1.0, True
    return ("faint" if node.kind == "constant" else "line"), 2.0 if output else 1.0, False


def fill(node: Node) -> str:
    return "leaf" if node.kind in ("leaf", "group") else "page"


def hover(node: Node) -> str:
    """A node's numbers to the last digit, a line each."""
    lines = [": ".join(part for part in (node.title, node.op.name if node.op is not None else "") if part)]
    if node.kind == "folded":
        return lines[0]
    if node.kind == "group":
        lines.append(held(node) if node.op else f"a group of {node.count:,} nodes")
    if node.value is not None:
        lines.append(f"value {exact_text(node.value)}")
    if node.gradient_text:
        lines.append(f"gradient {exact_text(node.gradient)}")
    for vector in filter(None, (node.output, node.signal)):
        lines.append(f"{vector.name} = {_exact_vector(vector)}")
    if node.check is not None:
        state = "agrees with" if node.check.agrees else "does not agree with"
        lines.append(f"{state} a numerical {exact_text(node.check.estimate)} ± {exact_text(node.check.bound)}")
    lines += [mark_text(node, mark) for mark in node.marks]
    return "\n".join(line for line in lines if line)


def _exact_vector(vector: Vector) -> str:
    texts = [UNREACHED if x is None else exact_text(x) for x in vector.numbers[:MOST_EXACT]]
    left_out = len(vector.numbers) - len(texts)
    return f"[{', '.join(texts)}{f', … {left_out:,} more' if left_out else ''}]"


def stroke(edge: Edge) -> tuple[str, float]:
    """The colour's role and the width of an edge's line."""
    return ("active", 2.5) if edge.active else ("faint" if edge.quiet else "line", 1.0)


def hover_edge(edge: Edge, parent: Node, child: Node) -> str:
    if edge.local_gradient is None:
        return f"{_called(parent)} → {_called(child)}"
    why = f" ({edge.no_path})" if edge.no_path else ""
    return f"local gradient of {_called(child)} by {_called(parent)}: {exact_text(edge.local_gradient)}{why}"


def _called(node: Node) -> str:
    return node.label or (node.op.name if node.op is not None else node.value_text)


def summary(circuit: Circuit) -> tuple[str, str]:
    """A title and a description, for who cannot see the picture."""
    output = circuit.nodes[-1]
    title = f"Circuit of {_called(output)}, {circuit.total:,} node{'s' * (circuit.total != 1)}"
    leaves = [node for node in circuit.nodes if node.kind == "leaf" and node.of == node.id]
    told = [f"{_called(output)} is {output.value_text}"] if output.value_text else []
    told += [f"{_called(leaf)} is {leaf.value_text}, its gradient {_or_unknown(leaf)}" for leaf in leaves[:20]]
    if len(leaves) > 20:
        told.append(f"and {len(leaves) - 20:,} more leaves")
    return title, "; ".join([*told, *circuit.notes]) + "."


def _or_unknown(node: Node) -> str:
    return "not computed" if node.gradient is None else node.gradient_text


def drawing_id(content: str) -> str:
    """A name for a drawing, made of all that is in it: many drawings live in one page, and each has the same in every
    run. The same drawing twice has the same ids twice, so whichever of the two an id leads to, it reads the same.

    >>> drawing_id("digraph {}")
    'agcdffdece'
    """
    return f"ag{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def stylesheet(id: str) -> str:
    """CSS that gives a drawing its colours for dark pages: it looks for those of light pages in the attributes."""
    rules = "".join(
        f'#{id} [{attribute}="{light}"]{{{attribute}:{dark}}}'
        for light, dark in COLOURS.values()
        for attribute in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme:dark){{{rules}}}"


def framed(body: str, id: str, attributes: str, circuit: Circuit) -> str:
    """An SVG file of that body, with what any drawing has: its id, texts that say it, colours for dark pages."""
    title, description = map(escape, summary(circuit))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{id}" class="autograd-lite" role="img" '
        f'aria-labelledby="{id}_title {id}_desc" {attributes}>\n'
        f'<title id="{id}_title">{title}</title>\n<desc id="{id}_desc">{description}</desc>\n'
        f"<style>{stylesheet(id)}</style>{body}</svg>\n"
    )
