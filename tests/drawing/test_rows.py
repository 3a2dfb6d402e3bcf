"""What is too long is cut into rows like text: each row reads on from the one above, and a group is never cut."""

from __future__ import annotations

import pytest

from autograd_lite.drawing.layout import layered


def chain(count: int, **options):
    edges = [(i, i + 1) for i in range(count - 1)]
    return layered([(70.0, 59.0)] * count, edges, [(40.0, 16.0)] * len(edges), ratio=8.0, **options)


@pytest.mark.parametrize("count", [20, 100, 1000])
def test_a_long_chain_reads_like_text(count: int):
    layout = chain(count)
    rows = sorted({y for _, y in layout.boxes})
    assert layout.boxes == sorted(layout.boxes, key=lambda box: (box[1], box[0]))
    assert max(layout.size) < 4 * min(layout.size)
    sizes = [sum(y == row for _, y in layout.boxes) for row in rows]
    assert max(sizes[:-1]) - min(sizes[:-1]) <= 1


def test_what_fits_is_not_cut_and_without_a_ratio_nothing_is():
    assert len({y for _, y in chain(5).boxes}) == 1
    long = layered([(70.0, 59.0)] * 99, [(i, i + 1) for i in range(98)])
    assert len({y for _, y in long.boxes}) == 1


def test_a_group_is_not_cut():
    member = [0 if 5 <= i < 20 else None for i in range(60)]
    layout = chain(60, around=[None], member=member)
    assert len({layout.boxes[i][1] for i in range(5, 20)}) == 1
    assert len({y for _, y in layout.boxes}) > 1


def test_upright_the_rows_are_columns():
    layout = chain(60, direction="TB")
    assert layout.boxes == sorted(layout.boxes)
    assert max(layout.size) < 4 * min(layout.size)
