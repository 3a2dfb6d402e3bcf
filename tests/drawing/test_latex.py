r"""The circuit in LaTeX. The oracle is a reader of the little LaTeX it is made of, written from what a person reads:
it parses each line back and computes it in floats, so a missing parenthesis is a wrong number.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, errstate, group, primitives
from autograd_lite import math as ag_math
from autograd_lite.drawing.latex import latex
from autograd_lite.drawing.model import describe
from autograd_lite.expressions import name_latex, number_latex
from autograd_lite.graph import topological_order

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

HOSTILE = ["<>&\"'\\{}|", "two\nlines\r\t", "\\N\\G\\l", "🎈 ∂ é", "\x00\x07\x1b[31m\ud800", "&amp;", "x" * 10_000, " "]
HOSTILE += [
    "%",
    "100%",
    "\\",
    "a^b",
    "~",
    "$x$",
    "x__1",
    "_",
    "p['bias']",
    "\\end{aligned}",
    "変数",
    "#1",
    "f",
    "v_{1}",
    "…",
]

# ---- reading LaTeX back ----------------------------------------------------------------------------------------------

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|[A-Za-z]|[^\s]")
FUNCTIONS: dict[str, Callable[..., float]] = {
    "tanh": math.tanh,
    "sin": math.sin,
    "atan2": math.atan2,
    "relu": lambda x: max(x, 0.0),
    "max": max,
}


class Reader:
    """Recursive descent over sums, products, powers and atoms, as one learns it at school."""

    def __init__(self, text: str, numbers: dict[str, float]) -> None:
        self.tokens = TOKEN.findall(text)
        self.at = 0
        self.numbers = numbers

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.peek()
        assert not expected or token in expected, (expected, self.tokens[self.at :])
        self.at += 1
        return token

    def sum(self) -> float:
        negative = self.peek() == "-"
        if negative:
            self.take()
        total = -self.product() if negative else self.product()
        while self.peek() in ("+", "-"):
            total = total + self.product() if self.take() == "+" else total - self.product()
        return total

    def product(self) -> float:
        total = self.power()
        while self.peek() in ("\\cdot", "\\bmod"):
            total = total * self.power() if self.take() == "\\cdot" else total % self.power()
        return total

    def power(self) -> float:
        base = self.atom()
        if self.peek() == "^":
            self.take()
            base = math.pow(base, self.braces())
            assert self.peek() != "^", "a double superscript"
        return base

    def braces(self) -> float:
        self.take("{")
        inner = self.sum()
        self.take("}")
        return inner

    def raw(self) -> str:
        self.take("{")
        taken = []
        while self.peek() != "}":
            taken.append(self.take())
        self.take("}")
        return "".join(taken)

    def fenced(self, close: str) -> list[float]:
        inner = [self.sum()]
        while self.peek() == ",":
            self.take()
            inner.append(self.sum())
        self.take("\\right")
        self.take(close)
        return inner

    def atom(self) -> float:
        token = self.take()
        if token[0].isdigit():
            return float(token)
        if token == "\\left":
            opened = self.take("(", "|", "\\lfloor")
            (inner,) = self.fenced({"(": ")", "|": "|", "\\lfloor": "\\rfloor"}[opened])
            return {"(": lambda x: x, "|": abs, "\\lfloor": math.floor}[opened](inner)
        if token == "\\frac":
            return self.braces() / self.braces()
        if token == "\\sqrt":
            return math.sqrt(self.braces())
        if token == "\\mathrm":
            assert self.raw() == "e"
            return math.e
        if token in ("\\operatorname", "\\ln", "\\sigma"):
            name = self.raw() if token == "\\operatorname" else token
            self.take("\\left")
            self.take("(")
            functions = {"\\ln": math.log, "\\sigma": lambda x: 1 / (1 + math.exp(-x)), **FUNCTIONS}
            return functions[name](*self.fenced(")"))
        name = token
        if self.peek() == "_":
            self.take()
            name += "_" + self.raw()
        return self.numbers[name]


def read(text: str, numbers: dict[str, float]) -> float:
    reader = Reader(text, numbers)
    value = reader.sum()
    assert reader.at == len(reader.tokens), reader.tokens[reader.at :]
    return value


def lines_of(text: str) -> list[str]:
    lines = text.split("\n")
    assert lines[0] == "\\begin{aligned}"
    assert lines[-1] == "\\end{aligned}"
    assert all(line.endswith(" \\\\") for line in lines[1:-2])
    return [line.removesuffix(" \\\\") for line in lines[1:-1]]


def value_read(root: Value) -> float:
    """The number that the expression's lines compute to: the definitions are read from the last to the first."""
    first, *rest = lines_of(latex(describe(root, 17)))
    numbers: dict[str, float] = {}
    definitions = []
    for line in rest:
        content = re.sub(r"^&\\quad\\(text|hphantom)\{(where|at)\}\\quad ", "", line)
        definitions += content.split(r",\; ") if "\\left" not in content else [content]
    for definition in reversed(definitions):
        name, written, *_ = re.split(r" = | \\approx ", definition)
        numbers[name.replace("{", "").replace("}", "")] = read(written, numbers)
    return read(re.split(r" & = ", first)[1].split(" = ")[0].split(r" \approx ")[0], numbers)


