"""The gallery: ``python docs/pictures.py`` draws its pictures and writes docs/gallery.md, from the functions below;
``python docs/beside.py`` draws what stands beside them.

A function is a picture: its name the file's, the first line of its docstring the title, the rest what is said about it,
and its body the program on the page. A test holds that page and pictures are what these functions give today.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import autograd_lite as ag
from autograd_lite import Value, math, nn
from autograd_lite.drawing import Picture

PAGE = Path(__file__).parent / "gallery.md"
GALLERY: dict[str, Callable[[], Picture]] = {}


def shown(draw: Callable[[], Picture]) -> Callable[[], Picture]:
    """Put a picture into the gallery."""
    GALLERY[f"gallery-{draw.__name__.replace('_', '-')}"] = draw
    return draw


@shown
def circuit() -> Picture:
    """A circuit

    The value of each node in green, its gradient in red after a ∂, and on each edge, in blue, the local gradient: the
    derivative of the operation by that operand. Along an edge, gradient times local gradient is what flows back.
    """
    f = lambda x, y, z: (x + y) * z
    return ag.draw(f, -2.0, 5.0, -4.0)


@shown
def division() -> Picture:
    """Operands in order

    p is above q at the quotient and below it at the difference, since that is how they are written.
    """
    return ag.draw(lambda p, q: p / (q - p), 2.0, 5.0)


@shown
def square() -> Picture:
    """An operand twice

    x · x has two edges from x: the gradient is the sum over both, 3 + 3.
    """
    return ag.draw(lambda x: x * x, 3.0)


@shown
def fan_out() -> Picture:
    """Where paths join

    What is used three times gets three terms: ∂z/∂x = Σ ∂z/∂yᵢ · ∂yᵢ/∂x.
    """

    def z(x: Value) -> Value:
        y1, y2, y3 = math.sin(x), math.exp(x), x * x
        return y1 * y2 + y3

    return ag.draw(z, 0.5)


@shown
def chain() -> Picture:
    """Two neurons in a row

    The chain rule is a product along the row.
    """
    x, w1, b1 = Value(2.0, "x"), Value(0.5, "w1"), Value(-0.5, "b1")
    w2, b2 = Value(1.5, "w2"), Value(0.25, "b2")
    a1 = math.tanh(w1 * x + b1).named("a1")
    a2 = math.tanh(w2 * a1 + b2).named("a2")
    a2.backward()
    return a2.draw()


@shown
def gates() -> Picture:
    """A neuron, gate by gate

    1 / (1 + exp(−(w₀x₀ + w₁x₁ + w₂))), as an introduction to neural networks draws it.
    """
    neuron = lambda w, x: 1 / (1 + math.exp(-(w[0] * x[0] + w[1] * x[1] + w[2])))
    return ag.draw(neuron, [2.0, -3.0, -3.0], [-1.0, -2.0])


@shown
def one_gate() -> Picture:
    """The same neuron with one gate

    σ(z) has the slope σ(z) · (1 − σ(z)), so five gates are one.
    """
    neuron = lambda w, x: math.sigmoid(w[0] * x[0] + w[1] * x[1] + w[2])
    return ag.draw(neuron, [2.0, -3.0, -3.0], [-1.0, -2.0])


@shown
def horner() -> Picture:
    """Horner's rule

    A polynomial as products and sums in turn; x is used at each step.
    """

    def p(x: Value) -> Value:
        value = Value(2.0)
        for coefficient in (-1.0, 0.5, 3.0):
            value = value * x + coefficient
        return value

    return ag.draw(p, 1.5)


@shown
def root_of_quadratic() -> Picture:
    """A root of a quadratic equation"""
    root = lambda a, b, c: (-b + math.sqrt(b * b - 4 * a * c)) / (2 * a)
    return ag.draw(root, 1.0, -3.0, 2.0)


@shown
def distance() -> Picture:
    """The distance of two points"""
    distance = lambda p, q: math.sqrt((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2)
    return ag.draw(distance, [1.0, 2.0], [4.0, 6.0])


@shown
def normal() -> Picture:
    """The normal density

    A constant that has a name is written as that; constants are quiet, and have no gradient.
    """
    density = lambda x, mu, sigma: math.exp(-(((x - mu) / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi))
    return ag.draw(density, 1.0, 0.5, 2.0)


@shown
def without_constants() -> Picture:
    """Constants in their operations

    `constants=False` writes ``× 2`` into the node that multiplies by 2.
    """
    f = lambda x: (2 * x + 1) ** 3 - 4
    return ag.draw(f, 0.5, constants=False)


@shown
def cross_entropy() -> Picture:
    """Softmax and cross-entropy

    At the three scores the gradients are the probabilities, less 1 for the right class: they sum to 0.
    """

    def loss(z: list[Value]) -> Value:
        e = [math.exp(one) for one in z]
        return -math.log(e[1] / (e[0] + e[1] + e[2]))

    return ag.draw(loss, [1.0, 2.0, 0.5])


@shown
def kink() -> Picture:
    """At a kink

    relu at 0 has two slopes, 0 and 1: the node is marked, and ∂ is the convention's.
    """
    x, w = Value(2.0, "x"), Value(1.5, "w")
    f = math.relu(w * x - 3.0) + w
    f.backward()
    return f.draw()


@shown
def choice() -> Picture:
    """A choice

    `where` takes one of its operands; the other has a gradient of 0, whatever stands there.
    """
    f = lambda x, y: math.where(x > y, x * x, math.exp(y))
    return ag.draw(f, 3.0, 2.0)


@shown
def nan() -> Picture:
    """Where a nan was born

    The square root of a negative number is no number, and what comes after it is none either: the node where it began
    is marked.
    """
    x, y, w = Value(3.0, "x"), Value(3.0, "y"), Value(2.0, "w")
    with ag.errstate(invalid="ignore"):
        f = w * math.sqrt((x - y * y).named("d"))
    f.backward()
    return f.draw()


@shown
def wrong_derivative() -> Picture:
    """A wrong derivative, found

    `check=True` writes a numerical derivative beside each gradient. `cube` was given 2x² for 3x².
    """
    cube = ag.custom(lambda x: x**3, lambda y, x: 2 * x**2, name="cube")
    f = lambda x: cube(x) + x
    return ag.draw(f, 2.0, check=True)


@shown
def two_sweeps() -> Picture:
    """After two sweeps

    Sweeps add up. The picture says so, and its LaTeX, its text and `x.explain()` tell the same.
    """
    x, y = Value(3.0, "x"), Value(2.0, "y")
    f = x * y
    f.backward()
    f.backward()
    return f.draw()


@shown
def step() -> Picture:
    """One step of the backward pass

    `f.steps()[2].draw()`: what is known by then, and what is at work. `f.draw().html()` is a page that plays all steps.
    """
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    f = (x + y) * z
    return f.steps()[1].draw()


@shown
def groups() -> Picture:
    """Groups

    What is computed inside ``with ag.group(name):`` is in a box.
    """
    x, y, z = Value(1.0, "x"), Value(-2.0, "y"), Value(0.5, "z")
    with ag.group("hidden"):
        a, b = math.tanh(x * y), math.tanh(y * z)
    with ag.group("output"):
        s = math.sigmoid(a + b)
    s.backward()
    return s.draw()


@shown
def groups_collapsed() -> Picture:
    """Groups, collapsed

    A group is one node, with what is in it counted.
    """
    x, y, z = Value(1.0, "x"), Value(-2.0, "y"), Value(0.5, "z")
    with ag.group("hidden"):
        a, b = math.tanh(x * y), math.tanh(y * z)
    with ag.group("output"):
        s = math.sigmoid(a + b)
    s.backward()
    return s.draw(groups="collapsed")


@shown
def network() -> Picture:
    """A network is a row of layers

    A graph of more than sixty nodes is folded; of a layer its weights are shown, and their gradients beside them.
    """
    net = nn.MLP(2, [4, 4, 1], seed=3)
    s = net([Value(1.0, "x1"), Value(-2.0, "x2")])
    s.backward()
    return s.draw()


@shown
def error_signals() -> Picture:
    """Error signals

    Each layer with its activations a and its error signal δ.
    """
    s = nn.ScoringNetwork(2, [2, 2], seed=5)([Value(1.0, "x₁"), Value(-2.0, "x₂")])
    s.backward()
    return s.draw(groups="layers")


@shown
def loss_over_examples() -> Picture:
    """A loss over twenty examples

    What is done to each example is drawn once.
    """
    net = nn.MLP(2, [3, 1], seed=3)
    rows = [([math.sin(i), math.cos(i)], float(i % 2)) for i in range(20)]
    loss = sum(((net(x) - y) ** 2 for x, y in rows), Value(0.0)).named("loss")
    loss.backward()
    return loss.draw()


@shown
def loop() -> Picture:
    """A loop

    Thirty steps of a recurrence: each is like the last.
    """
    w, u, x = Value(0.9, "w"), Value(0.4, "u"), Value(1.0, "x")
    h = Value(0.0, "h0")
    for _ in range(30):
        h = math.tanh(w * h + u * x)
    h.backward()
    return h.draw()


@shown
def newton() -> Picture:
    """Newton's iteration for √a

    Three steps. What is used far away is drawn again, dashed, as a copy, without a gradient of its own.
    """

    def root(a: Value) -> Value:
        x = Value(1.0, "start")
        for _ in range(3):
            x = (x + a / x) / 2
        return x

    return ag.draw(root, 2.0)


@shown
def long_chain() -> Picture:
    """A long chain wraps like text

    Thirty sines in a row.
    """

    def f(x: Value) -> Value:
        for _ in range(30):
            x = math.sin(x)
        return x

    return ag.draw(f, 1.0)


@shown
def long_sum() -> Picture:
    """A sum of a hundred terms"""
    terms = lambda x: sum((2 * one + 1) ** 2 for one in x)
    return ag.draw(terms, [float(i) for i in range(100)])


@shown
def around() -> Picture:
    """What is near one node

    `around=` shows a neighbourhood of a large graph.
    """
    net = nn.MLP(2, [4, 4, 1], seed=3)
    s = net([Value(1.0, "x1"), Value(-2.0, "x2")])
    s.backward()
    return s.draw(around=net.parameters()[0], depth=2)


@shown
def second_derivative() -> Picture:
    """The graph of a derivative

    A gradient is a graph as well, and has gradients: this is the derivative of x · sin x, and ∂ is the second one.
    """
    return ag.draw(ag.grad(lambda x: x * math.sin(x)), 2.0)


@shown
def downwards() -> Picture:
    """From top to bottom"""
    f = lambda x, y, z: (x + y) * z
    return ag.draw(f, -2.0, 5.0, -4.0, direction="TB")


def program(draw: Callable[[], Picture]) -> str:
    """The body of a picture's function as a program by itself."""
    source = inspect.getsource(draw)
    body = source[source.index('"""', source.index('"""') + 3) + 3 :].strip("\n")
    body = re.sub(r"(\n +[^\n]*)\n\n(?=\S)", r"\1\n\n\n", textwrap.dedent(body).strip("\n"))  # after a definition
    lines = body.splitlines()
    return "\n".join(line.replace("return ", "picture = ", 1) if line.startswith("return ") else line for line in lines)


