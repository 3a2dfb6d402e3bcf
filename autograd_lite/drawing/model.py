"""What is drawn: a plain description of a graph, from which every form is made and beyond which none looks.

A node is numbered by its place in the topological order of the whole graph, so the same graph has the same description
in every run. Each operand is an edge of its own: ``x * x`` has two. Of a large graph, `abridge` chooses what is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .. import primitives
from ..explain.kinks import kinks_at
from ..explain.numerical import Estimate, Quotient, numerical_gradients
from ..graph import topological_order
from ..names import names_of
from ..primitives import Primitive
from ..value import short_label
from .abridge import Parents, both_ends, contracted, folded, levels_back, neighbourhood, quotient
from .networks import Layers, Path, Vector

if TYPE_CHECKING:
    from ..value import Value

UNREACHED = "·"  # the gradient of a node that no backward sweep has reached: unknown is not zero
MOST_NODES = 400  # a larger graph is abridged to so many
MOST_TITLE = 1_000  # characters of a label on hover
MOST_CHECKED = 40_000  # operations are evaluated again for check=True, each some fifty times: some seconds
FAR = 3  # a leaf whose uses lie more than so many levels apart is drawn beside each of them
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
        op: the row of the table that made the number; None but for an operation.
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
        output, signal: of a collapsed group that is one layer of a network, its a, if that is a vector, and its δ.
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
    active: bool = False

    def __post_init__(self) -> None:
        self.of = self.of or self.id

    @property
    def in_order(self) -> bool:
        """Whether its operands arrive in their order: it means something else if they change places."""
        return self.op is not None and not self.op.commutes and len(self.operands) > 1


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
    active: bool = False  # picked out


@dataclass(slots=True)
class Group:
    """A box around the nodes made in one ``with group(name):``, or in several of the same name and place."""

    id: str
    name: str
    parent: str | None  # the id of the box around this one


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
    """

    nodes: list[Node]
    edges: list[Edge]
    groups: list[Group] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    inlined: list[Node] = field(default_factory=list)
    total: int = 0
    root: Any = None
    precision: int = 4


