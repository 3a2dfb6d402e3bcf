"""Networks beside micrograd's and PyTorch's, and error signals beside the lecture's matrix formulas in NumPy."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import random
import re
import subprocess
import sys
import weakref
from typing import Any

import micrograd.engine
import micrograd.nn
import numpy as np
import pytest
import torch

import autograd_lite as ag
from autograd_lite import Value, group, nn
from autograd_lite.explain.layers import layers

X = [0.5, -1.0, 2.0]
X_C = [0.5, 3.0, 2.0]


def numbers(values: Any) -> Any:
    """The numbers of Values in any nesting of lists, as an array."""
    return np.array([numbers(v) if isinstance(v, (list, tuple)) else v.data for v in values])


def gradients(values: Any) -> Any:
    return np.array([gradients(v) if isinstance(v, (list, tuple)) else v.grad for v in values])


# ---- as micrograd's --------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_micrograds_weights_numbers_and_gradients():
    random.seed(1337)
    theirs = micrograd.nn.MLP(2, [16, 16, 1])
    random.seed(1337)
    ours = nn.MLP(2, [16, 16, 1])
    assert ours.data == [p.data for p in theirs.parameters()]
    assert len(ours.parameters()) == 337
    assert repr(ours) == repr(theirs)
    x = [0.3, -0.7]
    out, expected = ours(x), theirs(x)
    assert out.data == expected.data
    out.backward()
    expected.backward()
    np.testing.assert_allclose(ours.grad, [p.grad for p in theirs.parameters()], rtol=1e-13, atol=1e-15)
    ours.zero_grad()
    assert ours.grad == [0.0] * 337


def test_neurons_and_layers_are_used_as_micrograds():
    for module in (nn, micrograd.nn):
        random.seed(7)
        neuron, linear = module.Neuron(3), module.Neuron(2, nonlin=False)
        layer, single = module.Layer(2, 3), module.Layer(2, 1, nonlin=False)
        assert repr(neuron) == "ReLUNeuron(3)"
        assert repr(linear) == "LinearNeuron(2)"
        assert repr(single) == "Layer of [LinearNeuron(2)]"
        assert neuron.nonlin
        assert not linear.nonlin
        assert neuron.parameters() == [*neuron.w, neuron.b]
        assert isinstance(layer([1.0, 2.0]), list)
        assert len(layer([1.0, 2.0])) == 3
        assert not isinstance(single([1.0, 2.0]), list)  # a single output is bare
        assert [len(neuron.w) for neuron in layer.neurons] == [2, 2, 2]


def two_moons(count: int, noise: float, seed: int) -> tuple[list[list[float]], list[int]]:
    """Points on two interleaved half circles, and the sign of each."""
    draw = random.Random(seed)
    points, signs = [], []
    for i in range(count):
        angle, upper = math.pi * draw.random(), i % 2 == 0
        x, y = (math.cos(angle), math.sin(angle)) if upper else (1 - math.cos(angle), 0.5 - math.sin(angle))
        points.append([x + draw.gauss(0, noise), y + draw.gauss(0, noise)])
        signs.append(1 if upper else -1)
    return points, signs


# micrograd's demo with its import changed, as its users wrote it; on fewer points and steps, which are enough.
DEMO = """
import random
import numpy as np
from {engine} import Value
from {nn} import Neuron, Layer, MLP

np.random.seed(1337)
random.seed(1337)
model = MLP(2, [16, 16, 1]) # 2-layer neural network

