"""A layer folded into one box: what is in it, and the vectors it shows, in every form."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable

import pytest

from autograd_lite import Value, math, nn
from autograd_lite.drawing import draw
from autograd_lite.drawing.mermaid import mermaid
from autograd_lite.drawing.model import Circuit, describe, number_text
from autograd_lite.drawing.svg import svg
from autograd_lite.drawing.text import text_tree
from autograd_lite.graph import topological_order
from autograd_lite.recording import group

X = [0.5, -1.0, 2.0]


def scored(swept: bool = True) -> tuple[nn.ScoringNetwork, Value]:
    net = nn.ScoringNetwork(3, [4, 2], seed=1)
    s = net([Value(e, f"x[{i}]") for i, e in enumerate(X)])
    if swept:
        s.backward()
    return net, s


def test_each_layer_is_one_box_with_its_parameters_and_its_error_signal():
    _, s = scored()
    circuit = describe(s, groups="layers")
    assert [(node.kind, node.label) for node in circuit.nodes] == [
        ("leaf", "x[0]"), ("leaf", "x[1]"), ("leaf", "x[2]"), ("group", "layer 1"), ("group", "layer 2"),
        ("group", "score"),
    ]  # fmt: skip
    assert [(edge.parent, edge.child) for edge in circuit.edges[-2:]] == [
        (circuit.nodes[3].id, circuit.nodes[4].id), (circuit.nodes[4].id, circuit.nodes[5].id),
    ]  # fmt: skip
    assert sum(node.count for node in circuit.nodes) == len(topological_order(s)) == circuit.total
    place = {f"n{i}": node for i, node in enumerate(topological_order(s))}
    for node, signal in zip(circuit.nodes[3:], nn.error_signals(s)):
        assert node.signal is not None
        assert list(node.signal.numbers) == signal.delta
        assert [place[id] for id in node.signal.ids] == list(signal.layer.z)
        if node.label != "score":
            assert node.output is not None
            assert [place[id].data for id in node.output.ids] == [a.data for a in signal.layer.a]
            assert list(node.output.numbers) == [a.data for a in signal.layer.a]
    score = circuit.nodes[-1]
    assert (score.output, score.value) == (None, s.data)  # a single number is shown as that of any node
    shown = ", ".join(number_text(delta) for delta in nn.error_signals(s)["layer 1"].delta)
    assert circuit.nodes[3].signal.text == f"δ⁽²⁾ (4) = [{shown}]"


def test_the_weights_fold_with_collapsed_groups_too_and_not_into_boxes():
    _, s = scored()
    by_name = describe(s, groups=["layer 1"])
    assert not [node for node in by_name.nodes if node.label.startswith("W⁽¹⁾")]
    assert [node for node in by_name.nodes if node.label.startswith("W⁽²⁾")]
    assert [node.label for node in describe(s, groups="collapsed").nodes][3:] == ["layer 1", "layer 2", "score"]
    assert len(describe(s, groups="boxes", most=None).nodes) == describe(s).total


def test_what_is_unknown_is_no_zero_and_long_vectors_are_abridged():
    _, s = scored(swept=False)
    assert describe(s, groups="layers").nodes[3].signal.text == "δ⁽²⁾ (4) = [·, ·, ·, ·]"
    out = nn.MLP(1, [30, 1], f="tanh", seed=0)([Value(1.0, "x")])
    out.backward()
    box = describe(out, groups="layers", precision=2).nodes[1]
    assert re.fullmatch(r"δ⁽²⁾ \(30\) = \[\S+, \S+, \S+, …, \S+\]", box.signal.text)
    assert len(box.signal.numbers) == 30


def test_two_evaluations_share_the_boxes_of_their_parameters():
    net, _ = scored()
    J = net.objective(X, [0.5, 1.0, 2.0])
    J.backward()
    circuit = describe(J, groups="layers")
    labels = [node.label for node in circuit.nodes if node.kind == "group"]
    assert Counter(labels) == Counter(["U", "W⁽¹⁾, b⁽¹⁾", "W⁽²⁾, b⁽²⁾", *["layer 1", "layer 2", "score"] * 2])
    parameters = next(node for node in circuit.nodes if node.label == "W⁽¹⁾, b⁽¹⁾")
    assert (parameters.count, parameters.signal) == (16, None)
    fed = {edge.child for edge in circuit.edges if edge.parent == parameters.id}
    boxes = [node for node in circuit.nodes if node.id in fed]
    assert [box.label for box in boxes] == ["layer 1", "layer 1"]
    assert [group.name for group in circuit.groups] == ["s", "s_c"]
    signals = [one[0].delta for one in nn.error_signals(J).passes]
    assert [list(box.signal.numbers) for box in boxes] == signals
    whole = describe(J, groups="collapsed")  # each evaluation one box: several layers, so no one error signal
    assert [node.signal for node in whole.nodes if node.label in ("s", "s_c")] == [None, None]


def test_parameters_that_something_else_uses_stay_outside():
    net, s = scored(swept=False)
    loss = s + net.layers[0].W[0][0] ** 2
    labels = [node.label for node in describe(loss, groups="layers").nodes if node.kind == "leaf"]
    assert labels == ["W⁽¹⁾[0][0]", "x[0]", "x[1]", "x[2]"]


def test_a_group_that_is_no_layer_stays_as_it_was():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    with group("line"):
        y = math.tanh(w * x + 1.0)
    with group("twice"):
        z = y + y
    folded = describe(z, groups="collapsed")
    assert [node.label for node in folded.nodes] == ["w", "x", "line", "twice"]
    assert all(node.signal is None for node in folded.nodes)
    assert [node.kind for node in describe(z, groups="layers").nodes] == [node.kind for node in describe(z).nodes]


def test_of_nested_layers_each_is_a_box():
    w, v, x = Value(2.0, "w"), Value(3.0, "v"), Value(0.5, "x")
    with nn.layer_group("outer"):
        y = w * x
        with nn.layer_group("inner"):
            z = v * y
    assert [(node.label, node.count) for node in describe(z, groups="layers").nodes] == [
        ("x", 1), ("outer", 2), ("inner", 2),
    ]  # fmt: skip


def test_a_batch_through_one_layer_has_no_single_error_signal():
    model = nn.MLP(1, [2, 1], seed=0)
    total = model([Value(1.0, "x")]) + model([Value(2.0, "y")])
    boxes = [node for node in describe(total, groups="layers").nodes if node.kind == "group"]
    assert [box.label for box in boxes] == ["layer 1", "layer 2"]
    assert [box.signal for box in boxes] == [None, None]


def test_unnamed_parameters_are_called_by_their_layer():
    w, x = Value(2.0), Value(3.0, "x")

    def line(name: str) -> Value:
        with group(name), nn.layer_group("line"):
            return w * x

    circuit = describe(line("a") + line("b"), groups="layers")
    assert next(node.label for node in circuit.nodes if node.kind == "group") == "parameters of line"


def by_dot(circuit: Circuit, root: Value) -> str:
    return draw(root, groups="layers", names=False).source


def by_graphviz(circuit: Circuit, root: Value) -> str:
    return draw(root, groups="layers", names=False).svg()


def by_hand(circuit: Circuit, root: Value) -> str:
    return svg(circuit)


def as_text(circuit: Circuit, root: Value) -> str:
    return text_tree(circuit)


def as_mermaid(circuit: Circuit, root: Value) -> str:
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), mermaid(circuit))


FORMS = [by_dot, by_hand, as_text, as_mermaid]
FORMS += [
    pytest.param(by_graphviz, marks=pytest.mark.skipif(shutil.which("dot") is None, reason="the system has no dot"))
]


@pytest.mark.parametrize("form", FORMS, ids=["dot", "built-in", "text", "mermaid", "graphviz"])
def test_every_form_shows_the_vectors(form: Callable[[Circuit, Value], str]):
    _, s = scored()
    shown = form(describe(s, groups="layers"), s)
    signals = nn.error_signals(s)
    for signal in signals[:2]:
        for letter, numbers in (("a", [a.data for a in signal.layer.a]), ("δ", signal.delta)):
            level = f"⁽{signal.layer.number}⁾".replace("2", "²").replace("3", "³")
            row = f"{letter}{level} ({len(numbers)}) = [{', '.join(number_text(x) for x in numbers)}]"
            assert row in shown, row


def test_hovering_tells_every_digit():
    _, s = scored()
    exact = ", ".join(repr(delta).replace("-", "−") for delta in nn.error_signals(s)["layer 1"].delta)
    assert f"δ⁽²⁾ (4) = [{exact}]" in svg(describe(s, groups="layers"))
    wide = nn.MLP(1, [150, 1], f="tanh", seed=0)([Value(1.0, "x")])
    assert f"δ⁽²⁾ (150) = [{', '.join(['·'] * 100)}, … 50 more]" in svg(describe(wide, groups="layers"))


def test_the_steps_of_a_pass_leave_the_vectors_out():
    _, s = scored(swept=False)
    picture = s.steps()[0].draw(groups="layers")
    assert all(node.signal is None and node.output is None for node in picture.circuit.nodes)


def test_a_large_network_is_a_row_of_layers_by_itself_with_its_weights_as_matrices():
    model = nn.MLP(2, [4, 4, 1], f="tanh", seed=0)
    loss = sum((model([0.1 * i, -0.2]) - 1.0) ** 2 for i in range(20))
    loss.backward()
    circuit = describe(loss)
    boxes = [node for node in circuit.nodes if node.label.startswith("layer")]
    assert [(box.label, box.times) for box in boxes] == [(f"layer {number}", "× 20") for number in (1, 2, 3)]
    for box, layer in zip(boxes, model.layers):
        values, gradients = box.matrices
        assert values.numbers == [[*(w.data for w in row), b.data] for row, b in zip(layer.W, layer.b)]
        assert gradients.numbers == [[*(w.grad for w in row), b.grad] for row, b in zip(layer.W, layer.b)]
    drawn = svg(circuit)
    assert drawn.count("fill-opacity") == 2 * (4 * 3 + 4 * 5 + 5)
    assert f"<title>{model.layers[0].W[0][0].data!r}".replace("-", "−") in drawn
    opened = describe(loss, expand=["layer 3"])
    assert not [node for node in opened.nodes if node.label == "layer 3"]


def test_matrices_without_a_sweep_have_no_gradients():
    out = nn.MLP(4, [8, 1], seed=0)([1.0, 2.0, 3.0, 4.0])
    boxes = [node for node in describe(out).nodes if node.matrices]
    assert [[matrix.name for matrix in box.matrices] for box in boxes] == [["W⁽¹⁾"], ["W⁽²⁾"]]


def test_the_parameters_of_a_layer_are_drawn_in_its_box():
    out = nn.MLP(2, [3, 1], seed=0)([Value(1.0, "x"), Value(2.0, "y")])
    circuit = describe(out)
    names = {group.id: group.name for group in circuit.groups}
    assert {names[node.group or ""] for node in circuit.nodes if node.label.startswith("W⁽¹⁾")} == {"layer 1"}
    assert [node.group for node in circuit.nodes if node.label in ("x", "y")] == [None, None]