HEAD = """\
# Gallery

Thirty-one pictures, each with the program that drew it; all of them as they come, without a setting beyond those shown.
`python docs/pictures.py` draws them anew and writes this page. In a dark page they are dark. How to ask for other
forms, less, or more: [](howto/draw.md).

```python
import autograd_lite as ag
from autograd_lite import Value, math, nn
```
"""
BESIDE = """
## Beside others

The same expression, (x + y) · z at x = −2, y = 5, z = −4, by others, each as its own tools draw it
(`python docs/beside.py`).

Ours: names, values, gradients, local gradients, and operands in their order:

![Ours](images/beside-ours.svg)

micrograd, as the notebook in its repository draws it: values and gradients. Names and local gradients are left to the
reader, and operands come in the order of a set: here y is above x.

![micrograd's](images/beside-micrograd.svg)

torchviz, of PyTorch's graph: the names of backward functions and the shapes of leaves, without numbers.

![torchviz's](images/beside-torchviz.svg)

A lecture's board: values above the wires, gradients below; local gradients are what is asked of the student.

![A lecture's](images/beside-textbook.svg)
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for name, draw in GALLERY.items():
        title, _, text = inspect.cleandoc(draw.__doc__ or "").partition("\n")
        said = f"{text.strip()}\n\n" if text.strip() else ""
        parts.append(f"## {title}\n\n{said}![{title}](images/{name}.svg)\n\n```python\n{program(draw)}\n```\n")
    return "\n".join(parts) + BESIDE
