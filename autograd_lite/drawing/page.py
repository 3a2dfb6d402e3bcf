"""The circuit as a page that computes: one HTML file, with nothing to fetch.

What it shows is drawn here, each group open and closed; what it computes is the graph itself, forward and backward, as
a program in JavaScript; what it does is `page.js` and, for zoom, search, plot and saving, `page_view.js`, in the frame
of `page.html` and `page.css`. Imports the compiler, the layout and the model.
"""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import primitives
from ..coercion import short_label
from ..explain.wording import Names, no_path
from ..expressions import spoken
from ..graph import topological_order
from ..primitives import Primitive
from .latex import latex
from .layout import Point
from .model import MOST_NODES, Circuit, Edge, Node, describe, with_copies
from .networks import MOST_SHOWN
from .style import COLOURS, Run, summary
from .svg import Drawing, Measures

if TYPE_CHECKING:
    from ..value import Value

MOST_COMPUTED = 100_000  # nodes; the page of a larger graph shows what Python computed
LONGEST_NAME = 24  # of a node: its label, or its expression
LONGEST_TITLE = 70
LONGEST_FULL = 1_000  # of a label on hover and in the list of leaves
MOST_IN_LATEX = 200  # nodes: of a larger graph nobody pastes the formula
MOST_TURNED = 3  # groups of which every one can be open while others are closed; of more, one differs at a time
MOST_FOR_FOLDS = 5_000  # nodes: of a larger graph only groups open
MOST_IN_ALL = 1_600  # boxes, of all ways of opening and closing groups together
LONG = 760.0  # pixels: a drawing beyond that has the whole width of the page
NARROW = 400.0  # pixels: a telephone's screen


