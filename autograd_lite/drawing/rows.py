"""A drawing that is too long, cut into rows like text: where it is cut, and how edges turn back to the next row.

It is cut between two layers, where few edges cross, and never through a group. What leads on from a row turns down
behind its end, runs back under it in a lane of its own, and turns into the next row. Works on a plan of `layout`.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .layout import Plan, Point, Rect, Size

SLOT = 8.0  # the width of an edge's slot in a layer it passes through
ROWS_APART = 26.0  # between rows
SHORT = 900.0  # what is no longer than this is not cut
PLEASANT = 2.2  # the ratio of the sides that cutting aims at
TURN = 10.0  # the radius of a turn back to the next row


def cut(plan: Plan, lefts: list[float], rights: list[float], ratio: float) -> list[tuple[int, int]]:
    """The first and last layer of each row that the drawing is cut into, where it would be too long."""
    whole, width = [(len(plan.layers) - 1, 0)], rights[0]
    high = max((plan.at[item] + plan.half[item] for item in range(len(plan.rank))), default=0.0)
    high -= min((plan.at[item] - plan.half[item] for item in range(len(plan.rank))), default=0.0)
    if ratio == math.inf or width <= max(ratio * high, SHORT) or plan.outside:
        return whole
    count = math.ceil(math.sqrt(width / (high + ROWS_APART) / PLEASANT))
    boxes = {plan.rank[node] for node in range(plan.nodes)}
    cost = {rank: sum(map(len, (plan.before[item] for item in plan.layers[rank - 1]))) for rank in boxes if rank}
    reach: dict[int, tuple[int, int]] = {}
    for item, chain in enumerate(plan.chain):
        for group in chain:
            low, top = reach.get(group, (len(plan.layers), 0))
            reach[group] = min(low, plan.rank[item]), max(top, plan.rank[item])
    for low, top in reach.values():
        for rank in range(low + 1, top + 1):
            cost.pop(rank, None)
    rows: list[tuple[int, int]] = []
    first = whole[0][0]
    while len(rows) < count - 1:
        fair = (width - lefts[first]) / (count - len(rows))
        near = [r for r in cost if r < first and 0.7 * fair <= rights[r] - lefts[first] <= 1.15 * fair]
        after = [r for r in cost if r < first and rights[r] - lefts[first] > fair]
        if not near and not after:
            break
        last = min(near or [max(after)], key=lambda r: (cost[r], abs(rights[r] - lefts[first] - fair)))
        rows.append((first, last))
        first = last - 1
    return [*rows, (first, 0)]


def laid_out(
    plan: Plan, rows: list[tuple[int, int]], lefts: list[float], rights: list[float]
) -> tuple[Size, list[Point], list[list[Point]], list[Point], list[Rect]]:
    """The rows one below the other; what leads on from one turns back under it, in a lane of its own."""
    row_of = [0] * len(plan.layers)
    for number, (first, last) in enumerate(rows):
        row_of[last : first + 1] = [number] * (first + 1 - last)
    items: list[list[int]] = [[] for _ in rows]
    for item, rank in enumerate(plan.rank):
        items[row_of[rank]].append(item)
    onward: list[list[tuple[float, float, int]]] = [[] for _ in rows]
    for edge, (parent, child) in enumerate(plan.edges):
        for left, right in pairwise([parent, *plan.chains[edge], child]):
            if row_of[plan.rank[left]] != row_of[plan.rank[right]]:
                onward[row_of[plan.rank[left]]].append((plan.at[left], plan.at[right], edge))
    lane: dict[tuple[int, int], tuple[float, float]] = {}  # of a row's end and an edge: how far out, how far down
    y = 0.0
    most = max(map(len, onward))
    for number, inside in enumerate(items):
        shift = y - min(plan.at[item] - plan.half[item] for item in inside)
        for item in inside:
            plan.at[item] += shift
        y = max(plan.at[item] + plan.half[item] for item in inside) + ROWS_APART / 2
        for place, (*_, edge) in enumerate(sorted(onward[number], reverse=True)):
            lane[number, edge] = place * SLOT, y + place * SLOT
        y += max(0, len(onward[number]) - 1) * SLOT + ROWS_APART / 2
    out = (most + 1) * SLOT + TURN
    for first, last in rows:
        x = lefts[first] - out
        for rank in range(last, first + 1):
            lefts[rank], rights[rank] = lefts[rank] - x, rights[rank] - x
    width = max(rights[last] for _, last in rows)
    boxes = [((lefts[r] + rights[r]) / 2, at) for r, at in zip(plan.rank, plan.at[: plan.nodes])]
    paths = plan.edge_paths(boxes, lefts, rights, {})
    for edge, (parent, child) in enumerate(plan.edges):
        along = [parent, *plan.chains[edge], child]
        path: list[Point] = paths[edge][:2]
        for number, (left, right) in enumerate(pairwise(along)):
            row = row_of[plan.rank[left]]
            arrives = paths[edge][2 * number + 2 : 2 * number + 4]
            if row != row_of[plan.rank[right]]:
                apart, down = lane[row, edge]
                end, start = rights[rows[row][1]] + SLOT + apart, out - SLOT - TURN / 2 - apart
                end = max(end, path[-1][0])
                path += [(end, path[-1][1])] * 2 + [(end, down), (start, down)] + [(start, arrives[0][1])] * 2
            path += arrives
        paths[edge] = path
    size = width + out, y - ROWS_APART / 2
    return size, boxes, paths, plan.label_places(lefts, rights), plan.frames(lefts, rights)
