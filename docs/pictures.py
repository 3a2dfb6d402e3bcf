"""The pictures of the docs and its gallery, drawn by this package: ``python docs/pictures.py`` draws them anew.

By the built-in layout, which gives the same bytes on every machine. A test holds that they are what is drawn today.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import autograd_lite as ag
from autograd_lite import Value, math, nn
from autograd_lite.drawing import Picture
from autograd_lite.drawing.model import describe
from autograd_lite.drawing.svg import svg

FOLDER = Path(__file__).parent / "images"
PICTURES: dict[str, Callable[[], str]] = {}


def picture(draw: Callable[[], str]) -> Callable[[], str]:
    """Name a picture after the function that draws it."""
    PICTURES[draw.__name__.replace("_", "-")] = draw
    return draw


def drawn(root: Value, **options: Any) -> str:
    return svg(describe(root, names=False, **options))


@picture
def circuit() -> str:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    f = ((x + y) * z).named("f")
    f.backward()
    return drawn(f)


@picture
def chain() -> str:
    x, w1, b1 = Value(2.0, "x"), Value(0.5, "w1"), Value(-0.5, "b1")
    w2, b2, u = Value(1.5, "w2"), Value(0.25, "b2"), Value(2.0, "u")
    a2 = math.tanh((w1 * x + b1).named("z2")).named("a2")
    a3 = math.tanh((w2 * a2 + b2).named("z3")).named("a3")
    s = (u * a3).named("s")
    s.backward()
    return drawn(s)


def neuron(gate: Callable[[Value], Value]) -> str:
    w0, x0, w1, x1 = Value(2.0, "w0"), Value(-1.0, "x0"), Value(-3.0, "w1"), Value(-2.0, "x1")
    w2 = Value(-3.0, "w2")
    f = gate(w0 * x0 + w1 * x1 + w2).named("f")
    f.backward()
    return drawn(f)


@picture
def neuron_of_gates() -> str:
    return neuron(lambda z: 1 / (1 + math.exp(-z)))


@picture
def neuron_of_one_gate() -> str:
    return neuron(math.sigmoid)


@picture
def flow_graph() -> str:
    x = Value(0.5, "x")
    y1, y2, y3 = math.sin(x).named("y1"), math.exp(x).named("y2"), (x * x).named("y3")
    z = (y1 * y2 + y3).named("z")
    z.backward()
    return drawn(z)


@picture
def nan() -> str:
    x, y, w = Value(3.0, "x"), Value(3.0, "y"), Value(2.0, "w")
    with ag.errstate(invalid="ignore"):
        f = (w * math.sqrt((x - y * y).named("d"))).named("f")
    f.backward()
    return drawn(f)


def layers() -> Value:
    x1, x2 = Value(1.0, "x1"), Value(-2.0, "x2")
    w = [[Value(0.5, "w11"), Value(0.5, "w12")], [Value(-0.5, "w21"), Value(0.25, "w22")]]
    u1, u2 = Value(2.0, "u1"), Value(-1.0, "u2")
    with ag.group("hidden"):
        a1, a2 = [math.tanh(wi1 * x1 + wi2 * x2) for wi1, wi2 in w]
    with ag.group("output"):
        s = math.sigmoid(u1 * a1 + u2 * a2).named("s")
    s.backward()
    return s


@picture
def groups() -> str:
    return drawn(layers())


@picture
def groups_collapsed() -> str:
    return drawn(layers(), groups="collapsed")


@picture
def checked() -> str:
    x = Value(2.0, "x")
    wrong = ag.custom(lambda x: x**3, lambda y, x: 2 * x**2, name="cube")
    f = (wrong(x) + x).named("f")
    f.backward()
    return drawn(f, check=True)


# The network of docs/tutorial/questions.md, counted from 1 as there.
X = {1: 1.0, 2: -2.0}
W1, B1 = {(1, 1): 0.5, (1, 2): 0.5, (2, 1): -0.5, (2, 2): -0.75}, {1: 0.25, 2: 0.0}
W2, B2 = {(1, 1): 0.5, (1, 2): -1.0, (2, 1): -1.5, (2, 2): 0.75}, {1: 0.125, 2: 0.25}
U = {1: 2.0, 2: -1.0}
A2 = {i: math.sigmoid(W1[i, 1] * X[1] + W1[i, 2] * X[2] + B1[i]) for i in (1, 2)}
A3 = {i: math.sigmoid(W2[i, 1] * A2[1] + W2[i, 2] * A2[2] + B2[i]) for i in (1, 2)}


@picture
def partial_of_W2() -> str:
    W, a = [Value(W2[1, 1], "W⁽²⁾₁₁"), Value(W2[1, 2], "W⁽²⁾₁₂")], [Value(A2[1], "a⁽²⁾₁"), Value(A2[2], "a⁽²⁾₂")]
    z = (W[0] * a[0] + W[1] * a[1] + Value(B2[1], "b⁽²⁾₁")).named("z⁽³⁾₁")
    s = (Value(U[1], "U₁") * math.sigmoid(z).named("a⁽³⁾₁") + Value(U[2] * A3[2], "U₂ a⁽³⁾₂")).named("s")
    s.backward()
    return drawn(s)


@picture
def partial_of_W1() -> str:
    rest = Value(W1[1, 1] * X[1] + B1[1], "rest of z⁽²⁾₁")
    z = (Value(W1[1, 2], "W⁽¹⁾₁₂") * Value(X[2], "x₂") + rest).named("z⁽²⁾₁")
    a = math.sigmoid(z).named("a⁽²⁾₁")
    rests = [Value(W2[k, 2] * A2[2] + B2[k], f"rest of z⁽³⁾{'₁₂'[k - 1]}") for k in (1, 2)]
    z1 = (Value(W2[1, 1], "W⁽²⁾₁₁") * a + rests[0]).named("z⁽³⁾₁")
    z2 = (Value(W2[2, 1], "W⁽²⁾₂₁") * a + rests[1]).named("z⁽³⁾₂")
    a1, a2 = math.sigmoid(z1).named("a⁽³⁾₁"), math.sigmoid(z2).named("a⁽³⁾₂")
    s = (Value(U[1], "U₁") * a1 + Value(U[2], "U₂") * a2).named("s")
    s.backward()
    return drawn(s)


@picture
def layers_folded() -> str:
    s = nn.ScoringNetwork(2, [2, 2], seed=5)([Value(1.0, "x₁"), Value(-2.0, "x₂")])
    s.backward()
    return drawn(s, groups="layers")


def _in_gallery(draw: Callable[[], Picture]) -> Callable[[], str]:
    return lambda: draw().svg()


sys.path.insert(0, str(Path(__file__).parent))
import gallery  # noqa: E402 - it lies beside this file, which is no package

PICTURES |= {name: _in_gallery(draw) for name, draw in gallery.GALLERY.items()}


if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(draw(), encoding="utf-8")
    gallery.PAGE.write_text(gallery.page(), encoding="utf-8")
