"""Expressions are written so that Python reads them as what they are."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from autograd_lite import Value, errstate, math
from autograd_lite.explain.wording import DEEPEST, Names

LEAVES = {"a": 1.5, "b": -2.0, "c": 0.75}
BINARY = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b,
    lambda a, b: abs(a) ** b,
    lambda a, b: -a,
    lambda a, b: (-a) ** 2.0,
    lambda a, b: math.sin(a) % b,
]
TREES = st.recursive(
    st.sampled_from([*LEAVES, -2.0, 3.0]), lambda inner: st.tuples(st.integers(0, 7), inner, inner), max_leaves=8
)


def built(tree: object, leaves: dict[str, Value]) -> Value:
    if isinstance(tree, str):
        return leaves[tree]
    if isinstance(tree, float):
        return Value(tree)
    which, left, right = tree  # type: ignore[misc]
    return BINARY[which](built(left, leaves), built(right, leaves))


def read(text: str) -> float:
    python = text.replace("×", "*").replace("÷", "/").replace("−", "-")
    scope = {**{name: float(x) for name, x in LEAVES.items()}, "abs": abs, "sin": math.sin, "pow": pow}
    return float(eval(python, {"__builtins__": {}}, scope))


@given(TREES)
def test_an_expression_reads_back_as_the_number_it_stands_for(tree: object) -> None:
    with errstate(all="ignore"):
        node = built(tree, {name: Value(x, name) for name, x in LEAVES.items()})
    assume(node.data - node.data == 0.0)
    text = Names([], names=False).expression(node, longest=10_000)
    assume("…" not in text)
    assert read(text) == node.data


def test_no_more_parentheses_than_are_needed() -> None:
    a, b, c = (Value(x, name) for name, x in LEAVES.items())
    written = Names([]).expression
    assert written(a * b + b * c + c) == "a × b + b × c + c"
    assert written(a + (b + c)) == "a + (b + c)"
    assert written((a + b) * -c) == "(a + b) × −c"
    assert written((c**2) ** -1) == "(c ** 2) ** (−1)"
    assert written(-(a * b)) == "−(a × b)"
    assert written(math.maximum(math.sigmoid(a), abs(b))) == "max(σ(a), abs(b))"


def test_long_expressions_are_bounded() -> None:
    f = x = Value(1.0, "x")
    for _ in range(1000):
        f = f * x + 1
    names = Names([])
    assert names.expression(f) == "(… × x + 1) × x + 1"
    assert len(names.expression(math.fsum([Value(1.0, "long" * 10)] * 100))) <= 36
    assert DEEPEST < 10


def test_names_of_the_caller_and_letters_for_what_has_none() -> None:
    x, w = Value(1.0), [Value(2.0), Value(3.0)]
    q = x * w[0]
    assert Names([x, *w, q]).definition(q) == "q = x × w[0]"
    assert Names([x, q], names=False, roots=[q], asked=[x]).definition(q) == "f = x × 2"
    x.label = "f"
    assert Names([x, q], names=False, roots=[q], asked=[x]).definition(q) == "g = f × 2"


def test_slopes_in_the_words_of_the_operands() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    slope = Names([]).slope
    assert slope(x * (y + 1), 0) == "(y + 1)"
    assert slope(math.sin(x * y), 0) == "cos(x × y)"
    assert slope(math.exp(x).named("e"), 0) == "e"
    assert slope(x / y, 1) == "−(x ÷ y) ÷ y"
    assert slope(x**2, 0) == "2 × x"
    assert slope(x**3, 0) == "3 × x ** 2"
    assert slope(math.log(x), 0) == "1 ÷ x"
    assert slope(math.sqrt(x).named("r"), 0) == "0.5 ÷ r"
    assert slope(math.sigmoid(x).named("s"), 0) == "s × σ(−x)"
    assert slope(math.maximum(x, y), 0) is None
    assert slope(x * 3.0, 0) is None
