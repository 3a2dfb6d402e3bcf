"""Error signals and layers read off graphs, beside the lecture's matrix formulas in NumPy and the graph's gradients."""

from __future__ import annotations

import copy
import math
import pickle
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, group, nn
from autograd_lite.explain import signals as signals_module
from autograd_lite.explain.layers import layers

X = [0.5, -1.0, 2.0]
X_C = [0.5, 3.0, 2.0]


def numbers(values: Any) -> Any:
    """The numbers of Values in any nesting of lists, as an array."""
    return np.array([numbers(v) if isinstance(v, (list, tuple)) else v.data for v in values])


def gradients(values: Any) -> Any:
    return np.array([gradients(v) if isinstance(v, (list, tuple)) else v.grad for v in values])


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


FUNCTIONS = {
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
}


def by_matrices(net: nn.ScoringNetwork, x: Any, f: str) -> dict[str, Any]:
    """The lecture's formulas for two layers, in NumPy."""
    f_, slope = FUNCTIONS[f]
    (W1, b1), (W2, b2) = [(numbers(layer.W), numbers(layer.b)) for layer in net.layers]
    U, x = numbers(net.U), np.array(x)
    z2 = W1 @ x + b1
    z3 = W2 @ f_(z2) + b2
    delta3 = U * slope(z3)
    delta2 = (W2.T @ delta3) * slope(z2)
    return {
        "s": U @ f_(z3), "delta3": delta3, "delta2": delta2, "U": f_(z3),
        "W2": np.outer(delta3, f_(z2)), "W1": np.outer(delta2, x), "x": W1.T @ delta2,
    }  # fmt: skip


def biased(net: Any, seed: int = 0) -> Any:
    draw = random.Random(seed)
    net.data = [x or draw.uniform(-1, 1) for x in net.data]
    return net


@pytest.mark.parametrize("f", sorted(FUNCTIONS))
def test_the_scoring_network_is_the_lectures(f: str):
    net = biased(nn.ScoringNetwork(3, [4, 2], f=f, seed=3))
    expected = by_matrices(net, X, f)
    x = [Value(e, f"x[{i}]") for i, e in enumerate(X)]
    s = net(x)
    assert s.data == pytest.approx(expected["s"], rel=1e-14)
    signals = nn.error_signals(s)
    assert all(p.grad == 0.0 and not p.reached for p in net.parameters())  # its own sweep: no gradient has changed
    s.backward()
    assert [signal.name for signal in signals] == ["layer 1", "layer 2", "score"]
    first, second, score = signals
    close = {"rtol": 1e-13, "atol": 1e-15}
    np.testing.assert_allclose(first.delta, expected["delta2"], **close)
    np.testing.assert_allclose(second.delta, expected["delta3"], **close)
    assert score.delta == [1.0]
    np.testing.assert_allclose(second.by_weights(), expected["W2"], **close)
    np.testing.assert_allclose(first.by_weights(), expected["W1"], **close)
    np.testing.assert_allclose(score.by_weights()[0], expected["U"], **close)
    np.testing.assert_allclose(nn.across_affine(net.layers[0].W, first.delta), expected["x"], **close)
    # The graph's own gradients are the same numbers.
    assert first.delta == [z.grad for z in first.layer.z]
    assert first.by_weights() == gradients(net.layers[0].W).tolist()
    assert second.by_biases() == gradients(net.layers[1].b).tolist()
    np.testing.assert_allclose([e.grad for e in x], expected["x"], **close)
    np.testing.assert_allclose(first.layer.matrix, numbers(net.layers[0].W), rtol=0)
    assert [len(first.slopes), len(second.slopes), score.slopes] == [4, 2, [1.0]]
    np.testing.assert_allclose(first.slopes, FUNCTIONS[f][1](numbers(list(first.layer.z))), rtol=1e-13)
    assert all(signal.agrees for signal in signals)
    for signal in signals:
        np.testing.assert_allclose(signal.moved, signal.delta, **close)