def loss(batch_size=None):
    Xb, yb = X, y
    inputs = [list(map(Value, xrow)) for xrow in Xb]
    scores = list(map(model, inputs))
    losses = [(1 + -yi*scorei).relu() for yi, scorei in zip(yb, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    alpha = 1e-4
    reg_loss = alpha * sum((p*p for p in model.parameters()))
    total_loss = data_loss + reg_loss
    accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(yb, scores)]
    return total_loss, sum(accuracy) / len(accuracy)

history = []
for k in range(steps):
    total_loss, acc = loss()
    model.zero_grad()
    total_loss.backward()
    learning_rate = 1.0 - 0.9*k/100
    for p in model.parameters():
        p.data -= learning_rate * p.grad
    history.append(total_loss.data)
"""


def run_demo(engine: str, nn: str, count: int, steps: int) -> dict[str, Any]:
    points, signs = two_moons(count, noise=0.1, seed=2)
    namespace: dict[str, Any] = {"X": np.array(points), "y": np.array(signs), "steps": steps}
    exec(DEMO.format(engine=engine, nn=nn), namespace)
    return namespace


def test_micrograds_demo_runs_with_its_import_changed_and_separates_the_moons():
    done = run_demo("autograd_lite", "autograd_lite.nn", count=40, steps=40)
    assert done["acc"] == 1.0
    assert done["history"][-1] < 0.1 < 0.5 < done["history"][0]


def test_the_demos_hundred_steps_on_a_hundred_points_compiled():
    points, signs = two_moons(100, noise=0.1, seed=1)
    model = nn.MLP(2, [16, 16, 1], seed=1337)
    loss = ag.compile(lambda p, x, y: ag.math.relu(1 - y * model.forward(p, x)), in_axes=(None, 0, 0))
    p, x, y = np.array(model.data), np.array(points), np.array(signs, dtype=float)
    for k in range(100):
        _, slope = loss.value_and_grad(p, x, y)
        p -= (1.0 - 0.9 * k / 100) * (slope / 100 + 2e-4 * p)
    model.data = p
    assert [model(point).data > 0 for point in points] == [sign > 0 for sign in signs]


def test_micrograds_demo_takes_the_same_steps_as_micrograd():
    ours = run_demo("autograd_lite", "autograd_lite.nn", count=20, steps=4)
    theirs = run_demo("micrograd.engine", "micrograd.nn", count=20, steps=4)
    np.testing.assert_allclose(ours["history"], theirs["history"], rtol=1e-12)
    weights = [p.data for p in theirs["model"].parameters()]
    np.testing.assert_allclose(ours["model"].data, weights, rtol=1e-9, atol=1e-12)


# ---- weights, names, mistakes ----------------------------------------------------------------------------------------


def test_a_seed_makes_weights_reproducible_and_leaves_the_global_generator_alone():
    random.seed(3)
    before = random.getstate()
    assert nn.MLP(3, [4, 1], seed=5).data == nn.MLP(3, [4, 1], seed=5).data != nn.MLP(3, [4, 1], seed=6).data
    assert nn.ScoringNetwork(3, [4], seed=5).data == nn.ScoringNetwork(3, [4], seed=5).data
    assert random.getstate() == before
    weights = [w.data for row in nn.Layer(50, 50, seed=1).W for w in row]
    assert len(set(weights)) == 2500
    assert -1.0 <= min(weights) < -0.99 < 0.99 < max(weights) <= 1.0


def test_parameters_and_what_is_computed_are_named_as_in_the_lecture():
    net = nn.ScoringNetwork(3, [4, 2], seed=0)
    assert [p.label for p in net.parameters()][:5] == [
        "W⁽¹⁾[0][0]",
        "W⁽¹⁾[0][1]",
        "W⁽¹⁾[0][2]",
        "b⁽¹⁾[0]",
        "W⁽¹⁾[1][0]",
    ]
    assert [u.label for u in net.U] == ["U[0]", "U[1]"]
    s = net(X)
    assert s.label == "s"
    first, second, score = layers(s)
    assert [z.label for z in first.z] == [f"z⁽²⁾[{i}]" for i in range(4)]
    assert [a.label for a in second.a] == ["a⁽³⁾[0]", "a⁽³⁾[1]"]
    assert [layer.group for layer in (first, second, score)] == [("layer 1",), ("layer 2",), ("score",)]
    model = nn.MLP(2, [3, 1], seed=0)
    output = model([1.0, 2.0])
    assert output.label is None  # the user's to name
    assert model.layers[1].W[0][2].label == "W⁽²⁾[0][2]"


@pytest.mark.parametrize("name", [name for name in nn.activations() if name != "linear"])
def test_an_activation_is_the_function_of_that_name(name: str):
    neuron = nn.Neuron(1, f=name, seed=0)
    neuron.data = [1.0, 0.25]
    a = neuron([0.5])
    assert a.data == getattr(ag.math, name)(0.75)
    assert a.op is not None
    assert a.op.name == name


def test_activations_are_those_rows_that_a_network_can_learn_through():
    names = nn.activations()
    assert {"linear", "relu", "tanh", "sigmoid", "softplus", "silu", "gelu", "softsign", "erf", "sin"} <= set(names)
    assert not {"sign", "floor", "log", "sqrt", "atanh", "pow", "stop_gradient", "less", "gamma"} & set(names)


def test_an_activation_may_be_any_function_of_one_number_or_none():
    leaky = nn.Layer(2, 3, f=ag.math.leaky_relu, seed=0)
    assert repr(leaky.neurons[0]) == "Leaky_reluNeuron(2)"
    plain = nn.Layer(2, 3, f="linear", seed=0)
    for a, z in zip(leaky([1.0, 2.0]), plain([1.0, 2.0])):
        assert a.data == (z.data if z.data > 0 else 0.01 * z.data)
    assert nn.Layer(2, 3, f=None, seed=0)([1.0, 2.0]) == plain([1.0, 2.0])


def test_mistakes_say_what_was_wrong():
    with pytest.raises(ValueError, match=r"no activation 'rleu': a name is one of linear, .*tanh.*any function"):
        nn.MLP(2, [3, 1], f="rleu")
    model = nn.MLP(2, [3, 1], seed=0)
    with pytest.raises(ValueError, match=r"MLP of .* has 2 inputs, and 3 were given"):
        model([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="has 13 parameters, and 12 were given"):
        model.forward([0.0] * 12, [1.0, 2.0])
    with pytest.raises(ValueError, match="has 13 parameters, and 14 were given"):
        model.data = [0.0] * 14
    with pytest.raises(ValueError, match=r"LinearNeuron\(2\) has 2 inputs, and 1 were given"):
        nn.Neuron(2, nonlin=False)([1.0])
    with pytest.raises(ValueError, match="one at least"):
        nn.MLP(2, [])
    with pytest.raises(ValueError, match="one at least"):
        nn.ScoringNetwork(2, [])


def test_a_network_copies_and_pickles():
    model = nn.MLP(2, [3, 1], f="tanh", seed=0)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.data == model.data
        assert other([1.0, 2.0]).data == model([1.0, 2.0]).data
        assert not set(map(id, other.parameters())) & set(map(id, model.parameters()))


def test_evaluations_are_freed():
    def evaluated() -> list[weakref.ref[Value]]:
        s = model([1.0, 2.0])
        s.backward()
        signals = nn.error_signals(s)
        assert "layer 1" in str(signals)
        return [weakref.ref(node) for node in (s, *signals[0].layer.z, *signals[0].layer.a)]

    model = nn.MLP(2, [3, 1], seed=0)
    left = evaluated()
    gc.collect()
    assert [ref() for ref in left] == [None] * 7


def test_importing_networks_loads_no_numpy():
    program = "import sys; from autograd_lite import nn; nn.MLP(2, [3, 1]); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# ---- beside PyTorch, and compiled ------------------------------------------------------------------------------------

TORCH = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": torch.nn.functional.softplus}
TORCH |= {"silu": torch.nn.functional.silu, "gelu": torch.nn.functional.gelu}


@pytest.mark.parametrize("f", sorted(TORCH))
def test_an_mlp_has_pytorchs_values_and_gradients(f: str):
    model = nn.MLP(3, [5, 4, 2], f=f, last="tanh", seed=2)
    a = torch.tensor(X, dtype=torch.float64)
    parameters = []
    for i, layer in enumerate(model.layers):
        W = torch.tensor(numbers(layer.W), requires_grad=True)
        b = torch.tensor(numbers(layer.b) + 0.1, requires_grad=True)
        parameters.append((W, b))
        for own in layer.b:
            own.data += 0.1
        a = (TORCH[f] if i < 2 else torch.tanh)(W @ a + b)
    (a[0] * a[1]).backward()
    out = model(X)
    np.testing.assert_allclose(numbers(out), a.detach().numpy(), rtol=1e-13)
    (out[0] * out[1]).backward()
    for layer, (W, b) in zip(model.layers, parameters):
        np.testing.assert_allclose(gradients(layer.W), W.grad.numpy(), rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(gradients(layer.b), b.grad.numpy(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("target", ["python", "llvm", "jax"])
def test_a_loss_through_a_network_compiles(target: str):
    model = nn.MLP(2, [4, 3, 1], f="tanh", seed=0)
    points, signs = two_moons(12, noise=0.1, seed=2)
    eager = sum((ag.math.softplus(-y * model(x)) for x, y in zip(points, signs)), Value(0.0))
    eager.backward()

    def one(p: Any, x: Any, y: Any) -> Any:
        return ag.math.softplus(-y * model.forward(p, x))

    loss = ag.compile(one, in_axes=(None, 0, 0), target=target)
    given = np.array(model.data), np.array(points), np.array(signs, dtype=float)
    value, gradient = loss.value_and_grad(*given)
    assert value == pytest.approx(eager.data, rel=1e-12)
    assert gradient.shape == (len(model.data),)
    np.testing.assert_allclose(gradient, model.grad, rtol=1e-10, atol=1e-13)


def test_operators_differentiate_a_network_by_its_parameters_and_its_inputs():
    net = nn.ScoringNetwork(3, [4, 2], seed=1)
    by_parameters, by_inputs = ag.grad(net.forward, argnums=(0, 1))(net.data, X)
    x = [Value(e) for e in X]
    net(x).backward()
    assert by_parameters == net.grad
    assert by_inputs == [e.grad for e in x]
    assert np.asarray(ag.hessian(lambda x: net.forward(net.data, x))(np.array(X))).shape == (3, 3)


# ---- the lecture's formulas ------------------------------------------------------------------------------------------


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
    assert re.split("  +", told[2].strip())[:4] == [
        "layer 2", "sigmoid", "δ⁽³⁾ = (U δ⁽⁴⁾) ∘ f′(z⁽³⁾)", "(2) = (2×1)(1) ∘ (2)",
    ]  # fmt: skip
    assert re.split("  +", told[3].strip())[:4] == [
        "layer 1", "sigmoid", "δ⁽²⁾ = (W⁽²⁾ᵀ δ⁽³⁾) ∘ f′(z⁽²⁾)", "(4) = (4×2)(2) ∘ (4)",
    ]  # fmt: skip
    assert told[-1] == "Each move gives what the graph's own reverse sweep gives."
    assert len(told) == 5
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
    with group("mine"):
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
    with group("layer"):
        total = 0.0
    with group("outer"):
        z = plain(x)
        with group("layer"):
            pass
    shares = ag.math.softmax(z)
    shares[0].backward()
    (signal,) = nn.error_signals(shares[0])
    assert signal.delta == [one.grad for one in z]
    assert total == 0.0


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
    from autograd_lite.explain import signals as module

    monkeypatch.setattr(module.Layer, "matrix", property(lambda layer: [[1.0] * len(layer.inputs)] * len(layer.z)))
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
    assert nn.across_nonlinearity([0.0, 2.0], [math.inf, 0.0]) == [0.0, 0.0]


def test_a_deep_network_is_read_without_recursion():
    model = nn.MLP(1, [1] * 2000, f="tanh", seed=0)
    signals = nn.error_signals(model([0.5]))
    assert len(signals) == 2000
    assert all(signal.agrees for signal in signals)
    assert signals[-1].number == 2001