def describe(
    root: Value,
    precision: int = 4,
    *,
    depth: int | None = None,
    around: Value | None = None,
    constants: bool = True,
    groups: str | Collection[str] = "boxes",
    names: bool | Mapping[str, object] = False,
    check: bool | Mapping[Value, tuple[float, float]] = False,
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
        raise ValueError(f"draw: around is a node of the circuit drawn, and {around!r} is none")
    parents: Parents = [tuple([index[parent] for parent in node.parents]) for node in order]
    paths = _paths(order, parents)
    network = Layers(root, order) if any(paths) and groups != "boxes" else None
    prefixes = _prefixes(paths, groups, network)
    if network is not None:
        network.fold_parameters(parents, prefixes)
    drawn = _drawn(parents, prefixes, None if around is None else index[around], depth, most)
    place = [0] * len(order)
    for number, (_, members) in enumerate(drawn):
        for i in members:
            place[i] = number
    named = names_of(order, names)
    spoiled = _spoiled(order, parents)
    exits = _exits(parents, place) if any(prefixes) else set()
    boxes: dict[Path, Group] = {}
    nodes: list[Node] = []
    for kind, members in drawn:
        first = members[0]
        if kind == "node":
            node = _node(order[first], f"n{first}", precision, named, first in spoiled)
            node.operands = tuple([nodes[place[parent]].id for parent in parents[first]])
            path = paths[first]
        elif kind == "group":
            node = _group(members, prefixes[first], [i for i in members if i in exits], order, precision)
            if network is not None:
                node.output, node.signal = network.vectors(members, precision)
            path = prefixes[first][:-1]
        else:
            node = _folded(members)
            path = _common([paths[i] for i in members])
        node.group = _box(path, boxes)
        nodes.append(node)
    notes = _notes(nodes, len(order))
    if check is not False:
        alone = {order[members[0]]: node for node, (kind, members) in zip(nodes, drawn) if kind == "node"}
        notes += _check(root, alone, check, precision)
    edges: list[Edge] = []
    for node, (kind, members) in zip(nodes, drawn):
        if kind == "node":
            sources = [nodes[place[parent]] for parent in parents[members[0]]]
            edges += _operands(order[members[0]], node, sources, precision)
        else:
            found = dict.fromkeys(place[parent] for i in members for parent in parents[i])
            edges += _merged(node, [nodes[source] for source in found if nodes[source] is not node])
    circuit = Circuit(nodes, edges, list(boxes.values()), notes, [], len(order), root, precision)
    return circuit if constants else _inlined(circuit)


def number_text(x: float, precision: int = 4) -> str:
    """`x` to so many significant digits, with a real minus sign; a zero without one.

    >>> number_text(-1234.56), number_text(1e-7)
    ('−1235', '1e−07')
    """
    return f"{x or 0.0:.{precision}g}".replace("-", "−")


def exact_text(x: float | None) -> str:
    """`x` to its last digit, with a real minus sign; "not computed" for None.

    >>> exact_text(-0.1), exact_text(None)
    ('−0.1', 'not computed')
    """
    return "not computed" if x is None else repr(x).replace("-", "−")


def with_copies(circuit: Circuit, far: int = FAR) -> Circuit:
    """The circuit with each leaf and constant that is used far away drawn once per use, for forms that lay it out.

    The level of an operation is its longest way to the output. Where the levels that use a leaf lie more than `far`
    apart, each level has a copy of its own: in ``for _ in range(n): y = y * x`` one beside each product.
    """
    level = {node.id: 0 for node in circuit.nodes}
    for edge in reversed(circuit.edges):
        level[edge.parent] = max(level[edge.parent], level[edge.child] + 1)
    sources = {node.id: node for node in circuit.nodes if node.kind in ("leaf", "constant")}
    uses: dict[str, set[int]] = {}
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
            copies[id] = [replace(sources[id], id=copy, of=id) for copy in ids]
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


def _prefixes(paths: list[Path], groups: str | Collection[str], network: Layers | None) -> list[Path]:
    """For each node the path of the collapsed group that it is in, () if in none."""
    if groups == "boxes":
        return [()] * len(paths)
    if groups == "collapsed":
        prefixes = [path[:1] for path in paths]
    elif groups == "layers":
        prefixes = [()] * len(paths) if network is None else network.prefixes(paths)
    else:
        prefixes = _named(paths, groups)
    return prefixes


def _named(paths: list[Path], groups: str | Collection[str]) -> list[Path]:
    known = dict.fromkeys(name for path in dict.fromkeys(paths) for name in path)
    if isinstance(groups, str):
        raise ValueError(
            f"draw: groups is 'boxes', 'collapsed', 'layers' or a list of names to collapse, not {groups!r}"
        )
    for name in groups:
        if name not in known:
            raise ValueError(f"draw: no group {name!r} to collapse; there are: {', '.join(map(repr, known)) or 'none'}")
    cut = {path: next((path[: i + 1] for i, name in enumerate(path) if name in groups), ()) for path in set(paths)}
    return [cut[path] for path in paths]


def _drawn(
    parents: Parents, prefixes: list[Path], centre: int | None, depth: int | None, most: int | None
) -> list[tuple[str, list[int]]]:
    """What is drawn as one, in topological order: its kind, "node", "group" or "folded", and its members."""
    units: list[list[int]] | None = None  # each node by itself
    if any(prefixes):
        first: dict[Path, int] = {}
        classes = [first.setdefault(prefix, node) if prefix else node for node, prefix in enumerate(prefixes)]
        parents, units = quotient(parents, contracted(parents, classes))

    def unit(number: int) -> tuple[str, list[int]]:
        members = [number] if units is None else units[number]
        return "group" if prefixes[members[0]] else "node", members

    count = len(parents)
    limit = count if most is None else most
    if centre is not None:
        middle = centre if units is None else next(u for u, members in enumerate(units) if centre in members)
        kept = neighbourhood(parents, middle, AROUND if depth is None else depth, limit)
    elif depth is not None:
        kept = levels_back(parents, count - 1, depth, limit)
    elif count > limit:
        kept = both_ends(parents, limit)
    else:
        return [unit(number) for number in range(count)]
    _, pieces = quotient(parents, folded(parents, kept))
    return [
        unit(piece[0])
        if piece[0] in kept
        else ("folded", piece if units is None else [node for number in piece for node in units[number]])
        for piece in pieces
    ]


def _notes(nodes: list[Node], total: int) -> list[str]:
    left_out = sum(node.count for node in nodes if node.kind == "folded")
    if not left_out:
        return []
    return [f"{left_out:,} of {total:,} nodes are folded into “…”: draw() takes most, depth, around and groups"]


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
        one = _node(order[exits[0]], "", precision, {}, False)
        node.shows = f"n{exits[0]}"
        node.value, node.value_text = one.value, one.value_text
        node.gradient, node.gradient_text = one.gradient, one.gradient_text
    return node


def _exits(parents: Parents, place: list[int]) -> set[int]:
    """The nodes that are used by what is drawn apart from them, and the output."""
    used = {parent for node, operands in enumerate(parents) for parent in operands if place[parent] != place[node]}
    return used | {len(parents) - 1}


def _folded(members: list[int]) -> Node:
    label = f"… {len(members):,} more node{'s' * (len(members) != 1)}"
    return Node(f"m{members[0]}", "folded", label, label, count=len(members))


def _check(
    root: Value, alone: dict[Value, Node], check: bool | Mapping[Value, tuple[float, float]], precision: int
) -> list[str]:
    """Give each node that is drawn by itself a numerical derivative: an estimate of our own, or the one given.

    The leaves come first; a note says how many had to go without.
    """
    if isinstance(check, Mapping):
        for value, (estimate, bound) in check.items():
            if value in alone:
                quotient = Quotient(estimate, bound)
                _beside(alone[value], Estimate(estimate, bound, quotient, quotient, False, 0.0), precision)
        return []
    asked = [value for value, node in alone.items() if node.kind != "constant"]
    asked.sort(key=lambda value: alone[value].kind != "leaf")
    found = numerical_gradients(root, asked, MOST_CHECKED)
    for value, estimated in found.items():
        _beside(alone[value], estimated, precision)
    if len(found) == len(asked):
        return []
    left_out = len(asked) - len(found)
    return [f"{left_out:,} of {len(asked):,} gradients are not checked: each takes some fifty evaluations of the graph"]


def _beside(node: Node, estimate: Estimate, precision: int) -> None:
    agrees = node.gradient is None or replace(estimate, gradient=node.gradient).verdict != "mismatch"
    if math.isinf(estimate.value):
        text = f"≈ {number_text(estimate.value)}"
    elif estimate.error < math.inf:
        text = f"≈ {number_text(estimate.value, precision)} ± {number_text(estimate.error, 1)}"
    elif estimate.left.error < math.inf and estimate.right.error < math.inf:
        left, right = (number_text(side.value, precision) for side in (estimate.left, estimate.right))
        text = f"≈ {left} from the left, {right} from the right"
    else:
        text = "≈ ?"
    node.check = Check(estimate.value, estimate.error, agrees, text)


def _kink(value: Value) -> str:
    """Which kind of kink a node sits at; not a pole, whose inf is marked as born."""
    kind = next((kink.kind for kink in kinks_at(value) if kink.kind != "pole"), "")
    return f"a{'n' * (kind == 'edge')} {kind}" if kind else ""


def _births(value: Value, spoiled: bool) -> list[str]:
    found = []
    if not math.isfinite(value.data) and all(map(math.isfinite, value._record[1:])):
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
            found[key].local_gradient, found[key].text = None, ""
        else:
            quiet = parent.kind == "constant"
            found[key] = Edge(parent.id, node.id, operand, slope, "" if quiet else number_text(slope, precision), quiet)
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
        replace(node, text=_written(node.op, [hidden[id].value_text if id in hidden else "" for id in node.operands]))
        if node.op and any(id in hidden for id in node.operands)
        else node
        for node in circuit.nodes
        if node.id not in hidden
    ]
    edges = [edge for edge in circuit.edges if edge.parent not in hidden]
    return replace(circuit, nodes=nodes, edges=edges, inlined=list(hidden.values()))


def _written(op: Primitive, operands: list[str]) -> str:
    """An operation with those of its operands that are known: ``× 2``, ``max(·, 0)``."""
    if op.infix:
        return f" {op.symbol} ".join(operands).strip()
    return f"{op.symbol}({', '.join(operand or '·' for operand in operands)})"


# ---- groups ----------------------------------------------------------------------------------------------------------


def _common(paths: list[Path]) -> Path:
    shared = paths[0]
    for path in paths:
        if path != shared:
            shared = next(
                (shared[:i] for i, (a, b) in enumerate(zip(shared, path)) if a != b), min(shared, path, key=len)
            )
        if not shared:
            break
    return shared


def _box(path: Path, boxes: dict[Path, Group]) -> str | None:
    """The id of the box of that path, which is made, and those around it, if there is none yet."""
    around = None
    for end in range(1, len(path) + 1):
        inner = path[:end]
        if inner not in boxes:
            boxes[inner] = Group(f"g{len(boxes)}", short_label(path[end - 1], 60), around)
        around = boxes[inner].id
    return around