x, y = Value(0.7, "x"), Value(1.3, "y_1")
OPERATIONS: list[Callable[[Value, Value], Value]] = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.mod,
    lambda a, b: -a,
    lambda a, b: abs(a) ** b,
    lambda a, b: a**2.0,
    lambda a, b: a * -1.5,
    lambda a, b: ag_math.exp(ag_math.tanh(a)),
    lambda a, b: ag_math.log(abs(a) + 1),
    lambda a, b: ag_math.sqrt(abs(a)),
    lambda a, b: ag_math.sigmoid(a),
    lambda a, b: ag_math.atan2(a, abs(b) + 1),
    lambda a, b: ag_math.maximum(a, b),
    lambda a, b: a // (abs(b) + 1),
    lambda a, b: ag_math.fma(a, b, a),
]


@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(1, 6), st.integers(1, 6)), max_size=25))
def test_what_is_written_computes_to_the_value(steps: list[tuple[Callable[[Value, Value], Value], int, int]]):
    made = [x, y]
    for operation, i, j in steps:
        made.append(operation(made[-min(i, len(made))], made[-min(j, len(made))]))
    root = made[-1]
    if root.parents and all(abs(node.data) < 1e100 for node in topological_order(root)):
        assert value_read(root) == pytest.approx(root.data, rel=1e-6, abs=1e-6)


def test_the_reader_tells_a_missing_parenthesis():
    numbers = {"x": 3.0, "y": 4.0, "z": 5.0}
    assert read(r"\left(x + y\right) \cdot z", numbers) == 35.0
    assert read(r"x + y \cdot z", numbers) == 23.0
    assert read(r"-x^{2}", numbers) == -9.0
    assert read(r"\frac{x}{y}", numbers) == 0.75


# ---- how it is written -----------------------------------------------------------------------------------------------


def first_line(root: Value) -> str:
    return lines_of(latex(describe(root)))[0]


@pytest.mark.parametrize(
    ("root", "written"),
    [
        (x + (y + x), r"f & = x + \left(y_{1} + x\right) = 2.7"),
        (x - (y - x), r"f & = x - \left(y_{1} - x\right) \approx 0.1"),
        (x * (y / x), r"f & = x \cdot \frac{y_{1}}{x} = 1.3"),
        (x * -y, r"f & = x \cdot \left(-y_{1}\right) \approx -0.91"),
        (-(x - y), r"f & = -\left(x - y_{1}\right) \approx 0.6"),
        ((-x) ** 2, r"f & = \left(-x\right)^{2} \approx 0.49"),
        ((x**y) ** 2, r"f & = \left(x^{y_{1}}\right)^{2} \approx 0.3956"),
        (x ** (y**2), r"f & = x^{y_{1}^{2}} \approx 0.5473"),
        ((x / y) ** 2, r"f & = \left(\frac{x}{y_{1}}\right)^{2} \approx 0.2899"),
        (ag_math.sin(x) ** 2, r"f & = \left(\operatorname{sin}\left(x\right)\right)^{2} \approx 0.415"),
        (ag_math.sqrt(x) ** 2, r"f & = \sqrt{x}^{2} \approx 0.7"),
        (x - -1.5, r"f & = x - \left(-1.5\right) = 2.2"),
        (x * 1e-7, r"f & = x \cdot 10^{-7} \approx 7 \cdot 10^{-8}"),
        (x + math.inf, r"f & = x + \infty = \infty"),
        (Value(2.0), "f & = 2"),
        (Value(2.0, "W²") ** 3, r"f & = \left(W^{2}\right)^{3} = 8"),
    ],
)
def test_forms(root: Value, written: str):
    assert first_line(root) == written


