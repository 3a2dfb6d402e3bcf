"""The steps of a pass as pictures: one of each, and all of them as an animation, in HTML or as a GIF.

Every frame is the same circuit with the numbers that are known by then, "·" in place of the others, and the node and
edges at work picked out. The page holds one drawing and what changes in it; the GIF is put together by Pillow, out of
images made as any picture's are. Imports the steps, and the drawing's model and forms.
"""

from __future__ import annotations

import html
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..explain.steps import Step, Steps
from ..graph import topological_order
from . import draw
from .model import UNREACHED, Circuit, number_text, with_copies
from .picture import Picture
from .style import COLOURS
from .svg import svg

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_IMAGES = 200  # in a GIF


def draw_step(step: Step, **options: Any) -> Picture:
    """The circuit after that step, as a picture. The options are those of `draw`, but for names and precision."""
    animation = _Animation(step.steps, options)
    frame = next(frame for frame in animation.frames() if frame.index == step.index)
    return Picture(animation.circuit_at(frame), animation.direction)


def animated_html(steps: Steps, *, seconds: float = 1.5, **options: Any) -> str:
    """One page with nothing to fetch: the circuit, and buttons and arrow keys that play its steps, back as well.

    Args:
        steps: the steps, as ``f.steps()`` or ``f.steps(forward=True)`` gives them.
        seconds: how long each is shown while playing.
        options: those of `draw`, but for names and precision.

    >>> from autograd_lite import Value
    >>> x = Value(3.0, "x")
    >>> page = animated_html((x * x).steps())
    >>> page.count("<svg"), "step 1 of 2" in page, page.count("http") - page.count("http-equiv")
    (1, True, 1)
    """
    animation = _Animation(steps, options)
    ids: dict[str, list[str]] = {}
    for node in with_copies(animation.circuit).nodes:
        ids.setdefault(node.of, []).append(node.id)
    frames = [
        {
            "now": ids.get(frame.active, []),
            "edges": list(frame.edges),
            "values": {id: text for node, text in frame.values.items() for id in ids.get(node, [])},
            "gradients": {id: text for node, text in frame.gradients.items() for id in ids.get(node, [])},
            "told": frame.told,
        }
        for frame in animation.changes()
    ]
    data = json.dumps({"frames": frames, "unknown": UNREACHED, "seconds": seconds, "hides": steps.forward})
    told = next(animation.changes()).told
    title = f"The backward pass from {steps.names(steps.z)}"
    filled = {
        "VALUE": COLOURS["value"][0],
        "GRADIENT": COLOURS["gradient"][0],
        "FIRST": html.escape("\n".join(told)),
        "COUNT": str(len(frames)),
        "TITLE": html.escape(title),
        "SVG": svg(animation.circuit, animation.direction),
        "DATA": data.replace("<", "\\u003c"),
    }
    page = (Path(__file__).parent / "frames.html").read_text(encoding="utf-8")
    return re.sub(r"\$([A-Z]+)", lambda name: filled[name[1]], page)


def animated_gif(steps: Steps, *, seconds: float = 1.5, **options: Any) -> bytes:
    """The steps as an animated GIF, `seconds` each.

    RuntimeError, in a line that says what to install, without Pillow or a program that makes images; ValueError for
    more steps than `MOST_IMAGES`. The options are those of `draw`, but for names and precision.
    """
    try:
        from PIL import Image
    except ImportError:
        raise RuntimeError(
            "an animated GIF needs Pillow: `pip install autograd_lite[draw]`, or save as .html"
        ) from None
    if len(steps) > MOST_IMAGES:
        raise ValueError(f"{len(steps):,} steps are too many for a GIF, {MOST_IMAGES} are the most: save as .html")
    animation = _Animation(steps, options)
    images = []
    for frame in animation.frames():
        picture = Picture(animation.circuit_at(frame, padded=True), animation.direction)
        images.append(Image.open(io.BytesIO(picture.image("png"))).convert("RGB"))
    return _put_together(images, seconds)


def save_steps(steps: Steps, path: str | os.PathLike[str], **options: Any) -> Path:
    """Write the animation to a file, in the form that its suffix names, .html or .gif, and return the file's path.

    ValueError for another suffix; OSError if the file cannot be written; for a GIF see `animated_gif`.
    """
    file = Path(path)
    form = file.suffix.lower()
    if form not in (".html", ".gif"):
        raise ValueError(f"cannot save steps as {form or 'a file without a suffix'}: use .html or .gif")
    content = animated_html(steps, **options).encode() if form == ".html" else animated_gif(steps, **options)
    file.write_bytes(content)
    return file


