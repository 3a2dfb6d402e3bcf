"""Choosing what is drawn of a large graph: what is kept, what is folded, and never a circle."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.drawing.abridge import both_ends, contracted, folded, nearest, neighbourhood, quotient

LADDER = [(), (), (0, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1)]


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 30))
    return [tuple(draw(st.lists(st.integers(0, node - 1), max_size=3))) if node else () for node in range(count)]


def is_topological(parents):
    return all(parent < node for node, operands in enumerate(parents) for parent in operands)


@given(graphs(), st.data())
def test_any_classes_are_contracted_to_a_graph_without_circles(parents, data):
    wanted = data.draw(st.lists(st.integers(0, 3), min_size=len(parents), max_size=len(parents)))
    classes = contracted(parents, wanted)
    small, members = quotient(parents, classes)
    assert sorted(node for unit in members for node in unit) == list(range(len(parents)))
    assert len(small) == len(members)
    assert is_topological(small)
    for unit in members:  # nothing is drawn as one that was not to be
        assert len({wanted[node] for node in unit}) == 1
    unit_of = {node: number for number, unit in enumerate(members) for node in unit}
    edges = {(unit_of[p], unit_of[node]) for node, operands in enumerate(parents) for p in operands}
    assert {(p, node) for node, operands in enumerate(small) for p in operands} == {(a, b) for a, b in edges if a != b}


@given(graphs(), st.data())
def test_whatever_is_kept_the_rest_folds(parents, data):
    kept = data.draw(st.sets(st.integers(0, len(parents) - 1)))
    small, members = quotient(parents, folded(parents, kept))
    assert is_topological(small)
    for unit in members:
        assert len(unit) == 1 or not kept & set(unit)


def test_classes_that_close_no_circle_are_left_whole():
    assert contracted([(), (0,), (), (2,), (1, 3)], [0, 0, 2, 2, 4]) == [0, 0, 2, 2, 4]


def test_a_class_that_is_left_and_entered_again_is_parted():
    parents = [(), (0,), (1,)]
    assert contracted(parents, [7, 8, 7]) == [0, 1, 2]


def test_both_ends_of_a_ladder():
    assert both_ends(LADDER, 8) == {8, 1, 7, 6, 5, 4, 0, 2}
    _, members = quotient(LADDER, folded(LADDER, both_ends(LADDER, 8)))
    assert [unit for unit in members if len(unit) > 1 or unit == [3]] == [[3]]
    assert both_ends(LADDER, 100) == set(range(9))


def test_levels_are_counted_from_the_output_by_the_shortest_way():
    assert nearest(LADDER, 8, 0, 99) == {8}
    assert nearest(LADDER, 8, 1, 99) == {8, 7, 1}
    assert nearest(LADDER, 8, 99, 99) == set(range(9))
    assert nearest(LADDER, 8, 99, 4) == {8, 7, 1, 6}


def test_a_neighbourhood_goes_both_ways():
    assert neighbourhood(LADDER, 4, 1, 99) == {4, 3, 1, 5}
    assert neighbourhood(LADDER, 4, 2, 99) == {4, 3, 2, 1, 5, 6}  # not through the leaf 1
    assert neighbourhood(LADDER, 1, 1, 99) == {1, 2, 3, 4, 5, 6, 7, 8}


def test_a_wide_output_is_cut_too():
    wide = [(), *[(0,)] * 1000, tuple(range(1, 1001))]
    assert len(both_ends(wide, 100)) == 100
    assert 1001 in both_ends(wide, 100)
