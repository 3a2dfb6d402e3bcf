"""What is drawn of a graph: numbers, marks, depth, neighbourhoods, groups, copies, and what a million nodes come to."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value
from autograd_lite import math as ag
from autograd_lite.drawing import draw
from autograd_lite.drawing.model import Circuit, describe, with_copies
from autograd_lite.drawing.text import text_tree
from autograd_lite.explain.layers import layer_group
from autograd_lite.graph import topological_order
from autograd_lite.recording import group

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def names(circuit: Circuit) -> list[str]:
    return [node.label or node.text or node.value_text for node in circuit.nodes]


def chain(count: int) -> Value:
    y, x = Value(1.0, "y"), Value(0.5, "x")
    for _ in range(count):
        y = y * x
    return y


def expression() -> tuple[Value, Value]:
    a, b, c = Value(2.0, "a"), Value(3.0, "b"), Value(4.0, "c")
    q = (a * b).named("q")
    return ((q + c) * (q - 1)).named("f"), q


def test_exact_numbers_stand_beside_the_rounded():
    x = Value(1 / 3, "x")
    f = x * x
    f.backward()
    leaf, product = describe(f).nodes
    assert (leaf.value, leaf.value_text, leaf.gradient, leaf.gradient_text) == (1 / 3, "0.3333", 2 / 3, "0.6667")
    assert product.op is f.op
    edge = describe(f, precision=2).edges[0]
    assert (edge.local_gradient, edge.text) == (1 / 3, "0.33")
    assert describe(Value(1.0) * 2).nodes[0].gradient is None


def test_depth_counts_levels_back_from_the_output():
    f, _ = expression()
    assert names(describe(f, depth=0)) == ["… 7 more nodes", "f"]
    circuit = describe(f, depth=1)
    assert [name for name in names(circuit) if "…" not in name] == ["+", "−", "f"]
    assert sum(node.count for node in circuit.nodes) == 8
    assert describe(f, depth=9).notes == []
    assert circuit.notes == ["5 of 8 nodes are folded into “…”: draw() takes expand, most, depth and around"]


def test_around_a_node():
    f, q = expression()
    circuit = describe(f, around=q, depth=1)
    assert len(circuit.nodes) == 8
    assert {"a", "b", "q", "+", "−", "… 1 more node"} == set(names(circuit))
    with pytest.raises(ValueError, match="around must be a node of this circuit"):
        describe(f, around=Value(1.0, "stranger"))


def test_edges_to_what_is_folded_are_one_each_and_say_no_more_than_is_true():
    f, _ = expression()
    circuit = describe(f, depth=1)
    folded = {node.id for node in circuit.nodes if node.kind == "folded"}
    pairs = [(edge.parent, edge.child) for edge in circuit.edges]
    assert len(pairs) == len(set(pairs))
    for edge in circuit.edges:
        if edge.child in folded:
            assert edge.local_gradient is None
    x = Value(2.0, "x")
    squares = ((x + 1) * (x + 1)).named("f")
    (edge,) = describe(squares, depth=0).edges  # two operands in one
    assert (edge.local_gradient, edge.text) == (None, "")


def test_constants_are_written_with_their_operation():
    x = Value(3.0, "x")
    for y, text in ((x * 2, "× 2"), (2 - x, "2 −"), (x**2, "** 2"), (ag.maximum(x, 0), "max(·, 0)")):
        node = describe(y, constants=False).nodes[-1]
        assert (node.text, len(describe(y, constants=False).nodes)) == (text, 2)


def test_groups_nest_and_constants_join_their_operation():
    x = Value(2.0, "x")
    with group("net"), group("layer"):
        y = x * 3
    circuit = describe(y)
    assert [(box.name, box.parent) for box in circuit.groups] == [("net", None), ("layer", "g0")]
    assert [node.group for node in circuit.nodes] == [None, "g1", "g1"]


def test_groups_collapse_by_name_or_all():
    x = Value(2.0, "x")
    with group("net"):
        with group("one"):
            y = x * 3
        with group("two"):
            z = y + 1
    assert names(describe(z, groups=["one"])) == ["x", "one", "1", "+"]
    assert [box.name for box in describe(z, groups=["one"]).groups] == ["net", "two"]
    whole = describe(z, groups="collapsed")
    assert [(node.kind, node.count, node.value) for node in whole.nodes] == [("leaf", 1, 2.0), ("group", 4, 7.0)]
    with pytest.raises(ValueError, match="no group 'three' to collapse; there are: 'net', 'one', 'two'"):
        describe(z, groups=["three"])
    with pytest.raises(ValueError, match="'boxes', 'collapsed', 'layers' or a list"):
        describe(z, groups="one")


def test_a_group_that_is_left_and_entered_again_collapses_to_more_than_one_node():
    x = Value(2.0, "x")
    with group("g"):
        a = x * 3
    b = a + x
    with group("g"):
        c = b * 5
    circuit = describe(c, groups="collapsed")
    assert [node.kind for node in circuit.nodes if node.kind == "group"] == ["group", "group"]
    check_order(circuit)


def check_order(circuit: Circuit) -> None:
    place = {node.id: i for i, node in enumerate(circuit.nodes)}
    assert len(place) == len(circuit.nodes)
    for edge in circuit.edges:
        assert place[edge.parent] < place[edge.child]


def test_births():
    x = Value(0.0, "x")
    f = ag.log(x) * 2.0 + ag.sqrt(x)
    f.backward()
    marks = {node.label or node.text: node.marks for node in describe(f).nodes}
    assert marks["log"] == ("born",)
    assert marks["×"] == marks["+"] == ()
    assert marks["x"] == ("gradient born",)
    g = ag.sqrt(x * 2.0)
    g.backward()
    marks = {node.label or node.text: node.marks for node in describe(g).nodes}
    assert (marks["×"], marks["x"]) == (("gradient born",), ())  # where it was born, not where it went
    assert describe(Value(math.nan, "n") * 1).nodes[0].marks == ("born",)


@pytest.mark.parametrize(
    ("f", "kink"),
    [
        (ag.fabs, "a kink"),
        (ag.relu, "a kink"),
        (lambda x: ag.maximum(x, 0.0), "a tie"),
        (ag.sqrt, "an edge"),
        (ag.log, ""),
        (lambda x: x**2, ""),
        (lambda x: (x - 2) ** 2, ""),
        (lambda x: (x - 2) ** 3, ""),
        (lambda x: ag.fabs(x + 1), ""),
        (ag.sin, ""),
    ],
)
def test_kinks(f, kink: str):
    node = describe(f(Value(0.0))).nodes[-1]
    assert (node.kink, "kink" in node.marks) == (kink, bool(kink))


def test_far_uses_of_a_leaf_are_copies_and_near_ones_are_not():
    assert len(with_copies(describe(chain(4))).nodes) == 6
    circuit = with_copies(describe(chain(5)))
    copies = [node for node in circuit.nodes if node.of == "n1"]
    assert [node.id for node in copies] == ["n1", "n1_1", "n1_2", "n1_3", "n1_4"]
    assert {node.label for node in copies} == {"x"}
    assert len(circuit.edges) == 10
    assert {edge.parent for edge in circuit.edges if edge.parent.startswith("n1")} >= {node.id for node in copies[1:]}
    check_order(circuit)
    w = [Value(float(i)) for i in range(9)]
    x = Value(1.0, "x")
    wide = ag.fsum([v * x for v in w])  # many uses, on one level
    assert len(with_copies(describe(wide)).nodes) == len(describe(wide).nodes)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_any_options_leave_an_ordered_description_that_counts_every_node(data):
    draws = data.draw
    pool = [Value(1.0, f"x{i}") for i in range(3)]
    for _ in range(draws(st.integers(1, 25))):
        a, b = (pool[draws(st.integers(0, len(pool) - 1))] for _ in range(2))
        with draws(st.sampled_from([group, layer_group]))(draws(st.sampled_from("ab"))):
            pool.append(a * b if draws(st.booleans()) else a + 2.0)
    root = pool[-1]
    order = topological_order(root)
    circuit = describe(
        root,
        depth=draws(st.none() | st.integers(0, 5)),
        around=draws(st.none() | st.sampled_from(order)),
        groups=draws(st.sampled_from(["boxes", "collapsed", "layers"])),
        most=draws(st.none() | st.integers(1, 10)),
    )
    check_order(circuit)
    check_order(with_copies(circuit))
    assert sum(node.count for node in circuit.nodes) == len(order) == circuit.total
    assert {edge.parent for edge in circuit.edges} | {circuit.nodes[-1].id} == {node.id for node in circuit.nodes}


def test_a_million_nodes_are_abridged():
    y = chain(1_000_000)
    picture = draw(y, names=False, groups="boxes", most=400)
    circuit = picture.circuit
    assert len(circuit.nodes) < 410
    assert circuit.total == 1_000_002
    assert circuit.nodes[-1].value == y.data
    assert [node.label for node in circuit.nodes if node.kind == "folded"] == ["… 999,602 more nodes"]
    assert "999,602 of 1,000,002 nodes are folded" in picture.svg()


def test_options_that_do_not_fit():
    for option in ({"depth": -1}, {"most": 0}):
        with pytest.raises(ValueError, match="whole number from"):
            draw(Value(1.0), **option)  # type: ignore[arg-type]


# ---- what folds by itself --------------------------------------------------------------------------------------------


def labels(root: Value, **options) -> list[tuple[str, str]]:
    return [(node.label or node.text or node.value_text, node.times) for node in describe(root, **options).nodes]


def test_a_loss_over_examples_is_one_example_and_how_many():
    w = Value(0.5, "w")
    loss = sum((w * Value(float(i), f"x[{i}]") - float(2 * i)) ** 2 for i in range(20))
    loss.backward()
    circuit = describe(loss)
    assert labels(loss) == [
        ("0", ""), ("w", ""), ("x", "× 20"), ("×", "× 20"), ("", "× 20"), ("−", "× 20"), ("2", ""), ("**", "× 20"),
        ("+", "20 in a row"),
    ]  # fmt: skip
    products = next(node for node in circuit.nodes if node.text == "×")
    assert products.output is not None
    assert list(products.output.numbers) == [0.5 * i for i in range(20)]
    x = next(node for node in circuit.nodes if node.label == "x")
    assert x.signal is not None
    assert list(x.signal.numbers) == [2 * 0.5 * (0.5 * i - 2 * i) for i in range(20)]
    assert circuit.nodes[-1].value == loss.data
    assert sum(node.count for node in circuit.nodes) == circuit.total


def test_up_to_so_many_nodes_everything_is_shown():
    for count, whole in ((58, True), (80, False)):
        x = y = Value(0.5, "x")
        for _ in range(count):
            y = ag.sin(y)
        assert (len(describe(y).nodes) == count + 1) is whole
    assert labels(y) == [("x", ""), ("sin", "80 in a row")]
    assert len(describe(y, most=None).nodes) == 81
    assert len(describe(y, expand=["sin"]).nodes) > 50
    assert describe(y).written is not None
    assert len(describe(y).written.nodes) == 81
    assert x.label == "x"


def test_the_steps_of_a_loop_are_one_box_after_one_example():
    z = Value(3.0, "z")
    for _ in range(40):
        z = z - 0.1 * (2 * z * ag.sin(z) + ag.cos(z))
    circuit = describe(z)
    (loop,) = [node for node in circuit.nodes if node.label == "loop"]
    assert loop.times == "38 in a row"
    assert len(circuit.nodes) < 25
    check_order(circuit)
    assert not [node for node in describe(z, expand=["loop"]).nodes if node.label == "loop"]


def test_terms_of_a_sum_are_alike_in_any_place():
    total = ag.fsum([(Value(float(i), f"x{i}") - 0.5) ** 2 for i in range(40)])
    boxes = [(node.label, node.text, node.times) for node in describe(total).nodes if node.kind != "constant"]
    assert boxes == [("x", "", "× 40"), ("", "−", "× 40"), ("", "**", "× 40"), ("", "Σ", "")]
    pairs = ag.sumprod([Value(float(i), f"a{i}") for i in range(30)], [ag.sin(Value(1.0, f"b{i}")) for i in range(30)])
    assert len(describe(pairs).nodes) > 30  # of which each has a place of its own


def test_a_group_says_how_often_it_was_entered():
    w, state = Value(0.3, "w"), Value(0.1, "s")
    for x in [Value(float(i), f"x[{i}]") for i in range(30)]:
        with group("step"):
            state = ag.tanh(state * 0.5 + x * w)
    assert sorted(labels(state)) == [("s", ""), ("step", "× 30"), ("w", ""), ("x", "× 30")]
    assert len(describe(state, expand=["step"]).nodes) > 30


def test_expanding_a_node_shows_those_like_it():
    terms = [ag.sin(Value(float(i), f"x[{i}]")) for i in range(40)]
    opened = describe(sum(terms), expand=[terms[3]])
    assert sum(node.text == "sin" for node in opened.nodes) == 40
    assert sum(node.times == "× 40" for node in opened.nodes) == 1


def test_unlike_nodes_are_kept_apart():
    a, b = [Value(1.0, f"a[{i}]") for i in range(40)], [Value(2.0, f"b[{i}]") for i in range(40)]
    assert [label for label, _ in labels(sum(x - y for x, y in zip(a, b)))] == ["0", "a", "b", "−", "+"]
    some = sum(ag.sin(x) for x in a) + sum(ag.cos(x) for x in a)  # each is used by both
    assert sorted(labels(some))[2:] == [("a", "× 40"), ("cos", "× 40"), ("sin", "× 40")]


# ---- small things ----------------------------------------------------------------------------------------------------


def test_zeros_have_no_sign_and_known_constants_their_names():
    x = Value(-0.0, "x")
    f = (x * math.pi) * (-math.e) + math.sqrt(2 * math.pi)
    f.backward()
    texts = {node.value_text for node in describe(f).nodes}
    assert {"0", "π", "−e", "√2π"} <= texts
    many = sum(Value(-0.0, f"x[{i}]") * i for i in range(40))
    assert "−0" not in text_tree(describe(many))
    assert "−0" not in texts | {edge.text for edge in describe(f).edges}


def test_a_symbol_is_written_with_its_operand():
    u = Value(-2.0, "u")
    assert [node.text for node in describe(ag.fabs(u) + ag.fabs(u * 3)).nodes if "|" in node.text] == ["|u|", "|·|"]


def test_no_local_gradient_by_a_constant():
    edges = describe(Value(3.0, "x") ** 2).edges
    assert [(edge.quiet, edge.text) for edge in edges] == [(False, "6"), (True, "")]


def test_operands_that_may_not_change_places_are_said_to():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    for f, in_order in ((a + b, False), (a * b, False), (a - b, True), (a / b, True), (a**b, True), (b - 1, True)):
        assert describe(f).nodes[-1].in_order is in_order
    assert describe(ag.maximum(a, b) if hasattr(ag, "maximum") else a + b).nodes[-1].in_order is False
