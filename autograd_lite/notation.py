"""The notation of the command line: Python's, with what people write on paper, read into postfix order.

Beside Python's operators, comparisons, calls, lists and ``a if c else b`` it has ``x^2``, ``x²``, ``2x``,
``2(x + 1)``, ``sin x``, ``√x``, ``|x|`` and the signs ``− · × ÷ ≤ ≥ ≠``. What can be read in two ways, such as
``1/2x`` or ``sin 2x``, is answered with both. Dijkstra's shunting yard (1961) reads it, without recursion.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from typing import NamedTuple

TERNARY, COMPARE, SUM, PRODUCT, SIGN, POWER, APPLY = range(1, 8)  # how tightly each binds; an open bracket is 0
_BINARY = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT, "**": POWER}
_BINARY |= dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), COMPARE)
_SIGNS = {"^": "**", "≤": "<=", "≥": ">=", "≠": "!="}
_SIGNS |= {**dict.fromkeys("−–", "-"), **dict.fromkeys("·⋅×∗", "*"), **dict.fromkeys("÷∕", "/")}
_NAMES = {"π": "pi", "∞": "inf", "√": "sqrt"}
_CLOSING = {")": "(", "]": "["}
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_TOKEN = re.compile(
    r"""\s*(?: (?P<number> (?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*) (?:[eE][+-]?\d+)? )
    | (?: (?:math|np|numpy)\s*\.\s* )? (?P<name> [^\W\d⁰¹²³⁴-⁹ⁿⁱ₀-₉][^\W⁰¹²³⁴-⁹ⁿⁱ₀-₉]*[₀-₉]* | [√∞] )
    | (?P<raised> [⁺⁻]?[⁰¹²³⁴-⁹]+ )
    | (?P<sign> \*\* | // | [<>=!]= | . ) )""",
    re.VERBOSE | re.DOTALL,
)
_UNDERSTOOD = (
    "an expression has numbers, names, + - * / // % and ** or ^, one comparison at a time, a if c else b, "
    "and calls such as sin(x) or sum([x, y])"
)
_INSTEAD = {
    "=": "write == to compare, or the right-hand side alone",
    "!": "write gamma(x + 1) for x!",
    "and": "write (a > 0) * (b > 0)",
    "for": "write the terms out, as in sum([x, y])",
}


class Mistake(Exception):
    """What was wrong, as the user is told, and where in the text, if at one place."""

    def __init__(self, message: str, at: int | None = None) -> None:
        super().__init__(message)
        self.at = at


class Term(NamedTuple):
    """A piece of an expression after its operands: `kind` is "number", "name", "call", "list" or "operator".

    >>> [term.text for term in read("2x² + 1", {"sin"}, {"x"})]
    ['2', 'x', '2', '**', '*', '1', '+']
    """

    kind: str
    text: str
    at: int
    takes: int = 0  # how many operands


@dataclass(slots=True)
class _Open:
    """An operator or bracket that waits for what follows it."""

    sign: str
    at: int
    binds: int = 0
    count: int = 2
    name: str = ""


def read(text: str, functions: Container[str], numbers: Container[str]) -> list[Term]:
    """The terms of an expression in postfix order. `Mistake` with its place for what is not understood.

    Args:
        functions: the names that can be called.
        numbers: the names that stand for numbers; such a name is no function.

    >>> [term.text for term in read("2sin x", {"sin"}, {"x"})]
    ['2', 'x', 'sin', '*']
    """
    return _Reader(text, functions, numbers).read()


class _Reader:
    def __init__(self, text: str, functions: Container[str], numbers: Container[str]) -> None:
        self.tokens = [_token(match) for match in _TOKEN.finditer(text.rstrip())]
        self.tokens.append(("end", "", len(text)))
        self.functions, self.numbers = functions, numbers
        self.terms: list[Term] = []
        self.stack: list[_Open] = []
        self.next = 0

    def read(self) -> list[Term]:
        has_operand = False  # whether one has just ended
        while self.next < len(self.tokens):
            kind, sign, at = self.tokens[self.next]
            self.next += 1
            has_operand = self.after_operand(kind, sign, at) if has_operand else self.operand(kind, sign, at)
        return self.terms

    def peek(self) -> tuple[str, str, int]:
        return self.tokens[min(self.next, len(self.tokens) - 1)]

    # ---- where an operand is expected ----

    def operand(self, kind: str, sign: str, at: int) -> bool:
        if kind == "number":
            self.terms.append(Term(kind, sign, at))
            return True
        if kind == "name":
            return self.name(sign, at)
        if sign in ("(", "[", "|"):
            self.stack.append(_Open(sign, at, count=1))
        elif sign in ("-", "+"):
            self.stack.append(_Open(sign, at, SIGN, 1))
        elif sign in _CLOSING and self.tokens[self.next - 2][1] == _CLOSING[sign] and self.opened().name:
            self.opened().count = 0
            return self.close(sign, at)
        elif kind == "end":
            raise Mistake("the expression ends where a number, a name or ( is expected", at)
        elif kind == "unknown":
            raise Mistake(f"{sign!r} is not understood here: {_UNDERSTOOD}", at)
        else:
            raise Mistake(f"a number, a name or ( is expected in place of {sign}", at)
        return False

    def name(self, name: str, at: int) -> bool:
        if keyword.iskeyword(name):
            raise Mistake(f"{name!r} is not understood here: {_UNDERSTOOD}", at)
        follows, sign, _ = self.peek()
        if name in self.numbers:
            if sign == "(":
                raise Mistake(f"{name} is a number, not a function: write {name}*(…)", at)
        elif sign == "(" or (name in self.functions and (follows in ("number", "name") or sign == "|")):
            bare = sign != "("
            self.stack.append(_Open("(", at, APPLY if bare else 0, 1, name))
            self.next += not bare
            return False
        elif name in self.functions:
            instead = f"{name}(x)**2 for its square" if follows == "raised" or sign == "**" else f"{name}(…)"
            raise Mistake(f"{name} is a function: write {instead}", at)
        self.terms.append(Term("name", name, at))
        return True

    # ---- where one has just ended ----

    def after_operand(self, kind: str, sign: str, at: int) -> bool:
        if kind == "raised" or sign == "**":
            self.refuse_bare(at, "write {0}(x²) or {0}(x)²")
        if kind == "raised":
            self.terms += [Term("number", sign, at), Term("operator", "**", at, 2)]
            return True
        if sign in _BINARY:
            binds = _BINARY[sign]
            self.finish(binds + (binds in (POWER, COMPARE)))
            if binds == COMPARE and self.stack and self.stack[-1].binds == COMPARE:
                raise Mistake("one comparison at a time: for a < b < c write (a < b) * (b < c)", at)
            self.stack.append(_Open(sign, at, binds))
        elif sign in _CLOSING or (sign == "|" and self.opened().sign == "|"):
            return self.close(sign, at)
        elif sign == ",":
            self.finish(TERNARY)
            if not (self.stack and (self.stack[-1].name or self.stack[-1].sign == "[")):
                raise Mistake("a comma stands between the arguments of a function: write 1.5, not 1,5", at)
            self.stack[-1].count += 1
        elif sign == "if":
            self.finish(COMPARE)
            self.stack.append(_Open("if", at, TERNARY, 3))
        elif sign == "else":
            self.otherwise(at)
        elif kind == "end":
            self.finish(TERNARY)
            if self.stack:
                raise Mistake(f"this {self.stack[-1].sign} is never closed", self.stack[-1].at)
            return True
        else:
            self.multiply(kind, sign, at)
        return False

    def multiply(self, kind: str, sign: str, at: int) -> None:
        """A product without a sign: what follows is an operand again."""
        if kind == "unknown" or keyword.iskeyword(sign):
            raise Mistake(f"{sign!r} is not understood here: {_INSTEAD.get(sign, _UNDERSTOOD)}", at)
        if kind == "number":
            raise Mistake(f"an operator is missing before {sign}", at)
        if sign == "[":
            raise Mistake("a name stands for one number: write x0 for x[0]", at)
        self.refuse_bare(at, "write {0}(x)*y or {0}(x*y)")
        before = next((open for open in reversed(self.stack) if open.binds != SIGN), None)
        if before and before.sign in ("/", "//", "%", "**"):
            a = "^" if before.sign == "**" else before.sign
            raise Mistake(f"this can be read in two ways: write (a{a}b)*c or a{a}(b*c)", at)
        self.finish(PRODUCT)
        self.stack.append(_Open("*", at, PRODUCT))
        self.next -= 1

    def refuse_bare(self, at: int, instead: str) -> None:
        """What follows the argument of a function without parentheses: does it belong to the argument?"""
        if self.stack and self.stack[-1].binds == APPLY:
            raise Mistake(f"this can be read in two ways: {instead.format(self.stack[-1].name)}", at)

    def otherwise(self, at: int) -> None:
        self.finish(COMPARE)
        while self.stack and self.stack[-1].sign == "else":
            self.emit(self.stack.pop())
        if not (self.stack and self.stack[-1].sign == "if"):
            raise Mistake("this else has no if: write a if c else b", at)
        self.stack[-1].sign = "else"

    def close(self, sign: str, at: int) -> bool:
        self.finish(TERNARY)
        wanted = _CLOSING.get(sign, sign)
        if not self.stack or self.stack[-1].sign != wanted:
            met = f"the {self.stack[-1].sign} before it is still open" if self.stack else f"no {wanted} is open"
            raise Mistake(f"this {sign} closes nothing: {met}", at)
        opened = self.stack.pop()
        if wanted == "[":
            self.terms.append(Term("list", "[", opened.at, opened.count))
        elif wanted == "|" or opened.name:
            self.terms.append(Term("call", opened.name or "abs", opened.at, opened.count))
        return True

    # ---- the stack ----

    def opened(self) -> _Open:
        """The innermost bracket that is open."""
        return next((open for open in reversed(self.stack) if not open.binds), _Open("", 0))

    def finish(self, least: int) -> None:
        """Write every waiting operator that binds at least so tightly."""
        while self.stack and self.stack[-1].binds >= least:
            self.emit(self.stack.pop())

    def emit(self, open: _Open) -> None:
        if open.sign == "if":
            raise Mistake("this if has no else: write a if c else b", open.at)
        kind = "call" if open.name else "operator"
        self.terms.append(Term(kind, open.name or open.sign, open.at, open.count))


def _token(match: re.Match[str]) -> tuple[str, str, int]:
    kind = match.lastgroup or ""
    written, at = match[kind], match.start(kind)
    if kind == "number":
        return kind, written, at
    if kind == "raised":
        return kind, written.translate(_RAISED), at
    if kind == "name":
        name = unicodedata.normalize("NFKC", _NAMES.get(written, written))  # as Python reads names
        return (kind, name, at) if name.isidentifier() else ("unknown", written, at)
    sign = _SIGNS.get(written) or unicodedata.normalize("NFKC", written)
    return (kind, sign, at) if sign in _BINARY or sign in "()[]|," else ("unknown", written, at)
