"""(x + y) · z at x = −2, y = 5, z = −4 as others draw it, for the gallery: needs micrograd, torch, torchviz and `dot`.

``python docs/beside.py`` draws the four pictures anew. They depend on the versions of those, so no test compares them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import graphviz

import autograd_lite as ag

FOLDER = Path(__file__).parent / "images"


def ours() -> str:
    f = lambda x, y, z: (x + y) * z
    return ag.draw(f, -2.0, 5.0, -4.0).svg("light")


def micrograd() -> str:
    """As in the notebook of its repository: a record a number, an ellipse an operation."""
    from micrograd.engine import Value

    x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    f = (x + y) * z
    f.backward()
    graph = graphviz.Digraph(graph_attr={"rankdir": "LR"})

    def visit(node: Any, seen: set[Any]) -> Iterator[Any]:
        if node not in seen:
            seen.add(node)
            for parent in node._prev:
                yield from visit(parent, seen)
            yield node

    for node in visit(f, set()):
        name = str(id(node))
        graph.node(name, f"{{ data {node.data:.4f} | grad {node.grad:.4f} }}", shape="record")
        if node._op:
            graph.node(name + node._op, node._op)
            graph.edge(name + node._op, name)
        for parent in node._prev:
            graph.edge(str(id(parent)), name + node._op)
    return str(graph.pipe("svg", encoding="utf-8"))


def torchviz() -> str:
    import torch
    from torchviz import make_dot

    x, y, z = (torch.tensor(number, requires_grad=True) for number in (-2.0, 5.0, -4.0))
    return str(make_dot((x + y) * z, params={"x": x, "y": y, "z": z}).pipe("svg", encoding="utf-8"))


def textbook() -> str:
    """Gates as circles on wires: values above the wires, gradients below."""
    wires = [
        ("x", "M40,40 L110,40 L154,66", 66, 34, "−2", "−4"),
        ("y", "M40,120 L110,120 L154,94", 66, 114, "5", "−4"),
        ("", "M190,80 L260,80 L304,106", 214, 74, "3", "−4"),
        ("z", "M40,160 L260,160 L304,134", 66, 154, "−4", "3"),
        ("", "M340,120 L410,120", 366, 114, "−12", "1"),
    ]
    body = ['<rect width="430" height="190" fill="#fff"/>']
    for name, way, x, y, value, gradient in wires:
        body.append(f'<path d="{way}" fill="none" stroke="#000"/>')
        body.append(f'<text x="22" y="{y + 12}" font-style="italic">{name}</text>')
        body.append(f'<text x="{x}" y="{y}" fill="#080">{value}</text>')
        body.append(f'<text x="{x}" y="{y + 22}" fill="#c00">{gradient}</text>')
    for x, y, gate in ((170, 80, "+"), (320, 120, "∗")):
        body.append(f'<circle cx="{x}" cy="{y}" r="20" fill="#fff" stroke="#000"/>')
        body.append(f'<text x="{x}" y="{y + 6}" text-anchor="middle" font-size="18">{gate}</text>')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="430" height="190" viewBox="0 0 430 190" '
        f'font-family="serif" font-size="15">{"".join(body)}</svg>\n'
    )


if __name__ == "__main__":
    for draw in (ours, micrograd, torchviz, textbook):
        (FOLDER / f"beside-{draw.__name__}.svg").write_text(draw(), encoding="utf-8")
