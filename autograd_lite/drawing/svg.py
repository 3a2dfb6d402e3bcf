"""The circuit in SVG, by the layout of `layout`: for pages and files without Graphviz.

Colours stand in attributes, so that any renderer shows the light page's; a style sheet has the dark page's. Exact
numbers are in each element's <title>, which browsers show on hover. Widths of texts are estimates, the wider of
Helvetica's in Adobe's Core 14 fonts and of those in `fonts`.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from html import escape
from itertools import pairwise
from typing import NamedTuple

from .layout import FRAME, Point, Rect, Size, layered
from .model import Circuit, Edge, Group, Node, exact_text, with_copies
from .networks import Matrix
from .rows import TURN
from .style import (
    FLUID,
    FONT,
    LIGHT,
    Run,
    drawing_id,
    fill,
    framed,
    hover,
    hover_edge,
    outline,
    rows,
    stroke,
    summary,
)

GUTTER, BIAS = 14.0, 4.0  # between two matrices, and before a column of biases
NOTE = 18.0
RATIO = 8.0  # of the sides of a drawing, at most
TOWARDS = {"LR": (1, 0), "RL": (-1, 0), "TB": (0, 1), "BT": (0, -1)}


class Measures(NamedTuple):
    """How large the parts of a drawing are, in pixels.

    Attributes:
        letters, small: the size of letters, and of those on edges.
        row: the height of a row of text.
        side, above: between a box and its texts, at the sides and from above.
        room: what each number that may change has room for, at least.
    """

    letters: float = 13.0
    small: float = 11.0
    row: float = 17.0
    side: float = 9.0
    above: float = 4.0
    room: str = ""


FILE = Measures()

# thousandths of the size of the letters
_WIDTHS = {
    letter: width
    for letters, width in (
        ("ijlI.,'", 295), (":;|!", 360), (" ftr()[]{}-/\\", 370), ("ABCEFHKNPRSUVXYZ", 680),
        ("DGOQ&", 710), ("+−×÷=<>~±≈∂^#", 760), ("mwMW%@…—", 900),
    )
    for letter in letters
}  # fmt: skip


def svg(circuit: Circuit, direction: str = "LR") -> str:
    """The drawing, self-contained.

    >>> from autograd_lite import Value
    >>> from autograd_lite.drawing.model import describe
    >>> svg(describe(Value(3.0, "x") * 2)).count("<rect")
    4
    """
    circuit = with_copies(circuit)
    drawing = Drawing(circuit, direction, ratio=RATIO)
    layout = drawing.layout
    width = max(layout.size[0], *(text_width(note, FILE.small) + 16 for note in ["", *circuit.notes]))
    height = layout.size[1] + NOTE * len(circuit.notes)
    body = [f'<rect width="{width:.0f}" height="{height:.0f}" fill="{LIGHT["page"]}"/>', *drawing.parts()]
    for i, note in enumerate(circuit.notes):
        at = layout.size[1] + NOTE * i + FILE.small
        colour = LIGHT["mark" if note in circuit.past.told else "quiet"]
        body.append(f'<text x="8" y="{at:.1f}" font-size="{FILE.small:g}" fill="{colour}">{escape(note)}</text>')
    return document("\n".join(body), width, height, circuit)


def document(body: str, width: float, height: float, circuit: Circuit) -> str:
    """The whole of an SVG file, given what is in it, where a null stands for the drawing's own id."""
    id = drawing_id("\n".join([*summary(circuit), body]))
    size = f'width="{width:.0f}" height="{height:.0f}" {FLUID} viewBox="0 0 {width:.0f} {height:.0f}"'
    font = f'font-family="{FONT}" font-size="{FILE.letters:g}"'
    return framed(f"\n{body}\n".replace("\0", id), id, f"{size} {font}", circuit)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """About how wide a text is, in pixels; rather too wide than too narrow."""
    return size * sum(map(_letter_width, text)) / 1000 * (1.08 if bold else 1.0)


