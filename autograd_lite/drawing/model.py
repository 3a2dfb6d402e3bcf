"""What is drawn: a plain description of a graph, from which every form is made and beyond which none looks.

A node is numbered by its place in the topological order of the whole graph, so the same graph has the same description
in every run. Each operand is an edge of its own: ``x * x`` has two. Of a large graph, `abridge` chooses what is drawn.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .. import primitives
from ..coercion import short_label
from ..explain.history import History
from ..explain.kinks import kinks_at
from ..explain.numerical import Estimate, numerical_gradients
from ..explain.signals import vector_text
from ..explain.wording import Names, no_path
from ..expressions import label, number
from ..graph import topological_order
from ..names import names_of
from ..primitives import Primitive
from .abridge import (
    Parents,
    both_ends,
    contracted,
    folded,
    loops,
    nearest,
    neighbourhood,
    quotient,
    repeated,
    shared,
)
from .networks import MOST_SHOWN, Layers, Matrix, Path, Vector, unsigned

if TYPE_CHECKING:
    from ..value import Value

KNOWN = {
    math.pi: "π", 2 * math.pi: "2π", math.pi / 2: "π/2", math.pi / 4: "π/4", 1 / math.pi: "1/π", math.e: "e",
    math.sqrt(2): "√2", math.sqrt(0.5): "√½", math.sqrt(math.pi): "√π", math.sqrt(2 * math.pi): "√2π",
    2 / math.sqrt(math.pi): "2/√π", math.sqrt(2 / math.pi): "√(2/π)", math.log(2): "ln 2", math.log(10): "ln 10",
}  # fmt: skip
UNREACHED = "·"  # the gradient of a node that no backward sweep has reached: unknown is not zero
MOST_NODES = 60  # a larger graph is folded
MOST_WRITTEN, MOST_IN_A_LINE = 2_000, 400  # nodes of a graph that is described again to be written; and of these
MOST_TITLE = 1_000  # characters of a label on hover
MOST_CHECKED = 40_000  # operations are evaluated again for check=True, each some fifty times: some seconds
FAR = 3  # a leaf whose uses lie more than so many levels apart is drawn beside each of them
SHORT_RUN = 4  # operations in a row that are fewer are drawn each by itself
AROUND = 2  # the radius of a neighbourhood, unless `depth` says otherwise


@dataclass(slots=True)
class Check:
    """An independent, numerical estimate of a gradient, and how far it may be off."""

    estimate: float
    bound: float
    agrees: bool
    text: str


@dataclass(slots=True)
class Node:
    """A number in the picture, or what stands for several.

    Attributes:
        id: "n7" is the node at place 7 of the topological order of the whole graph, "n7_1" another copy of that leaf;
            "m7" and "c7" stand for several nodes of which that is the first.
        kind: "leaf", "constant", "operation"; "group", a collapsed one; "folded", nodes that were left out.
        label: the name on one line, shortened; "" where there is none. Of a group its name, of the folded their number.
        title: the name on one line, whole.
        op: the primitive that made the number; None but for an operation.
        text: what is written for the operation: its symbol, with the constants that are not drawn, "× 2"; else "".
        operands: the id of what each operand of an operation is drawn as, in order.
        value, gradient: exact; None where there is none, or none yet.
        value_text, gradient_text: rounded; "" where the picture shows nothing there.
        group: the id of the innermost box it is in, or None.
        marks: of "kink" (at a kink, a tie, a jump or the edge of a domain), "born" (inf or nan arises here in the
            values) and "gradient born" (here in the gradients).
        kink: which of these it is, "a tie"; "" if none.
        check: a numerical derivative beside the gradient, or None.
        count: how many nodes of the graph it stands for.
        of: the id of the node it is a copy of; its own id, if of none.
        shows: of a collapsed group, the id of the one node in it whose numbers it shows, if it shows any.
        output, signal: of a collapsed group that is one layer of a network, its a, if that is a vector, and its δ; of
            what stands for several alike, their values and gradients.
        matrices: of a box that has the parameters of one layer, these and their gradients.
        times: of what stands for several alike, "× 20", or "20 in a row"; else "".
        copies: of a copy of a leaf, how many uses the leaf has; else 0.
        active: whether it is picked out, as the one at work in a step of an animation.
    """

    id: str
    kind: str
    label: str = ""
    title: str = ""
    op: Primitive | None = None
    text: str = ""
    operands: tuple[str, ...] = ()
    value: float | None = None
    value_text: str = ""
    gradient: float | None = None
    gradient_text: str = ""
    group: str | None = None
    marks: tuple[str, ...] = ()
    kink: str = ""
    check: Check | None = None
    count: int = 1
    of: str = ""
    shows: str = ""
    output: Vector | None = None
    signal: Vector | None = None
    matrices: tuple[Matrix, ...] = ()
    times: str = ""
    copies: int = 0
    active: bool = False

    def __post_init__(self) -> None:
        self.of = self.of or self.id

    @property
    def in_order(self) -> bool:
        """Whether its operands arrive in their order: it means something else if they change places."""
        return self.op is not None and not self.op.commutative and len(self.operands) > 1


@dataclass(slots=True)
class Edge:
    """One operand of one operation, and the operation's local gradient by it.

    What leads to or from nodes that are drawn as one is one edge, its local gradient None unless it is of one operand.
    """

    parent: str
    child: str
    operand: int
    local_gradient: float | None = None
    text: str = ""
    quiet: bool = False  # from a constant: no gradient flows there
    no_path: str = ""  # why no gradient flows there, though the parent is no constant
    active: bool = False  # picked out


@dataclass(slots=True)
class Group:
    """A box around the nodes made in one ``with group(name):``, or in several of the same name and place."""

    id: str
    name: str
    parent: str | None  # the id of the box around this one


@dataclass(slots=True)
class Past:
    """What the gradients shown are, by the ids of their nodes; see `explain.history`.

    Attributes:
        adjoints: ∂output/∂node, as one sweep from the output brings it; empty before any sweep.
        sums: of each node whose gradient is another sum, its terms: how many sweeps, from which output, with which
            seed, and what each brought; empty where that is not known.
        told: the same in words, a line each; these lines stand among the notes as well.
        output: what the output is called there.
    """

    adjoints: dict[str, float] = field(default_factory=dict)
    sums: dict[str, list[tuple[int, str, float, float]]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    output: str = ""


@dataclass(slots=True)
class Circuit:
    """What is drawn.

    Attributes:
        nodes: each after all of its parents; the last one is the output, unless it was left out.
        edges: in the order of their children and operands.
        groups: each after the one around it.
        notes: one line each, on what was abridged.
        inlined: the constants that have no node, since they are written with the operation that uses them.
        total: how many nodes the whole graph has.
        root: the output itself, for a form that computes with the graph.
        precision: how many significant digits the texts of its numbers have.
        past: which backward sweeps the gradients come from.
        written: where something is folded because there is much of it, the same with every node, up to some hundreds:
            for a form that writes expressions.
    """

    nodes: list[Node]
    edges: list[Edge]
    groups: list[Group] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    inlined: list[Node] = field(default_factory=list)
    total: int = 0
    root: Any = None
    precision: int = 4
    past: Past = field(default_factory=Past)
    written: Circuit | None = None


def describe(
    root: Value,
    precision: int = 4,
    *,
    depth: int | None = None,
    around: Value | None = None,
    constants: bool = True,
    groups: str | Collection[str] = "auto",
    expand: Collection[str | Value] = (),
    names: bool | Mapping[str, object] = False,
    check: bool = False,
    most: int | None = MOST_NODES,
) -> Circuit:
    """The graph that `root` was computed by, as it stands now. The options are those of `draw`.

    >>> from autograd_lite import Value
    >>> x = Value(3.0, "x")
    >>> circuit = describe(x * x)
    >>> [(edge.parent, edge.child, edge.operand, edge.text) for edge in circuit.edges]
    [('n0', 'n1', 0, '3'), ('n0', 'n1', 1, '3')]
    """
    order = topological_order(root)
    index = {node: i for i, node in enumerate(order)}
    if around is not None and around not in index:
        raise ValueError(f"draw: around must be a node of this circuit; got {around!r}")
    parents: Parents = [tuple([index[parent] for parent in node.parents]) for node in order]
    paths = _paths(order, parents)
    automatic = groups == "auto"
    folds = automatic and most is not None and len(order) > most and depth is None and around is None
    network = Layers(root, order) if any(paths) else None
    if automatic:
        groups = "boxes" if not folds else "layers" if network is not None and network.found else "collapsed"
    opened = {one for one in expand if isinstance(one, str)}
    prefixes = _prefixes(paths, groups, network, opened)
    if network is not None:
        if any(prefixes):
            network.fold_parameters(parents, prefixes)
        paths = network.with_parameters(parents, paths)
    singles = {index[one] for one in expand if not isinstance(one, str) and one in index}
    singles |= {i for i, path in enumerate(paths) if not opened.isdisjoint(path)}
    fold = _Fold(order, parents, prefixes, singles, opened) if folds else None
    drawn = _drawn(parents, prefixes, None if around is None else index[around], depth, most, fold)
    place = [0] * len(order)
    for at, (_, members) in enumerate(drawn):
        for i in members:
            place[i] = at
    named = names_of(order, names)
    spoiled = _spoiled(order, parents)
    exits = _exits(parents, place) if any(kind != "node" for kind, _ in drawn) else set()
    boxes: dict[Path, Group] = {}
    nodes: list[Node] = []
    for kind, members in drawn:
        first = members[0]
        if kind == "node":
            node = _node(order[first], f"n{first}", precision, named, first in spoiled)
            sources = [nodes[place[parent]] for parent in parents[first]]
            node.operands = tuple([source.id for source in sources])
            if node.op is not None and node.op.display_template:
                node.text = label(node.op, [sources[0].label])
            path = paths[first]
        elif kind == "group":
            node = _group(members, prefixes[first], [i for i in members if i in exits], order, precision)
            times = len({id(paths[i]) for i in members if len(paths[i]) == len(prefixes[first])})
            node.times = f"× {times:,}" if times > 1 else ""
            if network is not None:
                node.output, node.signal = network.vectors(members, precision)
                node.matrices = network.matrices(members)
            path = prefixes[first][:-1]
        elif kind == "loop" and fold is not None:
            node = _group(members, ("loop",), [i for i in members if i in exits], order, precision)
            node.times = f"{max(fold.steps.get(i, 1) for i in members):,} in a row"
            path = shared(*[paths[i] for i in members])
        elif kind == "alike" and fold is not None:
            node = _alike(members, fold.run, order, named, precision)
            path = shared(*[paths[i] for i in members])
        else:
            node = _folded(members)
            path = shared(*[paths[i] for i in members])
        node.group = _box(path, boxes)
        nodes.append(node)
    notes = _notes(nodes, len(order))
    alone = {order[members[0]]: node for node, (kind, members) in zip(nodes, drawn) if kind == "node"}
    others = [order[i] for kind, members in drawn if kind not in ("node", "folded") for i in members]
    history = History(root, [value for value in (*alone, *others) if value.op is not primitives.constant])
    past = Past()
    if history.adjoints:
        roots = dict.fromkeys([root, *history.roots])
        past = _past(history, nodes, order, Names([*alone, *roots], names, roots))
    if check:
        notes += _check(root, alone, precision, past)
    edges: list[Edge] = []
    for node, (kind, members) in zip(nodes, drawn):
        if kind == "node":
            sources = [nodes[place[parent]] for parent in parents[members[0]]]
            edges += _operands(order[members[0]], node, sources, precision)
        else:
            found = dict.fromkeys(place[parent] for i in members for parent in parents[i])
            edges += _merged(node, [nodes[source] for source in found if nodes[source] is not node])
    circuit = Circuit(nodes, edges, list(boxes.values()), [*notes, *past.told], [], len(order), root, precision, past)
    if folds and len(order) <= MOST_WRITTEN:
        circuit.written = describe(
            root, precision, constants=constants, groups="boxes", names=names, check=check, most=MOST_IN_A_LINE
        )
    return circuit if constants else _inlined(circuit)


def number_text(x: float, precision: int = 4) -> str:
    """`x` to so many significant digits, with a real minus sign; a zero without one.

    >>> number_text(-1234.56), number_text(1e-7)
    ('−1235', '1e−07')
    """
    return number(x or 0.0, precision)


def exact_text(x: float | None) -> str:
    """`x` to its last digit, with a real minus sign; "not computed" for None.

    >>> exact_text(-0.1), exact_text(None)
    ('−0.1', 'not computed')
    """
    return "not computed" if x is None else repr(x).replace("-", "−")


def with_copies(circuit: Circuit, far: int = FAR) -> Circuit:
    """The circuit with each leaf and constant that is used far away drawn once per use, for forms that lay it out.

    The first has the gradient; the others say of which leaf they are, and how many uses it has.

    The level of an operation is its longest way to the output. Where the levels that use a leaf lie more than `far`
    apart, each level has a copy of its own: in ``for _ in range(n): y = y * x`` one beside each product.
    """
    level = {node.id: 0 for node in circuit.nodes}
    for edge in reversed(circuit.edges):
        level[edge.parent] = max(level[edge.parent], level[edge.child] + 1)
    sources = {node.id: node for node in circuit.nodes if node.kind in ("leaf", "constant")}
    uses: dict[str, set[int]] = {}
    count = Counter(edge.parent for edge in circuit.edges)
    for edge in circuit.edges:
        if edge.parent in sources:
            uses.setdefault(edge.parent, set()).add(level[edge.child])
    copies: dict[str, list[Node]] = {}
    name: dict[tuple[str, int], str] = {}
    for id, levels in uses.items():
        if max(levels) - min(levels) > far:
            deepest_first = sorted(levels, reverse=True)
            ids = [id, *(f"{id}_{number}" for number in range(1, len(levels)))]
            name.update(((id, at), copy) for at, copy in zip(deepest_first, ids))
            found = [replace(sources[id], id=copy, of=id) for copy in ids]
            for one in found[1:] if sources[id].kind == "leaf" else ():
                one.copies, one.gradient_text, one.check, one.marks = count[id], "", None, ()
            copies[id] = found
    if not copies:
        return circuit
    nodes = [copy for node in circuit.nodes for copy in copies.get(node.id, [node])]
    edges = [replace(e, parent=name.get((e.parent, level[e.child]), e.parent)) for e in circuit.edges]
    return replace(circuit, nodes=nodes, edges=edges)


# ---- what is drawn as one --------------------------------------------------------------------------------------------


def _paths(order: list[Value], parents: Parents) -> list[Path]:
    """The groups each node was made in, outermost first; a constant is in those of the operation it was written in."""
    paths: list[Path] = [getattr(node, "group", ()) for node in order]
    if any(paths):
        for node, operands in enumerate(parents):
            for parent in operands:
                if order[parent].op is primitives.constant and not paths[parent]:
                    paths[parent] = paths[node]
    return paths


def _prefixes(
    paths: list[Path], groups: str | Collection[str], network: Layers | None, opened: Collection[str]
) -> list[Path]:
    """For each node the path of the collapsed group that it is in, () if in none; those opened are not collapsed."""
    if groups == "boxes":
        return [()] * len(paths)
    if groups == "layers":
        prefixes = [()] * len(paths) if network is None else network.prefixes(paths)
        return [() if prefix and prefix[-1] in opened else prefix for prefix in prefixes]
    closed = dict.fromkeys(name for path in dict.fromkeys(paths) for name in path)
    if groups == "collapsed":
        closed = {name: None for name in closed if name not in opened}
    elif isinstance(groups, str):
        raise ValueError(
            f"draw: groups is 'auto', 'boxes', 'collapsed', 'layers' or a list of names to collapse, not {groups!r}"
        )
    else:
        for name in groups:
            if name not in closed:
                there = ", ".join(map(repr, closed)) or "none"
                raise ValueError(f"draw: no group {name!r} to collapse; there are: {there}")
        closed = dict.fromkeys(groups)
    cut = {path: next((path[: i + 1] for i, name in enumerate(path) if name in closed), ()) for path in set(paths)}
    return [cut[path] for path in paths]


class _Fold:
    """What of a graph is drawn as one because there are several like it; the graph's nodes are known by their place."""

    def __init__(
        self, order: list[Value], parents: Parents, prefixes: list[Path], singles: set[int], opened: set[str]
    ) -> None:
        self.kinds = [_kind(node) for node in order]
        self.unordered = {
            i for i, node in enumerate(order) if node.op and node.op.commutative and len(node.parents) > 2
        }
        self.singles, self.opened = singles, opened
        self.run = list(range(len(order)))
        self.steps: dict[int, int] = {}  # of each node in a loop, how many steps that has

    def classes(self, parents: Parents, units: list[list[int]]) -> list[int]:
        """The class of each unit of a graph, each of which stands for some of the nodes."""
        unordered = {number for number, unit in enumerate(units) if unit[0] in self.unordered}
        classes, run = repeated(parents, self._kinds(units), unordered)
        for unit, last in zip(units, run):
            if len(unit) == 1:
                self.run[unit[0]] = units[last][0]
        size, runs = Counter(classes), Counter(own for number, own in enumerate(classes) if run[number] == number)
        opened = self._opened(classes, units)
        opened |= {own for own, count in runs.items() if count == 1 and size[own] < SHORT_RUN}
        return [number if own in opened else own for number, own in enumerate(classes)]

    def _kinds(self, units: list[list[int]]) -> list[tuple[str, str] | None]:
        return [self.kinds[unit[0]] if len(unit) == 1 else None for unit in units]

    def in_loops(self, parents: Parents, units: list[list[int]]) -> list[int]:
        """The same, the steps of a loop being of one class."""
        constants = [n for n, unit in enumerate(units) if len(unit) == 1 and self.kinds[unit[0]][1] == "constant"]
        classes, steps = loops(parents, self._kinds(units), constants)
        self.steps = {node: steps[own] for unit, own in zip(units, classes) if own in steps for node in unit}
        opened = set(steps) if "loop" in self.opened else self._opened(classes, units)
        return [number if own in opened else own for number, own in enumerate(classes)]

    def _opened(self, classes: list[int], units: list[list[int]]) -> set[int]:
        if not self.singles and not self.opened:
            return set()
        return {
            own
            for own, (node, *_) in zip(classes, units)
            if node in self.singles or not self.opened.isdisjoint(self.kinds[node])
        }


