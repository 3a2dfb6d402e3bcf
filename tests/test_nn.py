"""Networks beside micrograd's and PyTorch's: weights, numbers, gradients, a demo; and what they say of mistakes."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import random
import subprocess
import sys
import weakref
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, nn
from autograd_lite.explain.layers import layers

X = [0.5, -1.0, 2.0]


def numbers(values: Any) -> Any:
    """The numbers of Values in any nesting of lists, as an array."""
    return np.array([numbers(v) if isinstance(v, (list, tuple)) else v.data for v in values])


def gradients(values: Any) -> Any:
    return np.array([gradients(v) if isinstance(v, (list, tuple)) else v.grad for v in values])


def micrograd() -> Any:
    reason = "micrograd is not installed: pip install 'autograd_lite[peers]'"
    return pytest.importorskip("micrograd.nn", reason=reason)


# ---- as micrograd's --------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_micrograds_weights_numbers_and_gradients():
    random.seed(1337)
    theirs = micrograd().MLP(2, [16, 16, 1])
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
    for module in (nn, micrograd()):
        random.seed(7)
        neuron, linear = module.Neuron(3), module.Neuron(2, nonlin=False)
        layer, single = module.Layer(2, 3), module.Layer(2, 1, nonlin=False)
        assert repr(neuron) == "ReLUNeuron(3)"
        assert repr(linear) == "LinearNeuron(2)"
        assert repr(single) == "Layer of [LinearNeuron(2)]"
        assert neuron.nonlin
        assert not linear.nonlin
        linear.nonlin = True
        linear.w[0].data, linear.w[1].data = -1.0, 0.5
        assert linear([1.0, 1.0]).data == 0.0
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
    micrograd()
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
    with pytest.raises(TypeError, match=r"MLP of .* takes a list of 2 numbers, not float 0\.5"):
        model(0.5)
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


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # PyTorch's own, on being imported
@pytest.mark.parametrize("f", ["relu", "tanh", "sigmoid", "softplus", "silu", "gelu"])
def test_an_mlp_has_pytorchs_values_and_gradients(f: str):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'autograd_lite[peers]'")
    theirs = getattr(torch.nn.functional, f)
    model = nn.MLP(3, [5, 4, 2], f=f, last="tanh", seed=2)
    a = torch.tensor(X, dtype=torch.float64)
    parameters = []
    for i, layer in enumerate(model.layers):
        for b in layer.b:
            b.data = 0.1
        W = torch.tensor(numbers(layer.W), requires_grad=True)
        b = torch.tensor(numbers(layer.b), requires_grad=True)
        parameters.append((W, b))
        a = (theirs if i < 2 else torch.tanh)(W @ a + b)
    (a[0] * a[1]).backward()
    out = model(X)
    np.testing.assert_allclose(numbers(out), a.detach().numpy(), rtol=1e-13)
    (out[0] * out[1]).backward()
    for layer, (W, b) in zip(model.layers, parameters):
        np.testing.assert_allclose(gradients(layer.W), W.grad.numpy(), rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(gradients(layer.b), b.grad.numpy(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("target", ["python", "llvm", "jax"])
def test_a_loss_through_a_network_compiles(target: str):
    if target == "jax":
        pytest.importorskip("jax", reason="JAX is not installed: it is in the extra `jax`")
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
