"""The notation of the command line, beside Python's own reading of what is meant."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite.cli import main
from autograd_lite.notation import Mistake, Term, read

Capture = pytest.CaptureFixture[str]
NUMBERS = ["x", "y", "z", "e", "pi"]
FUNCTIONS = {"sin", "cos", "sqrt", "abs", "sum", "max", "ln"}


def meaning(text: str) -> str:
    """The terms written as Python has them, with every parenthesis."""
    stack: list[str] = []
    for kind, word, _, count in read(text, FUNCTIONS, NUMBERS):
        operands = [stack.pop() for _ in range(count)][::-1]
        if kind in ("number", "name"):
            stack.append(word)
        elif kind == "list":
            stack.append(f"[{', '.join(operands)}]")
        elif kind == "call":
            stack.append(f"{word}({', '.join(operands)})")
        elif word == "else":
            stack.append("({} if {} else {})".format(*operands))
        else:
            stack.append(f"({word}{operands[0]})" if count == 1 else f"({operands[0]} {word} {operands[1]})")
    (whole,) = stack
    return whole


def tree(text: str) -> str:
    return ast.dump(ast.parse(text, mode="eval"))


@pytest.mark.parametrize(
    ("written", "python"),
    [
        ("x^2", "x**2"),
        ("-x^2", "-x**2"),
        ("2^3^2", "2**3**2"),
        ("2^-x", "2**-x"),
        ("x²", "x**2"),
        ("-x²", "-x**2"),
        ("x⁻¹", "x**-1"),
        ("x^2³", "x**2**3"),
        ("x¹²", "x**12"),
        ("2x", "2*x"),
        ("2x²", "2*x**2"),
        ("x²y", "x**2*y"),
        ("3x² − 2x + 1", "3*x**2 - 2*x + 1"),
        ("2x/y", "2*x/y"),
        ("-2x", "-2*x"),
        ("x y z", "x*y*z"),
        ("2(x + 1)", "2*(x + 1)"),
        ("(x + 1)(x - 1)y", "(x + 1)*(x - 1)*y"),
        ("(x + 1)²(y)", "(x + 1)**2*y"),
        ("2e + 2e3 + 2e-3", "2*e + 2e3 + 2e-3"),
        ("2π", "2*pi"),
        ("sin x", "sin(x)"),
        ("2 sin x", "2*sin(x)"),
        ("x sin y", "x*sin(y)"),
        ("sin x + y", "sin(x) + y"),
        ("sin x * y", "sin(x)*y"),
        ("sin cos x", "sin(cos(x))"),
        ("sin(x)²", "sin(x)**2"),
        ("sin(x)cos(x)", "sin(x)*cos(x)"),
        ("x^sin y", "x**sin(y)"),
        ("√z", "sqrt(z)"),
        ("2√z + √(z + 1)", "2*sqrt(z) + sqrt(z + 1)"),
        ("math.sin(x) + np.cos(x) + math.pi", "sin(x) + cos(x) + pi"),
        ("|y|", "abs(y)"),
        ("2|y|x", "2*abs(y)*x"),
        ("||y| - 5|", "abs(abs(y) - 5)"),
        ("|x||y|", "abs(x)*abs(y)"),
        ("|x - |y||", "abs(x - abs(y))"),
        ("|max(|y|, x)|²", "abs(max(abs(y), x))**2"),
        ("x·y×z÷2∕3", "x*y*z/2/3"),
        ("x ≤ y", "x <= y"),
        ("x ≠ y", "x != y"),
        ("x if x > 0 else -x", "x if x > 0 else -x"),
        ("x if y > 0 else y if z > 0 else z", "x if y > 0 else y if z > 0 else z"),
        ("2x if x > y + 1 else y", "2*x if x > y + 1 else y"),
        ("sum([x, 2y, z²])", "sum([x, 2*y, z**2])"),
        ("max([x, y])x", "max([x, y])*x"),
        ("（x＋y）", "x + y"),
        ("ln e", "ln(e)"),
    ],
)
def test_what_is_written_on_paper(written: str, python: str):
    assert tree(meaning(written)) == tree(python)


LEAVES = st.sampled_from([*NUMBERS, "2", "0.5", "1e2", "3."])
OPERATORS = st.sampled_from(["+", "-", "*", "/", "//", "%", "**"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, OPERATORS, inner).map(" ".join),
        inner.map("-{}".format),
        inner.map("+{}".format),
        inner.map("({})".format),
        inner.map("sin({})".format),
        st.lists(inner, min_size=1, max_size=3).map(lambda xs: f"sum([{', '.join(xs)}])"),
        st.tuples(inner, inner, inner).map(lambda abc: "({} if {} else {})".format(*abc)),
        st.tuples(inner, st.sampled_from(["<", ">=", "==", "!="]), inner).map(lambda abc: f"({' '.join(abc)})"),
    )


@given(st.recursive(LEAVES, larger, max_leaves=12))
def test_whatever_python_reads_is_read_alike(text: str):
    assert tree(meaning(text)) == tree(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("1/2>x", "(a/b)*c or a/(b*c)"),
        ("x/2>(y + 1)", "(a/b)*c or a/(b*c)"),
        ("x/y²>z", "(a/b)*c or a/(b*c)"),
        ("x % 2>y", "(a%b)*c or a%(b*c)"),
        ("x/-2>y", "(a/b)*c or a/(b*c)"),
        ("x^2>y", "(a^b)*c or a^(b*c)"),
        ("e^-2>x", "(a^b)*c or a^(b*c)"),
        ("x**2 >sin y", "(a^b)*c or a^(b*c)"),
        ("sin 2>x", "sin(x)*y or sin(x*y)"),
        ("sin x >cos y", "sin(x)*y or sin(x*y)"),
        ("√2>x", "sqrt(x)*y or sqrt(x*y)"),
        ("sin x>²", "sin(x²) or sin(x)²"),
        ("cos x >^ 2", "cos(x²) or cos(x)²"),
        (">sin² x", "sin is a function: write sin(x)**2 for its square"),
        (">sin -x", "sin is a function: write sin(…)"),
        ("2*>sin", "sin is a function: write sin(…)"),
        (">x(y + 1)", "x is a number, not a function: write x*(…)"),
        ("x >2", "an operator is missing before 2"),
        ("(x)>2", "an operator is missing before 2"),
        ("1.5>.2", "an operator is missing before .2"),
        ("x>[0]", "write x0 for x[0]"),
        ("1>,5", "write 1.5, not 1,5"),
        ("(1>, 2)", "a comma stands between the arguments of a function"),
        ("x < y >< z", "one comparison at a time: for a < b < c write (a < b) * (b < c)"),
        ("x >and y", "write (a > 0) * (b > 0)"),
        ("sum(x >for x in y)", "write the terms out"),
        (">lambda", "'lambda' is not understood here"),
        ("x>!", "write gamma(x + 1) for x!"),
        ("x >= 2", "write == to compare, or the right-hand side alone"),
        ("x>.real", "'.' is not understood here: an expression has"),
        ("sin(x>=1)", "write == to compare, or the right-hand side alone"),
        (">'a'", "is not understood here"),
        ("x>ⁿ", "'ⁿ' is not understood here"),
        (">½x", "'½x' is not understood here"),
        ("x +>* y", "a number, a name or ( is expected in place of *"),
        ("x +>", "the expression ends where a number, a name or ( is expected"),
        (">(x", "this ( is never closed"),
        ("2 + >max(x, y", "this ( is never closed"),
        (">|x", "this | is never closed"),
        ("x>)", "this ) closes nothing: no ( is open"),
        ("(x>]", "this ] closes nothing: the ( before it is still open"),
        ("(|x>)", "this ) closes nothing: the | before it is still open"),
        ("(>)", "a number, a name or ( is expected in place of )"),
        ("x >if y", "this if has no else"),
        ("(x >if y)", "this if has no else"),
        ("x >else y", "this else has no if"),
        ("max(x,>)", "expected in place of )"),
    ],
)
def test_what_is_not_understood_is_pointed_at(text: str, part: str):
    """The place is marked by a >."""
    at = text.index(">")
    with pytest.raises(Mistake) as caught:
        read(text[:at] + text[at + 1 :], FUNCTIONS, NUMBERS)
    assert part in str(caught.value)
    assert caught.value.at == at


def test_a_name_that_is_given_is_a_number():
    assert read("beta x", {"beta"}, {"beta", "x"})[-1] == Term("operator", "*", 5, 2)
    assert read("beta x", {"beta"}, {"x"})[-1] == Term("call", "beta", 0, 1)
    with pytest.raises(Mistake, match="beta is a number, not a function"):
        read("beta(x)", {"beta"}, {"beta", "x"})


def test_subscripts_are_digits_of_a_name(capsys: Capture):
    assert main(["x₁x₂", "x₁=2", "x2=3"]) == 0
    assert capsys.readouterr().out.startswith("f = x₁x₂ = 6\nx1 = 2  ∂f/∂x1 = 3\n")