def _kind(value: Value) -> tuple[str, str]:
    """What nodes that are alike have in common: the stem of their names, and the operation's symbol."""
    symbol = "leaf" if value.op is None else "constant" if value.op is primitives.constant else value.op.symbol
    return _stem(value.label or ""), symbol


def _stem(label: str) -> str:
    return label and re.sub(r"(\[.*|[0-9₀-₉]+)$", "", label, flags=re.DOTALL)


def _drawn(
    parents: Parents,
    prefixes: list[Path],
    centre: int | None,
    depth: int | None,
    most: int | None,
    fold: _Fold | None = None,
) -> list[tuple[str, list[int]]]:
    """What is drawn as one, in topological order, and its members; of a kind each: "node", "group", "alike", "loop",
    "folded".

    Where there is too much, first what is alike is drawn as one, then the steps of a loop; then the middle is left out.
    """
    units: list[list[int]] = [[node] for node in range(len(parents))]
    if any(prefixes):
        first: dict[Path, int] = {}
        classes = [first.setdefault(prefix, node) if prefix else node for node, prefix in enumerate(prefixes)]
        parents, units = quotient(parents, contracted(parents, classes))
    kinds = ["group" if prefixes[unit[0]] else "node" for unit in units]
    limit = len(parents) if most is None else most
    for kind in ("alike", "loop", "alike"):
        if fold is not None and (kind == "alike" or len(parents) > limit):
            found = fold.classes(parents, units) if kind == "alike" else fold.in_loops(parents, units)
            parents, together = quotient(parents, contracted(parents, found))
            kinds = [kinds[numbers[0]] if len(numbers) == 1 else kind for numbers in together]
            units = [sorted(node for number in numbers for node in units[number]) for numbers in together]
            if kind == "loop" and "loop" not in kinds:
                break
    count = len(parents)
    if centre is not None:
        middle = next(u for u, members in enumerate(units) if centre in members)
        kept = neighbourhood(parents, middle, AROUND if depth is None else depth, limit)
    elif depth is not None:
        kept = nearest(parents, count - 1, depth, limit)
    elif count > limit:
        kept = both_ends(parents, limit)
    else:
        return list(zip(kinds, units))
    _, pieces = quotient(parents, folded(parents, kept))
    return [
        (kinds[piece[0]], units[piece[0]])
        if piece[0] in kept
        else ("folded", [node for number in piece for node in units[number]])
        for piece in pieces
    ]