# ---- frames ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Frame:
    """A step in terms of the picture: texts by the ids of its nodes. In `changes` only what is new, else all known."""

    index: int
    active: str
    edges: tuple[str, ...]
    values: dict[str, str]
    gradients: dict[str, str]
    told: list[str]


class _Animation:
    def __init__(self, steps: Steps, options: dict[str, Any]) -> None:
        self.steps = steps
        picture = draw(steps.z, precision=steps.precision, names=False, **options)
        self.direction = picture.direction
        order = topological_order(steps.z)
        self.id = {node: f"n{i}" for i, node in enumerate(order)}
        last = {
            self.id[step.node]: number_text(step.adjoint, steps.precision) for step in steps if step.adjoint is not None
        }
        for node in picture.circuit.nodes:
            if node.id.startswith("n"):
                name = steps.names.given(order[int(node.id[1:])])
                node.label, node.title = (node.label or name or ""), (node.title or name or "")
            shown = node.shows or node.id
            if shown in last:
                node.gradient_text = last[shown]
            node.gradient = None
            node.output = node.signal = None  # they are not known all at once
            node.marks = tuple(mark for mark in node.marks if mark == "kink")
        self.circuit = picture.circuit

    def changes(self) -> Iterator[_Frame]:
        """Each step with what it makes known."""
        precision = self.steps.precision
        for step in self.steps:
            id = self.id[step.node]
            if step.adjoint is None:
                yield _Frame(step.index, id, (), {id: number_text(step.node.data, precision)}, {}, step.told())
                continue
            gradients = {id: number_text(step.adjoint, precision)}
            gradients |= {self.id[term.parent]: number_text(term.total, precision) for term in step.terms}
            edges = tuple(f"{id}_{term.operand}" for term in step.terms)
            yield _Frame(step.index, id, edges, {}, gradients, step.told())

    def frames(self) -> Iterator[_Frame]:
        """Each step with all that is known then."""
        values: dict[str, str] = {}
        gradients: dict[str, str] = {}
        for frame in self.changes():
            values |= frame.values
            gradients |= frame.gradients
            yield replace(frame, values=dict(values), gradients=dict(gradients))

    def circuit_at(self, frame: _Frame, padded: bool = False) -> Circuit:
        """The circuit as it stands then; `padded` keeps every box as wide as it will be."""
        nodes = []
        for node in self.circuit.nodes:
            id = node.shows or node.id
            value, gradient = node.value_text, node.gradient_text
            if gradient:
                gradient = _fitted(frame.gradients.get(id, UNREACHED), gradient, padded)
            if self.steps.forward and value and node.kind != "constant":
                value = _fitted(frame.values.get(id, UNREACHED), value, padded)
            nodes.append(replace(node, value_text=value, gradient_text=gradient, active=node.id == frame.active))
        edges = [replace(edge, active=f"{edge.child}_{edge.operand}" in frame.edges) for edge in self.circuit.edges]
        told = [f"step {frame.index + 1} of {len(self.steps)}", *frame.told]
        if padded:  # every frame has as many lines
            told += [" "] * (1 + max(len(step.told()) for step in self.steps) - len(told))
        return replace(self.circuit, nodes=nodes, edges=edges, notes=[*self.circuit.notes, *told])


def _fitted(text: str, widest: str, padded: bool) -> str:
    return text.center(len(widest), "\u2007") if padded else text


def _put_together(images: list[Image], seconds: float) -> bytes:
    from PIL import Image

    size = max(image.width for image in images), max(image.height for image in images)
    canvases = []
    for image in images:
        canvas = Image.new("RGB", size, COLOURS["page"][0])
        canvas.paste(image, (0, 0))
        canvases.append(canvas.quantize(64, dither=Image.Dither.NONE))
    file = io.BytesIO()
    times = [int(1000 * seconds)] * (len(canvases) - 1) + [int(3000 * seconds)]
    canvases[0].save(file, "GIF", save_all=True, append_images=canvases[1:], duration=times, loop=0)
    return file.getvalue()