def curve(path: list[Point], direction: str, gap: tuple[Point, tuple[float, float]] | None = None) -> str:
    """The line through the points of a layout's path: straight to the second, curved to the third, and so on.

    A straight piece of no length is left out: it has no direction, and a marker at its end would point anywhere. The
    one with the middle of `gap` on it, which is that and the size of a label, is interrupted there.
    """
    upright = direction in ("TB", "BT")
    along = 1 if upright else 0
    drawn = [f"M{_at(path[0])}"]
    ahead = sum(TOWARDS[direction])
    for i, (start, end) in enumerate(pairwise(path)):
        if i % 2:
            turns = abs(start[along] - end[along]) < 0.01
            drawn.append(_turn(start, end, upright, ahead) if turns else _bend(start, end, upright))
            ahead = -ahead if turns else ahead
        elif start != end:
            if (
                gap is not None
                and abs(start[along] - gap[0][along]) + abs(end[along] - gap[0][along])
                < (abs(start[along] - end[along]) + 0.01)
                and start[1 - along] == gap[0][1 - along]
            ):
                for side, way in ((-ahead, "L"), (ahead, "M")):
                    at = [*gap[0]]
                    at[along] += side * gap[1][along] / 2
                    drawn.append(f"{way}{at[0]:.1f},{at[1]:.1f}")
            drawn.append(f"L{_at(end)}")
    return "".join(drawn)


def _letter_width(letter: str) -> int:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    if letter < "\u0250":
        return 575
    if unicodedata.combining(letter):
        return 0
    return 1300 if letter > "\uffff" else 1000 if unicodedata.east_asian_width(letter) in "WF" else 700