def _notes(nodes: list[Node], total: int) -> list[str]:
    left_out = sum(node.count for node in nodes if node.kind == "folded")
    if not left_out:
        return []
    return [f"{left_out:,} of {total:,} nodes are folded into “…”: draw() takes expand, most, depth and around"]


# ---- nodes -----------------------------------------------------------------------------------------------------------


def _node(
    value: Value,
    id: str,
    precision: int,
    named: Mapping[Value, str],
    spoiled: bool,
) -> Node:
    label = value.label or named.get(value, "")
    op = value.op
    node = Node(id, "operation", short_label(label), short_label(label, MOST_TITLE))
    node.value, node.value_text = value.data, number_text(value.data, precision)
    if op is primitives.constant:
        node.kind = "constant"
        sign, size = ("−" if value.data < 0.0 else ""), abs(value.data)
        node.value_text = sign + KNOWN[size] if size in KNOWN else node.value_text
        return node
    node.gradient = value.grad if value.reached else None
    node.gradient_text = UNREACHED if node.gradient is None else number_text(node.gradient, precision)
    if op is None:
        node.kind = "leaf"
    else:
        node.op, node.text = op, op.symbol
    node.kink = _kink(value)
    node.marks = (*(["kink"] if node.kink else []), *_births(value, spoiled))
    return node


