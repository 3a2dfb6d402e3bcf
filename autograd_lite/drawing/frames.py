"""A step of a pass as a picture: the circuit with the numbers that are known by then.

"·" stands in place of the others, and the node and edges at work are picked out. What plays all steps is the page,
which begins where they do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..explain.steps import Step, Steps
from ..graph import topological_order
from . import draw
from .model import UNREACHED, Node, number_text
from .page import Page, page
from .picture import Picture


def draw_step(step: Step, **options: Any) -> Picture:
    """The circuit after that step, as a picture. The options are those of `draw`, but for names and precision."""
    steps = step.steps
    picture = draw(steps.z, precision=steps.precision, names=False, **options)
    order = topological_order(steps.z)
    id = {node: f"n{i}" for i, node in enumerate(order)}
    known = [one for one in steps if one.index <= step.index]
    values = {id[one.node] for one in known if one.adjoint is None}
    gradients: dict[str, str] = {}
    for one in known:
        if one.adjoint is not None:
            gradients[id[one.node]] = number_text(one.adjoint, steps.precision)
        gradients.update((id[term.parent], number_text(term.total, steps.precision)) for term in one.terms)

    def as_then(node: Node) -> Node:
        name = (steps.names.given(order[int(node.id[1:])]) if node.id[0] == "n" else None) or ""
        shown = node.shows or node.id
        hidden = steps.forward and node.value_text and node.kind != "constant" and shown not in values
        return replace(
            node,
            label=node.label or name,
            title=node.title or name,
            value_text=UNREACHED if hidden else node.value_text,
            gradient=None,
            gradient_text=node.gradient_text and gradients.get(shown, UNREACHED),
            output=None,  # vectors, which are not known all at once
            signal=None,
            matrices=(),
            marks=tuple(mark for mark in node.marks if mark == "kink"),
            active=node.id == id[step.node],
        )

    at_work = {(id[step.node], term.operand) for term in step.terms}
    edges = [replace(edge, active=(edge.child, edge.operand) in at_work) for edge in picture.circuit.edges]
    told = [f"step {step.index + 1} of {len(steps)}", *step.told()]
    circuit = picture.circuit
    nodes = [as_then(node) for node in circuit.nodes]
    notes = [*(note for note in circuit.notes if note not in circuit.past.told), *told]
    picture.circuit = replace(circuit, nodes=nodes, edges=edges, notes=notes, written=None)
    return picture


def page_of(steps: Steps, **options: Any) -> Page:
    """The circuit's page before the first of the steps. The options: those of `draw`, but for names and precision."""
    named = {name: node for node in steps.nodes if (name := steps.names.given(node))}
    picture = draw(steps.z, precision=steps.precision, names=named, **options)
    start = "forward" if steps.forward else "backward"
    return page(picture.circuit, picture.direction, start, steps.adjoints(len(steps) - 1))