class Drawing:
    """A circuit laid out, and its parts in SVG, in which a null stands for the drawing's own id.

    Args:
        ratio: of the sides, at most; see `layered`.
        about: attributes more of what is drawn of a node, an edge or a run of text.
    """

    def __init__(
        self,
        circuit: Circuit,
        direction: str,
        measures: Measures = FILE,
        ratio: float = math.inf,
        about: Callable[[Node | Edge | Run], str] = lambda thing: "",
    ) -> None:
        self.circuit, self.direction, self.measures, self.about = circuit, direction, measures, about
        self.texts = [rows(node) for node in circuit.nodes]
        self.sizes = [self._size(node, text) for node, text in zip(circuit.nodes, self.texts)]
        number = {node.id: i for i, node in enumerate(circuit.nodes)}
        group = {group.id: i for i, group in enumerate(circuit.groups)}
        self.layout = layered(
            self.sizes,
            [(number[edge.parent], number[edge.child]) for edge in circuit.edges],
            [self._label_size(edge.text) for edge in circuit.edges],
            direction,
            [group[box.parent] if box.parent else None for box in circuit.groups],
            [group[node.group] if node.group else None for node in circuit.nodes],
            [i for i, node in enumerate(circuit.nodes) if node.in_order],
            ratio,
            [text_width(box.name, measures.small) for box in circuit.groups],
        )

    def parts(self) -> list[str]:
        """Frames, then edges, then nodes."""
        circuit, layout = self.circuit, self.layout
        called = {node.id: node for node in circuit.nodes}
        found = [self._frame(group, frame) for group, frame in zip(circuit.groups, layout.frames)]
        for edge, path, label in zip(circuit.edges, layout.paths, layout.labels):
            found.append(self._edge(edge, called[edge.parent], called[edge.child], path, label))
        for node, text, size, at in zip(circuit.nodes, self.texts, self.sizes, layout.boxes):
            found.append(self._node(node, text, size, at, node is circuit.nodes[-1]))
        return found

    def _size(self, node: Node, text: list[list[Run]]) -> Size:
        at = self.measures
        cells = [self._cells(matrix) for matrix in node.matrices]
        wide = sum(width for _, width, _ in cells) + GUTTER * (len(cells) - 1)
        high = max((height for *_, height in cells), default=-at.row) + at.row
        if at.room and node.kind not in ("constant", "folded"):
            wide = max(wide, text_width(f"∂ {at.room}", at.letters))
        wide = max([wide, 0.0, *(self._row_width(row) for row in text)])
        return wide + 2 * at.side, at.row * len(text) + 2 * at.above + high + (4.0 if cells else 0.0)

    def _label_size(self, text: str) -> Size:
        """The room that the number on an edge needs."""
        small = self.measures.small
        return (max(text_width(x, small) for x in (text, self.measures.room)) + 8, small + 5) if text else (0.0, 0.0)

    def _row_width(self, row: list[Run]) -> float:
        return sum(text_width(run.text, self.measures.letters, run.bold) for run in row) + 6.0 * (len(row) - 1)

    def _cells(self, matrix: Matrix) -> tuple[float, float, float]:
        """The side of a matrix' cells, and its width and height."""
        rows, columns = len(matrix.numbers), len(matrix.numbers[0])
        side, title = min(13.0, max(4.0, 120.0 / max(rows, columns))), text_width(matrix.name, self.measures.small)
        return side, max(side * columns + (BIAS if matrix.biased else 0.0), title), side * rows

    def _node(self, node: Node, text: list[list[Run]], size: Size, at: Point, output: bool) -> str:
        (width, height), row = size, self.measures.row
        left, top = at[0] - width / 2, at[1] - height / 2
        role, thick, dashed = outline(node, output)
        dashes = ' stroke-dasharray="5 3"' if dashed else ""
        radius = 3 if node.kind == "leaf" else 8
        lines = [
            f'<g id="\0_{node.id}" class="node {node.kind}"{self.about(node)}><title>{escape(hover(node))}</title>',
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius}" '
            f'fill="{LIGHT[fill(node)]}" stroke="{LIGHT[role]}" stroke-width="{thick:g}"{dashes}/>',
        ]
        if node.kind == "group":
            lines.append(
                f'<rect x="{left + 3:.1f}" y="{top + 3:.1f}" width="{width - 6:.1f}" height="{height - 6:.1f}" '
                f'rx="5" fill="none" stroke="{LIGHT[role]}"/>'
            )
        top += self.measures.above
        for i, runs in enumerate(text):
            lines.append(self._row(runs, at[0], top + row * (i + 0.5) + 0.35 * self.measures.letters))
        x = at[0] - sum(self._cells(matrix)[1] for matrix in node.matrices) / 2 - GUTTER / 2 * (len(node.matrices) - 1)
        for matrix, role in zip(node.matrices, ("value", "gradient")):
            lines.append(self._matrix(matrix, role, x, top + row * len(text)))
            x += self._cells(matrix)[1] + GUTTER
        return "\n".join([*lines, "</g>"])

    def _row(self, runs: list[Run], x: float, y: float) -> str:
        tag, inside, shift = f'text x="{x:.1f}" y="{y:.1f}" text-anchor="middle"', "", ""
        for run in runs:
            kind = "label" if run.bold else "symbol" if run.role == "ink" else run.role
            weight = ' font-weight="bold"' if run.bold else ""
            look = f' class="{kind}" fill="{LIGHT[run.role]}"{weight}{self.about(run)}'
            if len(runs) == 1:
                return f"<{tag}{look}>{escape(run.text)}</text>"
            inside += f"<tspan{shift}{look}>{escape(run.text)}</tspan>"
            shift = ' dx="6"'
        return f"<{tag}>{inside}</text>"

    def _matrix(self, matrix: Matrix, role: str, left: float, top: float) -> str:
        """Each number a cell, the stronger its colour the larger it is beside the largest; a bias a little apart."""
        side, width, _ = self._cells(matrix)
        row = self.measures.row
        numbers = [x for line in matrix.numbers for x in line if x is not None and math.isfinite(x)]
        most = max(map(abs, numbers), default=0.0) or 1.0
        columns = len(matrix.numbers[0])
        start = left + (width - side * columns - (BIAS if matrix.biased else 0.0)) / 2
        lines = [self._small(matrix.name, (left + width / 2, top + row / 2), role)]
        for i, line in enumerate(matrix.numbers):
            for j, x in enumerate(line):
                at = start + side * j + (BIAS if matrix.biased and j == columns - 1 else 0.0), top + row + side * i
                shown = x is not None and math.isfinite(x)
                colour = LIGHT["mark" if not shown else "minus" if x and x < 0.0 else "plus"]
                strength = max(0.06, abs(x or 0.0) / most) if shown else 1.0 if x is not None else 0.0
                lines.append(
                    f'<rect x="{at[0]:.1f}" y="{at[1]:.1f}" width="{side - 1:.1f}" height="{side - 1:.1f}" '
                    f'fill="{colour}" fill-opacity="{strength:.2f}"><title>{exact_text(x)}</title></rect>'
                )
        return "\n".join(lines)

    def _small(self, text: str, at: Point, role: str) -> str:
        small = self.measures.small
        return (
            f'<text x="{at[0]:.1f}" y="{at[1] + 0.35 * small:.1f}" text-anchor="middle" font-size="{small:g}" '
            f'fill="{LIGHT[role]}">{escape(text)}</text>'
        )

    def _edge(self, edge: Edge, parent: Node, child: Node, path: list[Point], label: Point) -> str:
        role, thick = stroke(edge)
        line, kind = LIGHT[role], "edge quiet" if edge.quiet else "edge"
        end, (x, y) = path[-1], TOWARDS[self.direction]
        base = end[0] - 7 * x, end[1] - 7 * y
        head = [end, (base[0] - 3 * y, base[1] + 3 * x), (base[0] + 3 * y, base[1] - 3 * x)]
        thickness = f' stroke-width="{thick:g}"' if thick != 1.0 else ""
        # A label whose number may change is written over the line.
        gap = (label, self._label_size(edge.text)) if edge.text and not self.measures.room else None
        lines = [
            f'<g id="\0_{edge.child}_{edge.operand}" class="{kind}"{self.about(edge)}>'
            f"<title>{escape(hover_edge(edge, parent, child))}</title>",
            f'<path d="{curve(path, self.direction, gap)}" fill="none" stroke="{line}"{thickness}/>',
            f'<path class="head" d="M{"L".join(map(_at, head))}Z" fill="{line}"/>',
        ]
        if edge.text:
            lines.append(self._small(edge.text, label, "quiet" if edge.quiet else "local"))
        return "\n".join([*lines, "</g>"])

    def _frame(self, group: Group, frame: Rect) -> str:
        left, top, width, height = frame
        down = top + FRAME + (self.measures.small if self.direction in ("TB", "BT") else 4.0)
        return (
            f'<g id="\0_{group.id}" class="frame"><rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}" rx="6" fill="none" stroke="{LIGHT["quiet"]}" stroke-dasharray="2 3"/>'
            f'<text x="{left + FRAME:.1f}" y="{down:.1f}" font-size="{self.measures.small:g}" fill="{LIGHT["quiet"]}">'
            f"{escape(group.name)}</text></g>"
        )