class Page(str):
    """A page: its HTML, as a string. Jupyter shows it in a frame of its own."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Page of {len(self):,} characters: write it with draw().save('circuit.html')>"

    def _repr_html_(self) -> str:
        style = "width: 100%; height: 640px; border: 0; resize: vertical"
        return f'<iframe title="Circuit" srcdoc="{html.escape(self)}" style="{style}"></iframe>'


def page(
    circuit: Circuit, direction: str = "LR", start: str | None = None, adjoints: Mapping[Value, float] | None = None
) -> Page:
    """The page of a circuit, in HTML.

    It begins with both passes done; with `start` "forward" or "backward", before that pass. The backward pass is that
    of `adjoints`, where they are given, which start with the output's; else one from 1, or what Python has.

    Its leaves can be changed: forward and backward run again there, by the graph's own operations and rows. Where that
    cannot be, since an operation of the user's own has no JavaScript or the graph has more than `MOST_COMPUTED` nodes,
    the numbers stay as they are, and the page says why. Of an abridged graph all is computed and the rest is drawn.

    >>> from autograd_lite import Value
    >>> from autograd_lite.drawing.model import describe
    >>> x, y = Value(3.0, "x"), Value(4.0, "y")
    >>> text = page(describe(x * y + 2.0))
    >>> "<h1>x × y + 2</h1>" in text, "http" in text.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    (True, False)
    """
    names = {int(node.of[1:]): node.title for node in circuit.nodes if node.of[0] == "n" and node.title}
    # What stands for a run of operations has the name of its last.
    names |= {int(node.shows[1:]): node.title for node in circuit.nodes if node.shows and node.text and node.title}
    states = {turned: with_copies(state) for turned, state in _states(circuit, names).items()}
    graph = _Graph(list(states.values()), names, start, adjoints)
    notes = [*circuit.notes, *graph.notes]
    if graph.program != "null":  # it sweeps by itself, once, from the output
        notes = [f"Here ∂ is of one sweep. In Python: {note}" if note in circuit.past.told else note for note in notes]
    drawings, width = [], 0.0
    for number, (turned, state) in enumerate(states.items()):
        toggles = _toggles(turned, state, list(states))
        drawn, across = _drawings(state, direction, number, toggles)
        drawings += drawn
        width = max(width, across)
    text = resource("page.html").format(
        title=html.escape(_printable(graph.title)),
        css=_palette() + resource("page.css"),
        svg="\n".join(drawings),
        shape="long" if width > LONG else "",
        notes="".join(f"<p>{html.escape(_printable(note))}</p>" for note in notes),
        data=_script(json.dumps(graph.data)),
        program=_script(graph.program),
        script=f"{resource('page.js')}\n{resource('page_view.js')}",
    )
    return Page(text)


# ---- what the page computes with -------------------------------------------------------------------------------------


class _Graph:
    """The graph's shape, names and numbers, for the page's script."""

    def __init__(
        self,
        circuits: list[Circuit],
        names: dict[int, str],
        start: str | None,
        adjoints: Mapping[Value, float] | None,
    ) -> None:
        from ..compiler import from_graph
        from ..compiler.targets.javascript import emit, number
        from ..compiler.tracing.python_source import Untranslatable

        circuit, *_ = circuits
        root: Value = circuit.root
        seed = 1.0 if adjoints is None else adjoints[root]
        if adjoints is None:
            adjoints = {node: node.grad for node in topological_order(root) if node.reached}
        self.notes: list[str] = []
        self.program = "null"
        if circuit.total > MOST_COMPUTED:
            self.notes.append(
                f"The graph has {circuit.total:,} nodes: the page computes with at most {MOST_COMPUTED:,}, and of this "
                "one shows the numbers that Python computed."
            )
        else:
            try:
                self.program = emit(from_graph(root, seed).program)
            except (Untranslatable, TypeError) as error:
                self.notes.append(f"The numbers are those that Python computed, and cannot be changed here: {error}")
        order = topological_order(root)
        drawn = {at for state in circuits for node in state.nodes if (at := _place(node)) is not None}
        place = {node: i for i, node in enumerate(order) if self.program != "null" or i in drawn}
        given = {**{name: order[i] for i, name in names.items()}, **_leaves(order)}
        written = Names(order, given, precision=circuit.precision)
        told = _told(order, drawn)
        named = {node: written.given(node) for node in told}
        expressions = {node: written.expression(node, LONGEST_NAME) for node in told}
        whole = {node: names.get(i) or node.label or "" for i, node in enumerate(order) if node in told}
        self.title = _title(root, written)
        kinds: dict[Primitive, int] = {}
        for node in place:
            if node.op is not None and node.op is not primitives.constant:
                kinds.setdefault(node.op, len(kinds))
        self.data: dict[str, Any] = {
            "precision": circuit.precision,
            "most": MOST_SHOWN,
            "root": place.get(root, -1),
            "places": list(place.values()),
            "names": [_printable(named[n] or expressions[n]) if n in told else "" for n in place],
            "full": {
                k: _printable(short_label(whole[node], LONGEST_FULL))
                for k, node in enumerate(place)
                if node in told and whole[node] and whole[node] != named[node]
            },
            "latex": latex(circuit) if circuit.total <= MOST_IN_LATEX else "",
            "start": start,
            "seed": number(seed),
            "labelled": [int(bool(named.get(n))) for n in place],
            "expressions": [_printable(expressions[n]) if n in told and n.parents else "" for n in place],
            "operations": [[_printable(spoken(op)), _form(op), _without_path(op)] for op in kinds],
            "op": [-1 if n.op is None else -2 if n.op is primitives.constant else kinds[n.op] for n in place],
            "parents": [[place.get(parent, -1) for parent in node.parents] for node in place],
            "values": [number(node.data) for node in place],
        }
        if self.program == "null":
            self.data["gradients"] = [number(adjoints[node]) if node in adjoints else "" for node in place]
            self.data["locals"] = [number(slope) for node in place for slope in node.local_grads]


def _told(order: list[Value], drawn: set[int]) -> set[Value]:
    """The nodes that the page speaks of: those drawn, what uses them, and the operands of both."""
    shown = {order[i] for i in drawn}
    told = {node for node in order if node in shown or any(parent in shown for parent in node.parents)}
    return told | {parent for node in told for parent in node.parents}


def _leaves(order: list[Value]) -> dict[str, Value]:
    """What the leaves are called that nothing else names."""
    return {f"leaf {i}": node for i, node in enumerate(order) if node.op is None}


def _form(op: Primitive) -> str:
    return "infix" if op.infix else "prefix" if op.precedence < primitives.CALL else "call"


def _without_path(op: Primitive) -> list[str]:
    """For each operand why no path leads to it where the local gradient is 0; "" where a zero is a number."""
    return [no_path(op, i, 0.0, 1.0) for i in range(len(op.derivatives))]


def _title(root: Value, written: Names) -> str:
    """The output's name and expression, as far as there is something to read in it."""
    label = written.given(root) or ""
    whole = written.expression(root, LONGEST_TITLE)
    if root.op is None:
        return label
    if "…" in whole:
        whole = written.expression(root, LONGEST_NAME)
    if "…" in whole and not re.search(r"[^\W\d_]\w*(?!\w*\()", whole):  # nothing in it has a name
        return label or "Circuit"
    return f"{label} = {whole}" if label else whole