def _group(members: list[int], path: Path, exits: list[int], order: list[Value], precision: int) -> Node:
    """A collapsed group; if only one of its nodes is used outside, that one's numbers."""
    node = Node(f"c{members[0]}", "group", short_label(path[-1]), short_label(" / ".join(path), MOST_TITLE))
    node.count = len(members)
    if len(exits) == 1:
        _show(node, exits[0], _node(order[exits[0]], "", precision, {}, False))
    return node


def _show(node: Node, place: int, one: Node) -> None:
    """Give what stands for several the numbers of one of them."""
    node.shows = f"n{place}"
    node.value, node.value_text, node.gradient, node.gradient_text = (
        one.value, one.value_text, one.gradient, one.gradient_text,
    )  # fmt: skip


def _alike(members: list[int], run: list[int], order: list[Value], named: Mapping[Value, str], precision: int) -> Node:
    """What stands for several alike: one number each, of a run its last."""
    ends = [i for i in members if run[i] == i]
    one = _node(order[ends[-1]], "", precision, named, False)
    if one.kind == "constant" and len({order[i].data for i in ends}) == 1:
        return replace(one, id=f"c{members[0]}", of=f"c{members[0]}", count=len(members))
    label = _stem(one.label) if len(ends) > 1 else one.label
    node = Node(f"c{members[0]}", "group", label, label, text=one.text, count=len(members))
    if len(ends) == 1:
        node.times = f"{len(members):,} in a row"
        _show(node, ends[0], one)
        ends = members
    else:
        node.times = f"× {len(ends):,}"
    for prefix, numbers in (
        ("", [order[i].data for i in ends]),
        ("∂ ", [order[i].grad if order[i].reached else None for i in ends]),
    ):
        constant = order[ends[0]].op is primitives.constant
        if (prefix and constant) or node.value_text:
            continue
        text = f"{prefix}{vector_text(unsigned(numbers), precision, MOST_SHOWN)}"
        vector = Vector(prefix.strip() or "values", tuple([f"n{i}" for i in ends]), tuple(numbers), text)
        node.output, node.signal = (node.output, vector) if prefix else (vector, None)
    return node