def _bend(start: Point, end: Point, upright: bool) -> str:
    """A curve that leaves and arrives at right angles to the layers."""
    if upright:
        middle = (start[1] + end[1]) / 2
        return f"C{start[0]:.1f},{middle:.1f} {end[0]:.1f},{middle:.1f} {_at(end)}"
    middle = (start[0] + end[0]) / 2
    return f"C{middle:.1f},{start[1]:.1f} {middle:.1f},{end[1]:.1f} {_at(end)}"


def _turn(start: Point, end: Point, upright: bool, ahead: float) -> str:
    """A turn back, with round corners."""
    along, across = (1, 0) if upright else (0, 1)
    first, last = start[across], end[across]
    radius = math.copysign(min(TURN, abs(last - first) / 2), last - first)
    near, far = start[along], start[along] + ahead * abs(radius)
    # out, down: of each corner its end and the two points that the curve is drawn towards
    points = [
        ((near + 2 * far) / 3, first), (far, first + radius / 3), (far, first + radius), (far, last - radius),
        (far, last - radius / 3), ((near + 2 * far) / 3, last), (near, last),
    ]  # fmt: skip
    a, b, c, d, e, f, g = (_at((down, out) if upright else (out, down)) for out, down in points)
    return f"C{a} {b} {c}L{d}C{e} {f} {g}"


def _at(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
