"""LLVM assembly for numbers that lie side by side in lanes: one function's text, and what is known of its values.

A `Number` is a double in each of `width` lanes, a `Truth` a bit in each; `low`, `high` and `nan` bound what a number
can be, so that a test which can come out one way only is no code at all. Numbers known when the code is written stay
Python's. Arithmetic is IEEE 754's, instruction by instruction: no flag lets LLVM change a result.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

INF, NAN = math.inf, math.nan
LARGEST, LEAST = 1.7976931348623157e308, 5e-324


@dataclass(frozen=True, slots=True)
class Truth:
    """A bit in each lane."""

    text: str


@dataclass(frozen=True, slots=True)
class Number:
    """A double in each lane: from `low` to `high`, or nan if `nan` says so."""

    text: str
    low: float = -INF
    high: float = INF
    nan: bool = True
    whole: bool = field(default=False, compare=False)  # it is an int in Python

    @property
    def finite(self) -> bool:
        return not self.nan and self.low > -INF and self.high < INF

    @property
    def nonzero(self) -> bool:
        """Whether it is no zero: it may be nan."""
        return self.low > 0.0 or self.high < 0.0


Real = Number | float
Condition = Truth | bool


class Code:
    """The text of one LLVM function in the making, with a method for each instruction."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.number_type = "double" if width == 1 else f"<{width} x double>"
        self.truth_type = "i1" if width == 1 else f"<{width} x i1>"
        self.word_type = "i64" if width == 1 else f"<{width} x i64>"
        self.lines: list[str] = []
        self.block = "entry"
        self.weight = 0  # about how many instructions it is
        self._count = 0

    # ---- text ----

    def name(self) -> str:
        self._count += 1
        return f"%t{self._count}"

    def op(self, text: str, weight: int = 1) -> str:
        """A line that gives a value: its name."""
        name = self.name()
        self.lines.append(f"  {name} = {text}")
        self.weight += weight
        return name

    def line(self, text: str) -> None:
        self.lines.append("  " + text)

    def splat(self, type_: str, literal: str) -> str:
        return literal if self.width == 1 else f"splat ({type_} {literal})"

    def literal(self, x: float) -> str:
        """A constant in every lane.

        >>> Code(1).literal(1.5), Code(4).literal(-0.0)
        ('0x3FF8000000000000', 'splat (double 0x8000000000000000)')
        """
        bits: int = struct.unpack("<Q", struct.pack("<d", x))[0]
        return self.splat("double", f"0x{bits:016X}")

    def word(self, n: int) -> str:
        return self.splat("i64", str(n))

    def number(self, x: Any) -> Number:
        """A number in lanes, of one in Python or of a truth."""
        if isinstance(x, Number):
            return x
        if isinstance(x, Truth):
            chosen: Number = self.select(x, 1.0, 0.0)
            return chosen
        x = float(x)
        return Number(self.literal(x), NAN if x != x else x, NAN if x != x else x, x != x)

    def truth(self, t: Condition) -> Truth:
        if isinstance(t, Truth):
            return t
        return Truth(("true" if t else "false") if self.width == 1 else self.splat("i1", "true" if t else "false"))

    # ---- blocks ----

    def label(self, hint: str) -> str:
        self._count += 1
        return f"{hint}{self._count}"

    def start(self, block: str) -> None:
        self.lines.append(f"{block}:")
        self.block = block

    def jump(self, block: str) -> None:
        self.line(f"br label %{block}")

    def branch(self, bit: str, yes: str, no: str) -> None:
        self.line(f"br i1 {bit}, label %{yes}, label %{no}")

    def any(self, t: Truth) -> str:
        """A bit: whether it is so in any lane."""
        if self.width == 1:
            return t.text
        lanes = self.op(f"bitcast {self.truth_type} {t.text} to i{self.width}")
        return self.op(f"icmp ne i{self.width} {lanes}, 0")

    # ---- arithmetic ----

    def arithmetic(self, instruction: str, a: Real, b: Real) -> Number:
        x, y = self.number(a), self.number(b)
        text = self.op(f"{instruction} {self.number_type} {x.text}, {y.text}")
        if x.finite and y.finite and instruction != "frem" and not (instruction == "fdiv" and not y.nonzero):
            corners = [_CORNER[instruction](p, q) for p in (x.low, x.high) for q in (y.low, y.high)]
            if not any(c != c for c in corners):
                return Number(text, min(corners), max(corners), False)
        low, high = -INF, INF
        if instruction in ("fmul", "fdiv", "fadd") and x.low >= 0.0 and y.low >= 0.0:
            low = _CORNER["fadd"](x.low, y.low) if instruction == "fadd" else 0.0  # -0.0 is no less
        return Number(text, low, high)

    def negate(self, x: Number) -> Number:
        return Number(self.op(f"fneg {self.number_type} {x.text}"), -x.high, -x.low, x.nan)

    def intrinsic(self, name: str, *args: Real, facts: tuple[float, float, bool] = (-INF, INF, True)) -> Number:
        """One of LLVM's own functions from numbers to a number."""
        numbers = [self.number(x) for x in args]
        suffix = "f64" if self.width == 1 else f"v{self.width}f64"
        given = ", ".join(f"{self.number_type} {x.text}" for x in numbers)
        return Number(self.op(f"call {self.number_type} @llvm.{name}.{suffix}({given})"), *facts)

    def absolute(self, x: Real) -> Number:
        x = self.number(x)
        least = 0.0 if x.low <= 0.0 <= x.high or x.low != x.low else min(abs(x.low), abs(x.high))
        most = max(abs(x.low), abs(x.high)) if x.low == x.low else INF
        return self.intrinsic("fabs", x, facts=(least, most, x.nan))

    # ---- truths ----

    def compare(self, predicate: str, a: Real, b: Real) -> Condition:
        """`predicate` is LLVM's: olt, ole, oeq, une, ogt, oge, uno."""
        x, y = self.number(a), self.number(b)
        known = _known(predicate, x, y)
        if known is not None:
            return known
        return Truth(self.op(f"fcmp {predicate} {self.number_type} {x.text}, {y.text}"))

    def is_nan(self, x: Real) -> Condition:
        return self.compare("uno", x, 0.0)

    def is_finite(self, x: Real) -> Condition:
        return self.compare("olt", self.absolute(x), INF)

    def nonzero(self, x: Real) -> Condition:
        """Python's truth of a number: nan is true."""
        return self.compare("une", x, 0.0)

    def both(self, s: Condition, t: Condition) -> Condition:
        if isinstance(s, bool):
            return t if s else False
        if isinstance(t, bool):
            return s if t else False
        return s if s.text == t.text else Truth(self.op(f"and {self.truth_type} {s.text}, {t.text}"))

    def either(self, s: Condition, t: Condition) -> Condition:
        if isinstance(s, bool):
            return True if s else t
        if isinstance(t, bool):
            return True if t else s
        return s if s.text == t.text else Truth(self.op(f"or {self.truth_type} {s.text}, {t.text}"))

    def invert(self, t: Condition) -> Condition:
        if isinstance(t, bool):
            return not t
        return Truth(self.op(f"xor {self.truth_type} {t.text}, {self.truth(True).text}"))

    def select(self, t: Condition, a: Any, b: Any) -> Any:
        """`a` where `t`, else `b`: numbers, truths, or tuples of as many."""
        if isinstance(t, bool):
            found, other = (a, b) if t else (b, a)
            return self.number(found) if isinstance(found, float) and isinstance(other, Number) else found
        if a is b or (isinstance(a, (Number, Truth)) and a == b):
            return a
        if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)) and len(a) == len(b):
            return type(a)(self.select(t, x, y) for x, y in zip(a, b))
        if isinstance(a, (Truth, bool)) and isinstance(b, (Truth, bool)):
            if a is True or b is False:
                return self.either(t, b) if a is True else self.both(t, a)
            x, y = self.truth(a), self.truth(b)
            return Truth(
                self.op(f"select {self.truth_type} {t.text}, {self.truth_type} {x.text}, {self.truth_type} {y.text}")
            )
        p, q = self.number(a), self.number(b)
        if p.text == q.text:
            return p
        text = self.op(f"select {self.truth_type} {t.text}, {self.number_type} {p.text}, {self.number_type} {q.text}")
        lows, highs = [x for x in (p.low, q.low) if x == x], [x for x in (p.high, q.high) if x == x]
        return Number(text, min(lows, default=NAN), max(highs, default=NAN), p.nan or q.nan)

    # ---- the whole ----

    def pruned(self, roots: Iterable[str]) -> list[str]:
        """The lines that `roots` need, of code without blocks; calls that do more than give a value stay."""
        needed = set(_NAME.findall(" ".join(roots)))
        kept = []
        for line in reversed(self.lines):
            name = line.split(" = ", 1)[0].strip()
            if name in needed or " = " not in line:
                kept.append(line)
                needed.update(_NAME.findall(line))
        return kept[::-1]