@pytest.mark.parametrize("f", sorted(FUNCTIONS))
def test_the_objective_has_an_error_signal_through_each_of_its_scores(f: str):
    net = biased(nn.ScoringNetwork(3, [4, 2], f=f, seed=3))
    net.data = [0.5 * x for x in net.data]  # scores less than a margin apart
    J = net.objective(X, X_C)
    true, corrupt = by_matrices(net, X, f), by_matrices(net, X_C, f)
    assert J.data == pytest.approx(max(0.0, 1 - true["s"] + corrupt["s"]), rel=1e-14)
    assert J.data > 0
    J.backward()
    np.testing.assert_allclose(gradients(net.layers[1].W), corrupt["W2"] - true["W2"], rtol=1e-12, atol=1e-14)
    signals = nn.error_signals(J)
    for one, sign, expected in zip(signals.passes, (-1.0, 1.0), (true, corrupt)):
        np.testing.assert_allclose(one[0].delta, sign * expected["delta2"], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(one[1].delta, sign * expected["delta3"], rtol=1e-12, atol=1e-14)
        assert one[2].delta == [sign]
    summed = np.add(signals.passes[0][0].by_weights(), signals.passes[1][0].by_weights())
    np.testing.assert_allclose(summed, gradients(net.layers[0].W), rtol=1e-13, atol=1e-15)
    assert len(signals) == 6
    assert "through s:" in str(signals)
    assert "through s_c:" in str(signals)
    with pytest.raises(KeyError, match=r"evaluated 2 times: look in \.passes"):
        signals["layer 1"]


def test_no_signal_flows_from_an_objective_that_is_met():
    net = nn.ScoringNetwork(3, [4, 2], seed=3)
    net.data = [5.0 * x for x in net.data]
    x, x_c = (X, X_C) if net(X).data > net(X_C).data else (X_C, X)
    net.U[0].data, net.U[1].data = 100 * net.U[0].data, 100 * net.U[1].data
    J = net.objective(x, x_c)
    assert J.data == 0.0
    assert all(delta == 0.0 for signal in nn.error_signals(J) for delta in signal.delta)


def test_the_table_tells_the_moves_with_their_shapes():
    net = nn.ScoringNetwork(3, [4, 2], seed=1)
    told = str(nn.error_signals(net(X))).splitlines()
    assert told[0] == "error signals of s = −0.4205, from the output back: δ⁽ˡ⁾ = ∂s/∂z⁽ˡ⁾"
    assert re.split("  +", told[3].strip()) == [
        "layer 2", "sigmoid", "δ⁽³⁾ = (U δ⁽⁴⁾) ∘ f′(z⁽³⁾)", "(2) = (2×1)(1) ∘ (2)",
    ]  # fmt: skip
    assert re.split("  +", told[5].strip()) == [
        "layer 1", "sigmoid", "δ⁽²⁾ = (W⁽²⁾ᵀ δ⁽³⁾) ∘ f′(z⁽²⁾)", "(4) = (4×2)(2) ∘ (4)",
    ]  # fmt: skip
    assert told[6].strip() == "= [−0.0339, 0.06068, 0.004295, −0.01961]"
    assert told[6].index("=") == told[5].index("=") == told[1].index("=")
    assert told[7] == "Each move gives what the graph's own reverse sweep gives."
    assert len(told) == 8
    deep = nn.MLP(1, [2] * 12, seed=0)
    assert "δ⁽¹³⁾" in str(nn.error_signals(deep([1.0])[0]))


def test_every_network_has_error_signals():
    model = biased(nn.MLP(3, [5, 4, 2], f="gelu", seed=1))
    out = model(X)
    loss = (out[1] - 0.5) ** 2 + (out[0] + 0.25) ** 2  # used out of order: rows are told by their weights
    loss.backward()
    signals = nn.error_signals(loss)
    assert [signal.layer.f for signal in signals] == ["gelu", "gelu", "linear"]
    for signal, layer in zip(signals, model.layers):
        assert signal.agrees
        assert signal.by_weights() == gradients(layer.W).tolist()
        assert signal.by_biases() == gradients(layer.b).tolist()
    assert signals[2].delta == [out[0].grad, out[1].grad]
    assert signals[2].move == "δ⁽⁴⁾ = ∂loss/∂z⁽⁴⁾"
    assert signals["layer 2"].move == "δ⁽³⁾ = (W⁽³⁾ᵀ δ⁽⁴⁾) ∘ f′(z⁽³⁾)"


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=5),
    f=st.sampled_from(nn.activations()),
    last=st.sampled_from(["linear", "tanh"]),
    seed=st.integers(0, 1000),
)
def test_of_any_network_the_moves_give_the_graphs_gradients(sizes: list[int], f: str, last: str, seed: int):
    draw = random.Random(seed)
    model = biased(nn.MLP(sizes[0], sizes[1:], f=f, last=last, seed=seed), seed)
    with ag.errstate(over="ignore", invalid="ignore"):
        out = model([draw.uniform(-2, 2) for _ in range(sizes[0])])
        outputs = out if isinstance(out, list) else [out]
        s = ag.math.sumprod([draw.uniform(-1, 1) for _ in outputs], outputs)
        s.backward()
        assume(all(map(math.isfinite, [s.data, *model.grad])))
        signals = nn.error_signals(s)
    assert [signal.layer.number for signal in signals] == list(range(2, len(sizes) + 1))
    for signal, layer in zip(signals, model.layers):
        assert signal.agrees, signal
        assert signal.by_weights() == gradients(layer.W).tolist()
        assert signal.by_biases() == gradients(layer.b).tolist()


