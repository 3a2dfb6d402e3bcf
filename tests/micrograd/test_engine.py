"""micrograd's Value on this engine, beside micrograd itself."""

from __future__ import annotations

import copy
import math
import pickle
import random
from typing import Any

import numpy as np
import pytest

import autograd_lite
from autograd_lite import math as ag_math
from autograd_lite.micrograd import draw_dot, trace
from autograd_lite.micrograd.engine import Value

theirs = pytest.importorskip("micrograd.engine", reason="micrograd is not installed")

EXPRESSIONS = [
    lambda a, b: a + b * a,
    lambda a, b: a * a + a,
    lambda a, b: 3 - a / b,
    lambda a, b: (2 * a - b / 4 + 1) ** 2,
    lambda a, b: 10 / (a + 12.5) + b**3 + (a * b) ** -1,
    lambda a, b: (a + b).relu() * (b + a * 2 + 1).relu() - -a,
    lambda a, b: sum([a, b, a * b]) + (a - 5) * (b**0.5),
]


def shape(node: Any, deep: int = 12) -> Any:
    """A graph as nested tuples: what micrograd's own walk of it would see."""
    children = sorted((shape(child, deep - 1) for child in node._prev), key=repr) if deep else []
    return round(float(node.data), 12), node._op, children


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_graph_the_numbers_and_the_gradients_are_micrograds(expression: Any):
    a, b = Value(-2.0), Value(3.0)
    p, q = theirs.Value(-2.0), theirs.Value(3.0)
    ours, their = expression(a, b), expression(p, q)
    assert isinstance(ours, Value)
    assert shape(ours) == shape(their)
    ours.backward()
    their.backward()
    assert (a.grad, b.grad) == pytest.approx((p.grad, q.grad), rel=1e-12)


def everyone(module: Any) -> list[tuple[float, float, str]]:
    random.seed(3)
    leaves = [module.Value(random.uniform(0.5, 2)) for _ in range(5)]
    nodes = list(leaves)
    for _ in range(40):
        u, v = random.choice(nodes), random.choice(nodes)
        nodes.append(random.choice([u + v, u * v, u - v, u / (v * v + 1), u.relu(), u**2 * 0.1, -u, 1 - u]))
    sum(nodes).backward()
    return [(float(n.data), float(n.grad), n._op) for n in nodes]


def test_in_a_random_graph_every_node_agrees():
    import autograd_lite.micrograd.engine

    for ours, their in zip(everyone(autograd_lite.micrograd.engine), everyone(theirs), strict=True):
        assert ours == (pytest.approx(their[0], rel=1e-9), pytest.approx(their[1], rel=1e-9), their[2])


def test_its_names():
    a, b = Value(2.0, label="a"), Value(-3)
    c = a * b
    c.label = "c"
    assert (a._prev, a._op, b.label) == (set(), "", "")
    assert (c._prev, c._op, c.label) == ({a, b}, "*", "c")
    assert ((a + 1)._op, (a**2)._op, (a**-1)._op, (a**0.5)._op) == ("+", "**2", "**-1", "**0.5")
    assert (a.relu()._op, a.tanh()._op, a.exp()._op, a.log()._op) == ("ReLU", "tanh", "exp", "log")
    assert (a**2)._prev == {a}
    assert len((a * 2)._prev) == 2
    assert repr(c) == "Value(data=-6.0, grad=0.0)"
    assert isinstance(a, autograd_lite.Value)


def test_a_number_beside_a_value_has_a_gradient():
    a = Value(2.0)
    f = 5 * a
    f.backward()
    (five,) = f._prev - {a}
    assert (five.data, five.grad) == (5.0, 2.0)


def test_backward_by_hand():
    x, w, b = Value(2.0), Value(-3.0), Value(6.5)
    xw = x * w
    n = xw + b
    o = n.tanh()
    o.grad = 1.0
    for node in (o, n, xw, x):
        node._backward()
    expected = 1 - math.tanh(0.5) ** 2
    assert (b.grad, w.grad, x.grad) == pytest.approx((expected, 2 * expected, -3 * expected))