def test_every_row_has_a_form_for_each_number_of_arguments():
    for row in primitives.table.values():
        if row is primitives.constant:
            continue
        for count in row.arities:
            names = "abcdef"[:count]
            with errstate(divide="ignore", over="ignore", invalid="ignore"):
                node = row(*(Value(0.5, name) for name in names))
            written = first_line(node).split(" & = ")[1]
            for name in names:
                assert re.search(rf"(?<![a-z\\]){name}(?![a-z])", written), (row, written)
            assert written.count("{") == written.count("}")
            assert written.count("\\left") - written.count("\\leftarrow") == written.count("\\right"), written


@pytest.mark.parametrize(
    ("label", "written"),
    [
        *(("x", "x"), ("x1", "x_{1}"), ("x_1", "x_{1}"), ("W1_23", "W_{1,23}"), ("loss", r"\mathrm{loss}")),
        *(("w_new", r"w_{\mathrm{new}}"), ("w[0]", "w_{0}"), ("A[0, 1]", "A_{0,1}"), ("net.b", r"\mathrm{net.b}")),
        *(("net.w[1]", r"\mathrm{net.w}_{1}"), ("θ", r"\theta"), ("alpha_0", r"\alpha_{0}"), ("W²", "W^{2}")),
        *(("W⁽²⁾", "W^{(2)}"), ("x₁₂", "x_{12}"), ("x'", "x'"), ("é", r"\text{é}"), ("p['w']", r"\text{p['w']}")),
        *(("a<b", r"\text{a}<\text{b}"), ("≠", r"\ne "), ("∂f", r"\partial \text{f}")),
        *(("a_", r"\text{a}\_"), ("%", r"\%"), ("\\", r"\backslash "), ("", "")),
    ],
)
def test_labels(label: str, written: str):
    assert name_latex(label).text == written


@pytest.mark.parametrize(
    ("text", "written"),
    [("−0.5", "-0.5"), ("1e+10", "10^{10}"), ("−1.5e−07", r"-1.5 \cdot 10^{-7}"), ("nan", r"\mathrm{nan}")],
)
def test_numbers(text: str, written: str):
    assert number_latex(text).text == written


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_leave_no_character_that_means_something(label: str):
    f = Value(2.0, label) ** 2 * Value(3.0, label)
    f.backward()
    text = latex(describe(f))
    assert len(text) < 3_000
    lines_of(text)
    assert text.count("&") - text.count("\\&") == len(lines_of(text))  # one place to align each line at
    bare = re.sub(r"\\(?:[A-Za-z]+|[%&#$_{}\\,; ])", "", text)
    assert not re.search(r"[%#$~\\]", bare)
    assert bare.count("{") == bare.count("}")


def test_two_nodes_of_one_label_are_told_apart():
    f = Value(2.0, "x") * Value(3.0, "x")
    assert first_line(f) == r"f & = x \cdot {x}^{(2)} = 6"


def test_what_is_used_twice_and_what_has_a_label_gets_a_line():
    q = (x + 1).named("q")
    s = x * 2
    lines = lines_of(latex(describe(q * s * s)))
    assert lines == [
        r"f & = q \cdot v_{1} \cdot v_{1} = 3.332",
        r"&\quad\text{where}\quad v_{1} = x \cdot 2 = 1.4",
        r"&\quad\hphantom{where}\quad q = x + 1 = 1.7",
        r"&\quad\text{at}\quad x = 0.7",
    ]


def test_fifty_doublings_stay_small():
    f = x
    for _ in range(50):
        f = f + f
    f.backward()
    text = latex(describe(f))
    assert len(text) < 6_000
    assert "v_{49} + v_{49}" in text
    assert r"\text{and 9 more lines}" in text


