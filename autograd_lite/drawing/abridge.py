"""Which nodes of a large graph are drawn, and what stands for the others.

A graph is here a list: for each node, in topological order, the indices of its parents. Nodes are gathered into classes
of which each is drawn as one node; `contracted` splits a class where drawing it as one would close a circle.
Knows no numbers and no Values; nothing recurses, and a million nodes take a second or two.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")
Parents = list[tuple[int, ...]]
FOLDED = -1  # the class of a node that is not drawn by itself
MOST_PIECES = 20  # more pieces of what is folded than this are drawn as one
MOST_PARTED = 100_000  # nor are more nodes than this parted into pieces


def neighbourhood(parents: Parents, centre: int, radius: int, most: int) -> set[int]:
    """The nodes at most `radius` edges away from `centre`, forward or back; if they are more than `most`, the nearest.

    No way leads through a leaf or a constant: two nodes are not near because both use ``x``.

    >>> sorted(neighbourhood([(), (), (0, 1), (2,), (3,)], centre=3, radius=1, most=9))
    [2, 3, 4]
    """
    neighbours: list[list[int]] = [list(operands) for operands in parents]
    for node, operands in enumerate(parents):
        for parent in operands:
            if parents[parent] or parent == centre:
                neighbours[parent].append(node)
    return nearest(neighbours, centre, radius, most)


def nearest(neighbours: Sequence[Sequence[int]], centre: int, radius: int, most: int) -> set[int]:
    """The nodes at most `radius` edges from `centre`, as the lists lead; if they are more than `most`, the nearest.

    >>> sorted(nearest([(), (0,), (1,), (2, 0)], centre=3, radius=1, most=9))
    [0, 2, 3]
    """
    ball, shell = {centre}, [centre]
    for _ in range(min(radius, len(neighbours))):
        shell = [node for node in dict.fromkeys(n for node in shell for n in neighbours[node]) if node not in ball]
        ball.update(shell[: most - len(ball)])
        if not shell or len(ball) >= most:
            break
    return ball


def both_ends(parents: Parents, most: int) -> set[int]:
    """At most `most` nodes: three quarters from the output back, level by level, the others where the graph begins.

    A level is the longest way to the output, so that no way leads from a node near the output to a folded one; what
    begins the graph is a piece of its topological order, so that no way leads there from a folded one. A leaf or
    constant is kept with the first operation that needs it.
    """
    count = len(parents)
    level = [0] * count
    for node in range(count - 1, -1, -1):
        below = level[node] + 1
        for parent in parents[node]:
            if level[parent] < below:
                level[parent] = below
    kept: set[int] = set()
    near = most - most // 4
    for node in heapq.nsmallest(near, range(count - 1, -1, -1), key=level.__getitem__):
        if len(kept) >= near:
            break
        kept.add(node)
        kept.update([parent for parent in dict.fromkeys(parents[node]) if not parents[parent]][: near - len(kept)])
    for node in range(count):
        if len(kept) >= most:
            break
        kept.add(node)
    return kept


def folded(parents: Parents, kept: set[int]) -> list[int]:
    """The class of each node: its own index if it is kept, else that of the connected piece of folded nodes it is in.

    A class is numbered by one of its nodes. The classes make a graph without circles, whatever is kept.

    >>> folded([(), (0,), (1,), (2,), (3,)], kept={0, 4})
    [0, 1, 1, 1, 4]
    """
    classes = [node if node in kept else FOLDED for node in range(len(parents))]
    rest = [node for node, own in enumerate(classes) if own == FOLDED]
    if not rest:
        return classes
    if len(rest) <= MOST_PARTED:
        piece = _pieces(parents, rest, kept)
        if len(set(piece.values())) <= MOST_PIECES:
            for node, first in piece.items():
                classes[node] = first
            return contracted(parents, classes)
    for node in rest:
        classes[node] = rest[0]
    return contracted(parents, classes)


def _pieces(parents: Parents, rest: list[int], kept: set[int]) -> dict[int, int]:
    """The first node of the connected piece that each node of `rest` is in."""
    leader = {node: node for node in rest}

    def lead(node: int) -> int:
        while leader[node] != node:
            leader[node] = node = leader[leader[node]]
        return node

    for node in rest:
        for parent in parents[node]:
            if parent not in kept:
                a, b = lead(node), lead(parent)
                leader[max(a, b)] = min(a, b)
    return {node: lead(node) for node in rest}


def repeated(
    parents: Parents, kinds: Sequence[Hashable | None], unordered: Collection[int] = ()
) -> tuple[list[int], list[int]]:
    """The class of each node, alike being of one class, and the last node of the run that each is in.

    A run is an operation after another of its kind that it alone uses: the sums that add up a loss, sine upon sine. A
    run is like one operation, whatever its length. Two are alike that are of one kind, whose operands are, and whose
    uses are: a loss over examples has as many classes as one example has nodes. What is of no kind is like nothing; in
    which place something is used makes no difference where that is `unordered`.

    >>> repeated([(), (), (0,), (1,), (2,), (3, 4)], ["x", "x", "sin", "cos", "cos", "+"])
    ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5])
    >>> repeated([(), (), (0, 1), (), (2, 3), (4,)], ["x", "x", "+", "x", "+", "sin"])
    ([0, 0, 2, 0, 2, 5], [0, 1, 4, 3, 4, 5])
    """
    count = len(parents)
    users, uses = [0] * count, [0] * count
    for node, operands in enumerate(parents):
        for parent in operands:
            users[parent], uses[parent] = node, uses[parent] + 1
    run = list(range(count))
    for node in range(count - 2, -1, -1):
        if parents[node] and uses[node] == 1 and kinds[node] == kinds[users[node]] is not None:
            run[node] = run[users[node]]
    operands_of: dict[int, list[int]] = {}
    for node, operands in enumerate(parents):
        operands_of.setdefault(run[node], []).extend([parent for parent in operands if run[parent] != run[node]])
    known: dict[Hashable, int] = {}
    made_of = [0] * count  # what each is, by its kind and its operands
    long = Counter(run)
    for node in range(count):
        if run[node] == node:
            made = [made_of[run[parent]] for parent in operands_of[node]]
            kind = (node,) if kinds[node] is None else kinds[node]
            made_of[node] = known.setdefault((kind, frozenset(made) if long[node] > 1 else tuple(made)), node)
    roles: list[set[tuple[int, int]]] = [set() for _ in parents]
    classes = [0] * count
    for node in range(count - 1, -1, -1):  # and what it is used for
        if run[node] != node:
            classes[node] = classes[run[node]]
            continue
        classes[node] = known.setdefault((made_of[node], frozenset(roles[node])), node)
        anywhere = long[node] > 1 or kinds[node] is None or node in unordered
        for place, parent in enumerate(operands_of[node]):
            roles[run[parent]].add((classes[node], 0 if anywhere else place))
    first: dict[int, int] = {}
    return [first.setdefault(own, node) for node, own in enumerate(classes)], run


def loops(
    parents: Parents, kinds: Sequence[Hashable | None], attached: Collection[int] = ()
) -> tuple[list[int], dict[int, int]]:
    """The class of each node, the steps of a loop being of one class; and how many steps each such class has.

    Nodes are steps of a loop that look the same two edges around them, where what looks so comes before itself. What is
    attached goes with what uses it.

    >>> loops([()] + [(i,) for i in range(9)], ["x"] + ["sin", "exp"] * 4 + ["sin"])
    ([0, 1, 2, 3, 3, 3, 3, 3, 8, 9], {3: 3})
    """
    users: list[list[int]] = [[] for _ in parents]
    for node, operands in enumerate(parents):
        for parent in operands:
            users[parent].append(node)
    known: dict[Hashable, int] = {}
    looks = [known.setdefault((node,) if kind is None else kind, len(known)) for node, kind in enumerate(kinds)]
    for _ in range(2):
        around = zip(looks, parents, users)
        known = {}
        looks = [
            known.setdefault((own, tuple([looks[p] for p in before]), frozenset([looks[u] for u in after])), len(known))
            for own, before, after in around
        ]
    circular = _circular(parents, looks)
    inside = [node for node, look in enumerate(looks) if look in circular]
    first = _pieces(parents, inside, {node for node, look in enumerate(looks) if look not in circular})
    classes = [first.get(node, node) for node in range(len(parents))]
    found: dict[int, Counter[int]] = {}
    for node in inside:
        found.setdefault(classes[node], Counter())[looks[node]] += 1
    for node in attached:
        using = {classes[user] for user in users[node]}
        if len(using) == 1 and using <= found.keys():
            classes[node] = using.pop()
    return classes, {own: Counter(steps.values()).most_common(1)[0][0] for own, steps in found.items()}


def contracted(parents: Parents, classes: list[int]) -> list[int]:
    """The classes, those parted that would be on a circle if each class were one node.

    Parted they are by how many changes of class the longest way to a node has: along every edge between two classes
    that number grows, so no circle is left. Each class of the result is numbered by the first of its nodes.
    """
    circular = _circular(parents, classes)
    changes = _changes(parents, classes) if circular else []
    first: dict[tuple[int, int], int] = {}
    return [first.setdefault((own, changes[node] if own in circular else 0), node) for node, own in enumerate(classes)]


def _circular(parents: Parents, classes: list[int]) -> set[int]:
    """The classes left when those before and after all circles are taken away."""
    into: dict[int, set[int]] = {}
    onward: dict[int, list[int]] = {}
    for operands, own in zip(parents, classes):
        mine = into.setdefault(own, set())
        for parent in operands:
            source = classes[parent]
            if source != own and source not in mine:
                mine.add(source)
                onward.setdefault(source, []).append(own)
    left = set(into)
    for entering, leaving in ((into, onward), (onward, into)):
        waiting = {own: sum([source in left for source in entering.get(own, ())]) for own in left}
        free = [own for own, count in waiting.items() if not count]
        while free:
            own = free.pop()
            left.discard(own)
            for target in leaving.get(own, ()):
                if target in left:
                    waiting[target] -= 1
                    if not waiting[target]:
                        free.append(target)
    return left


def _changes(parents: Parents, classes: list[int]) -> list[int]:
    alone = Counter(classes)
    changes = [0] * len(parents)
    for node, operands in enumerate(parents):
        for parent in operands:
            same = classes[parent] == classes[node] or (not parents[parent] and alone[classes[parent]] == 1)
            changes[node] = max(changes[node], changes[parent] + (not same))
    return changes


def quotient(parents: Parents, classes: list[int]) -> tuple[Parents, list[list[int]]]:
    """The graph of the classes in topological order, and the members of each.

    >>> quotient([(), (0,), (1,), (2, 0)], [0, 1, 1, 3])
    ([(), (0,), (1, 0)], [[0], [1, 2], [3]])
    """
    members: dict[int, list[int]] = {}
    edges: dict[int, dict[int, None]] = {}
    onward: dict[int, list[int]] = {}
    last = None
    for node, own in enumerate(classes):
        if own != last:
            mine, into, last = members.setdefault(own, []), edges.setdefault(own, {}), own
        mine.append(node)
        for parent in parents[node]:
            source = classes[parent]
            if source != own and source not in into:
                into[source] = None
                onward.setdefault(source, []).append(own)
    waiting = {own: len(into) for own, into in edges.items()}
    free = [(members[own][-1], own) for own, count in waiting.items() if not count]
    heapq.heapify(free)
    place: dict[int, int] = {}
    while free:  # of the classes that may come next, the one that ends first in the order of nodes
        _, own = heapq.heappop(free)
        place[own] = len(place)
        for target in onward.get(own, ()):
            waiting[target] -= 1
            if not waiting[target]:
                heapq.heappush(free, (members[target][-1], target))
    return [tuple(place[source] for source in edges[own]) for own in place], [members[own] for own in place]


def shared(*paths: tuple[T, ...]) -> tuple[T, ...]:
    """What the paths begin with in common.

    >>> shared((1, 2, 3), (1, 2), (1, 2, 4))
    (1, 2)
    """
    found = [set(names) for names in zip(*paths)]
    return paths[0][: next((i for i, names in enumerate(found) if len(names) > 1), len(found))]