def test_a_square_by_hand_gets_both_terms():
    x = Value(3.0)
    y = x * x
    y.grad = 1.0
    y._backward()
    assert x.grad == 6.0


def cube(x: Any, kind: Any = Value) -> Any:
    """As one extends micrograd: a node made of its number, its children and its operation, and a closure."""
    out = kind(x.data**3, (x,), "cube")

    def _backward() -> None:
        x.grad += 3 * x.data**2 * out.grad

    out._backward = _backward
    return out


def test_a_node_made_by_hand_takes_part_in_everything():
    x, y = Value(2.0, label="x"), Value(5.0)
    out = cube(x)
    f = cube(out * y) + out
    p, q = theirs.Value(2.0), theirs.Value(5.0)
    their = cube(p, theirs.Value)
    g = cube(their * q, theirs.Value) + their
    f.backward()
    g.backward()
    assert (f.data, x.grad, y.grad) == (g.data, p.grad, q.grad)
    assert (out._op, out._prev) == ("cube", {x})
    assert x.explain(f).gradient == p.grad
    assert "cube = 8" in f.draw().text()
    out.grad = 1.0
    x.grad = 0.5
    out._backward()
    assert x.grad == 12.5


def test_a_node_made_by_hand_without_its_backward_gives_no_number():
    x = Value(2.0)
    out = Value(8.0, (x,), "cube")
    (out * 2).backward()
    assert math.isnan(x.grad)
    assert out._prev == {x}
    with pytest.raises(TypeError, match="made by hand"):
        out.replay()
    with pytest.raises(ValueError, match="a leaf has no children"):
        x._backward = lambda: None


def test_it_mixes_with_the_rest_of_the_package():
    x = Value(0.5, label="x")
    f = ag_math.sin(x) * x + autograd_lite.Value(2.0) * x
    assert isinstance(f, Value)
    assert {node._op for node in trace(f)[0]} == {"", "sin", "*", "+"}
    f.backward()
    assert x.grad == pytest.approx(0.5 * math.cos(0.5) + math.sin(0.5) + 2)
    assert "x = 0.5" in f.draw().text()
    y = Value(1.0)
    assert "y = 1" in (y * 2).draw().text()  # the name of the variable: an empty label is none
    assert [type(v) for v in np.array([1.0, 2.0]) * x] == [Value, Value]
    assert (np.float64(2.0) * x).data == (np.int64(2) * x).data == 1.0
    for again in (copy.copy(f), copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert (type(again), again.data) == (Value, f.data)


def test_depth_is_no_matter():
    x = Value(1.0)
    f = x
    for _ in range(20_000):
        f = f + x
    f.backward()
    assert x.grad == 20_001.0
    assert len(trace(f)[0]) == 20_001


def test_the_picture_is_a_digraph_of_boxes_and_ovals():
    a = Value(2.0, label="a")
    b = Value(-3.0, label="{odd|label}")
    f = a * b + a**2
    f.label = "f"
    f.backward()
    dot = draw_dot(f, format="png", rankdir="TB")
    assert (type(dot).__name__, dot.format, dot.graph_attr["rankdir"]) == ("Digraph", "png", "TB")
    boxes = [line for line in dot.body if "shape=record" in line]
    ovals = [line for line in dot.body if "[label=" in line and "record" not in line]
    edges = [line for line in dot.body if "->" in line]
    assert (len(boxes), len(ovals), len(edges)) == (5, 3, 3 + 5)
    assert any("{ a | data 2.0000 | grad 1.0000 }" in box for box in boxes)
    assert sorted(oval.split("label=")[1].strip('"]\t\n ') for oval in ovals) == ["*", "**2", "+"]
    assert draw_dot(f).source == draw_dot(f).source
    assert b"<svg" in draw_dot(f).pipe()
    with pytest.raises(ValueError, match="rankdir is LR or TB, not 'up'"):
        draw_dot(f, rankdir="up")
    nodes, edges_ = trace(f)
    assert (len(nodes), len(edges_)) == (5, 5)