# ---- groups, open and closed -----------------------------------------------------------------------------------------

Turned = frozenset[str]


def _states(circuit: Circuit, names: dict[int, str]) -> dict[Turned, Circuit]:
    """The circuit by what is closed where it has it open, or the other way round: names of groups, ids of folds.

    The first is the circuit itself. A graph of which only some is drawn, or that is checked, has no others.
    """
    states = {Turned(): circuit}
    if any(node.kind == "folded" or node.check for node in circuit.nodes) or circuit.total > MOST_COMPUTED // 5:
        return states
    order = topological_order(circuit.root)
    known = {name for node in order for name in node.group}  # a layer's parameters have a box, but no group of theirs
    folds = circuit.total > MOST_NODES
    boxes = [node for node in circuit.nodes if node.kind == "group"]
    closed = Turned(map(_closed, boxes)) & known
    groups = [name for name in _turnable(circuit) if name in (closed if folds else known)]
    alike = [node.id for node in boxes if _closed(node) not in known] if circuit.total <= MOST_FOR_FOLDS else []
    options: dict[str, Any] = {"names": {name: order[i] for i, name in names.items()}}
    options["constants"] = not circuit.inlined
    choices = [Turned([name]) for name in groups]
    if len(groups) == MOST_TURNED:
        choices += [Turned(groups) - {name} for name in groups]
    if len(groups) > 1:
        choices.append(Turned(groups))
    count = len(circuit.nodes)
    for turned in [*choices, *(Turned([id]) for id in alike)]:
        opened = [order[int(one[1:])] if one in alike else one for one in sorted(turned)]
        ways: dict[str, Any] = {"expand": opened} if folds else {"groups": sorted(closed ^ turned)}
        state = describe(circuit.root, circuit.precision, **ways, **options)
        if count + len(state.nodes) <= MOST_IN_ALL:
            count += len(state.nodes)
            states[turned] = state
    return states


def _turnable(circuit: Circuit) -> list[str]:
    """The names of the groups drawn, closed and open, and the ids of the folds."""
    boxes = [node for node in circuit.nodes if node.kind == "group"]
    return list(
        dict.fromkeys([*map(_closed, boxes), *(group.name for group in circuit.groups), *(n.id for n in boxes)])
    )


def _closed(node: Node) -> str:
    return node.title.rsplit(" / ", 1)[-1]


def _toggles(turned: Turned, circuit: Circuit, states: list[Turned]) -> dict[str, int]:
    """By what can be turned, in which state it is: with the others as they are, or else by itself."""
    found = {}
    for name in [*_turnable(circuit), *turned]:
        for other in (turned ^ {name}, Turned([name]), Turned()):
            if other in states and (name in other) != (name in turned):
                found[name] = states.index(other)
                break
    return found


# ---- what it draws ---------------------------------------------------------------------------------------------------

ROOM = "−0.0000"  # for numbers that the page has yet to compute
MEASURES = Measures(16.0, 15.0, 20.0, 11.0, 7.0, ROOM)


def _drawings(circuit: Circuit, direction: str, state: int, toggles: dict[str, int]) -> tuple[list[str], float]:
    """The drawing; and if it lies across and a narrow screen would do better, one that stands upright for that."""
    across, width = svg(circuit, direction, "across", state, toggles)
    if direction in ("LR", "RL") and width > NARROW:
        down, least = svg(circuit, "TB" if direction == "LR" else "BT", "down", state, toggles)
        if least < width:
            return [across, down], width
    return [across.replace('class="across', 'class="only', 1)], width