def _exits(parents: Parents, place: list[int]) -> set[int]:
    """The nodes that are used by what is drawn apart from them, and the output."""
    used = {parent for node, operands in enumerate(parents) for parent in operands if place[parent] != place[node]}
    return used | {len(parents) - 1}


def _folded(members: list[int]) -> Node:
    label = f"… {len(members):,} more node{'s' * (len(members) != 1)}"
    return Node(f"m{members[0]}", "folded", label, label, count=len(members))


def _past(history: History, nodes: list[Node], order: list[Value], names: Names) -> Past:
    past = Past(told=history.told(names), output=names.atom(order[-1]))
    for node in nodes:
        shown = node.shows or node.id
        value = order[int(shown[1:])] if shown[0] == "n" else None
        if value in history.adjoints:
            past.adjoints[node.id] = history.adjoints[value]
        if value in history.sums:
            terms = [] if value in history.unknown else history.sums[value]
            past.sums[node.id] = [(term.calls, names.atom(term.root), term.seed, term.brought) for term in terms]
    return past


def _check(root: Value, alone: dict[Value, Node], precision: int, past: Past) -> list[str]:
    """Give each node that is drawn by itself a numerical derivative, leaves first; a note says how many go without."""
    asked = [value for value, node in alone.items() if node.kind != "constant"]
    asked.sort(key=lambda value: alone[value].kind != "leaf")
    found = numerical_gradients(root, asked, MOST_CHECKED)
    for value, estimated in found.items():
        _beside(alone[value], estimated, precision, past)
    if len(found) == len(asked):
        return []
    left_out = len(asked) - len(found)
    return [f"{left_out:,} of {len(asked):,} gradients are not checked: each takes some fifty evaluations of the graph"]