def test_each_evaluation_in_a_batch_has_its_own():
    model = nn.MLP(2, [3, 1], f="tanh", seed=0)
    x = [Value(1.0), Value(2.0)]
    total = model(x) + model(x) * 2.0 + model([1.0, 2.0]) * 3.0  # the same inputs twice are two evaluations
    signals = nn.error_signals(total)
    assert [[signal.name for signal in one] for one in signals.passes] == [["layer 1", "layer 2"]] * 3
    assert [one[-1].delta for one in signals.passes] == [[1.0], [2.0], [3.0]]
    first, second, third = [np.array(one[0].delta) for one in signals.passes]
    np.testing.assert_allclose(second, 2 * first, rtol=1e-14)
    np.testing.assert_allclose(third, 3 * first, rtol=1e-14)
    many = sum((model([1.0, k]) for k in range(9)), Value(0.0))
    assert "… and 5 more evaluations of the network" in str(nn.error_signals(many))


def test_layers_written_by_hand_are_read_too():
    x = [Value(e) for e in X]
    W = [[Value(0.1 * (i - j)) for j in range(3)] for i in range(4)]
    V = [Value(0.3 * (i - 1.5)) for i in range(4)]
    with nn.layer_group("mine"):
        a = [ag.math.tanh(sum(w * e for w, e in zip(row, x)) + 0.0) for row in W]
        out = sum(e * v for v, e in zip(V, a))
    out.backward()
    first, last = nn.error_signals(out)
    assert first.by_weights() == gradients(W).tolist()
    assert last.by_weights() == [gradients(V).tolist()]
    assert first.agrees
    assert (first.layer.f, last.layer.f) == ("tanh", "linear")


def test_what_follows_that_is_no_row_or_not_point_wise():
    x = [Value(e) for e in X]
    layer = biased(nn.Layer(3, 2, f=ag.math.leaky_relu, seed=1))
    out = sum(layer(x), Value(0.0))
    (signal,) = nn.error_signals(out)
    assert signal.layer.f == "f"
    assert signal.slopes == [1.0 if z.data > 0 else 0.01 for z in signal.layer.z]
    assert signal.agrees
    plain = biased(nn.Layer(3, 2, f=None, seed=1))
    with group("around"):
        z = plain(x)
    shares = ag.math.softmax(z)
    shares[0].backward()
    (signal,) = nn.error_signals(shares[0])
    assert signal.delta == [one.grad for one in z]


