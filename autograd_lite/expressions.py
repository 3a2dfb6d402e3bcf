"""The one writer of expressions: an operation on operands that are written already, in text, Python or LaTeX.

The table says how an operation is written and how tightly it binds; from the two precedences follow the parentheses.
Numbers, and names in LaTeX, are written here too. Imports the class of a primitive, for its precedences.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from .primitives.primitive import ATOM, CALL, POWER, SIGN, SUM, Primitive


class Term(NamedTuple):
    """A piece of an expression, and how tightly it binds.

    What is formatted with ``:2`` stands in parentheses if it binds less than that.

    >>> f"{Term('x + y', 1):2} and {Term('x ** y', 4):2}"
    '(x + y) and x ** y'
    """

    text: str
    precedence: int = ATOM

    def __format__(self, least: str) -> str:
        return self.text if self.precedence >= int(least or 0) else f"({self.text})"


def number(x: float, precision: int = 4) -> str:
    """`x` to so many significant digits, with a real minus sign.

    >>> number(-0.5), number(1e6), number(float("inf"))
    ('−0.5', '1e+06', 'inf')
    """
    return f"{x:.{precision}g}".replace("-", "−")


def number_term(x: float, precision: int = 4) -> Term:
    """A number as an operand.

    >>> number_term(-2.0)
    Term(text='−2', precedence=3)
    """
    text = number(x, precision)
    return Term(text, SIGN if text.startswith("−") else ATOM)


def spoken(op: Primitive) -> str:
    """What stands between operands, or before them: a symbol that is drawn may be neither, such as |x|."""
    return op.symbol if op.precedence < CALL or op.infix or op.symbol.isidentifier() else op.name


def in_python(op: Primitive) -> str:
    """The same as Python has it.

    >>> from autograd_lite.primitives import mul, sigmoid
    >>> spoken(mul), in_python(mul), spoken(sigmoid), in_python(sigmoid)
    ('×', '*', 'σ', 'sigmoid')
    """
    sign = op.precedence < CALL or op.infix
    return op.symbol.translate(str.maketrans("×÷−", "*/-")) if sign else op.name


def written(op: Primitive, operands: Sequence[Term], symbol: str = "") -> Term:
    """An operation in text, by what is spoken or by another symbol.

    >>> from autograd_lite.primitives import add, maximum, mul, neg
    >>> x, total = Term("x"), written(add, [Term("x"), Term("y")])
    >>> [written(mul, [total, x]).text, written(neg, [total]).text, written(maximum, [total, x]).text]
    ['(x + y) × x', '−(x + y)', 'max(x + y, x)']
    """
    symbol, binds = symbol or spoken(op), op.precedence
    if op.infix:
        first, *rest = operands
        left = f"{first:{binds + (binds == POWER)}}"  # (a ** b) ** c
        return Term(f" {symbol} ".join([left, *(f"{term:{binds + 1}}" for term in rest)]), binds)
    if binds < CALL:
        return Term(f"{symbol}{operands[0]:{binds + 1}}", binds)
    return Term(f"{symbol}({', '.join(term.text for term in operands)})", CALL)


def label(op: Primitive, known: Sequence[str] = ()) -> str:
    """What is written on the box of an operation, with those of its operands that are known.

    >>> from autograd_lite.primitives import abs, maximum, mul
    >>> label(mul), label(mul, ["", "2"]), label(maximum, ["", "0"]), label(abs, ["u"])
    ('×', '× 2', 'max(·, 0)', '|u|')
    """
    if op.display_template and known:
        return op.display_template.format(known[0] or "·")
    if not any(known):
        return op.symbol
    return written(op, [Term(text or ("" if op.infix else "·")) for text in known]).text.strip()


# ---- LaTeX -----------------------------------------------------------------------------------------------------------


class Latex(Term):
    """A piece of LaTeX."""

    __slots__ = ()

    def __format__(self, least: str) -> str:
        return self.text if self.precedence >= int(least or 0) else rf"\left({self.text}\right)"


def in_latex(op: Primitive, operands: Sequence[Latex], left_out: int = 0) -> Latex:
    """An operation in LaTeX; of one of many operands some may be left out, before the last.

    >>> from autograd_lite.primitives import div, add
    >>> in_latex(div, [in_latex(add, [Latex("x"), Latex("y")]), Latex("2")]).text
    '\\\\frac{x + y}{2}'
    """
    if op.latex is not None:
        template, precedence = op.latex
        return Latex(template.format(*operands), precedence)
    name, plain = re.fullmatch(r"[A-Za-z]\w+", op.symbol, re.ASCII), op.symbol.replace("_", r"\_")
    symbol = rf"\operatorname{{{plain}}}" if name else name_latex(plain).text.strip()
    if op.infix:
        return Latex(f" {symbol} ".join(f"{term:{op.precedence + 1}}" for term in operands), op.precedence)
    arguments = [term.text for term in operands]
    if left_out:
        arguments.insert(-1, r"\ldots")
    return Latex(rf"{symbol}\left({', '.join(arguments)}\right)", CALL)


def number_latex(text: str) -> Latex:
    """A number as a picture shows it.

    >>> number_latex("−1.5e−07").text
    '-1.5 \\\\cdot 10^{-7}'
    """
    sign, digits = ("-", text[1:]) if text[0] == "−" else ("", text)
    mantissa, e, exponent = digits.partition("e")
    if e:
        power = f"10^{{{int(exponent.replace('−', '-'))}}}"
        digits = power if mantissa == "1" else rf"{mantissa} \cdot {power}"
    digits = {"inf": r"\infty", "nan": r"\mathrm{nan}"}.get(digits, digits)
    return Latex(sign + digits, SUM if sign else POWER if e else ATOM)


_ALPHABET = """
α:alpha β:beta γ:gamma δ:delta ε:epsilon ζ:zeta η:eta θ:theta ι:iota κ:kappa λ:lambda μ:mu ν:nu ξ:xi π:pi ρ:rho σ:sigma
τ:tau υ:upsilon φ:phi χ:chi ψ:psi ω:omega Γ:Gamma Δ:Delta Θ:Theta Λ:Lambda Ξ:Xi Π:Pi Σ:Sigma Υ:Upsilon Φ:Phi Ψ:Psi
Ω:Omega"""
GREEK = dict(pair.split(":") for pair in _ALPHABET.split())
_SPECIAL = {
    **{character: f"\\{character}" for character in "%&#$_{}"},
    **{"\\": r"\backslash ", "^": r"\hat{\ }", "~": r"\sim ", "…": r"\ldots ", "·": r"\cdot ", "−": "-"},
    **{"≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "∂": r"\partial ", "×": r"\times ", "÷": r"\div ", "∞": r"\infty "},
}


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Of a name with indices and powers; of an index; of letters that are written higher or lower."""
    letter = r"[^\W\d_]"
    name = (
        rf"(?P<base>{letter}+(?:\.{letter}+)*)"  # x, weight, net.bias
        r"(?P<raised>\^\(?\d+\)?(?=\[))?"  # of W⁽²⁾[0][1]
        rf"(?P<below>(?:_?\d+|_{letter}+|\[\d+(?:, \d+)*\])*)"  # 1, _1, _new, [0], [0, 1]
        r"(?P<above>(?:\^\(?\d+\)?|')?)"
    )
    return tuple(map(re.compile, (name, rf"\d+(?:, \d+)*|{letter}+", "([⁰¹²³⁴-⁹⁽⁾]+)|([₀-₉]+)")))