def _beside(node: Node, estimate: Estimate, precision: int, past: Past) -> None:
    """An estimate of ∂output/∂node beside a gradient; beside another sum, it is that of one sweep that is checked."""
    gradient = past.adjoints.get(node.id) if past.sums.get(node.id) else node.gradient
    agrees = gradient is None or replace(estimate, gradient=gradient).verdict != "mismatch"
    if math.isinf(estimate.value):
        text = f"≈ {number_text(estimate.value)}"
    elif estimate.error < math.inf:
        text = f"≈ {number_text(estimate.value, precision)} ± {number_text(estimate.error, 1)}"
    elif estimate.left.error < math.inf and estimate.right.error < math.inf:
        left, right = (number_text(side.value, precision) for side in (estimate.left, estimate.right))
        text = f"≈ {left} from the left, {right} from the right"
    else:
        text = "≈ ?"
    if past.sums.get(node.id) and gradient is not None:
        text = f"one sweep: {number_text(gradient, precision)} {text}"
    node.check = Check(estimate.value, estimate.error, agrees, text)


def _kink(value: Value) -> str:
    """Which kind of kink a node sits at; not a pole, whose inf is marked as born."""
    kind = next((kink.kind for kink in kinks_at(value) if kink.kind != "pole"), "")
    return f"a{'n' * (kind == 'edge')} {kind}" if kind else ""


