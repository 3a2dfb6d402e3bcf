"""The built-in layout: nothing overlaps, no edge runs through a box or another's label, operands keep their order."""

from __future__ import annotations

import math
import random
import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd_lite.drawing import layout as layout_module
from autograd_lite.drawing.layout import Layout, layered
from autograd_lite.drawing.svg import curve

DIRECTIONS = ["LR", "RL", "TB", "BT"]
Rect = tuple[float, float, float, float]  # left, top, right, bottom


@st.composite
def graphs(draw, most=25):
    count = draw(st.integers(1, most))
    sizes = draw(st.lists(st.tuples(st.floats(5, 200), st.floats(5, 90)), min_size=count, max_size=count))
    edges = []
    for child in range(1, count):
        for parent in draw(st.lists(st.integers(0, child - 1), max_size=3)):
            edges.append((parent, child))
    return sizes, edges


@st.composite
def grouped(draw):
    sizes, edges = draw(graphs(14))
    groups = draw(st.integers(1, 5))
    around = [draw(st.none() | st.integers(0, g - 1)) if g else None for g in range(groups)]
    member = [draw(st.none() | st.integers(0, groups - 1)) for _ in sizes]
    return sizes, edges, around, member, draw(st.lists(st.floats(5, 400), min_size=groups, max_size=groups))


def rect(layout: Layout, sizes, node: int) -> Rect:
    (x, y), (width, height) = layout.boxes[node], sizes[node]
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] - 1e-6 and b[0] < a[2] - 1e-6 and a[1] < b[3] - 1e-6 and b[1] < a[3] - 1e-6


def within(point, size) -> bool:
    return all(-1e-6 <= x <= most + 1e-6 for x, most in zip(point, size))


def points_of(path, direction: str, gap=None):
    """Points along a path as it is drawn, densely."""
    at = (0.0, 0.0)
    for command, numbers in re.findall(r"([MLC])([^MLC]+)", curve(path, direction, gap)):
        points = [tuple(map(float, point.split(","))) for point in numbers.split()]
        if command != "M":
            controls = [at, *points] if command == "C" else [at, at, points[0], points[0]]
            for step in range(1, 17):
                t = step / 16
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
                yield tuple(sum(w * point[axis] for w, point in zip(weights, controls)) for axis in (0, 1))
        at = points[-1]


def check(sizes, edges, layout: Layout, direction: str, labels=(), ordered=()):
    axis, sign = (1 if direction in ("TB", "BT") else 0), (1 if direction in ("LR", "TB") else -1)
    rects = [rect(layout, sizes, node) for node in range(len(sizes))]
    texts = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in zip(layout.labels, labels) if w]
    taken = np.array([*rects, *texts]).reshape(-1, 4).T
    apart = (taken[0][:, None] >= taken[2] - 1e-6) | (taken[1][:, None] >= taken[3] - 1e-6)
    assert (apart | apart.T | np.eye(taken.shape[1], dtype=bool)).all()
    for box in (*rects, *texts):
        assert within(box[:2], layout.size)
        assert within(box[2:], layout.size)
    assert len(layout.paths) == len(edges) == len(layout.labels)
    for number, ((parent, child), path) in enumerate(zip(edges, layout.paths)):
        for node, end in ((parent, path[0]), (child, path[-1])):  # it touches both its boxes
            box = rects[node]
            assert box[0] - 1e-6 <= end[0] <= box[2] + 1e-6
            assert box[1] - 1e-6 <= end[1] <= box[3] + 1e-6
        assert sign * (path[1][axis] - path[0][axis]) > -1e-6
        assert sign * (path[-1][axis] - path[-2][axis]) > -1e-6
        gap = (layout.labels[number], labels[number]) if labels and labels[number][0] else None
        x, y = np.array(list(points_of(path, direction, gap))).T[:, :, None]
        assert ((x > -0.1) & (x < layout.size[0] + 0.1) & (y > -0.1) & (y < layout.size[1] + 0.1)).all()
        inside = (x > taken[0] + 0.1) & (x < taken[2] - 0.1) & (y > taken[1] + 0.1) & (y < taken[3] - 0.1)
        assert not inside.any()  # and enters no box and no label: at its own it is interrupted
    for node in ordered:
        ends = [path[-1][1 - axis] for (_, child), path in zip(edges, layout.paths) if child == node]
        assert ends == sorted(ends)


def chain(count: int):
    return [(70.0, 59.0)] * count, [(i, i + 1) for i in range(count - 1)]


def sum_of(count: int):
    return [(50.0, 59.0)] * (count + 1), [(i, count) for i in range(count)]


def fan(count: int):
    """One leaf, a product and a sine of each multiple of it, and the sum of all."""
    edges = [(0, 1 + i) for i in range(count)] + [(1 + i, 1 + count + i) for i in range(count)]
    return [(60.0, 59.0)] * (2 * count + 2), [*edges, *((1 + count + i, 2 * count + 1) for i in range(count))]