def test_a_deep_chain_and_a_long_sum_are_cut_into_lines():
    deep = x
    for _ in range(30):
        deep = ag_math.tanh(deep * 1.1)
    assert max(line.count("\\left") for line in lines_of(latex(describe(deep)))) <= 9
    long = x
    for i in range(300):
        long = long + Value(i, f"a{i}")
    text = latex(describe(long, most=None))
    assert max(map(len, lines_of(text))) < 700
    assert "more lines" in text


def test_a_hundred_thousand_nodes_are_abridged():
    f = x
    for _ in range(50_000):
        f = f + 1.0
    text = latex(describe(f, groups="boxes"))
    assert len(text) < 20_000
    assert r"\cdots" in text


# ---- the chain rule --------------------------------------------------------------------------------------------------


def test_the_first_circuit():
    a, b, c = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    f = ((a + b).named("q") * c).named("f")
    f.backward()
    assert lines_of(latex(describe(f))) == [
        r"f & = q \cdot z = -12",
        r"&\quad\text{where}\quad q = x + y = 3",
        r"&\quad\text{at}\quad x = -2,\; y = 5,\; z = -4",
        r"\frac{\partial f}{\partial x} & = \frac{\partial f}{\partial q} \cdot \frac{\partial q}{\partial x}"
        r" = \left(-4\right) \cdot 1 = -4",
        r"\frac{\partial f}{\partial y} & = \frac{\partial f}{\partial q} \cdot \frac{\partial q}{\partial y}"
        r" = \left(-4\right) \cdot 1 = -4",
        r"\frac{\partial f}{\partial z} & = \frac{\partial f}{\partial f} \cdot \frac{\partial f}{\partial z}"
        r" = 1 \cdot 3 = 3",
    ]


def test_the_numbers_of_a_line_sum_to_its_gradient():
    a, b = Value(0.3, "a"), Value(-1.7, "b")
    f = ag_math.tanh(a * b) * a - a / b + (a * a) ** 2
    f.backward()
    for line, node in zip(lines_of(latex(describe(f, 17)))[2:], (a, b)):
        _, numbers, gradient = re.split(
            r" = (?=[-\\\d(])", line.split(" & ")[1].replace(r"= \frac", r"\frac"), maxsplit=2
        )
        assert read(gradient, {}) == pytest.approx(node.grad)
        assert read(numbers, {}) == pytest.approx(node.grad)


def test_an_operand_met_twice_is_one_step():
    a = Value(3.0, "a")
    f = a * a
    f.backward()
    assert lines_of(latex(describe(f)))[-1].endswith(
        r"\frac{\partial f}{\partial f} \cdot \frac{\partial f}{\partial a} = 1 \cdot \left(3 + 3\right) = 6"
    )


def test_one_node_alone():
    a = Value(3.0, "a")
    q = a * 2
    f = q * q
    f.backward()
    circuit = describe(f)
    id = next(node.id for node in circuit.nodes if node.value == 6.0)
    text = latex(circuit, id)
    assert lines_of(text)[0].startswith(r"\frac{\partial f}{\partial v_{1}} & = \frac{\partial f}")
    assert f.draw(names=False).latex(of=q) == text
    with pytest.raises(ValueError, match=r"of must be a node of this circuit; got Value\(a=3.0"):
        q.draw(depth=0).latex(of=a)


def test_before_backward_there_is_no_chain_rule():
    a, b = Value(3.0, "a"), Value(1.0, "b")
    f = a * b
    assert "partial" not in latex(describe(f))


def test_groups_folds_and_constants_of_the_picture():
    a = Value(0.5, "a")
    with group("layer 1"):
        h = ag_math.tanh(a * 2)
    f = h * 3 + 1
    f.backward()
    assert first_line(f) == r"f & = \operatorname{tanh}\left(a \cdot 2\right) \cdot 3 + 1 \approx 3.285"
    assert lines_of(latex(describe(f, constants=False)))[0] == first_line(f)
    assert lines_of(latex(describe(f, groups="collapsed")))[0] == r"f & = \text{layer 1} \cdot 3 + 1 \approx 3.285"
    assert lines_of(latex(describe(f, depth=1)))[0] == r"f & = \cdots \cdot \cdots + 1 \approx 3.285"