def test_what_follows_in_the_layer_is_not_point_wise():
    x, W = [Value(e) for e in X], [[Value(0.1), Value(0.2), Value(-0.3)], [Value(0.4), Value(0.0), Value(0.5)]]
    with nn.layer_group("shares"):
        a = ag.math.softmax([sum(w * e for w, e in zip(row, x)) for row in W])
    a[0].backward()
    (signal,) = nn.error_signals(a[0])
    assert signal.layer.a == ()
    assert signal.delta == [z.grad for z in signal.layer.z]
    assert signal.by_weights() == gradients(W).tolist()
    assert (signal.move, signal.shapes, signal.slopes) == ("δ⁽²⁾ = ∂a[0]/∂z⁽²⁾", "(2)", [])


def test_what_leaves_before_the_non_linearity_too():
    x, w = Value(0.5), [Value(2.0), Value(-1.0)]
    with nn.layer_group("both"):
        z = [v * x for v in w]
        a = [ag.math.tanh(e) for e in z]
    s = a[0] * a[1] + z[0]
    s.backward()
    (signal,) = nn.error_signals(s)
    assert signal.delta == [e.grad for e in z]
    assert signal.layer.a == ()
    assert signal.agrees


def test_units_of_one_layer_may_differ_in_their_non_linearity():
    x, w = Value(0.5), [Value(2.0), Value(-1.0)]
    with nn.layer_group("mixed"):
        z = [v * x for v in w]
        a = [ag.math.tanh(z[0]), z[1]]
    (signal,) = nn.error_signals(a[0] * a[1])
    assert signal.layer.f == "f"
    assert signal.slopes == [pytest.approx(1 - math.tanh(1.0) ** 2), 1.0]
    assert signal.agrees


@pytest.mark.parametrize(
    "make",
    [
        lambda w, x: w * x + w + x,
        lambda w, x: w * x + ag.math.sin(x),
        lambda w, x: w * w,
        lambda w, x: w + x,
        lambda w, x: ag.math.sin(w) * ag.math.cos(x),
    ],
    ids=["two biases", "a bias that is computed", "a square", "no product", "no weight"],
)
def test_what_is_no_affine_map_is_no_layer(make: Callable[[Value, Value], Value]):
    with nn.layer_group("layer"):
        y = make(Value(2.0), Value(3.0))
    assert layers(y) == []


def test_only_what_is_marked_is_a_layer():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    with group("layer 1"):
        y = w * x + 1.0
    assert layers(y) == []
    with pytest.raises(TypeError, match="a group's name is a str, not int"):
        nn.layer_group(3)  # type: ignore[arg-type]


def test_what_else_uses_a_layer_is_read_off_the_graph():
    model = biased(nn.MLP(3, [4, 2], f="tanh", seed=1))
    first, last = model.layers
    a = first(X)
    out = last(a)
    loss = out[0] * out[1] + sum(e * e for e in a)  # past the last layer
    loss.backward()
    signal, _ = nn.error_signals(loss)
    assert signal.move == "δ⁽²⁾ = ∂loss/∂a⁽²⁾ ∘ f′(z⁽²⁾)"
    assert signal.agrees
    assert signal.by_weights() == gradients(first.W).tolist()


def test_two_towers_are_one_evaluation():
    left, right = biased(nn.Layer(3, 2, f="tanh", seed=1)), biased(nn.Layer(3, 3, f="tanh", seed=2))
    top = biased(nn.Layer(5, 1, f="sigmoid", seed=3))
    out = top([*left(X), *right(X_C)])
    out.backward()
    signals = nn.error_signals(out)
    assert [[signal.layer.number for signal in one] for one in signals.passes] == [[2, 2, 3]]
    for signal, layer in zip(signals, (left, right, top)):
        assert signal.agrees
        assert signal.by_weights() == gradients(layer.W).tolist()
    assert signals[0].shapes == "(2) = (2) ∘ (2)"