def _births(value: Value, spoiled: bool) -> list[str]:
    found = []
    if not math.isfinite(value.data) and all(map(math.isfinite, value.record[1:])):
        found.append("born")
    if value.reached and not math.isfinite(value.grad) and not spoiled:
        found.append("gradient born")
    return found


def _spoiled(order: list[Value], parents: Parents) -> set[int]:
    """The nodes that an infinite gradient or a nan came to, from an operation that used them."""
    return {
        parent
        for node, value in enumerate(order)
        if value.reached and not math.isfinite(value.grad)
        for parent in parents[node]
    }


# ---- edges -----------------------------------------------------------------------------------------------------------


def _operands(value: Value, node: Node, sources: list[Node], precision: int) -> Iterable[Edge]:
    """An edge an operand, but one for all operands that are drawn as one."""
    found: dict[tuple[str, int], Edge] = {}
    for operand, (parent, slope) in enumerate(zip(sources, value.local_grads)):
        key = parent.id, operand if parent.kind not in ("folded", "group") else -1
        if key in found:
            found[key].local_gradient, found[key].text, found[key].no_path = None, "", ""
        else:
            quiet = parent.kind == "constant"
            why = "" if quiet else no_path(value.op, operand, slope, 1.0)  # type: ignore[arg-type]
            text = "" if quiet else number_text(slope, precision)
            found[key] = Edge(parent.id, node.id, operand, slope, text, quiet, why)
    return found.values()


def _merged(node: Node, sources: list[Node]) -> Iterable[Edge]:
    """One edge from each other node that is used by any of those drawn as one."""
    return [
        Edge(parent.id, node.id, operand, quiet=parent.kind == "constant") for operand, parent in enumerate(sources)
    ]


def _inlined(circuit: Circuit) -> Circuit:
    """The circuit without its constants: what they were is written with the operation that used them."""
    hidden = {node.id: node for node in circuit.nodes[:-1] if node.kind == "constant"}
    nodes = [
        replace(node, text=label(node.op, [hidden[id].value_text if id in hidden else "" for id in node.operands]))
        if node.op and any(id in hidden for id in node.operands)
        else node
        for node in circuit.nodes
        if node.id not in hidden
    ]
    edges = [edge for edge in circuit.edges if edge.parent not in hidden]
    return replace(circuit, nodes=nodes, edges=edges, inlined=list(hidden.values()))


# ---- groups ----------------------------------------------------------------------------------------------------------


def _box(path: Path, boxes: dict[Path, Group]) -> str | None:
    """The id of the box of that path, which is made, and those around it, if there is none yet."""
    around = None
    for end in range(1, len(path) + 1):
        inner = path[:end]
        if inner not in boxes:
            boxes[inner] = Group(f"g{len(boxes)}", short_label(path[end - 1], 60), around)
        around = boxes[inner].id
    return around
