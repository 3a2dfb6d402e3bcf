"""Where everything is drawn: a layered layout, in which nothing overlaps by construction and operands keep their order.

Sugiyama's method: each node in the layer of its longest way to the output, long edges as chains of slots through the
layers between, orders improved by barycentres and exchanges of neighbours, positions by repeated isotonic regression
towards the mean of the neighbours. Between two layers of boxes stands a layer of the edges' labels, each in a slot of
its own. Edges bend in the gaps between layers alone, so none runs through a box or another's label. What is too long is
cut into rows like text. Sources: Sugiyama, Tagawa & Toda (1981); Gansner et al., "A technique for drawing directed
graphs" (1993), whose transposition it is; isotonic regression by pooling adjacent violators (Ayer et al., 1955).
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right, insort
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import accumulate, pairwise

from . import rows
from .abridge import shared
from .rows import SLOT

Point = tuple[float, float]
Size = tuple[float, float]
Rect = tuple[float, float, float, float]  # left, top, width, height

APART = 16.0  # between boxes of one layer
GAP = 44.0  # between layers of boxes, if no label stands between them
LEAVES, ARRIVES = 18.0, 22.0  # the gaps before and after a layer of labels
PORT = 17.0  # between the ends of two edges at one box
FRAME = 10.0  # between a group's box and what is in it
MARGIN = 8.0  # around the whole
TITLE = 16.0  # the height of a group's name, which stands `FRAME` from the left, above what is in the group, or beside
MOST_SLOTS = 4, 2_500  # a node, and besides: with more slots, the longest edges go round outside
SPINE = 1000.0  # the most an edge is held straight, where one operand is far deeper than the others


@dataclass(slots=True)
class Layout:
    """Positions, in pixels from the upper left corner.

    Attributes:
        size: of the whole.
        boxes: the centre of each node's box.
        paths: for each edge, points: straight to the second, curved to the third, straight to the fourth, and so on.
            A curve between two points equally far along turns back, as at the end of a row.
        labels: the centre of each edge's label, on a straight piece of its path.
        frames: left, top, width and height of each group's box.
    """

    size: Size
    boxes: list[Point]
    paths: list[list[Point]]
    labels: list[Point]
    frames: list[Rect]


def layered(
    sizes: Sequence[Size],
    edges: Sequence[tuple[int, int]],
    labels: Sequence[Size] = (),
    direction: str = "LR",
    around: Sequence[int | None] = (),
    member: Sequence[int | None] = (),
    ordered: Collection[int] = (),
    ratio: float = math.inf,
    titles: Sequence[float] = (),
) -> Layout:
    """Lay out a graph without circles.

    Args:
        sizes: width and height of each node's box.
        edges: pairs of node numbers, a node before the ones that use it; those to one node in the order of operands.
        labels: width and height of each edge's label; none by default.
        direction: "LR", "RL", "TB" or "BT": where the edges lead.
        around: for each group the number of the group around it; a group comes after the one around it.
        member: for each node the number of the innermost group it is in.
        ordered: the nodes whose operands arrive in their order, from the top or from the left.
        ratio: the most that the drawing is longer than wide: beyond, it is cut into rows, or what is tall into columns
        titles: the width of each group's name; none by default.

    >>> drawn = layered([(40, 20), (40, 20), (40, 20)], [(0, 2), (1, 2)])
    >>> [x for x, y in drawn.boxes], drawn.size
    ([28.0, 28.0, 112.0], (140.0, 72.0))
    """
    upright = direction in ("TB", "BT")
    texts = list(labels) or [(0.0, 0.0)] * len(edges)
    plan = Plan(
        [size[::-1] for size in sizes] if upright else sizes,
        edges,
        [size[::-1] for size in texts] if upright else texts,
        direction,
        set(ordered),
    )
    plan.assign_groups(around, member, titles)
    plan.assign_layers(ratio)
    plan.make_slots()
    plan.make_fillers()
    plan.order_layers()
    plan.insert_labels()
    plan.place()
    return _turned(plan.drawn(ratio), direction, ratio)


class Plan:
    """The layout of one graph, from left to right. Items are the nodes, then slots, fillers and labels, by number."""

    def __init__(
        self,
        sizes: Sequence[Size],
        edges: Sequence[tuple[int, int]],
        labels: Sequence[Size],
        direction: str,
        ordered: set[int],
    ) -> None:
        self.sizes, self.edges, self.labels, self.ordered = sizes, edges, labels, ordered
        self.upright, self.mirrored = direction in ("TB", "BT"), direction in ("RL", "BT")
        self.nodes = len(sizes)
        self.half = [height / 2 for _, height in sizes]  # of each item: half its height
        self.rank: list[int] = []  # of each item: its layer, 0 that of the output
        self.layers: list[list[int]] = []  # each from top to bottom; after `insert_labels`, those of labels among them
        self.before: list[list[int]] = [[] for _ in sizes]  # of each item: its neighbours in the layer further back,
        self.after: list[list[int]] = [[] for _ in sizes]  # and in the layer nearer to the output;
        self.into: list[list[int]] = [[] for _ in sizes]  # by which edge each of those before leads here,
        self.port: list[list[float]] = [[] for _ in sizes]  # and where at each of those after one arrives, from 0 to 1
        self.pulls: list[float] = []  # how strongly each edge is held level
        self.pull_before: list[list[float]] = []
        self.pull_after: list[list[float]] = []
        self.chains: list[list[int]] = [[] for _ in edges]  # of each edge: its slots and its label, from its parent on
        self.outside: set[int] = set()  # the edges that go round outside
        self.chain: list[tuple[int, ...]] = [()] * self.nodes  # of each item: the groups it is in, outermost first
        self.around: Sequence[int | None] = ()
        self.at: list[float] = []  # of each item: how far down its centre is
        self.place_in_layer: list[int] = []

    # ---- layers ----

    def assign_layers(self, ratio: float) -> None:
        shift = [0] * self.nodes  # how many layers further back a node stands than it must
        rank = self._ranks(shift)
        columns, layer = 2, self._too_tall(rank, ratio)
        while layer and columns < 100:  # what is in it stands in so many columns, one after the other
            for turn, node in enumerate(layer):
                shift[node] = turn % columns
            rank = self._ranks(shift)
            columns, layer = math.ceil(1.4 * columns), layer if self._too_tall(rank, 0.8 * ratio) else []
        self.rank = rank
        self.reach = [(max(rank, default=0) + 1, -1)] * len(self.paths)  # of each group: its first and last layer
        for node, chain in enumerate(self.chain):
            for group in chain:
                low, top = self.reach[group]
                self.reach[group] = min(low, rank[node]), max(top, rank[node])

    def _too_tall(self, rank: list[int], ratio: float) -> list[int]:
        """Of a drawing that would be more than `ratio` times as tall as wide the first layer that makes it so."""
        if ratio == math.inf or not rank:
            return []
        high, wide = [0.0] * (max(rank) + 1), [0.0] * (max(rank) + 1)
        for node, (width, height) in enumerate(self.sizes):
            high[rank[node]] += height + APART
            wide[rank[node]] = max(wide[rank[node]], width + GAP)
        passing, labels = [0] * (len(high) + 1), [0.0] * len(high)
        for (parent, child), (_, height) in zip(self.edges, self.labels):
            passing[rank[child] + 1] += 1
            passing[rank[parent]] -= 1
            labels[rank[child]] += height + APART / 2
        high = [boxes + edges * (SLOT + APART / 2) for boxes, edges in zip(high, accumulate(passing))]
        if max(*high, *labels) <= ratio * sum(wide):
            return []
        first = next(number for number, height in enumerate(high) if height >= max(high) / 3)
        return [node for node in range(self.nodes) if rank[node] == first]

    def _ranks(self, shift: list[int]) -> list[int]:
        """Of each node the longest way to the output; what an outermost group uses is further back than all of it."""
        unit = [chain[0] - len(self.paths) if chain else node for node, chain in enumerate(self.chain)]
        if self.paths and not _in_turn({(unit[p], unit[c]) for p, c in self.edges if unit[p] != unit[c]}):
            unit = list(range(self.nodes))  # one group uses another and is used by it
        onward: dict[int, set[int]] = {}
        inside: dict[int, list[int]] = {}
        for node, own in enumerate(unit):
            inside.setdefault(own, []).append(node)
        for parent, child in self.edges:
            onward.setdefault(parent, set()).add(child)
        rank = [0] * self.nodes
        furthest: dict[int, int] = {}
        for own in reversed(_in_turn({(unit[p], unit[c]) for p, c in self.edges if unit[p] != unit[c]}, inside)):
            leaving = [furthest[unit[c]] for node in inside[own] for c in onward.get(node, ()) if unit[c] != own]
            least = max(leaving, default=-1) + 1
            for node in sorted(inside[own], reverse=True):
                behind = max([least, *(rank[c] + 1 for c in onward.get(node, ()) if unit[c] == own)])
                rank[node] = behind + shift[node]
            furthest[own] = max(rank[node] for node in inside[own])
        return rank

    def assign_groups(
        self, around: Sequence[int | None], member: Sequence[int | None], titles: Sequence[float] = ()
    ) -> None:
        self.around = around
        widths = list(titles) or [0.0] * len(around)
        self.above = [width + 4.0 if self.upright else TITLE for width in widths]  # before a group's first item
        self.along = [0.0 if self.upright else width for width in widths]  # how long it is at least
        paths: list[tuple[int, ...]] = []
        for number, outer in enumerate(around):
            paths.append((number,) if outer is None else (*paths[outer], number))
        if paths:
            self.chain = [() if group is None else paths[group] for group in member]
        self.paths = paths

    def make_slots(self) -> None:
        spans = [self.rank[parent] - self.rank[child] - 1 for parent, child in self.edges]
        excess = sum(spans) - MOST_SLOTS[0] * self.nodes - MOST_SLOTS[1]
        for edge in sorted(range(len(spans)), key=lambda edge: (-spans[edge], edge)):
            if excess <= 0:
                break
            self.outside.add(edge)
            excess -= spans[edge]
        self.pulls = self._pulls()
        operands = [0] * self.nodes
        for _, child in self.edges:
            operands[child] += 1
        met = [0] * self.nodes
        for edge, (parent, child) in enumerate(self.edges):
            met[child] += 1
            if edge in self.outside:
                continue
            slots = [
                self._item(rank, SLOT / 2, self._passed(rank, self.chain[parent], self.chain[child]))
                for rank in range(self.rank[parent] - 1, self.rank[child], -1)
            ]
            self.chains[edge] = slots
            self.pulls[edge] *= 4.0 if slots else 1.0
            for left, right in zip([parent, *slots], [*slots, child]):
                self._link(left, right, edge)
                fixed = right == child and child in self.ordered
                self.port[left].append(met[child] / (operands[child] + 1) if fixed else 0.5)

    def _passed(self, rank: int, parent: tuple[int, ...], child: tuple[int, ...]) -> tuple[int, ...]:
        """The groups that an edge is in where it passes a layer: those of one of its ends, as far as they reach."""
        found = shared(parent, child)
        for chain in (child, parent):
            inside = 0
            while inside < len(chain) and self.reach[chain[inside]][0] <= rank <= self.reach[chain[inside]][1]:
                inside += 1
            found = max(found, chain[:inside], key=len)
        return found

    def _item(self, rank: int, half: float, chain: tuple[int, ...]) -> int:
        self.rank.append(rank)
        self.half.append(half)
        self.chain.append(chain)
        self.before.append([])
        self.after.append([])
        self.into.append([])
        self.port.append([])
        return len(self.rank) - 1

    def _link(self, left: int, right: int, edge: int) -> None:
        self.before[right].append(left)
        self.after[left].append(right)
        self.into[right].append(edge)

    def _pulls(self) -> list[float]:
        """How strongly each edge is held level: the more, the deeper its parent is than the child's other operands."""
        depth = [0] * self.nodes
        deepest = [(-1, -1)] * self.nodes  # of the operands: the greatest depth, and the next
        for parent, child in sorted(self.edges, key=lambda edge: edge[1]):
            first, second = deepest[child]
            own = depth[parent]
            deepest[child] = (own, first) if own >= first else (first, max(own, second))
            depth[child] = max(depth[child], own + 1)
        pulls = []
        for parent, child in self.edges:
            first, second = deepest[child]
            lead = depth[parent] - max(second, 0) if depth[parent] == first else 0
            pulls.append(min(SPINE, 1.0 + lead * lead))
        return pulls

    def make_fillers(self) -> None:
        """An item in each layer that a group spans without having one there: what is no member must keep clear."""
        found: list[set[int]] = [set() for _ in self.paths]
        for item, chain in enumerate(self.chain):
            for group in chain:
                found[group].add(self.rank[item])
        for group in reversed(range(len(self.paths))):  # those inside come first
            if found[group]:
                for rank in range(min(found[group]), max(found[group])):
                    if rank not in found[group]:
                        self._item(rank, 0.0, self.paths[group])
                        for outer in self.paths[group]:
                            found[outer].add(rank)

    # ---- orders ----

    def order_layers(self) -> None:
        self.layers = [[] for _ in range(max(self.rank, default=0) + 1)]
        for item in self._depth_first():
            self.layers[self.rank[item]].append(item)
        self.place_in_layer = [0] * len(self.rank)
        self._number()
        count = len(self.rank)
        best, fewest = [list(layer) for layer in self.layers], self.crossings()
        for turn in range(10 if count < 1_000 else 4 if count < 5_000 else 2):
            if not fewest:
                break
            self._sort_layers(back=turn % 2 == 0)
            if count < 3_000:
                self._transpose()
            now = self.crossings()
            if now < fewest:
                best, fewest = [list(layer) for layer in self.layers], now
        self.layers = best
        self._number()
        if self.paths:
            gathered = self._group_places()
            for layer in self.layers:
                self._sort_grouped(layer, {item: float(self.place_in_layer[item]) for item in layer}, gathered)
            self._number()

    def _depth_first(self) -> list[int]:
        """Every item, each before its operands and these in their order: without a crossing, if the graph is a tree."""
        order: list[int] = []
        seen = [False] * len(self.rank)
        stack = sorted(range(len(self.rank)), key=lambda item: (-self.rank[item], -item))  # the output is on top
        while stack:
            item = stack.pop()
            if not seen[item]:
                seen[item] = True
                order.append(item)
                stack += [other for other in reversed(self.before[item]) if not seen[other]]
        return order

    def _number(self) -> None:
        for layer in self.layers:
            for place, item in enumerate(layer):
                self.place_in_layer[item] = place

    def _ends(self, item: int) -> list[float]:
        """Where in the layer after it the edges of an item arrive."""
        place = self.place_in_layer
        return [place[other] + port for other, port in zip(self.after[item], self.port[item])]

    def _sort_layers(self, back: bool) -> None:
        """Each layer in the order of its barycentres among the neighbours in the layer before it in this sweep."""
        place = self.place_in_layer
        gathered = self._group_places() if self.paths else []
        for layer in self.layers[1:] if back else reversed(self.layers[:-1]):
            key = {}
            for item in layer:
                ends = self._ends(item) if back else [place[other] for other in self.before[item]]
                key[item] = sum(ends) / len(ends) if ends else float(place[item])
            if gathered:
                self._sort_grouped(layer, key, gathered)
            else:
                layer.sort(key=key.__getitem__)
            for at, item in enumerate(layer):
                place[item] = at

    def _group_places(self) -> list[float]:
        """How far down each group is, on the whole: one order of the groups for all layers, so that none interlace."""
        sums = [(0.0, 0)] * len(self.paths)
        for layer in self.layers:
            for place, item in enumerate(layer):
                for group in self.chain[item]:
                    total, count = sums[group]
                    sums[group] = total + place - (len(layer) - 1) / 2, count + 1
        return [total / count if count else 0.0 for total, count in sums]

    def _sort_grouped(self, layer: list[int], key: dict[int, float], gathered: list[float]) -> None:
        """By their keys, but members of a group side by side: it stands at their mean, and in the order of groups."""
        inside: dict[int, list[float]] = {}
        for item in layer:
            for group in self.chain[item]:
                inside.setdefault(group, []).append(key[item])
        mean: dict[int, float] = {}
        least: dict[int | None, float] = {}  # of each group: how far down the next of those in it may stand
        for group in sorted(inside, key=lambda group: (gathered[group], group)):
            outer = self.around[group]
            mean[group] = max(sum(inside[group]) / len(inside[group]), least.get(outer, -1e18))
            least[outer] = mean[group]
        rank = {group: number for number, group in enumerate(sorted(inside, key=lambda g: (gathered[g], g)))}
        layer.sort(key=lambda item: (*((mean[g], rank[g]) for g in self.chain[item]), (key[item], -1)))

    def crossings(self) -> int:
        """How many pairs of edges cross."""
        total = 0
        for layer in self.layers[1:]:
            ends: list[float] = []
            for item in layer:
                targets = self._ends(item)
                if ends and ends[-1] > min(targets, default=0):
                    total += sum([len(ends) - bisect_right(ends, target) for target in targets])
                for target in targets:
                    insort(ends, target)
        return total

    def _transpose(self) -> None:
        """Exchange neighbours while that takes crossings away."""
        place = self.place_in_layer
        for _ in range(4):
            improved = False
            for layer in self.layers:
                for i in range(len(layer) - 1):
                    upper, lower = layer[i], layer[i + 1]
                    if self.chain[upper] == self.chain[lower] and self._gain(upper, lower) > 0:
                        layer[i], layer[i + 1] = lower, upper
                        place[upper], place[lower] = i + 1, i
                        improved = True
            if not improved:
                break

    def _gain(self, upper: int, lower: int) -> int:
        """How many crossings fewer there are if the two change places."""
        place = self.place_in_layer
        gain = sum((a > b) - (a < b) for a in self._ends(upper) for b in self._ends(lower))
        above, below = ([place[other] for other in self.before[item]] for item in (upper, lower))
        return gain + sum((a > b) - (a < b) for a in above for b in below)

    def insert_labels(self) -> None:
        """Put a layer of labels before each layer of boxes that labelled edges lead to, in the order they arrive in."""
        labelled = {self.rank[child] for (_, child), size in zip(self.edges, self.labels) if size[0]}
        layers: list[list[int]] = []
        for rank, layer in enumerate(self.layers):
            layers.append(layer)
            if rank in labelled:
                layers.append([])
                for item in layer:
                    self._insert_before(item, layers[-1])
        outer = [edge for edge in self.outside if self.labels[edge][0]]
        for edge in sorted(outer):
            child = self.edges[edge][1]
            label = self._label(edge, child)
            place = layers.index(self.layers[self.rank[child]]) + 1
            layers[place].append(label)
            self._link(label, child, edge)
            self.chains[edge] = [label]
        self.layers = layers
        for number, layer in enumerate(layers):
            for item in layer:
                self.rank[item] = number
        self.pull_before = [[self.pulls[edge] for edge in edges] for edges in self.into]
        self.pull_after = [[] for _ in self.rank]
        self.after = [[] for _ in self.rank]
        for item, others in enumerate(self.before):
            for other, pull in zip(others, self.pull_before[item]):
                self.after[other].append(item)
                self.pull_after[other].append(pull)

    def _insert_before(self, item: int, layer: list[int]) -> None:
        arriving = list(zip(self.before[item], self.into[item]))
        if item not in self.ordered:
            arriving.sort(key=lambda one: (self.place_in_layer[one[0]], one[1]))
        if not arriving and self.chain[item]:
            layer.append(self._item(0, 0.0, self.chain[item]))
        self.before[item], self.into[item] = [], []
        for left, edge in arriving:
            label = self._label(edge, item)
            layer.append(label)
            slots = self.chains[edge]
            slots.insert(slots.index(item) if item >= self.nodes else len(slots), label)
            self._link(left, label, edge)
            self._link(label, item, edge)

    def _label(self, edge: int, item: int) -> int:
        """An item before `item` for the edge: its label if that is its child, else a slot."""
        high = max(SLOT, self.labels[edge][1]) if item < self.nodes else SLOT
        return self._item(0, high / 2, self.chain[item])

    # ---- positions ----

    def place(self) -> None:
        """Each item as near as its layer lets it to the mean of its neighbours, in sweeps back and forth."""
        self.at = [0.0] * len(self.rank)
        offsets = []
        for layer in self.layers:
            down = [0.0]
            for upper, lower in pairwise(layer):
                down.append(down[-1] + self._apart(upper, lower))
            offsets.append(down)
            for item, offset in zip(layer, down):
                self.at[item] = offset - down[-1] / 2
        sweeps = [*(["after", "before"] * (3 if len(self.rank) < 5_000 else 1)), "both", "before"]
        for sweep in sweeps:
            numbers = range(len(self.layers)) if sweep == "after" else range(len(self.layers) - 1, -1, -1)
            for number in numbers:
                self._settle(self.layers[number], offsets[number], sweep)
        if self.paths:
            self._part_groups()

    def _settle(self, layer: list[int], offsets: list[float], sweep: str) -> None:
        at = self.at
        wanted, weights = [], []
        for item in layer:
            total = weight = 0.0
            if sweep != "after":
                for other, pull in zip(self.before[item], self.pull_before[item]):
                    total += pull * at[other]
                    weight += pull
            if sweep != "before":
                for other, pull in zip(self.after[item], self.pull_after[item]):
                    total += pull * at[other]
                    weight += pull
            wanted.append(total / weight if weight else at[item])
            weights.append(weight or 0.1)
        for item, position in zip(layer, _isotonic(wanted, weights, offsets)):
            at[item] = position

    def _apart(self, upper: int, lower: int) -> float:
        """How far apart the centres of two neighbours in a layer are at least."""
        apart = self.half[upper] + self.half[lower]
        apart += APART if upper < self.nodes and lower < self.nodes else APART / 2
        if self.chain[upper] != self.chain[lower]:
            common = len(shared(self.chain[upper], self.chain[lower]))
            opened = self.chain[lower][common:]
            apart += FRAME * (len(self.chain[upper]) - common + len(opened)) + sum(self.above[g] for g in opened)
        return apart

    def _part_groups(self) -> None:
        """Move items down until no group's box has in it what is no member.

        Each group has an upper and a lower border; that they, and the items of each layer, keep their order and
        distances is a graph without circles, along which the longest ways are the positions.
        """
        after: dict[tuple[str, int], list[tuple[tuple[str, int], float]]] = {}  # what each follows, and how far apart

        def order(first: tuple[str, int], then: tuple[str, int], apart: float) -> None:
            after.setdefault(then, []).append((first, apart))

        for layer in self.layers:
            above: tuple[tuple[str, int], float] | None = None  # what the next thing follows, and its extent
            open_groups: tuple[int, ...] = ()
            for item in [*layer, None]:
                chain = () if item is None else self.chain[item]
                common = len(shared(open_groups, chain))
                for group in reversed(open_groups[common:]):
                    assert above is not None
                    order(above[0], ("bottom", group), above[1] + FRAME)
                    above = ("bottom", group), 0.0
                for group in chain[common:]:
                    if above is not None:
                        margin = FRAME + self.above[above[0][1]] if above[0][0] == "top" else APART
                        order(above[0], ("top", group), above[1] + margin)
                    above = ("top", group), 0.0
                if item is not None:
                    if above is not None:
                        margin = FRAME + self.above[above[0][1]] if above[0][0] == "top" else APART / 2
                        order(above[0], ("item", item), above[1] + margin + self.half[item])
                    above = ("item", item), self.half[item]
                open_groups = chain
        least: dict[tuple[str, int], float] = {}
        before = {then: [first for first, _ in firsts] for then, firsts in after.items()}
        for thing in TopologicalSorter(before).static_order():
            position = max([least[first] + apart for first, apart in after.get(thing, ())], default=-1e18)
            if thing[0] == "item":
                self.at[thing[1]] = position = max(position, self.at[thing[1]])
            least[thing] = position

    # ---- the drawing ----

    def drawn(self, ratio: float) -> Layout:
        lefts, rights, width = self._columns()
        cut = rows.cut(self, lefts, rights, ratio)
        if len(cut) > 1:
            return Layout(*rows.laid_out(self, cut, lefts, rights))
        top = min((self.at[item] - self.half[item] for item in range(len(self.rank))), default=0.0)
        self.at = [position - top for position in self.at]
        bottom = max((self.at[item] + self.half[item] for item in range(len(self.rank))), default=0.0)
        lanes = self._lanes(bottom + APART)
        boxes = [((lefts[r] + rights[r]) / 2, at) for r, at in zip(self.rank, self.at[: self.nodes])]
        paths = self.edge_paths(boxes, lefts, rights, lanes)
        size = width, max([bottom, *lanes.values()])
        return Layout(size, boxes, paths, self.label_places(lefts, rights), self.frames(lefts, rights))

    def label_places(self, lefts: list[float], rights: list[float]) -> list[Point]:
        items = [chain[-1] if chain else self.edges[edge][0] for edge, chain in enumerate(self.chains)]
        return [((lefts[self.rank[item]] + rights[self.rank[item]]) / 2, self.at[item]) for item in items]

    def _columns(self) -> tuple[list[float], list[float], float]:
        """Where each layer begins and ends, and where the last one does. Layer 0 is the rightmost."""
        count = len(self.layers)
        wide, steep = [0.0] * count, [0.0] * count
        for node, (width, _) in enumerate(self.sizes):
            wide[self.rank[node]] = max(wide[self.rank[node]], width)
        for chain, (width, _) in zip(self.chains, self.labels):
            if chain and width:
                wide[self.rank[chain[-1]]] = max(wide[self.rank[chain[-1]]], width)
        for item, others in enumerate(self.after):
            for other in others:
                gap = self.rank[other]
                steep[gap] = max(steep[gap], abs(self.at[item] - self.at[other]))
        boxes = {self.rank[node] for node in range(self.nodes)}  # the other layers are labels'
        for group, rank in self._first_columns().items():
            wide[rank] = max(wide[rank], self.along[group])
        frames = 2 * FRAME * max(map(len, self.paths), default=0)
        lefts, rights, x = [0.0] * count, [0.0] * count, 0.0
        for rank in range(count - 1, -1, -1):
            lefts[rank], rights[rank] = x, x + wide[rank]
            if rank:
                apart = ARRIVES if rank not in boxes else LEAVES + frames if rank - 1 not in boxes else GAP + frames
                x = rights[rank] + apart + min(60.0, max(0.0, steep[rank - 1] - 60.0) / 12)
        return lefts, rights, rights[0] if count else 0.0

    def _first_columns(self) -> dict[int, int]:
        """The leftmost layer of each group as it will be drawn, which has room for its name: edges bend elsewhere."""
        found: dict[int, int] = {}
        for item, chain in enumerate(self.chain):
            for group in chain:
                rank = self.rank[item]
                found[group] = (min if self.mirrored else max)(found.get(group, rank), rank)
        return found

    def _lanes(self, first: float) -> dict[int, float]:
        """How far down each edge runs that goes round outside; of those to one layer, the shortest runs nearest."""
        ends = {edge: (self.rank[self.edges[edge][1]], self.rank[self.edges[edge][0]]) for edge in self.outside}
        busy: list[tuple[int, int]] = []  # until which layer, and which lane
        found = {}
        for edge in sorted(ends, key=lambda edge: (ends[edge], edge)):
            low, high = ends[edge]
            lane = heapq.heappop(busy)[1] if busy and busy[0][0] <= low else len(busy)
            heapq.heappush(busy, (high, lane))
            found[edge] = first + lane * SLOT
        return found

    def edge_paths(
        self, boxes: list[Point], lefts: list[float], rights: list[float], lanes: dict[int, float]
    ) -> list[list[Point]]:
        leaving, entering = self._ports(lanes)
        paths = []
        for edge, (parent, child) in enumerate(self.edges):
            start, end = self.at[parent] + leaving[edge], self.at[child] + entering[edge]
            first, last = self.rank[parent], self.rank[child]
            path = [(boxes[parent][0] + self.sizes[parent][0] / 2, start), (rights[first], start)]
            if edge in lanes:
                until = self.rank[self.chains[edge][0]] if self.chains[edge] else last
                path += [(lefts[first - 1], lanes[edge]), (rights[until + 1], lanes[edge])]
            for slot in self.chains[edge]:
                rank = self.rank[slot]
                path += [(lefts[rank], self.at[slot]), (rights[rank], self.at[slot])]
            path += [(lefts[last], end), (boxes[child][0] - self.sizes[child][0] / 2, end)]
            paths.append(path)
        return paths

    def _ports(self, lanes: dict[int, float]) -> tuple[list[float], list[float]]:
        """How far from the centre of its box each edge leaves and enters: in the order of what is at its other end."""
        leaving, entering = [0.0] * len(self.edges), [0.0] * len(self.edges)
        for end, offsets in ((0, leaving), (1, entering)):
            at_box: dict[int, list[tuple[float, int]]] = {}
            for edge, ends in enumerate(self.edges):
                slots = self.chains[edge]
                towards = self.at[slots[-end] if slots else ends[1 - end]]
                if edge in lanes and (not end or not slots):
                    towards = lanes[edge]
                if end and ends[1] in self.ordered:
                    towards = 0.0
                at_box.setdefault(ends[end], []).append((towards, edge))
            for box, found in at_box.items():
                if len(found) > 1:
                    step = min(PORT, 1.4 * self.half[box] / (len(found) - 1))
                    for place, (_, edge) in enumerate(sorted(found)):
                        offsets[edge] = step * (place - (len(found) - 1) / 2)
        return leaving, entering

    def frames(self, lefts: list[float], rights: list[float]) -> list[Rect]:
        bounds: list[list[float]] = [[1e18, 1e18, -1e18, -1e18] for _ in self.paths]
        wide = [(size[0], node) for node, size in enumerate(self.sizes)]
        wide += [(size[0], chain[-1]) for chain, size in zip(self.chains, self.labels) if chain and size[0]]
        for width, item in wide if self.paths else ():
            if self.chain[item]:
                x = (lefts[self.rank[item]] + rights[self.rank[item]]) / 2
                _stretch(bounds[self.chain[item][-1]], x - width / 2, 1e18, x + width / 2, -1e18)
        for item, chain in enumerate(self.chain):
            if chain:
                y = self.at[item]
                _stretch(bounds[chain[-1]], 1e18, y - self.half[item], -1e18, y + self.half[item])
        first = self._first_columns()
        for group in reversed(range(len(self.paths))):
            left, upper, right, lower = bounds[group]
            if left > right:  # nothing of it is drawn
                bounds[group] = [0.0, 0.0, 0.0, 0.0]
                continue
            if self.mirrored:
                right = max(right, lefts[first[group]] + self.along[group])
                left = min(left, right - self.along[group])
            else:
                left = min(left, rights[first[group]] - self.along[group])
                right = max(right, left + self.along[group])
            bounds[group] = [left - FRAME, upper - FRAME - self.above[group], right + FRAME, lower + FRAME]
            outer = self.around[group]
            if outer is not None:
                _stretch(bounds[outer], *bounds[group])
        return [(left, upper, right - left, lower - upper) for left, upper, right, lower in bounds]