def test_two_layers_that_use_one_add_their_signals():
    shared, one, other = (biased(nn.Layer(3, 3, f="tanh", seed=i)) for i in range(3))
    a = shared(X)
    out = sum(one(a), Value(0.0)) + sum(other(a), Value(0.0)) * 2.0
    out.backward()
    signal = nn.error_signals(out)[0]
    assert signal.move == "δ⁽²⁾ = (W⁽²⁾ᵀ δ⁽³⁾ + W⁽²⁾ᵀ δ⁽³⁾) ∘ f′(z⁽²⁾)"
    assert signal.shapes == "(3) = (3×3)(3) + (3×3)(3) ∘ (3)"
    assert signal.agrees
    np.testing.assert_allclose(signal.moved, [z.grad for z in signal.layer.z], rtol=1e-13)


def test_neurons_side_by_side_are_a_layer():
    neurons = [biased(nn.Neuron(3, f="tanh", seed=i)) for i in range(4)]
    out = sum((neuron(X) for neuron in neurons), Value(0.0))
    out.backward()
    (signal,) = nn.error_signals(out)
    assert signal.by_weights() == gradients([neuron.w for neuron in neurons]).tolist()


def test_an_output_is_told_from_what_has_the_same_number():
    s = nn.ScoringNetwork(3, [2], seed=0)(X)
    assert nn.error_signals(s)[-1].move == "δ⁽³⁾ = ∂s/∂s"
    same = s * 1.0
    assert nn.error_signals(same)[-1].move == "δ⁽³⁾ = ∂same/∂z⁽³⁾"


def test_no_layer_no_signals():
    x = Value(2.0, "x")
    with pytest.raises(ValueError, match="there is no layer in this graph"):
        nn.error_signals(x * x + 1.0)
    with pytest.raises(TypeError, match="expected a Value, got float"):
        nn.error_signals(1.0)  # type: ignore[arg-type]


def test_a_graph_that_was_copied_pickled_or_whose_leaves_changed_has_the_same_signals():
    net = nn.ScoringNetwork(3, [4, 2], seed=1)
    s = net(X)
    expected = str(nn.error_signals(s))
    assert str(nn.error_signals(copy.deepcopy(s))) == expected
    assert str(nn.error_signals(pickle.loads(pickle.dumps(s)))) == expected
    net.data = [7.0] * len(net.data)
    assert str(nn.error_signals(s)) == expected  # of the numbers it was computed from
    s.replay()
    after = nn.error_signals(s)
    assert str(after) != expected
    assert all(signal.agrees for signal in after)


def test_a_move_that_does_not_give_the_graphs_gradient_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        signals_module.Layer, "matrix", property(lambda layer: [[1.0] * len(layer.inputs)] * len(layer.z))
    )
    signals = nn.error_signals(nn.ScoringNetwork(3, [4, 2], seed=1)(X))
    assert [signal.agrees for signal in signals] == [False, False, True]
    assert "layer 1: the move gives [" in str(signals)
    assert "Each move gives" not in str(signals)


def test_the_moves_by_hand_say_when_shapes_do_not_line_up():
    W = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert nn.across_affine(W, [1.0, -1.0]) == (np.array(W).T @ [1.0, -1.0]).tolist()
    with pytest.raises(ValueError, match="W is 2×3, so Wᵀ is 3×2 and takes a δ of 2, not of 3"):
        nn.across_affine(W, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="row 1 of W has 1 numbers, and row 0 has 2"):
        nn.across_affine([[1.0, 2.0], [3.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"δ has 2 numbers and f′\(z\) has 3"):
        nn.across_nonlinearity([1.0, 2.0], [1.0, 2.0, 3.0])
    assert nn.outer([1.0, 2.0], [Value(3.0), Value(4.0), Value(5.0)]) == [[3.0, 4.0, 5.0], [6.0, 8.0, 10.0]]
    assert str(nn.across_nonlinearity([0.0, 2.0], [math.inf, 0.0])) == "[nan, 0.0]"  # as IEEE 754 has it


def test_a_deep_network_is_read_without_recursion():
    model = nn.MLP(1, [1] * 2000, f="tanh", seed=0)
    signals = nn.error_signals(model([0.5]))
    assert len(signals) == 2000
    assert all(signal.agrees for signal in signals)
    assert signals[-1].layer.number == 2001
