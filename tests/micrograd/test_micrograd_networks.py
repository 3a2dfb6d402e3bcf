"""micrograd's networks, and notebooks in its manner: each cell run with micrograd's import and with ours."""

from __future__ import annotations

import random
from typing import Any

import pytest

from autograd_lite.micrograd import MLP, Layer, Neuron
from autograd_lite.micrograd.engine import Value

pytest.importorskip("micrograd.nn", reason="micrograd is not installed")


def test_the_weights_the_output_and_the_repr_are_micrograds():
    import micrograd.nn

    x = [0.5, -1.0, 2.0]
    for ours, theirs in ((MLP, micrograd.nn.MLP), (Layer, micrograd.nn.Layer), (Neuron, micrograd.nn.Neuron)):
        sizes: tuple[Any, ...] = {MLP: (3, [4, 4, 1]), Layer: (3, 2), Neuron: (3,)}[ours]
        random.seed(7)
        mine = ours(*sizes)
        random.seed(7)
        other = theirs(*sizes)
        assert repr(mine) == repr(other)
        assert [p.data for p in mine.parameters()] == [p.data for p in other.parameters()]
        assert {type(p) for p in mine.parameters()} == {Value}
        a, b = mine(x), other(x)
        for y, z in zip(a if isinstance(a, list) else [a], b if isinstance(b, list) else [b], strict=True):
            assert isinstance(y, Value)
            assert y.data == pytest.approx(z.data, rel=1e-12)
            assert y._op == z._op
            assert {type(child) for child in y._prev} <= {Value}


CIRCUIT = """
a = Value(2.0)
b = Value(-3.0)
c = Value(10.0)
d = a * b + c
d._prev, d._op
~
def walk(root):
    seen, links = set(), set()
    def visit(v):
        if v not in seen:
            seen.add(v)
            for child in v._prev:
                links.add((child, v))
                visit(child)
    visit(root)
    return seen, links
~
from graphviz import Digraph

def picture(root):
    dot = Digraph(format="svg", graph_attr={"rankdir": "LR"})
    nodes, links = walk(root)
    for n in nodes:
        me = str(id(n))
        dot.node(me, label="{ data %.4f | grad %.4f }" % (n.data, n.grad), shape="record")
        if n._op:
            dot.node(me + n._op, label=n._op)
            dot.edge(me + n._op, me)
    for one, other in links:
        dot.edge(str(id(one)), str(id(other)) + other._op)
    return dot

def counts(dot):
    return sum("record" in line for line in dot.body), sum("->" in line for line in dot.body)

result = counts(picture(d))
~
x1, x2 = Value(2.0), Value(0.0)
w1, w2 = Value(-3.0), Value(1.0)
bias = Value(6.8813735870195432)
total = x1 * w1 + x2 * w2 + bias
o = total.relu()
o.grad = 1.0
o._backward()
total._backward()
by_hand = total.grad, bias.grad
~
for leaf in (x1, x2, w1, w2, bias, total, o):
    leaf.grad = 0
out = (x1 * w1 + x2 * w2 + bias).relu()
out.backward()
result += by_hand + (x1.grad, w1.grad, x2.grad, w2.grad) + counts(picture(out))
~
a = Value(3.0)
b = a + a
b.backward()
result += (a.grad,)
~
a, b = Value(-2.0), Value(3.0)
f = (a * b) * (a + b)
f.backward()
result += (a.grad, b.grad)
"""

TRAINING = """
import random
random.seed(1)
net = MLP(3, [4, 4, 1])
xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
ys = [1.0, -1.0, -1.0, 1.0]
~
result = ()
for step in range(10):
    ypred = [net(x) for x in xs]
    loss = sum((out - target) ** 2 for target, out in zip(ys, ypred))
    for p in net.parameters():
        p.grad = 0.0
    loss.backward()
    for p in net.parameters():
        p.data += -0.01 * p.grad
    result += (loss.data,)
~
result += (net.layers[0].neurons[0].w[0].data, net.layers[0].neurons[0].w[0].grad, len(net.parameters()))
~
# without zero_grad the gradients add up, as the lecture's bug has it
for step in range(3):
    loss = sum((net(x) - target) ** 2 for target, x in zip(ys, xs))
    loss.backward()
    for p in net.parameters():
        p.data += -0.001 * p.grad
result += (loss.data,)
"""

MOONS = """
import random
import numpy as np
np.random.seed(5)
random.seed(5)
~
angle = np.random.uniform(0, np.pi, 20)
X = np.concatenate([np.c_[np.cos(angle), np.sin(angle)], np.c_[1 - np.cos(angle), 0.5 - np.sin(angle)]])
y = np.repeat([1, 0], 20) * 2 - 1
X += np.random.normal(0, 0.1, X.shape)
~
model = MLP(2, [6, 6, 1])
shown = repr(model), "number of parameters", len(model.parameters())
~
def loss(batch_size=None):
    chosen = slice(None) if batch_size is None else np.random.permutation(len(X))[:batch_size]
    Xb, yb = X[chosen], y[chosen]
    inputs = [list(map(Value, row)) for row in Xb]
    scores = list(map(model, inputs))
    losses = [(1 + -yi * score).relu() for yi, score in zip(yb, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    reg_loss = 1e-4 * sum((p * p for p in model.parameters()))
    accuracy = [(yi > 0) == (score.data > 0) for yi, score in zip(yb, scores)]
    return data_loss + reg_loss, sum(accuracy) / len(accuracy)

result = ()
for k in range(4):
    total_loss, acc = loss(30)
    model.zero_grad()
    total_loss.backward()
    learning_rate = 1.0 - 0.9 * k / 100
    for p in model.parameters():
        p.data -= learning_rate * p.grad
    result += (total_loss.data, acc)
~
xx, yy = np.meshgrid(np.arange(-1.5, 2.5, 0.5), np.arange(-1.0, 1.5, 0.5))
mesh = np.c_[xx.ravel(), yy.ravel()]
Z = np.array([s.data > 0 for s in map(model, [list(map(Value, row)) for row in mesh])]).reshape(xx.shape)
result += (Z.sum(),)
"""


@pytest.mark.parametrize("notebook", [CIRCUIT, TRAINING, MOONS], ids=["circuit", "training", "moons"])
def test_a_notebook_runs_from_its_first_cell_to_its_last_with_the_import_changed(notebook: str):
    results = []
    for package in ("micrograd", "autograd_lite.micrograd"):
        names: dict[str, Any] = {}
        exec(f"from {package}.engine import Value\nfrom {package}.nn import Neuron, Layer, MLP", names)
        for cell in notebook.split("~"):
            exec(cell, names)
        results.append([float(x) for x in names["result"]])
    theirs, ours = results
    assert len(ours) >= 9
    assert ours == pytest.approx(theirs, rel=1e-9)
