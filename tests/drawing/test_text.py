"""The text tree: groups, marks, what is folded, checks."""

from __future__ import annotations

from autograd_lite import Value, errstate, group
from autograd_lite import math as ag_math
from autograd_lite.drawing.model import Check, describe
from autograd_lite.drawing.text import text_tree


def test_groups_are_named_where_they_are_entered():
    x = Value(1.0, "x")
    with group("outer"):
        with group("inner"):
            h = ag_math.relu(x) * 2
        g = h + x
    assert text_tree(describe(g + h)).splitlines() == [
        "+ = 5  ∂ ·",
        "├─[1]─ + = 3  ∂ ·  in outer",
        "│  ├─[1]─ × = 2  ∂ ·  in outer / inner",
        "│  │  ├─[2]─ relu = 1  ∂ ·",
        "│  │  │  └─[1]─ x = 1  ∂ ·",
        "│  │  └── 2",
        "│  └─[1]─ x = 1  (see above)",
        "└─[1]─ × = 2  (see above)",
    ]


def test_a_collapsed_group_and_constants_that_are_written_with_their_operation():
    x = Value(1.0, "x")
    with group("layer"):
        h = ag_math.relu(x) * 2
    f = h + 1
    assert text_tree(describe(f, groups="collapsed", constants=False)).splitlines() == [
        "+ 1 = 3  ∂ ·",
        "└─[1]─ layer = 2  ∂ ·  (3 nodes)",
        "   └─[…]─ x = 1  ∂ ·",
    ]


def test_kinks_and_where_an_inf_is_born():
    x = Value(0.0, "x")
    with errstate(divide="ignore"):
        f = ag_math.relu(x) + ag_math.log(x)
    f.backward()
    assert text_tree(describe(f)).splitlines() == [
        "+ = −inf  ∂ 1",
        "├─[1]─ relu = 0  ∂ 1  (at a kink)",
        "│  └─[0]─ x = 0  ∂ inf  (∂ inf born here)",
        "└─[1]─ log = −inf  ∂ 1  (−inf born here)",
        "   └─[inf]─ x = 0  (see above)",
    ]


def test_a_mark_says_which_kind_of_kink_it_is():
    x = Value(0.0, "x")
    tree = text_tree(describe(ag_math.sqrt(x) + ag_math.maximum(x, 0.0) + ag_math.floor(x)))
    for mark in ("sqrt = 0  ∂ ·  (at an edge)", "max = 0  ∂ ·  (at a tie)", "floor = 0  ∂ ·  (at a jump)"):
        assert mark in tree


def test_what_is_folded_is_counted():
    f = Value(1.0, "x")
    for _ in range(5):
        f = ag_math.tanh(f)
    assert text_tree(describe(f, depth=1)).splitlines()[-2:] == [
        "   └─[0.7372]─ … 4 more nodes",
        "4 of 6 nodes are folded into “…”: draw() takes expand, most, depth and around",
    ]


def test_a_check_stands_beside_its_gradient():
    x = Value(3.0, "x")
    f = x * x
    f.backward()
    circuit = describe(f)
    circuit.nodes[0].check = Check(6.0, 1e-9, True, "≈ 6 ± 1e−09")
    circuit.nodes[1].check = Check(2.0, 1e-9, False, "≈ 2 ± 1e−09")
    lines = text_tree(circuit).splitlines()
    assert lines[0] == "× = 9  ∂ 1 ≈ 2 ± 1e−09 disagree!"
    assert lines[1].endswith("x = 3  ∂ 6 ≈ 6 ± 1e−09")