def ladder(count: int):
    edges = [(0, 2), (1, 2)]
    for step in range(1, count):
        edges += [(2 * step, 2 * step + 2), (2 * step + 1, 2 * step + 2)]
    return [(60.0, 59.0)] * (2 * count + 1), edges


def network(width: int, depth: int):
    edges = []
    for layer in range(depth):
        first = layer * width
        edges += [(first + i, first + width + j) for j in range(width) for i in range(width)]
    return [(80.0, 59.0)] * (width * (depth + 1)), edges


def skipping(count: int):
    """A chain, each link of which the last one uses too."""
    return [(60.0, 40.0)] * count, [(i, i + 1) for i in range(count - 1)] + [(i, count - 1) for i in range(count - 2)]


def anything(seed: int, count: int = 40):
    generator = random.Random(seed)
    sizes = [(generator.uniform(20, 120), generator.choice([25.0, 42.0, 59.0])) for _ in range(count)]
    edges = [(generator.randrange(c), c) for c in range(4, count) for _ in range(generator.choice([1, 2, 2, 3]))]
    return sizes, edges


KINDS = {
    **{f"chain of {n}": chain(n) for n in (5, 12, 60, 400)},
    **{f"sum of {n}": sum_of(n) for n in (20, 59, 300)},
    **{f"fan of {n}": fan(n) for n in (60, 300)},
    "ladder": ladder(30),
    "network": network(5, 4),
    "skipping": skipping(30),
    **{f"anything {seed}": anything(seed) for seed in range(8)},
}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_overlaps_and_operands_stand_in_order(kind: str, direction: str):
    sizes, edges = KINDS[kind]
    generator = random.Random(1)
    labels = [generator.choice([(18.0, 16.0), (46.0, 16.0), (66.0, 16.0), (0.0, 0.0)]) for _ in edges]
    ordered = set(range(0, len(sizes), 2))
    layout = layered(sizes, edges, labels, direction, ordered=ordered, ratio=8.0)
    check(sizes, edges, layout, direction, labels, ordered)
    assert max(layout.size) <= 8.0 * min(layout.size)


@pytest.mark.parametrize("direction", DIRECTIONS)
@settings(max_examples=60, deadline=None)
@given(graphs())
def test_any_graph(direction, graph):
    sizes, edges = graph
    labels, ordered = [(30.0, 16.0)] * len(edges), range(0, len(sizes), 2)
    check(sizes, edges, layered(sizes, edges, labels, direction, ordered=ordered), direction, labels, ordered)


@pytest.mark.parametrize("direction", DIRECTIONS)
@settings(max_examples=30, deadline=None)
@given(grouped())
@example(
    ([(5.0, 5.0)] * 5, [(0, 3)], [None, 0, None, 2, 3], [0, None, 1, 4, None], [50.0] * 5)
)  # three titles one above another
def test_any_groups(direction, graph):
    sizes, edges, around, member, titles = graph
    labels = [(30.0, 16.0)] * len(edges)
    layout = layered(sizes, edges, labels, direction, around, member, titles=titles)
    check(sizes, edges, layout, direction, labels)
    inside: list[set[int]] = []
    for outer in around:
        inside.append({len(inside)} | (inside[outer] if outer is not None else set()))
    frames = [(x, y, x + w, y + h) for x, y, w, h in layout.frames]
    drawn = {group for own in member if own is not None for group in inside[own]}
    for node in range(len(sizes)):
        box, own = rect(layout, sizes, node), inside[member[node]] if member[node] is not None else set()
        for group in drawn:
            left, top, right, bottom = frames[group]
            if group in own:
                assert (left < box[0], top < box[1], box[2] < right, box[3] < bottom) == (True,) * 4
            else:
                assert not overlap(box, frames[group])
    for a, b in combinations(drawn, 2):
        if a not in inside[b] and b not in inside[a]:
            assert not overlap(frames[a], frames[b])
    high = layout_module.FRAME + (3.0 if direction in ("LR", "RL") else 2.0)
    lines = [
        list(points_of(path, direction, (at, size))) for path, at, size in zip(layout.paths, layout.labels, labels)
    ]
    for group in drawn:
        left, top, right, bottom = frames[group]
        start = left + layout_module.FRAME, top + (4.0 if direction in ("LR", "RL") else layout_module.FRAME)
        title = (*start, start[0] + titles[group], start[1] + high)
        assert title[2] <= right
        assert title[3] <= bottom
        assert not any(overlap(title, rect(layout, sizes, node)) for node in range(len(sizes)))
        texts = [(x - 15.0, y - 8.0, x + 15.0, y + 8.0) for x, y in layout.labels]
        assert not any(overlap(title, text) for text in texts)
        assert not any(overlap(title, (x, y, x, y)) for line in lines for x, y in line)
        assert not any(
            overlap(title, frames[other])
            for other in drawn
            if other not in inside[group] and group not in inside[other]
        )
        assert not any(overlap(title, frames[other]) for other in drawn - {group} if group in inside[other])


