"""The class of a primitive, with the columns of the table, and the table itself, which the other files fill.

A primitive holds its value on floats, one local derivative per argument (given the output ``y`` first, then the
arguments), its symbol, where it is defined, where it is smooth, and its derivatives at each kink, tie and edge.
Local derivatives are written in the primitives themselves: on floats they give floats, on any other kind of number
(`Value`, a compiler's tracer) they build that kind. Formulas: NIST's Digital Library of Mathematical Functions;
at a kink the rule is that of docs/conventions. Imports the domains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..numerics.domains import REAL, Domain, Region, region

NAN = math.nan
Point = tuple[float, ...]
COMPARISON, SUM, PRODUCT, SIGN, POWER, CALL, ATOM = range(7)  # precedences


class Primitive:
    """A primitive of the table: an operation with its local derivatives.

    Called with floats it gives a float, by IEEE 754 and without a report. Called with anything whose type has an
    ``__apply__(primitive, args)``, it hands itself over to that.

    >>> from autograd_lite.primitives import log, mul
    >>> log(0.0), mul.symbol, mul.derivative(0)(6.0, 2.0, 3.0)
    (-inf, '×', 3.0)
    >>> mul.slopes((6.0, 2.0, 3.0))
    [3.0, 2.0]
    """

    __slots__ = (
        "all_slopes", "arg_types", "arities", "choices", "commutative", "constant_slopes", "crossed", "cuts",
        "derivatives", "description", "display_as", "display_template", "domain", "ieee", "infix", "intermediates",
        "latex", "name", "neutral", "no_path_reason", "note", "piecewise_constant", "precedence", "result_type",
        "rewrite", "selects", "smooth", "special_slopes", "stable_forms", "symbol", "ulps", "value",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        value: Callable[..., float],
        *derivatives: Callable[..., Any] | float,
        all_slopes: Callable[..., Sequence[Any]] | None = None,
        arities: Sequence[int] = range(1, 5),
        symbol: str | None = None,
        display_template: str = "",
        commutative: bool = False,
        infix: bool = False,
        precedence: int = CALL,
        latex: tuple[str, int] | None = None,
        ieee: Callable[..., float] | None = None,
        domain: Domain | tuple[Domain, ...] | Region = REAL,
        smooth: Domain | tuple[Domain, ...] | Region | None = None,
        special_slopes: Sequence[tuple[float | Point, float | Point]] = (),
        choices: Sequence[Callable[..., tuple[Any, bool, Any]] | None] = (),
        neutral: Sequence[float | None] = (),
        stable_forms: Sequence[tuple[str, str]] = (),
        display_as: Callable[..., Any] | None = None,
        rewrite: Callable[..., Any] | None = None,
        no_path_reason: str | None = None,
        arg_types: tuple[type, ...] = (),
        result_type: type = float,
        intermediates: Callable[..., tuple[float, ...]] | None = None,
        ulps: float = 4.0,
        note: str = "",
        description: str = "",
    ) -> None:
        self.name = name
        self.description = description  # in words, where the name does not say it
        self.value = value  # on floats; may raise where IEEE 754 has a result
        # One per argument, called with (y, *args); a number for one that is the same everywhere.
        self.derivatives = tuple([_always(by) if isinstance(by, float) else by for by in derivatives])
        # Of two arguments: the derivatives if they are numbers; whether each is the other argument.
        numbers = tuple([by for by in derivatives if isinstance(by, float)])
        self.constant_slopes = numbers if len(numbers) == len(derivatives) == 2 else None
        self.crossed = derivatives == (second, first)
        # Instead, for any number of arguments: the derivatives by all of them, at once.
        self.all_slopes = all_slopes
        # Numbers of arguments to try, where it has any.
        self.arities = tuple(arities) if all_slopes else (len(derivatives),)
        # How it is written around its operand, "|{0}|", where it is not written before it.
        self.display_template = display_template
        self.symbol = symbol or display_template.format("x") or name  # in drawings
        # Its arguments may change places: where they don't, drawings keep them in order.
        self.commutative = commutative
        self.infix = infix  # is written between its operands
        self.precedence = precedence  # how tightly it binds when written, as in Python: a sign not infix is a prefix
        # In LaTeX, where the symbol won't do: a template, and the precedence of what it makes. Its {0:2} is the
        # first argument, in parentheses unless its precedence is at least 2.
        self.latex = latex
        self.ieee = ieee or (lambda *args: NAN)  # the result where `value` raises
        self.domain = region(domain)  # where it has a value
        self.smooth = region(domain if smooth is None else smooth)  # where every derivative exists
        # The derivatives at its special points: pairs, as a dict would merge ±0.
        self.special_slopes = tuple([(_point(args), _point(slopes)) for args, slopes in special_slopes])
        # Where the operation selects among its arguments: for each, given (y, *args), a truth, how it comes out where
        # the argument is chosen, and the derivative there. Elsewhere the derivative is 0 and there is no path.
        self.choices = tuple(choices) or (None,) * len(derivatives)
        # For each argument whether the operation is constant in it, at least in pieces: no path leads there.
        self.piecewise_constant = tuple([by is piecewise_constant for by in derivatives])
        self.no_path_reason = no_path_reason or f"{name} is constant between steps"
        self.selects = any(self.choices)
        # For each argument whether no path leads to it where the derivative is 0.
        self.cuts = tuple([by is piecewise_constant or on is not None for by, on in zip(derivatives, self.choices)])
        # For each of two arguments the number with which the other is the result, bit by bit.
        self.neutral = tuple(neutral)
        # Formulas that end in this operation and may make an inf or a nan of numbers that are fine, and what to write
        # in place of each, as a program has it. Letters are operands, `xs` those of a sum or a product.
        self.stable_forms = tuple(stable_forms)
        # About the same in operations that people write, for those that only derivatives use.
        self.display_as = display_as
        # For a program, given operands that are numbers (floats) or not yet: a simpler expression of the same value, as
        # near to the truth or nearer; None where there is none.
        self.rewrite = rewrite
        self.arg_types = arg_types  # float or bool for each argument, where not all are floats
        self.result_type = result_type  # bool: the value is a truth, 1.0 or 0.0
        # What the derivatives are computed from, given (y, *args), where it may under- or overflow though they do not:
        # they are only as good as said where these numbers are normal.
        self.intermediates = intermediates
        self.ulps = ulps  # value and local derivatives are this close to the truth
        self.note = note  # why, where that is not 4

    def derivative(self, i: int) -> Callable[..., Any]:
        """The local derivative by argument `i`: a function of the output and the arguments."""
        each = self.all_slopes
        return self.derivatives[i] if each is None else lambda *record: each(*record)[i]

    def slopes(self, record: tuple[Any, ...]) -> Sequence[Any]:
        """The local derivatives by all arguments, given the output and the arguments."""
        return [by(*record) for by in self.derivatives] if self.all_slopes is None else self.all_slopes(*record)

    def __call__(self, *args: Any) -> Any:
        for x in args:
            if type(x) is not float:
                apply = getattr(x, "__apply__", None)
                if apply is not None:
                    result = apply(self, args)
                    if result is not NotImplemented:
                        return result
        try:
            return self.value(*args)
        except (ArithmeticError, ValueError):
            return self.ieee(*args)

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str | tuple[Any, ...]:
        if table.get(self.name) is self:
            return _by_name, (self.name,)
        return super().__reduce__()


def _always(number: float) -> Callable[..., float]:
    return lambda *record: number


def piecewise_constant(y: Any, *args: Any) -> float:
    """The derivative by an argument in which an operation is constant, in pieces or everywhere: no path leads to it."""
    return 0.0


def first(y: Any, a: Any, b: Any) -> Any:
    return a


def second(y: Any, a: Any, b: Any) -> Any:
    return b


def _point(x: float | Point) -> Point:
    return x if isinstance(x, tuple) else (x,)


table: dict[str, Primitive] = {}


def _by_name(name: str) -> Primitive:  # what a pickle calls
    return table[name]


def primitive(
    name: str, value: Callable[..., float], *derivatives: Callable[..., Any] | float, **columns: Any
) -> Primitive:
    """Add a primitive to the table."""
    table[name] = Primitive(name, value, *derivatives, **columns)
    return table[name]