_NAME = re.compile(r"%t\d+")
_CORNER: dict[str, Callable[[float, float], float]] = {
    "fadd": lambda p, q: p + q,
    "fsub": lambda p, q: p - q,
    "fmul": lambda p, q: 0.0 if 0.0 in (p, q) else p * q,
    "fdiv": lambda p, q: p / q if q else NAN,
}


def _known(predicate: str, x: Number, y: Number) -> bool | None:
    """How a comparison comes out, where the bounds of its operands tell."""
    if predicate == "uno":
        return None if x.nan or y.nan else False
    apart = x.high < y.low or y.high < x.low
    if predicate == "une":
        return True if apart else None
    if x.nan or y.nan:
        if predicate in ("olt", "ole", "oeq", "ogt", "oge"):
            never = {
                "olt": x.low >= y.high,
                "ole": x.low > y.high,
                "ogt": x.high <= y.low,
                "oge": x.high < y.low,
                "oeq": apart,
            }
            return False if never[predicate] else None
        return None
    outcomes: dict[str, tuple[bool, bool]] = {
        "olt": (x.high < y.low, x.low >= y.high),
        "ole": (x.high <= y.low, x.low > y.high),
        "ogt": (x.low > y.high, x.high <= y.low),
        "oge": (x.low >= y.high, x.high < y.low),
        "oeq": (x.low == x.high == y.low == y.high, apart),
    }
    always, never_ = outcomes[predicate]
    return True if always else False if never_ else None