def _in_turn(edges: Collection[tuple[int, int]], units: Collection[int] = ()) -> list[int]:
    """Each unit after those that lead to it; none if they lead in a circle."""
    before: dict[int, list[int]] = {unit: [] for unit in units}
    for source, target in sorted(edges):
        before.setdefault(target, []).append(source)
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError:
        return []


def _stretch(bounds: list[float], left: float, upper: float, right: float, lower: float) -> None:
    bounds[:] = min(bounds[0], left), min(bounds[1], upper), max(bounds[2], right), max(bounds[3], lower)


def _isotonic(wanted: list[float], weights: list[float], offsets: list[float]) -> list[float]:
    """The positions nearest to those wanted, by weighted squares, that are as far apart as the offsets say."""
    blocks: list[tuple[float, float, int]] = []  # mean, weight, and how many
    for want, weight, offset in zip(wanted, weights, offsets):
        mean, total, count = want - offset, weight, 1
        while blocks and blocks[-1][0] >= mean:
            above, more, others = blocks.pop()
            mean = (mean * total + above * more) / (total + more)
            total += more
            count += others
        blocks.append((mean, total, count))
    positions = [mean for mean, _, count in blocks for _ in range(count)]
    return [position + offset for position, offset in zip(positions, offsets)]


def _turned(layout: Layout, direction: str, ratio: float) -> Layout:
    """A drawing from left to right, turned to the direction and moved to the margins."""
    points = [(x, y) for path in layout.paths for x, y in path]
    points += [corner for left, top, w, h in layout.frames for corner in ((left, top), (left + w, top + h))]
    left, top = (min([0.0, *(p[axis] for p in points)]) - MARGIN for axis in (0, 1))
    width = max([layout.size[0], *(x for x, _ in points)]) + MARGIN - left
    height = max([layout.size[1], *(y for _, y in points)]) + MARGIN - top
    spare = max(0.0, math.ceil(width) / ratio + 0.5 - height) if ratio < math.inf else 0.0
    height, top = height + spare, top - spare / 2
    mirrored, upright = direction in ("RL", "BT"), direction in ("TB", "BT")

    def turn(point: Point) -> Point:
        x, y = point[0] - left, point[1] - top
        x = width - x if mirrored else x
        return (y, x) if upright else (x, y)

    frames = []
    for x, y, w, h in layout.frames:
        (x0, y0), (x1, y1) = turn((x, y)), turn((x + w, y + h))
        frames.append((min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)))
    return Layout(
        (height, width) if upright else (width, height),
        [turn(box) for box in layout.boxes],
        [[turn(point) for point in path] for path in layout.paths],
        [turn(label) for label in layout.labels],
        frames,
    )