def name_latex(name: str) -> Latex:
    r"""A name in LaTeX: indices lowered, powers raised, Greek as such; any other text as it is.

    >>> [name_latex(name).text for name in ("x_1", "w0", "W[1][2]", "W²", "b⁽²⁾[0]", "alpha", "100% of x")]
    ['x_{1}', 'w_{0}', 'W_{1,2}', 'W^{2}', 'b_{0}^{(2)}', '\\alpha', '\\text{100}\\%\\text{ of x}']
    """
    pattern, index, scripts = _patterns()
    plain = scripts.sub(lambda run: f"{'^' if run[1] else '_'}{unicodedata.normalize('NFKC', run[0])}", name)
    found = pattern.fullmatch(plain)
    if found is None:
        runs = [("".join(map(_symbol, run)), signs) for signs, run in itertools.groupby(name, _is_sign)]
        return Latex("".join(run if signs else rf"\text{{{run}}}" for run, signs in runs))
    text = _word(found["base"])
    indices = [_word(one).replace(", ", ",") for one in index.findall(found["below"])]
    if indices:
        text += f"_{{{','.join(indices)}}}"
    above = (found["raised"] or found["above"]).removeprefix("^")
    if not above:
        return Latex(text)
    return Latex(text + ("'" if above == "'" else f"^{{{above}}}"), POWER)


def _word(word: str) -> str:
    if word in GREEK or word in GREEK.values():
        return f"\\{GREEK.get(word, word)}"
    if not word.isascii():
        return rf"\text{{{word}}}"
    return rf"\mathrm{{{word}}}" if len(word) > 1 and word[0].isalpha() else word


def _is_sign(character: str) -> bool:
    """Whether it stands outside of a text: it means something to LaTeX, or is one of mathematics, such as ≤."""
    return character in _SPECIAL or unicodedata.category(character) == "Sm"


def _symbol(character: str) -> str:
    return _SPECIAL.get(character, character)