def svg(circuit: Circuit, direction: str, kind: str, state: int, toggles: dict[str, int]) -> tuple[str, float]:
    """The drawing and its width, with what the script needs: each node's number, each edge's ends and operand."""
    nodes = {node.id: node for node in circuit.nodes}

    def about(thing: Node | Edge | Run) -> str:
        if isinstance(thing, Node):
            place, note = _place(thing), _note(nodes[thing.id])
            found = {"id": thing.id, "node": place, "note": note or None}
        elif isinstance(thing, Edge):
            found = {end: -1 if (at := _place(nodes[id])) is None else at for end, id in
                     (("from", thing.parent), ("to", thing.child))}  # fmt: skip
            found["operand"] = thing.operand if thing.text else None
        elif thing.vector is not None:
            found = {"of": ",".join(id[1:] for id in thing.vector.ids), "name": thing.vector.name}
        else:
            return ""
        return "".join(f' data-{name}="{_text(str(to))}"' for name, to in found.items() if to is not None)

    plain = [replace(node, marks=(), check=None, matrices=()) for node in circuit.nodes]  # `_note` has these
    drawing = Drawing(replace(circuit, nodes=plain), direction, MEASURES, about=about)
    (width, height), boxes = drawing.layout.size, zip(circuit.nodes, drawing.sizes, drawing.layout.boxes)
    frames = zip(circuit.groups, drawing.layout.frames)
    signs: list[tuple[str, str, bool, Point]] = []
    for group, (x, y, w, _) in frames:
        signs.append((group.name, group.name, False, (x + w - 3, y + 3)))
    for node, (w, h), (x, y) in boxes:
        opens, at = node.kind == "group", (x + w / 2 - 3, y - h / 2 + 3)
        name = _closed(node) if opens and _closed(node) in toggles else f"c{node.id[1:]}"
        signs.append((name, " ".join(filter(None, (node.label, node.text or node.value_text, node.times))), opens, at))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'class="{kind}{" on" * (not state)}" data-state="{state}" style="--natural: {width:g}px" role="group" '
        f'aria-label="{_text(summary(circuit)[0])}">',
        *drawing.parts(),
        *(_toggle(name, toggles[name], called, opens, at) for name, called, opens, at in signs if name in toggles),
        "</svg>",
    ]
    return _printable("\n".join(parts).replace("\0", f"{kind}{state}"), "\n"), width


def _place(node: Node) -> int | None:
    """The place in the whole graph of the node whose numbers a box shows."""
    id = node.shows or node.of
    return int(id[1:]) if id[0] == "n" else None


def _note(node: Node) -> str:
    """What was remarkable about a node when it was drawn, and the page cannot tell anew."""
    notes = [f"At {node.kink}: the slopes on the two sides differ, or one is missing."] if node.kink else []
    if node.check is not None and not node.check.agrees:
        notes.append(f"A numerical derivative does not agree: {node.check.text}")
    return " ".join(notes)


def _toggle(name: str, to: int, called: str, opens: bool, at: Point) -> str:
    """The sign + or − that opens or closes a group, or what is alike."""
    what = _text(f"{'Open' if opens else 'Close'} {called}")
    return (
        f'<g class="toggle" role="button" tabindex="0" data-to="{to}" data-name="{_text(name)}" aria-label="{what}" '
        f'transform="translate({at[0]:g} {at[1]:g})"><circle r="9"/><path d="M-4 0h8{"M0 -4v8" * opens}"/></g>'
    )


# ---- texts -----------------------------------------------------------------------------------------------------------


def _printable(text: str, kept: str = "") -> str:
    """Without what no HTML file can hold, but for what is kept: control characters and lone surrogates."""
    return "".join(c if c.isprintable() or c in kept else " " if c.isspace() else "�" for c in text)


def _text(text: str) -> str:
    return html.escape(_printable(text))


def _script(text: str) -> str:
    """JSON or JavaScript as the content of a script element, which neither ``</script>`` nor ``<!--`` may end."""
    return (
        text.replace("<!--", "\\u003c!--")
        .replace("</", "<\\/")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


def _palette() -> str:
    """The colours of all drawings, as variables."""
    return "".join(
        [
            ":root {\n",
            *(f"  --{role}: light-dark({light}, {dark});\n" for role, (light, dark) in COLOURS.items()),
            "}\n",
        ]
    )


@functools.cache
def resource(name: str) -> str:
    from importlib import resources

    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