def test_a_tree_has_no_crossing_and_stands_symmetrically():
    layout = layered([(40, 20)] * 7, [(0, 2), (1, 2), (3, 5), (4, 5), (2, 6), (5, 6)])
    heights = [layout.boxes[leaf][1] for leaf in (0, 1, 3, 4)]
    assert heights == sorted(heights)
    for parent, (a, b) in {2: (0, 1), 5: (3, 4), 6: (2, 5)}.items():
        assert layout.boxes[parent][1] == pytest.approx((layout.boxes[a][1] + layout.boxes[b][1]) / 2, abs=1)


def test_a_crossing_that_need_not_be_is_taken_away():
    sizes = [(20, 20)] * 6  # 0–3 and 1–2 would cross if each layer kept the order of its numbers
    layout = layered(sizes, [(0, 3), (1, 2), (2, 4), (3, 4), (3, 5), (4, 5)])
    assert (layout.boxes[0][1] - layout.boxes[1][1]) * (layout.boxes[3][1] - layout.boxes[2][1]) > 0


def test_a_long_chain_of_products_stays_level():
    count = 100
    edges = [(0, 2), (1, 2)]
    for step in range(1, count):  # node 2·step is the product, 2·step + 1 the factor beside it
        edges += [(2 * step, 2 * step + 2), (2 * step + 1, 2 * step + 2)]
    layout = layered([(50, 50)] * (2 * count + 1), edges)
    assert layout.size[1] < 300


def test_edges_that_would_need_too_many_slots_go_round_outside():
    count = 400
    edges = [(i, i + 1) for i in range(count)] + [(i, count) for i in range(count - 1)]
    sizes = [(30.0, 20.0)] * (count + 1)
    layout = layered(sizes, edges)
    boxes = [rect(layout, sizes, node) for node in range(count + 1)]
    lowest = max(box[3] for box in boxes)
    assert any(max(y for _, y in path) > lowest for path in layout.paths)
    for path in layout.paths[::7]:
        for x, y in points_of(path, "LR"):
            assert not any(b[0] + 0.01 < x < b[2] - 0.01 and b[1] + 0.01 < y < b[3] - 0.01 for b in boxes)


def test_labels_lie_in_the_gaps_and_apart():
    generator = random.Random(5)
    sizes = [(60.0, 50.0)] * 40
    edges = [(parent, child) for child in range(8, 40) for parent in generator.sample(range(child - 7, child), 2)]
    layout = layered(sizes, edges, [(36.0, 13.0)] * len(edges))
    labels = [(x - 18, y - 6.5, x + 18, y + 6.5) for x, y in layout.labels]
    for node in range(40):
        assert not any(overlap(rect(layout, sizes, node), label) for label in labels)
    colliding = sum(overlap(a, b) for a, b in combinations(labels, 2))
    assert not colliding


def test_the_empty_and_the_single():
    assert layered([(40, 20)], []).boxes == [(28.0, 18.0)]
    assert layered([], []).size == (16.0, 16.0)


def planned(seed: int) -> layout_module.Plan:
    generator = random.Random(seed)
    edges = [(p, child) for child in range(3, 24) for p in generator.sample(range(max(0, child - 9), child), 2)]
    plan = layout_module.Plan([(40.0, 20.0)] * 24, edges, [(0.0, 0.0)] * len(edges), "LR", set())
    plan.assign_groups((), ())
    plan.assign_layers(math.inf)
    plan.make_slots()
    plan.make_fillers()
    plan.order_layers()
    return plan


def crossings_one_by_one(plan: layout_module.Plan) -> int:
    place = plan.place_in_layer
    segments = [(plan.rank[a], place[a], place[b]) for a in range(len(plan.rank)) for b in plan.after[a]]
    return sum(r == s and (a - c) * (b - d) < 0 for (r, a, b), (s, c, d) in combinations(segments, 2))


@pytest.mark.parametrize("seed", range(5))
def test_crossings_are_counted_right(seed: int):
    plan = planned(seed)
    assert plan.crossings() == crossings_one_by_one(plan)


def test_exchanging_neighbours_takes_crossings_away(monkeypatch: pytest.MonkeyPatch):
    with_exchanges = sum(planned(seed).crossings() for seed in range(20))
    monkeypatch.setattr(layout_module.Plan, "_transpose", lambda self: None)
    assert with_exchanges < sum(planned(seed).crossings() for seed in range(20))
