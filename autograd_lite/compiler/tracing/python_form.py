"""The form that a Python function of numbers is read into: statements over typed variables.

A variable is a float, an int held as a float, a bool, or a list of floats. Made by `python_reader`, printed by
every target: expressions are evaluated from left to right, and those of a choice only where they are chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# An expression is one of these, a number or truth that is known, or a tuple of expressions. Among the arguments of a
# call stands also what is no number: a function, a text.
Expression = Any


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the function, or an argument."""

    name: str
    kind: Any


@dataclass(frozen=True, slots=True)
class Apply:
    """A call of a Python function, an operator's too; of several results its kind is a tuple."""

    function: Any
    args: tuple[Expression, ...]
    kind: Any


@dataclass(frozen=True, slots=True)
class Choice:
    """`yes` if `test`, else `no`: the other is not evaluated. ``a and b`` is a choice between b and False."""

    test: Expression
    yes: Expression
    no: Expression
    kind: Any


@dataclass(frozen=True, slots=True)
class Assign:
    """One target, or as many as the value has parts."""

    targets: tuple[Variable, ...]
    value: Expression


@dataclass(frozen=True, slots=True)
class Append:
    """One number more at the end of a list."""

    items: Variable
    value: Expression


@dataclass(frozen=True, slots=True)
class If:
    test: Expression
    body: tuple[Statement, ...]
    orelse: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class While:
    test: Expression
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Try:
    body: tuple[Statement, ...]
    catches: tuple[type[BaseException], ...]
    handler: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Return:
    value: Expression


@dataclass(frozen=True, slots=True)
class Raise:
    """Of an exception of that class; None raises again what was caught elsewhere."""

    kind: Any


@dataclass(frozen=True, slots=True)
class Leave:
    """Out of the loop, or on to its next turn."""

    loop: bool


Statement = Assign | Append | If | While | Try | Return | Raise | Leave


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """What was read: its arguments are those that are not fixed, one after the other; `result` is the kind of what it
    gives, or a tuple of kinds; `size` tells how long it is.
    """

    parameters: tuple[Variable, ...]
    body: tuple[Statement, ...]
    result: Any
    size: int
    loops: bool


def kind_of(x: Expression) -> Any:
    """The kind of an expression; None for what is no number."""
    if isinstance(x, (Variable, Apply, Choice)):
        return x.kind
    return type(x) if type(x) in (float, int, bool) else None


def is_fixed(x: Expression) -> bool:
    """Whether an expression is known when it is read."""
    return all(map(is_fixed, x)) if isinstance(x, (tuple, list)) else not isinstance(x, (Variable, Apply, Choice))


def pattern(x: Expression) -> Any:
    """What an argument is read for: its kind, as a variable without a name, or its fixed value."""
    if isinstance(x, (tuple, list)):
        return tuple(map(pattern, x))
    return x if is_fixed(x) else Variable("", kind_of(x))


def leaves(args: Sequence[Any], patterns: Sequence[Any]) -> list[Any]:
    """The arguments that are not fixed in their patterns, one after the other."""
    found: list[Any] = []
    for x, kind in zip(args, patterns):
        if isinstance(kind, tuple):
            found += leaves(x, kind)
        elif isinstance(kind, Variable):
            found.append(x)
    return found


def nodes(x: Any) -> Iterator[Any]:
    """All statements and expressions in a tuple of them."""
    if isinstance(x, tuple):
        for item in x:
            yield from nodes(item)
    elif isinstance(x, (Apply, Choice, Assign, Append, If, While, Try, Return)):
        yield x
        for name in x.__slots__:
            yield from nodes(getattr(x, name))
    elif isinstance(x, (Variable, float, int, Leave, Raise)):
        yield x


__all__ = [
    "Append", "Apply", "Assign", "Choice", "Expression", "Function", "If", "Leave", "Raise", "Return",
    "Statement", "Try", "Variable", "While", "is_fixed", "kind_of", "leaves", "nodes", "pattern",
]  # fmt: skip
